"""What becomes a commitment, when it is due, and that no clock change moves it."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from levelhead.doctrine import promises
from levelhead.doctrine.promises import due_moment, find_promises
from levelhead.doctrine.schedule import Schedule

ZONES = ["America/Chicago", "America/New_York", "Europe/Madrid", "Australia/Lord_Howe",
         "America/St_Johns", "Pacific/Apia", "UTC"]  # fmt: skip
DATA = Path(promises.__file__).parent / "data" / "promises.yaml"
EXAMPLES = yaml.safe_load(DATA.read_text(encoding="utf-8"))["examples"]
CHICAGO = Schedule.office("America/Chicago")
# A Wednesday, 8:30 in Chicago.
WEDNESDAY = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)

moments = st.integers(1_704_067_200, 1_956_528_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
schedules = st.sampled_from(ZONES).map(Schedule.office)
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
days = st.dates(date(2024, 1, 1), date(2032, 1, 1))


def find(text, sent_at=WEDNESDAY, schedule=CHICAGO):
    return find_promises(text, sent_at=sent_at, schedule=schedule)


def local(moment, schedule=CHICAGO):
    return moment.astimezone(ZoneInfo(schedule.zone))


@pytest.mark.parametrize("example", EXAMPLES["fires"], ids=lambda e: e["text"][:50])
def test_what_must_be_found_is_found_with_its_date(example):
    [promise] = find("Hello Sam. " + example["text"])
    assert promise.sentence == example["text"]
    if not example["due"]:
        assert promise.due is None
    elif example["due"] == "ask":
        assert not promise.due.certain
    else:
        assert promise.due.certain
        [moment] = promise.due.readings
        assert f"{local(moment):%Y-%m-%d %H:%M}" == example["due"]


@pytest.mark.parametrize("text", EXAMPLES["silent"], ids=lambda text: text[:50])
def test_what_is_no_promise_is_not_found(text):
    assert find("Hello Sam. " + text) == []


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("We will fix it next Friday.", ["2026-12-04 17:00", "2026-11-27 17:00"]),
        ("We will post the plan by 3/10.", ["2027-03-10 17:00", "2027-10-03 17:00"]),
        ("We will call you by Wednesday.", ["2026-11-25 17:00", "2026-12-02 17:00"]),
        ("We will call you tomorrow by 8.", ["2026-11-26 08:00", "2026-11-26 20:00"]),
        ("We will call you in a few days.", ["2026-11-28 17:00"]),
        ("We will post it on June 31.", []),
        # Seven in the morning has passed, so it can only be the evening.
        ("We will call you today by 7.", ["2026-11-25 19:00"]),
    ],
)
def test_every_way_to_read_a_date_is_proposed(text, readings):
    [promise] = find(text)
    assert [f"{local(moment):%Y-%m-%d %H:%M}" for moment in promise.due.readings] == readings


@pytest.mark.parametrize(
    ("days", "readings"),
    [(-3, ["2026-11-24", "2026-12-01"]), (-2, ["2026-12-01", "2026-11-24"]), (1, ["2026-12-01"])],
)
def test_next_tuesday_said_on_several_days(days, readings):
    [promise] = find("We will call you next Tuesday.", WEDNESDAY + timedelta(days=days))
    assert [f"{local(moment):%Y-%m-%d}" for moment in promise.due.readings] == readings


def test_several_promises_each_with_its_own_date():
    text = "Sorry, Sam. We will call you tomorrow. Crews will fix the light by Friday! — Ana"
    first, second = find(text)
    assert text[slice(*first.span)] == "We will call you tomorrow"
    assert second.sentence == "Crews will fix the light by Friday!"
    assert first.due.readings < second.due.readings


def test_today_after_closing_is_tonight():
    [promise] = find("We will post it today.", WEDNESDAY + timedelta(hours=10))
    assert local(promise.due.readings[0]).time() == time(23, 59)


def test_a_time_that_has_passed_is_asked_about():
    [promise] = find("We will post it today at 3.", WEDNESDAY + timedelta(hours=8))
    assert (promise.due.readings, promise.due.certain) == ((), False)


@given(sent_at=moments, schedule=schedules, count=st.integers(1, 400))
def test_hours_are_hours_whatever_the_clocks_do(sent_at, schedule, count):
    sent_at = sent_at.replace(microsecond=0)
    [promise] = find(f"We will call you within {count} hours.", sent_at, schedule)
    [moment] = promise.due.readings
    # A due time is shown to the minute at the least: a gap of half a day does not move it.
    assert abs(moment - (sent_at + timedelta(hours=count))) < timedelta(minutes=1)


@given(sent_at=moments, schedule=schedules, count=st.integers(1, 60))
def test_days_end_when_the_office_closes_whatever_the_clocks_do(sent_at, schedule, count):
    [promise] = find(f"We will call you in {count} days.", sent_at, schedule)
    [moment] = promise.due.readings
    then, sent = local(moment, schedule), local(sent_at, schedule)
    wanted = sent.date() + timedelta(days=count)
    # Apia left out a whole day in 2011 only: every wall time of 17:00 here exists.
    assert (then.date(), then.time()) == (wanted, time(17))


@given(sent_at=moments, schedule=schedules, count=st.integers(1, 24))
def test_months_keep_the_day_or_end_with_the_month(sent_at, schedule, count):
    words = {1: "one"}.get(count, str(count))
    [promise] = find(f"We will call you in {words} months.", sent_at, schedule)
    then = local(promise.due.readings[0], schedule).date()
    sent = local(sent_at, schedule).date()
    assert (then.year * 12 + then.month) - (sent.year * 12 + sent.month) == count
    assert then.day == min(sent.day, monthrange(then.year, then.month)[1])


@given(sent_at=moments, schedule=schedules)
def test_the_end_of_the_month_is_its_last_day(sent_at, schedule):
    # In its last minute nothing is left of a month.
    assume(local(sent_at, schedule).time() < time(23, 59))
    [promise] = find("We will call you by the end of the month.", sent_at, schedule)
    [moment] = promise.due.readings
    then, sent = local(moment, schedule).date(), local(sent_at, schedule).date()
    assert (then + timedelta(days=1)).day == 1
    assert (then.year, then.month) == (sent.year, sent.month)


@given(day=days, at=times, schedule=schedules)
def test_a_wall_time_is_that_wall_time_or_the_moment_of_the_change(day, at, schedule):
    moment = due_moment(day, at, schedule=schedule)
    shown = local(moment, schedule)
    wall = datetime.combine(day, at)
    assert shown.replace(tzinfo=None) >= wall
    if shown.replace(tzinfo=None) != wall:
        # The clocks jumped over it just then.
        before = local(moment - timedelta(seconds=1), schedule)
        assert before.replace(tzinfo=None) < wall
    # The first of two, where it comes twice.
    assert local(moment - timedelta(hours=1), schedule).replace(tzinfo=None) != wall


@given(text=st.text(max_size=300), sent_at=moments, schedule=schedules)
def test_nothing_that_is_written_breaks_it(text, sent_at, schedule):
    for promise in find(f"We will {text} by Friday", sent_at, schedule):
        assert 0 <= promise.span[0] < promise.span[1]
        assert all(moment > sent_at for moment in (promise.due.readings if promise.due else ()))
