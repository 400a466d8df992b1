"""Moments at which a reply may leave, on the agency's clocks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from levelhead.doctrine.schedule import Schedule
from levelhead.kernel.errors import Invalid

FURTHEST: Final = timedelta(days=90)
# Later than this it is not sent without a person.
LATE: Final = timedelta(minutes=15)
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
_MORNING: Final = 8 * 60
_LEAST: Final = timedelta(minutes=5)


class Oddity(StrEnum):
    """What is odd about a time of day on its date."""

    SKIPPED = "skipped"  # clocks go forward over it
    TWICE = "twice"  # clocks go back and show it twice


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A moment that a person chose, and what is to be said of it."""

    at: datetime
    oddity: Oddity | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """A moment for one press of a button."""

    # "hour", "opening", "morning".
    key: str
    at: datetime
    # Whether the clock of the case runs out before.
    past_due: bool


def read_chosen(text: str, schedule: Schedule) -> Chosen:
    """What a field of date and time says. Raises Invalid.

    A text with an offset is that very moment. A time that clocks skip becomes the first one after
    it; of a time that they show twice it is the first.
    """
    try:
        wall = datetime.fromisoformat(text.strip())
        if not FIRST_YEAR <= wall.year <= LAST_YEAR:
            raise ValueError(text)
        if wall.tzinfo is not None:
            return Chosen(at=wall.astimezone(UTC))
        wall = wall.replace(second=0, microsecond=0)
        at = schedule.moment_of(wall.date(), wall.hour * 60 + wall.minute)
        zone = ZoneInfo(schedule.zone)
        shown = at.astimezone(zone).replace(tzinfo=None)
        again = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(text[:40]) from error
    if shown != wall:
        return Chosen(at=at, oddity=Oddity.SKIPPED)
    return Chosen(at=at, oddity=Oddity.TWICE if again != at else None)


def list_later(schedule: Schedule, now: datetime, due_at: datetime | None) -> list[Later]:
    """In one hour, when the office opens next, tomorrow at eight; the nearest first, none twice."""
    today = now.astimezone(ZoneInfo(schedule.zone)).date()
    morning = schedule.moment_of(today + timedelta(days=1), _MORNING)
    wanted = {"hour": now.replace(microsecond=0) + timedelta(hours=1), "morning": morning}
    try:
        opening = next_opening(schedule, now)
    except Invalid:
        # The office does not open again.
        pass
    else:
        wanted = {"opening": opening, **wanted}
    found: dict[datetime, Later] = {}
    for key, at in wanted.items():
        if at - now >= _LEAST:
            past_due = due_at is not None and due_at < at
            found.setdefault(at, Later(key=key, at=at, past_due=past_due))
    return sorted(found.values(), key=lambda later: later.at)


def next_opening(schedule: Schedule, now: datetime) -> datetime:
    """When the office opens next; while it is open, the opening of a later day. Raises Invalid."""
    if not schedule.is_open(now):
        return schedule.add_office_time(now, timedelta(0))
    today = now.astimezone(ZoneInfo(schedule.zone)).date()
    midnight = schedule.moment_of(today + timedelta(days=1), _minutes(time()))
    return schedule.add_office_time(midnight, timedelta(0))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
