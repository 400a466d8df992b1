"""A recording is played by the clock, each post once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from levelhead.channels.domain import IncomingKind
from levelhead.connectors import registry
from levelhead.connectors.replay import ReplayConnector, connect
from levelhead.connectors.replay.client import PAGE_LINES
from levelhead.demo.streams import STREAM_NAMES, find_stream
from levelhead.kernel import clock

from .contract import ConnectorContract, check_post, read_to_the_end
from .recordings import STARTED_AT, account_for, ids_of, line, write


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
