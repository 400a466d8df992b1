"""A recording, a setting or a cursor may be anything."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.connectors.replay import connect
from levelhead.connectors.replay.mapping import read_line
from levelhead.kernel.errors import (
    ChannelError,
    ChannelGarbled,
    ChannelRefused,
    Invalid,
)

from .contract import check_post, check_raw, read_to_the_end
from .recordings import account_for, ids_of, line, write

BAD_LINES = {
    "{": "not JSON",
    "[1]": "not a JSON object",
    "\udc80": "not UTF-8",
    '{"id": "a", "text": "t"}': "'at_seconds' is missing",
    '{"at_seconds": 1, "text": "t"}': "'id' is missing",
    '{"at_seconds": 1, "id": "", "text": "t"}': "'id' is missing",
    '{"at_seconds": 1, "id": 5, "text": "t"}': "'id' is not a text",
    '{"at_seconds": 1, "id": "a"}': "'text' is missing",
    '{"at_seconds": true, "id": "a", "text": "t"}': "'at_seconds' is not a number",
    '{"at_seconds": -1, "id": "a", "text": "t"}': "'at_seconds' is not between",
    '{"at_seconds": 1e400, "id": "a", "text": "t"}': "'at_seconds' is not between",
    '{"at_seconds": NaN, "id": "a", "text": "t"}': "not JSON",
    '{"at_seconds": 1, "id": "a", "text": ["t"]}': "'text' is not a text",
    '{"at_seconds": 1, "id": "a", "text": "t", "kind": "x"}': "'kind' is neither",
    '{"at_seconds": 1, "id": "a", "text": "t", "from_agency": "yes"}': "'from_agency'",
    '{"at_seconds": 1, "id": "a", "text": "t", "author_followers": -3}': "'author_followers'",
    '{"at_seconds": 1, "id": "a", "text": "t", "label": "x", "n": 1e999}': "a number is out",
    '{"at_seconds": 1, "id": "' + "a" * 600 + '", "text": "t"}': "'id' is longer",
    "[" * 200_000: "nested too deeply",
}


def test_a_bad_line_is_kept_aside_with_its_number_and_stops_nothing(tmp_path: Path) -> None:
    stream = tmp_path / "s.jsonl"
    bad = "\n".join(BAD_LINES)
    text = line(0, "first") + bad + "\n\n" + line(0, "last").rstrip("\n")
    stream.write_bytes(text.encode("utf-8", "surrogateescape"))
    connector = connect(account_for(stream))
    page = connector.fetch(None)
    connector.close()
    assert ids_of(page.posts) == ["first", "last"]
    assert len(page.rejected) == len(BAD_LINES)
    for number, ((raw, reason), (given_line, expected)) in enumerate(
        zip(page.rejected, BAD_LINES.items(), strict=True), 2
    ):
        assert reason.startswith(f"line {number}: {expected}")
        assert raw == given_line.replace("\udc80", "\\x80")


def test_a_line_without_end_is_kept_aside_in_part(tmp_path: Path) -> None:
    stream = write(tmp_path / "s.jsonl", [line(0, "a"), "y" * 3_000_000 + "\n", line(0, "b")])
    connector = connect(account_for(stream))
    page = connector.fetch(None)
    connector.close()
    assert ids_of(page.posts) == ["a", "b"]
    assert len(page.rejected[0][0]) == 2_000
    assert page.rejected[0][1].startswith("line 2: too long")


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_recording_that_became_shorter_is_refused(tmp_path: Path, suffix: str) -> None:
    stream = write(tmp_path / f"s{suffix}", [line(0, f"p{n}") for n in range(9)])
    connector = connect(account_for(stream))
    cursor = connector.fetch(None).cursor
    connector.close()
    write(stream, [line(0, f"p{n}") for n in range(3)])
    with pytest.raises(ChannelRefused, match="shorter than"):
        connector.fetch(cursor)
    connector.close()


def test_a_damaged_archive_gives_what_stands_before_the_damage(tmp_path: Path) -> None:
    stream = tmp_path / "s.jsonl.gz"
    whole = gzip.compress("".join(line(0, f"{n:032x}") for n in range(400)).encode())
    stream.write_bytes(whole[: len(whole) // 2])
    connector = connect(account_for(stream))
    page = connector.fetch(None)
    assert 0 < len(page.posts) < 400
    assert page.more
    with pytest.raises(ChannelGarbled, match="damaged after line"):
        connector.fetch(page.cursor)
    connector.close()

    stream.write_bytes(b"no gzip at all\n")
    connector = connect(account_for(stream))
    with pytest.raises(ChannelGarbled):
        connector.check()
    connector.close()


@pytest.mark.parametrize(
    ("given_settings", "word"),
    [
        ({"stream": ""}, "stream"),
        ({"stream": "/etc/passwd"}, "stream"),
        ({"stream": "demo:../riverton"}, "no packaged stream"),
        ({"started_at": "2026-11-24T06:00:00"}, "started_at"),
        ({"started_at": "soon"}, "started_at"),
        ({"started_at": "9999-12-31T23:59:59-23:00"}, "started_at"),
        ({"speed": -1}, "speed"),
        ({"speed": float("inf")}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"speed": 1e-9}, "speed"),
        ({"speed": True}, "speed"),
        ({"repeat": "yes"}, "repeat"),
        ({"repeat": True, "speed": 0}, "repeats needs a speed"),
        ({"round_seconds": 0}, "round_seconds"),
        ({"begin_at_seconds": 10**400}, "begin_at_seconds"),
        ({"outbox_file": "/tmp/x.txt"}, "outbox_file"),  # noqa: S108
        ({"outbox_file": 5}, "outbox_file"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence(given_settings: Any, word: str) -> None:
    with pytest.raises(ChannelRefused, match=word):
        connect(account_for("demo:form", **given_settings))


def test_a_missing_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("nowhere.jsonl", "folder.jsonl"):
        connector = connect(account_for(tmp_path / name))
        for ask in (connector.check, lambda c=connector: c.fetch(None)):
            with pytest.raises(ChannelRefused, match=name):
                ask()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = {
    "author",
    "author_followers",
    "author_name",
    "edit_of",
    "from_agency",
    "kind",
    "label",
    "lang",
    "parent_id",
    "posted_at_seconds",
    "thread_id",
    "url",
}


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60)
    | st.fixed_dictionaries(
        {"at_seconds": st.integers(0, 9), "id": st.text(min_size=1), "text": st.text()},
        optional=dict.fromkeys(FIELDS, json_values),
    ).map(lambda item: json.dumps(item).encode())
)
def test_a_line_is_a_post_or_invalid_and_nothing_else(data: bytes) -> None:
    try:
        recorded = read_line(data, 11)
    except Invalid:
        return
    check_post(recorded.post, 11)
    check_raw(recorded.post.raw)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40) | json_values.map(json.dumps))
def test_a_cursor_is_used_or_refused_and_nothing_else(cursor: str) -> None:
    connector = connect(account_for("demo:form", speed=0))
    try:
        connector.fetch(cursor)
    except ChannelError:
        return
    finally:
        connector.close()


def test_a_cursor_inside_a_line_or_past_the_end_shows() -> None:
    connector = connect(account_for("demo:form", speed=0))
    _, cursor = read_to_the_end(connector)
    fingerprint, _, _, play_round, sent = json.loads(cursor or "")
    page = connector.fetch(json.dumps([fingerprint, 5, 1, play_round, sent]))
    assert len(page.rejected) == 1
    with pytest.raises(ChannelRefused, match="shorter than"):
        connector.fetch(json.dumps([fingerprint, 2**61, 1, play_round, sent]))
    connector.close()
