"""The stream's clock: one wrong stamp moves nothing, a real jump is followed."""

from datetime import UTC, datetime, timedelta

import pytest

from levelhead.analysis.streams.domain import StreamPost
from levelhead.analysis.streams.stream_clock import StreamClock
from levelhead.analysis.streams.watching import StreamWatch
from levelhead.kernel import clock
from levelhead.kernel.clock import ManualClock

START = datetime(2021, 5, 4, 12, tzinfo=UTC)
WALL = datetime(2026, 3, 2, 9, tzinfo=UTC)
FAR = [datetime(9999, 12, 31, tzinfo=UTC), datetime(2150, 1, 1, tzinfo=UTC), None]


@pytest.fixture(autouse=True)
def _wall_clock():
    with clock.use(ManualClock(WALL)):
        yield


def post(key, moment):
    return StreamPost(id=key, text="the ferry is late again", created_at=moment)


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("place", [0, 1, 7, 19])
@pytest.mark.parametrize("count", [1, 12])
def test_a_stamp_far_ahead_does_not_move_the_clock_and_its_post_counts(far, place, count):
    posts = [post(k, START + timedelta(seconds=k)) for k in range(20)]
    posts[place:place] = [post(f"far{k}", far) for k in range(count)]
    watch = StreamWatch(None, ring=64)
    watch.take(posts)
    assert watch.now == START + timedelta(seconds=19)
    assert len(watch._recent) == 20 + count
    assert all(note.at <= watch.now.timestamp() for note in watch._recent)


def test_a_stream_of_nothing_but_stamps_far_ahead_keeps_the_time_of_arrival():
    watch = StreamWatch(None, ring=64)
    watch.take([post(k, FAR[0]) for k in range(9)])
    assert watch.now == WALL


def test_an_exercise_some_months_ahead_is_believed():
    ahead = WALL + timedelta(days=120)
    given = StreamClock()
    given.take(ahead)
    assert given.now == ahead


def test_a_gap_of_days_is_believed_when_three_agree():
    given = StreamClock()
    given.take(START)
    later = START + timedelta(days=40)
    for k in range(3):
        assert given.now == START
        given.take(later + timedelta(seconds=k))
    assert given.now == later + timedelta(seconds=2)
