"""The settings of an agency as people fill them in: times as they are written on a door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.doctrine.public_holidays import regions
from levelhead.doctrine.schedule import MAX_OPEN_ON, WEEKDAYS, Schedule
from levelhead.kernel.errors import Invalid
from levelhead.web.words import WEEKDAYS as DAY_WORDS
from levelhead.web.words import of

FIELD_LIMIT: Final = 400
# Times that a person may try out.
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
HOLIDAYS_LIMIT: Final = 80_000
_PLACES: Final = ("holidays", "zone", "hours", "public_holidays", "open_on")
_INTERVAL: Final = re.compile(r"(\d{1,2}):(\d{2})\s*(?:-|–|to|a)\s*(\d{1,2}):(\d{2})")
_BETWEEN: Final = re.compile(r"\s*[,;]\s*|\s+and\s+|\s+y\s+")


@dataclass(kw_only=True)
class SettingsForm:
    """What is in the fields, and what is wrong with it."""

    name: str
    zone: str
    # Weekday -> "08:00-12:00, 13:00-17:00"; empty is closed.
    hours: dict[str, str]
    # One date a line.
    holidays: str
    # Whose public holidays close the office; empty for none.
    region: str = ""
    # Public holidays on which it is open all the same, by name.
    open_on: tuple[str, ...] = ()
    # Field -> sentence.
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def days(self) -> list[tuple[str, str, str, str]]:
        """Rows of the form: (key, name, value, mistake)."""
        return [
            (day, of(DAY_WORDS, day), self.hours.get(day, ""), self.errors.get(day, ""))
            for day in WEEKDAYS
        ]

    def schedule(self) -> Mapping[str, object]:
        """The schedule as the agency keeps it; fills `errors` where it cannot be read."""
        hours = {}
        for day in WEEKDAYS:
            intervals = self._read_day(day)
            if intervals:
                hours[day] = intervals
        holidays = sorted(set(self.holidays.replace(",", " ").split()))
        schedule: dict[str, object] = {"hours": hours, "holidays": holidays}
        if self.region:
            schedule |= {"public_holidays": self.region, "open_on": sorted(self.open_on)}
        if not self.errors:
            try:
                Schedule.from_json({"zone": self.zone, **schedule})
            except Invalid as error:
                place = str(error.data.get("field", ""))
                known = place in WEEKDAYS or place in _PLACES
                self.errors[place if known else "hours"] = error.message
        return schedule

    def _read_day(self, day: str) -> list[list[str]]:
        written = self.hours.get(day, "").strip()
        if not written:
            return []
        intervals = []
        for part in _BETWEEN.split(written):
            found = _INTERVAL.fullmatch(part.strip())
            if found is None:
                self.errors[day] = _(
                    "“%(text)s” is not a span of hours. Write it as 08:00-17:00, several with a "
                    "comma between them."
                ) % {"text": part[:40]}
                return []
            start, end = f"{int(found[1]):02}:{found[2]}", f"{int(found[3]):02}:{found[4]}"
            intervals.append([start, end])
        return intervals


def settings_form(agency: Agency) -> SettingsForm:
    """The form with what is in force."""
    hours = agency.schedule.get("hours", {})
    return SettingsForm(
        name=agency.name,
        zone=agency.zone,
        hours={
            day: ", ".join(f"{start}-{end}" for start, end in intervals)
            for day, intervals in hours.items()
        },
        holidays="\n".join(agency.schedule.get("holidays", [])),
        region=agency.schedule.get("public_holidays", ""),
        open_on=tuple(agency.schedule.get("open_on", [])),
    )


def read_settings_form(given: QueryDict) -> SettingsForm:
    """The form as it was sent."""
    region = given.get("public_holidays", "")[:FIELD_LIMIT]
    # The list of names on the page was that of the region it was made for.
    same_region = given.get("listed_for", "") == region
    listed, closed = given.getlist("listed")[:MAX_OPEN_ON], set(given.getlist("closed_on"))
    open_on = tuple(dict.fromkeys(name[:FIELD_LIMIT] for name in listed if name not in closed))
    return SettingsForm(
        name=given.get("name", "")[:FIELD_LIMIT],
        zone=given.get("zone", "").strip()[:FIELD_LIMIT],
        hours={day: given.get(f"hours_{day}", "")[:FIELD_LIMIT] for day in WEEKDAYS},
        holidays=given.get("holidays", "")[:HOLIDAYS_LIMIT],
        region=region,
        open_on=open_on if same_region else (),
    )


def region_choices() -> list[tuple[str, str]]:
    """Whose public holidays can be chosen, the federal ones in the person's words."""
    federal, *states = regions()
    return [(federal[0], _("Federal holidays")), *states]


def read_moment(text: str, zone: str) -> datetime | None:
    """A date and time of a field, as clocks there show it; None where it is not one."""
    try:
        wall = datetime.fromisoformat(text)
        moment = (wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None
