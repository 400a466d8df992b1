"""The settings of an agency as people fill them in: times as they are written on a door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.doctrine.schedule import WEEKDAYS, Schedule
from levelhead.kernel.errors import Invalid
from levelhead.web.words import WEEKDAYS as DAY_WORDS
from levelhead.web.words import of

FIELD_LIMIT: Final = 400
HOLIDAYS_LIMIT: Final = 80_000
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
        schedule = {"hours": hours, "holidays": holidays}
        if not self.errors:
            try:
                Schedule.from_json({"zone": self.zone, **schedule})
            except Invalid as error:
                place = str(error.data.get("field", ""))
                known = place in WEEKDAYS or place in ("holidays", "zone", "hours")
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
    )


def read_settings_form(given: QueryDict) -> SettingsForm:
    """The form as it was sent."""
    return SettingsForm(
        name=given.get("name", "")[:FIELD_LIMIT],
        zone=given.get("zone", "").strip()[:FIELD_LIMIT],
        hours={day: given.get(f"hours_{day}", "")[:FIELD_LIMIT] for day in WEEKDAYS},
        holidays=given.get("holidays", "")[:HOLIDAYS_LIMIT],
    )
