"""By when a post gets its first word and its full answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from levelhead.doctrine.schedule import Schedule, in_utc
from levelhead.doctrine.yaml_reading import (
    read_yaml,
    take_flag,
    take_mapping,
    take_number,
    take_text,
    take_words,
)
from levelhead.kernel.errors import Invalid

__all__ = ["Clock", "ClockTable", "Dues", "Schedule", "Span", "load_clocks", "read_clocks"]

CLOCKS_FILE: Final = Path(__file__).parent / "data" / "clocks.yaml"
# Minutes (times schedules) whose dues one clock remembers; a burst falls into a few minutes.
REMEMBERED: Final = 1_024

# (first word due, full answer due); None where no clock runs.
Dues = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """How long something may take: a duration, or a number of open days."""

    duration: timedelta | None = None
    working_days: int = 0
    # Whether the clock runs while the office is closed.
    day_and_night: bool = False

    def due(self, schedule: Schedule, start: datetime) -> datetime:
        """The moment by which it is to be done, in UTC as `start` is. Raises as Schedule does."""
        if self.duration is None:
            return schedule.office_days(start, self.working_days)
        if self.day_and_night:
            return start + self.duration
        return schedule.add_office_time(start, self.duration)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Clock:
    """The times of one class in one column of the table."""

    ack: Span | None = None
    substance: Span | None = None
    # Whether the first word must name a date by which the full answer comes.
    promise: bool = False
    # Language -> why there is no clock, or what stands in for it; empty where nothing is said.
    note: Mapping[str, str] = field(default_factory=dict)
    _remembered: dict[tuple[int, int], tuple[Schedule, Dues]] = field(
        init=False, repr=False, default_factory=dict
    )

    def dues(self, schedule: Schedule, received_at: datetime) -> Dues:
        """When the first word and the full answer are due.

        A clock in office hours starts at the beginning of the minute, so that the posts of one
        minute share one answer and none is due later than its class allows; one that runs day
        and night is exact.
        """
        ack, substance = self.ack, self.substance
        if ack is None and substance is None:
            return None, None
        moment = in_utc(received_at)
        exact = ack is not None and ack.day_and_night
        if exact and substance is None:
            return ack.due(schedule, moment) if ack else None, None
        key = (id(schedule), int(moment.timestamp() // 60))
        known = self._remembered.get(key)
        # An id may be used again once its schedule is gone: the entry keeps the schedule alive.
        if known is None:
            minute = moment.replace(second=0, microsecond=0)
            dues = (
                ack.due(schedule, minute) if ack else None,
                substance.due(schedule, minute) if substance else None,
            )
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            known = self._remembered[key] = (schedule, dues)
        if exact and ack:
            return ack.due(schedule, moment), known[1][1]
        return known[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockTable:
    """The clocks by class: in office hours, and while an incident runs."""

    version: str
    # Class -> (in office hours, in an incident).
    classes: Mapping[str, tuple[Clock, Clock]]
    # Class -> language -> its name on a screen.
    names: Mapping[str, Mapping[str, str]]


@cache
def load_clocks() -> ClockTable:
    """The clocks that come with the program."""
    return read_clocks(read_yaml(CLOCKS_FILE))


def read_clocks(given: Mapping[str, object]) -> ClockTable:
    """The table that was read from YAML. Raises Invalid naming class and field."""
    found = take_mapping(given, "The clocks", required=("version", "classes"), optional=())
    classes: dict[str, tuple[Clock, Clock]] = {}
    names: dict[str, Mapping[str, str]] = {}
    for name, entry in take_mapping(found["classes"], "The clocks, classes").items():
        where = f"Clock {name[:40]}"
        entry = take_mapping(entry, where, required=("name", "office", "incident"), optional=())
        names[name] = take_words(entry["name"], f"{where}, name")
        classes[name] = (
            _read_clock(entry["office"], f"{where}, office"),
            _read_clock(entry["incident"], f"{where}, incident"),
        )
    version = take_text(found["version"], "The clocks, version", limit=40)
    return ClockTable(version=version, classes=classes, names=names)


def _read_clock(given: object, where: str) -> Clock:
    found = take_mapping(given, where, optional=("ack", "substance", "promise", "note"))
    return Clock(
        ack=_read_span(found["ack"], f"{where}, ack") if "ack" in found else None,
        substance=(
            _read_span(found["substance"], f"{where}, substance") if "substance" in found else None
        ),
        promise=take_flag(found.get("promise", False), f"{where}, promise"),
        note=take_words(found["note"], f"{where}, note") if "note" in found else {},
    )


def _read_span(given: object, where: str) -> Span:
    found = take_mapping(given, where, optional=("minutes", "hours", "working_days", "runs"))
    units = [unit for unit in ("minutes", "hours", "working_days") if unit in found]
    if len(units) != 1:
        raise Invalid(f"{where} needs one of minutes, hours, working_days.", where=where)
    if units == ["working_days"]:
        days = take_number(found["working_days"], f"{where}, working_days", 1, 250)
        if "runs" in found or days != int(days):
            raise Invalid(f"{where}: working days are whole and run in office hours.", where=where)
        return Span(working_days=int(days))
    runs = found.get("runs")
    if runs not in ("office_hours", "day_and_night"):
        raise Invalid(f"{where}, runs must be office_hours or day_and_night.", where=where)
    amount = take_number(found[units[0]], f"{where}, {units[0]}", 1, 10_000)
    return Span(duration=timedelta(**{units[0]: amount}), day_and_night=runs == "day_and_night")
