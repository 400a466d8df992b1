"""What office hours mean for the clocks: examples that a person can check before saving."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from levelhead.doctrine.clocks import Schedule, load_clocks
from levelhead.doctrine.public_holidays import names_between
from levelhead.kernel.errors import Invalid

# As far ahead as the page lists closed days.
DAYS_AHEAD: Final = 366
FRIDAY: Final = 4
WEEKS_AHEAD: Final = 16
# Late on a Friday: the case that people get wrong in their heads.
FRIDAY_MINUTES: Final = 16 * 60 + 50
CLASSES: Final = ("service_question", "complaint", "threat_to_life")


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A post that comes at a moment, and when it is due."""

    # A class of the clocks, such as "complaint".
    kind: str
    # Its name in the person's language.
    name: str
    comes: datetime
    # None where no such clock runs.
    first_word: datetime | None
    full_answer: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedDays:
    """A public holiday in the year to come; it may come with a day off in its stead."""

    name: str
    days: tuple[date, ...]


def next_friday(schedule: Schedule, now: datetime) -> datetime:
    """The Friday to come that is no holiday, 16:50 there; in a long holiday the first one."""
    today = now.astimezone(ZoneInfo(schedule.zone)).date()
    friday = today + timedelta(days=(FRIDAY - today.weekday()) % 7)
    if schedule.moment_of(friday, FRIDAY_MINUTES) <= now:
        friday += timedelta(weeks=1)
    fridays = [friday + timedelta(weeks=week) for week in range(WEEKS_AHEAD)]
    ordinary = [day for day in fridays if schedule.closed_for(day) is None]
    return schedule.moment_of((ordinary or fridays)[0], FRIDAY_MINUTES)


def show_examples(schedule: Schedule, moments: Iterable[datetime], lang: str) -> list[Example]:
    """When posts of the usual classes are due that come at these moments."""
    table = load_clocks()
    found = []
    for moment in moments:
        for kind in CLASSES:
            try:
                first, full = table.classes[kind][0].dues(schedule, moment)
            except Invalid:
                # A moment at the end of the calendar; the form has said what is wrong.
                continue
            names = table.names[kind]
            found.append(
                Example(
                    kind=kind, name=names.get(lang, names["en"]), comes=moment,
                    first_word=first, full_answer=full,
                )
            )  # fmt: skip
    return found


def list_public_days(schedule: Schedule, today: date) -> list[NamedDays]:
    """The public holidays of the year to come by name, whether the office closes or not."""
    last = today + timedelta(days=DAYS_AHEAD)
    by_name: dict[str, list[date]] = {}
    for day, names in names_between(schedule.public_holidays, today, last):
        for name in names:
            by_name.setdefault(name, []).append(day)
    return [NamedDays(name=name, days=tuple(days)) for name, days in by_name.items()]
