"""Lengths as platforms count them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.analysis.lengths import count_bytes, count_graphemes, count_text, find_links, fits
from levelhead.channels.shapes import SHAPES, shape_of
from levelhead.connectors.registry import channel_info, platform_info

FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "platform", "length"),
    [
        ("", "x", 0),
        ("水" * 10, "x", 20),
        (FAMILY * 3, "x", 6),
        (FAMILY * 3, "bluesky", 3),
        (FAMILY * 3, "mastodon", 3),
        (FAMILY, "facebook", 7),
        ("🇺🇸🇲🇽", "bluesky", 2),
        ("e\u0301e\u0301", "mastodon", 2),
        ("مرحبا \u202eabc", "bluesky", 10),
        ("see https://riverton.example/" + "a" * 200 + ".", "x", 4 + 23 + 1),
        ("see https://riverton.example/" + "a" * 200 + ".", "mastodon", 4 + 23 + 1),
        ("see riverton.gov", "x", 4 + 23),
        ("see riverton.gov", "mastodon", 16),
        ("see riverton.gov", "bluesky", 16),
        ("https://", "x", 8),
        ("@sam@a.long.server.example hi", "mastodon", 7),
        ("@sam@a.long.server.example hi", "bluesky", 29),
    ],
)
def test_platforms_count_in_their_own_way(text: str, platform: str, length: int) -> None:
    assert count_text(text, SHAPES[platform].counting) == length


def test_bytes_are_bounded_where_the_platform_bounds_them() -> None:
    bluesky = SHAPES["bluesky"]
    assert count_bytes(FAMILY) == 25
    assert fits(FAMILY * 120, bluesky.limit, bluesky.counting)
    assert not fits(FAMILY * 121, bluesky.limit, bluesky.counting)


@given(st.text(max_size=300))
def test_no_count_is_longer_than_the_code_points_and_none_fails(text: str) -> None:
    assert count_graphemes(text) <= len(text)
    for shape in SHAPES.values():
        assert count_text(text, shape.counting) >= 0
        shape.takes(text)


@given(st.lists(st.sampled_from([FAMILY, "🇺🇸", "é", "水", "x", "\n"]), max_size=80))
def test_graphemes_of_known_letters_add_up(letters: list[str]) -> None:
    flags = sum(letter == "🇺🇸" for letter in letters)
    text = "|".join(letters)
    assert count_graphemes(text) == max(0, 2 * len(letters) - 1)
    assert count_text(text, SHAPES["bluesky"].counting) >= flags


def test_a_hundred_thousand_characters_are_counted() -> None:
    assert count_text("a http://a.gov/b " * 6_000, SHAPES["x"].counting) == 6_000 * (2 + 23 + 1)
    assert count_graphemes("e\u0301" * 50_000) == 50_000
    assert list(find_links("(" * 50_000 + ")" * 50_000)) == []
    assert len(list(find_links("https://a.gov/" + ")" * 100_000))) == 1


def test_links_end_where_the_sentence_goes_on() -> None:
    text = "Go to https://a.gov/x_(y), or (riverton.gov/roads); not ask.Then or a@b.gov."
    assert [text[a:b] for a, b in find_links(text)] == ["https://a.gov/x_(y)", "riverton.gov/roads"]


def test_a_recording_counts_as_the_platform_it_looks_like() -> None:
    bluesky = channel_info("replay", {"looks_like": "bluesky"})
    assert (bluesky.text_limit, bluesky.threads) == (300, True)
    assert bluesky.counting == platform_info("bluesky").counting
    facebook = channel_info("replay", {"looks_like": "facebook"})
    assert (facebook.text_limit, facebook.threads) == (8_000, False)
    for strange in ({}, {"looks_like": 7}, {"looks_like": ["x"]}, {"looks_like": "mars"}):
        assert channel_info("replay", strange).text_limit is None
    assert shape_of("file", {"looks_like": "x"}) is None
