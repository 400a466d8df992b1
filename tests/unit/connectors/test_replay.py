from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.channels.domain import ChannelAccount, IncomingKind, IncomingPost
from levelhead.connectors import registry
from levelhead.connectors.replay import ReplayConnector, connect
from levelhead.connectors.replay.client import PAGE_LINES
from levelhead.connectors.replay.mapping import read_line
from levelhead.demo.streams import STREAM_NAMES, find_stream
from levelhead.kernel import clock
from levelhead.kernel.errors import (
    ChannelError,
    ChannelGarbled,
    ChannelRefused,
    Invalid,
    SendUnclear,
)

from .contract import ConnectorContract, check_post, check_raw, read_to_the_end, reply_to

STARTED_AT = datetime(2026, 1, 6, 6, 0, tzinfo=UTC)


def account_for(recording: Path | str, **given: object) -> ChannelAccount:
    return ChannelAccount(
        channel_id=11,
        platform="replay",
        name="Bluesky",
        settings={"stream": str(recording), "started_at": STARTED_AT.isoformat(), **given},
    )


def line(at_seconds: object, external_id: str, **more: object) -> str:
    return json.dumps({"at_seconds": at_seconds, "id": external_id, "text": "words", **more}) + "\n"


def write(path: Path, lines: Sequence[str]) -> Path:
    data = "".join(lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def ids_of(posts: Sequence[IncomingPost]) -> list[str]:
    return [post.external_id for post in posts]


class ReplayFarSide:
    channel_id = 11

    def __init__(self, folder: Path) -> None:
        self._stream = write(folder / "stream.jsonl", [])
        self._outbox = folder / "outbox.jsonl"
        self._count = 0

    def connect(self) -> ReplayConnector:
        return connect(
            account_for(self._stream, outbox_file=str(self._outbox), looks_like="bluesky")
        )

    def publish(self, texts: Sequence[str]) -> list[str]:
        ids = [f"r{self._count + offset}" for offset in range(len(texts))]
        self._count += len(texts)
        with open(self._stream, "a") as file:
            for external_id, text in zip(ids, texts, strict=True):
                file.write(line(0, external_id, text=text))
        return ids

    def break_down(self) -> None:
        self._outbox.unlink(missing_ok=True)
        self._outbox.mkdir()


class TestReplayContract(ConnectorContract):
    @pytest.fixture
    def far(self, tmp_path: Path) -> ReplayFarSide:
        return ReplayFarSide(tmp_path)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
@pytest.mark.parametrize("restart", [False, True])
def test_plays_by_the_clock_and_gives_each_post_once(
    tmp_path: Path, suffix: str, restart: bool
) -> None:
    stream = write(tmp_path / f"s{suffix}", [line(60 * n, f"p{n}") for n in range(10)])
    manual = clock.ManualClock(STARTED_AT)
    connector, cursor, seen = connect(account_for(stream, speed=60)), None, []
    with clock.use(manual):
        for expected in range(1, 11):
            for _ in range(2):
                page = connector.fetch(cursor)
                cursor = page.cursor
                seen += ids_of(page.posts)
                if restart:
                    connector.close()
                    connector = connect(account_for(stream, speed=60))
            assert seen == [f"p{n}" for n in range(expected)]
            assert not page.more
            manual.advance(timedelta(seconds=1))
    connector.close()


def test_a_clock_set_back_gives_nothing_twice(tmp_path: Path) -> None:
    stream = write(tmp_path / "s.jsonl", [line(60 * n, f"p{n}") for n in range(4)])
    manual = clock.ManualClock(STARTED_AT + timedelta(seconds=100))
    connector = connect(account_for(stream))
    with clock.use(manual):
        first = connector.fetch(None)
        manual.advance(timedelta(seconds=-90))
        second = connector.fetch(first.cursor)
        manual.advance(timedelta(seconds=200))
        third = connector.fetch(second.cursor)
    connector.close()
    assert [ids_of(page.posts) for page in (first, second, third)] == [
        ["p0", "p1"],
        [],
        ["p2", "p3"],
    ]


def test_times_follow_the_speed(tmp_path: Path) -> None:
    stream = write(tmp_path / "s.jsonl", [line(3_000, "a"), line(3_600, "b"), line(7_200, "c")])
    for speed, begin, expected in (
        (1, 0, (3_000, 3_600, 7_200)),
        (60, 0, (50, 60, 120)),
        (0, 0, (3_000, 3_600, 7_200)),
        # What lies before the beginning keeps its own pace.
        (60, 3_600, (-600, 0, 60)),
        (0, 86_400, (-83_400, -82_800, -79_200)),
    ):
        connector = connect(account_for(stream, speed=speed, begin_at_seconds=begin))
        with clock.use(clock.ManualClock(STARTED_AT + timedelta(days=1))):
            posts, _ = read_to_the_end(connector)
        connector.close()
        assert [post.created_at for post in posts] == [
            STARTED_AT + timedelta(seconds=seconds) for seconds in expected
        ]


def test_at_speed_zero_everything_is_there_at_once(tmp_path: Path) -> None:
    stream = write(tmp_path / "s.jsonl", [line(80_000, "late")])
    connector = connect(account_for(stream, speed=0))
    with clock.use(clock.ManualClock(STARTED_AT - timedelta(days=9))):
        assert ids_of(connector.fetch(None).posts) == ["late"]
    connector.close()


def test_pages_are_bounded_in_posts_and_in_bytes(tmp_path: Path) -> None:
    many = write(tmp_path / "many.jsonl", [line(0, f"p{n}") for n in range(PAGE_LINES + 1)])
    connector = connect(account_for(many))
    page = connector.fetch(None)
    assert (len(page.posts), page.more) == (PAGE_LINES, True)
    page = connector.fetch(page.cursor)
    assert (ids_of(page.posts), page.more) == ([f"p{PAGE_LINES}"], False)
    connector.close()

    big = write(tmp_path / "big.jsonl", [line(0, f"p{n}", text="x" * 800_000) for n in range(12)])
    connector = connect(account_for(big))
    page = connector.fetch(None)
    assert 0 < len(page.posts) < 6
    assert page.more
    posts, _ = read_to_the_end(connector)
    assert len(posts) == 12
    connector.close()


def test_a_full_page_at_the_end_says_that_there_is_no_more(tmp_path: Path) -> None:
    stream = write(tmp_path / "s.jsonl", [line(0, f"p{n}") for n in range(PAGE_LINES)])
    connector = connect(account_for(stream))
    assert not connector.fetch(None).more
    connector.close()


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


def test_an_edit_and_a_deletion_come_after_the_post_they_change(tmp_path: Path) -> None:
    stream = write(
        tmp_path / "s.jsonl",
        [
            line(10, "a", text="first words"),
            line(20, "a.2", edit_of="a", posted_at_seconds=10, text="better words"),
            line(25, "a.3", edit_of="a", text="best words"),
            json.dumps({"at_seconds": 30, "id": "a", "kind": "deleted"}),
        ],
    )
    connector = connect(account_for(stream, speed=0))
    posts, _ = read_to_the_end(connector)
    connector.close()
    assert ids_of(posts) == ["a"] * 4
    assert [post.text for post in posts] == ["first words", "better words", "best words", ""]
    assert [post.kind for post in posts] == [IncomingKind.POST] * 3 + [IncomingKind.DELETED]
    at = STARTED_AT + timedelta(seconds=10)
    assert [post.created_at for post in posts] == [at, at, None, None]


def test_the_raw_line_leaves_out_only_the_label(tmp_path: Path) -> None:
    stream = write(
        tmp_path / "s.jsonl",
        [line(0, "a", label="praise", other=["kept", 1.5]), line(0, "b", text="\ud800!")],
    )
    connector = connect(account_for(stream))
    first, second = connector.fetch(None).posts
    connector.close()
    assert json.loads(first.raw) == {
        "at_seconds": 0,
        "id": "a",
        "text": "words",
        "other": ["kept", 1.5],
    }
    assert second.text == "\ufffd!"
    assert json.loads(second.raw)["text"] == "\ud800!"
    check_post(second, 11)


def test_repeats_with_ids_of_its_own_for_each_round(tmp_path: Path) -> None:
    stream = write(
        tmp_path / "s.jsonl",
        [line(0, "a"), line(5, "b", parent_id="a", thread_id="a"), "broken\n"],
    )
    account = account_for(stream, repeat=True, round_seconds=10, speed=2)
    connector = connect(account)
    manual = clock.ManualClock(STARTED_AT + timedelta(seconds=13))
    with clock.use(manual):
        posts, cursor = read_to_the_end(connector)
        assert ids_of(posts) == ["a", "b", "a~2", "b~2", "a~3", "b~3"]
        assert posts[3].parent_external_id == "a~2"
        assert posts[3].thread_external_id == "a~2"
        assert posts[4].created_at == STARTED_AT + timedelta(seconds=10)
        page = connector.fetch(cursor)
        assert page.posts == ()
        manual.advance(timedelta(seconds=2))
        assert ids_of(connector.fetch(page.cursor).posts) == ["a~4"]
    connector.close()


def test_bad_lines_are_reported_in_the_first_round_only(tmp_path: Path) -> None:
    stream = write(tmp_path / "s.jsonl", ["broken\n"])
    connector = connect(account_for(stream, repeat=True, round_seconds=10))
    with clock.use(clock.ManualClock(STARTED_AT + timedelta(seconds=35))):
        page = connector.fetch(None)
        assert len(page.rejected) == 1
        assert connector.fetch(page.cursor).rejected == ()
    connector.close()


def test_an_empty_recording_that_repeats_ends_each_fetch(tmp_path: Path) -> None:
    connector = connect(account_for(write(tmp_path / "s.jsonl", []), repeat=True))
    page = connector.fetch(None)
    assert (page.posts, page.more) == ((), False)
    connector.close()


def test_another_recording_is_played_from_its_beginning(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", [line(0, f"one{n}") for n in range(5)])
    two = write(tmp_path / "two.jsonl", [line(0, f"two{n}") for n in range(2)])
    first, second = connect(account_for(one)), connect(account_for(two))
    page = second.fetch(first.fetch(None).cursor)
    assert ids_of(page.posts) == ["two0", "two1"]
    first.close()
    second.close()


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


def test_without_an_outbox_file_nothing_can_be_sent() -> None:
    connector = connect(account_for("demo:form"))
    with pytest.raises(ChannelRefused, match="takes no replies"):
        connector.send(reply_to("w001"))
    connector.close()


def test_a_line_cut_off_by_a_crash_does_not_harm_the_next(tmp_path: Path) -> None:
    outbox = tmp_path / "sent.jsonl"
    account = account_for("demo:form", outbox_file=str(outbox))
    connector = connect(account)
    first = connector.send(reply_to("w001"))
    whole = outbox.read_bytes()
    outbox.write_bytes(whole + whole[: len(whole) // 2].replace(b"3k7q", b"cut0"))
    cut, second = reply_to("w001", marker="cut0marker001"), reply_to("w001", marker="second0000000")
    assert connector.find(cut) is None
    connector.send(second)
    assert connector.send(cut).external_id == "reply-cut0marker001"
    assert connector.send(reply_to("w001")) == first
    posts, _ = read_to_the_end(connector)
    connector.close()
    assert [post.external_id for post in posts if post.from_agency] == [
        "reply-3k7qmarker001",
        "reply-second0000000",
        "reply-cut0marker001",
    ]


def test_a_write_that_fails_half_way_is_unclear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = connect(account_for("demo:form", outbox_file=str(tmp_path / "sent.jsonl")))

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("levelhead.connectors.replay.outbox.os.write", full)
        with pytest.raises(SendUnclear, match="No space left"):
            connector.send(reply_to("w001"))
    assert connector.find(reply_to("w001")) is None
    connector.close()


def test_a_new_outbox_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    outbox = tmp_path / "sent.jsonl"
    connector = connect(account_for("demo:form", outbox_file=str(outbox), speed=0))
    for number in range(3):
        connector.send(reply_to("w001", marker=f"old{number:010}"))
    _, cursor = read_to_the_end(connector)
    outbox.unlink()
    connector.send(reply_to("w001", marker="new0000000000"))
    assert ids_of(connector.fetch(cursor).posts) == ["reply-new0000000000"]
    connector.close()


@pytest.mark.parametrize("name", STREAM_NAMES)
def test_the_packaged_day_plays_whole(name: str) -> None:
    connector = registry.connect(account_for(f"demo:{name}", speed=0))
    assert connector.check()
    posts, _ = read_to_the_end(connector)
    connector.close()
    assert len(posts) == len(find_stream(name).read_text().splitlines())
    for post in posts:
        check_post(post, 11)
        assert "label" not in json.loads(post.raw)


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
