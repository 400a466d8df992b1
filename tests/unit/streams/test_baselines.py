"""What is usual, and what time it is in a stream whose clock cannot be trusted."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.analysis.streams.baselines import HOUR, Share, WeekBaseline, surprise
from levelhead.analysis.streams.stream_clock import StreamClock
from levelhead.kernel import clock
from levelhead.kernel.clock import ManualClock

START = datetime(2026, 3, 2, tzinfo=UTC)


def test_surprise_is_a_bound_on_the_poisson_tail():
    for seen, expected in [(10, 2.0), (5, 0.5), (40, 20.0)]:
        tail = 1 - sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(seen))
        assert tail <= math.exp(-surprise(seen, expected))
    assert surprise(3, 5) == 0
    assert surprise(0, 0) == 0


def fill_weeks(baseline, weeks, count):
    for hour in range(int(168 * weeks)):
        baseline.add(hour * HOUR, count(hour))
    return 168 * weeks * HOUR


def test_nothing_is_usual_before_any_history():
    baseline = WeekBaseline()
    baseline.add(0.0)
    assert baseline.expect(10.0) == (0.0, 0.0)


def test_knows_the_hours_of_the_week():
    baseline = WeekBaseline()
    end = fill_weeks(baseline, 5, lambda hour: 200 if hour % 168 == 20 else 10)
    assert baseline.expect(end + 20 * HOUR)[0] == 200
    assert baseline.expect(end + 21 * HOUR)[0] == 10


def test_one_wild_week_does_not_move_it():
    baseline = WeekBaseline()
    end = fill_weeks(baseline, 5, lambda hour: 5000 if 168 <= hour < 336 else 10)
    usual, stray = baseline.expect(end)
    assert usual == 10
    assert stray <= 5


def test_the_first_day_is_compared_with_its_own_hours():
    baseline = WeekBaseline()
    end = fill_weeks(baseline, 5 / 168, lambda hour: 30)
    assert baseline.expect(end)[0] == 30


def test_a_year_of_silence_costs_little():
    baseline = WeekBaseline()
    baseline.add(0.0, 50)
    baseline.add(366 * 86_400.0)
    assert baseline.expect(366 * 86_400.0) == (1.0, 1.0)


def test_share_learns_slowly_and_quickly():
    share = Share(prior=0.1, weight=100, fast=100, slow=20_000)
    for _ in range(300):
        share.add(0.0)
    before = share.usual
    for _ in range(100):
        share.add(1.0)
    assert share.recent > 0.6
    assert share.usual < before + 0.3


def test_clock_follows_and_forgives_late_posts():
    watch = StreamClock()
    assert watch.now is None
    first = watch.take(START)
    assert watch.take(START + timedelta(minutes=5)) == first + 300
    assert watch.take(START) == first + 300
    assert watch.take(None) == first + 300
    assert watch.now == START + timedelta(minutes=5)


@pytest.mark.parametrize("jump", [timedelta(days=20_000), timedelta(days=-20_000)])
def test_one_wild_time_changes_nothing(jump):
    watch = StreamClock()
    first = watch.take(START)
    assert watch.take(START + jump) == first
    assert watch.now == START
    assert watch.take(START + timedelta(seconds=9)) == first + 9


def test_a_clock_that_stays_elsewhere_is_believed():
    watch = StreamClock()
    first = watch.take(START)
    for _ in range(5):
        last = watch.take(START - timedelta(days=3))
    assert last == first
    assert watch.now == START - timedelta(days=3)
    assert watch.take(START - timedelta(days=3) + timedelta(seconds=60)) == first + 60


def test_without_any_time_arrival_counts():
    hands = ManualClock(START)
    with clock.use(hands):
        watch = StreamClock()
        first = watch.take(None)
        hands.advance(timedelta(seconds=30))
        assert watch.take(None) == first + 30
        # The first post with a time of its own sets the stream's date, not its age.
        assert watch.take(datetime(2020, 1, 1, tzinfo=UTC)) == first + 30
        assert watch.now == datetime(2020, 1, 1, tzinfo=UTC)


@given(st.lists(st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))))
def test_seconds_never_go_back(times):
    watch = StreamClock()
    last = -math.inf
    for time in times:
        seconds = watch.take(time)
        assert seconds >= last
        last = seconds
