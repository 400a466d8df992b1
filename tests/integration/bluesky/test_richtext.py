"""Graphemes, links, mentions and record keys."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.analysis.lengths import count_graphemes
from levelhead.connectors.bluesky.richtext import find_facets
from levelhead.connectors.bluesky.sending import check_text, record_key
from levelhead.kernel.errors import ChannelRefused


@pytest.mark.parametrize(
    ("text", "graphemes"),
    [
        ("", 0),
        ("abc", 3),
        ("a\r\nb", 3),
        ("e\u0301", 1),
        ("\u0301", 1),
        ("👨‍👩‍👧", 1),
        ("👍🏽", 1),
        ("🇺🇸🇲🇽", 2),
        ("🇺🇸🇲", 2),
        ("🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f", 1),
        ("❤️", 1),
        ("❤️‍🔥", 1),
        ("1️⃣", 1),
        ("각", 1),
        ("\u1112\u1161\u11ab", 1),
        ("각각", 2),
        ("a\u200db", 2),
        ("नि", 1),
        ("\u200b\u0301", 2),
    ],
)
def test_graphemes(text: str, graphemes: int) -> None:
    assert count_graphemes(text) == graphemes


def _marked(text: str) -> dict[str, object]:
    known = {"dana.test": "did:plc:dana"}
    result = {}
    for facet in find_facets(text, known.get):
        index = facet["index"]
        feature = facet["features"][0]  # type: ignore[index]
        shown = text.encode()[index["byteStart"] : index["byteEnd"]].decode()  # type: ignore[index]
        result[shown] = feature.get("uri") or feature.get("did")
    return result


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Hola ñandú: https://x.example/a?b=1.", {"https://x.example/a?b=1": None}),
        ("(see https://x.example/a_(b))", {"https://x.example/a_(b)": None}),
        ("Go to riverton.gov/roads, please", {"riverton.gov/roads": "https://riverton.gov/roads"}),
        ("Mail desk@riverton.gov or ask.Then go", {}),
        ("Thanks @dana.test!", {"@dana.test": "did:plc:dana"}),
        ("Thanks @nobody.test and user@dana.test", {}),
        ("Order http://", {}),
    ],
)
def test_facets(text: str, marked: dict[str, str | None]) -> None:
    assert _marked(text) == {shown: target or shown for shown, target in marked.items()}


def test_mentions_asked_for_are_bounded() -> None:
    asked: list[str] = []
    find_facets(" ".join(f"@a{number}.test" for number in range(50)), lambda h: asked.append(h))
    assert len(asked) == 10


def test_hostile_text_is_marked_in_linear_time() -> None:
    find_facets("a." * 50_000, lambda _: None)
    find_facets("@a-" * 50_000, lambda _: None)


@given(st.from_regex(r"[a-z0-9]{13}", fullmatch=True))
def test_record_key_is_a_tid_and_always_the_same(marker: str) -> None:
    key = record_key(marker)
    assert re.fullmatch(r"[234567a-j][234567a-z]{12}", key)
    assert record_key(marker) == key
    assert record_key(key) == key


@pytest.mark.parametrize("marker", ["", "short", "UPPERCASE0000", "a" * 14, "../../../../ab"])
def test_marker_of_another_form_is_refused(marker: str) -> None:
    with pytest.raises(ChannelRefused):
        record_key(marker)


@pytest.mark.parametrize("text", ["", " \n", "x" * 301, "\ud800", "a" + "\u0301" * 1_500])
def test_text_that_bluesky_would_not_take(text: str) -> None:
    with pytest.raises(ChannelRefused):
        check_text(text)


def test_longest_text() -> None:
    check_text("x" * 300)
