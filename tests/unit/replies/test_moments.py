"""Moments at which a reply may leave, over the days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.doctrine.schedule import Schedule
from levelhead.kernel.errors import Invalid
from levelhead.replies.moments import Oddity, list_later, next_opening, read_chosen

CHICAGO = Schedule.office("America/Chicago")
ZONES = ("America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")


def test_a_time_that_clocks_skip_is_said_and_becomes_the_first_after_it() -> None:
    # On 8 March 2026 there is no 02:30 in Chicago.
    chosen = read_chosen("2026-03-08T02:30", CHICAGO)
    assert chosen.oddity is Oddity.SKIPPED
    assert chosen.at == datetime(2026, 3, 8, 8, 0, tzinfo=UTC)
    assert chosen.at.astimezone(ZoneInfo("America/Chicago")).hour == 3


def test_a_time_that_clocks_show_twice_is_said_and_is_the_first() -> None:
    chosen = read_chosen("2026-11-01T01:30", CHICAGO)
    assert chosen.oddity is Oddity.TWICE
    assert chosen.at == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_a_moment_of_a_button_is_that_moment() -> None:
    assert read_chosen("2026-11-01T07:30:00+00:00", CHICAGO).at.hour == 7


@pytest.mark.parametrize("text", ["", "x", "2026-13-01T00:00", "9999-12-31T23:59\x00", "1" * 99])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_chosen(text, CHICAGO)


@given(
    st.sampled_from(ZONES),
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2032, 1, 1)),  # noqa: DTZ001
)
def test_what_the_field_says_is_what_clocks_show_or_it_is_said(zone: str, wall: datetime) -> None:
    schedule = Schedule.office(zone)
    chosen = read_chosen(wall.strftime("%Y-%m-%dT%H:%M"), schedule)
    shown = chosen.at.astimezone(ZoneInfo(zone))
    wanted = wall.replace(second=0, microsecond=0)
    if chosen.oddity is Oddity.SKIPPED:
        assert timedelta(0) < shown.replace(tzinfo=None) - wanted <= timedelta(hours=1)
    else:
        assert shown.replace(tzinfo=None) == wanted
    if chosen.oddity is Oddity.TWICE:
        assert shown.fold == 0


@given(
    st.sampled_from(ZONES),
    st.datetimes(
        min_value=datetime(2024, 1, 1),  # noqa: DTZ001
        max_value=datetime(2032, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
)
def test_presets_are_to_come_and_the_office_is_open(zone: str, now: datetime) -> None:
    schedule = Schedule.office(zone)
    found = list_later(schedule, now, None)
    assert found == sorted(found, key=lambda later: later.at)
    assert {later.key for later in found} <= {"hour", "opening", "morning"}
    for later in found:
        assert timedelta(minutes=5) <= later.at - now <= timedelta(days=5)
        if later.key == "morning":
            local = later.at.astimezone(ZoneInfo(zone))
            assert (local.hour, local.minute) == (8, 0)
    opening = next_opening(schedule, now)
    assert schedule.is_open(opening)
    assert not schedule.is_open(opening - timedelta(seconds=1))


def test_it_is_said_where_the_clock_runs_out_before() -> None:
    now = datetime(2026, 3, 16, 14, 20, tzinfo=UTC)
    found = {one.key: one.past_due for one in list_later(CHICAGO, now, now + timedelta(hours=2))}
    assert found == {"hour": False, "opening": True}
