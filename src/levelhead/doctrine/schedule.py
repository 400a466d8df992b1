"""The agency's office hours: when it is open, and when a span of office time has passed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from levelhead.doctrine.public_holidays import check_region, names_on
from levelhead.kernel.errors import Invalid

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES: Final = 24 * 60
MAX_INTERVALS_A_DAY: Final = 24
MAX_HOLIDAYS: Final = 5_000
MAX_OPEN_ON: Final = 100
MAX_HOLIDAY_NAME: Final = 200
_FIELDS: Final = ("zone", "hours", "holidays", "public_holidays", "open_on")
# How far a search for the next open hour goes before it is refused.
HORIZON_DAYS: Final = 3_660
_CACHED_DAYS: Final = 1_024
_ONE_DAY: Final = timedelta(days=1)
_TIME: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")

# An open stretch: from (included) to (excluded), both aware and in UTC.
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Weekly office hours in the agency's zone, less public holidays and its own closed days.

    An interval belongs to the day on which it begins: a holiday closes what begins on that day,
    and the night shift that began the evening before still ends at its hour. Office time is time
    that really passes: a shift over the change to summer time is an hour shorter. Where a wall
    time comes twice its first occurrence counts, where it is left out the moment of the change.
    """

    # Name in the zone database, such as "America/Chicago".
    zone: str
    # Seven days, Monday first; each a row of (start, end) in minutes after midnight, in order.
    # An end over 1440 is on the next day.
    weekly: tuple[tuple[tuple[int, int], ...], ...]
    # The agency's own closed days.
    holidays: frozenset[date] = frozenset()
    # Whose public holidays close the office: "US", "US-TX"; empty for none.
    public_holidays: str = ""
    # Names of those public holidays on which it is open all the same.
    open_on: frozenset[str] = frozenset()
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _days: dict[date, tuple[Stretch, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", find_zone(self.zone))
        object.__setattr__(self, "_days", {})
        check_week(self.weekly)
        check_region(self.public_holidays)
        if len(self.holidays) > MAX_HOLIDAYS:
            raise Invalid(f"There are more than {MAX_HOLIDAYS} holidays; remove the old ones.")

    @classmethod
    def office(cls, zone: str, *, holidays: frozenset[date] = frozenset()) -> Self:
        """Monday to Friday, 8 to 17."""
        day = ((8 * 60, 17 * 60),)
        return cls(zone=zone, weekly=(day,) * 5 + ((),) * 2, holidays=holidays)

    @classmethod
    def day_and_night(cls, zone: str) -> Self:
        """Always open."""
        return cls(zone=zone, weekly=(((0, DAY_MINUTES),),) * 7)

    @classmethod
    def from_json(cls, given: object) -> Self:
        """From `{"zone", "hours": {"monday": [["08:00", "17:00"]]}, "holidays": ["2026-12-25"]}`.

        Optional are "public_holidays" ("US", "US-TX") and "open_on" (names of such days). A day
        that is not named is closed. An end at or before the start is on the next day;
        "24:00" is midnight. Raises Invalid.
        """
        if not isinstance(given, Mapping):
            raise Invalid("Office hours must be an object with zone, hours and holidays.")
        unknown = sorted(str(key)[:40] for key in given if key not in _FIELDS)
        if unknown:
            raise Invalid(f"Office hours have an unknown field: {unknown[0]}.", field=unknown[0])
        zone, hours = given.get("zone"), given.get("hours")
        if not isinstance(zone, str):
            raise Invalid("Office hours need a zone, such as America/Chicago.", field="zone")
        if not isinstance(hours, Mapping):
            raise Invalid("Office hours need hours: a list of times for each day.", field="hours")
        for key in hours:
            if key not in WEEKDAYS:
                raise Invalid(f"{str(key)[:40]!r} is not a day; days are monday to sunday.")
        weekly = tuple(_read_day(name, hours.get(name, ())) for name in WEEKDAYS)
        holidays = _read_holidays(given.get("holidays", ()))
        region = given.get("public_holidays", "")
        if not isinstance(region, str):
            raise Invalid("Public holidays are named by US, or US-TX.", field="public_holidays")
        return cls(
            zone=zone,
            weekly=weekly,
            holidays=holidays,
            public_holidays=region,
            open_on=_read_names(given.get("open_on", ())),
        )

    def as_json(self) -> dict[str, object]:
        """The form that `from_json` reads."""
        told: dict[str, object] = {
            "zone": self.zone,
            "hours": {
                name: [[_write_time(start), _write_time(end)] for start, end in day]
                for name, day in zip(WEEKDAYS, self.weekly, strict=True)
            },
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
        }
        if self.public_holidays:
            told["public_holidays"] = self.public_holidays
        if self.open_on:
            told["open_on"] = sorted(self.open_on)
        return told

    def closed_for(self, day: date) -> tuple[str, ...] | None:
        """Why that day is closed though its weekday is not: names, none for a day of its own.

        None where it is no such day.
        """
        if day in self.holidays:
            return ()
        names = tuple(n for n in names_on(self.public_holidays, day) if n not in self.open_on)
        return names or None

    def is_open(self, at: datetime) -> bool:
        """Whether `at` is inside office hours; the closing minute itself is outside."""
        moment = in_utc(at)
        day = self._local_date(moment)
        return any(
            start <= moment < end
            for candidate in (day - _ONE_DAY, day)
            for start, end in self._stretches(candidate)
        )

    def add_office_time(self, start: datetime, duration: timedelta) -> datetime:
        """The moment at which `duration` of office time has passed since `start`, in UTC.

        With no duration it is `start`, or the next opening. Raises Invalid for a negative
        duration, or where ten years hold too few open hours.
        """
        if duration < timedelta(0):
            raise Invalid("A span of office time cannot be negative.")
        moment = in_utc(start)
        left = duration
        for opens, closes in self._from(moment):
            begin = max(opens, moment)
            if begin + left < closes or (left and begin + left == closes):
                return begin + left
            left -= closes - begin
        raise Invalid("The office hours hold too little open time in the next ten years.")

    def office_days(self, start: datetime, days: int) -> datetime:
        """Close of business on the `days`-th open day after the day of `start`, in UTC.

        The day of `start` itself does not count. Raises Invalid for less than one day, or where
        ten years hold too few open days.
        """
        if days < 1:
            raise Invalid("At least one office day must be counted.")
        first = self._local_date(in_utc(start))
        left = days
        for offset in range(1, HORIZON_DAYS):
            stretches = self._stretches(_plus_days(first, offset))
            left -= bool(stretches)
            if left == 0:
                return stretches[-1][1]
        raise Invalid("The office hours hold too few open days in the next ten years.")

    def office_time_between(self, start: datetime, end: datetime) -> timedelta:
        """The office time that passes from `start` to `end`; none where `end` is not later."""
        begin, stop = in_utc(start), in_utc(end)
        passed = timedelta(0)
        if stop <= begin:
            return passed
        for opens, closes in self._from(begin):
            if opens >= stop:
                break
            passed += min(closes, stop) - max(opens, begin)
        return passed

    def moment_of(self, day: date, minutes: int) -> datetime:
        """The first moment, in UTC, when clocks there show so many minutes after midnight."""
        return _first_moment(self._zone, day, minutes)

    def closing_of(self, day: date) -> int:
        """When that weekday's office hours end, in minutes; 17:00 where there are none."""
        hours = self.weekly[day.weekday()]
        return min(hours[-1][1], DAY_MINUTES - 1) if hours else 17 * 60

    def _from(self, moment: datetime) -> Iterator[Stretch]:
        """The stretches that end after `moment`, in order, as far as the horizon."""
        first = self._local_date(moment) - _ONE_DAY
        for offset in range(HORIZON_DAYS):
            for stretch in self._stretches(_plus_days(first, offset)):
                if stretch[1] > moment:
                    yield stretch

    def _local_date(self, moment: datetime) -> date:
        try:
            return moment.astimezone(self._zone).date()
        except OverflowError as error:
            raise Invalid("That time is outside the calendar.") from error

    def _stretches(self, day: date) -> tuple[Stretch, ...]:
        """What begins on `day`, kept for the days asked for last."""
        known = self._days.get(day)
        if known is None:
            known = self._work_out(day)
            if len(self._days) >= _CACHED_DAYS:
                self._days.clear()
            self._days[day] = known
        return known

    def _work_out(self, day: date) -> tuple[Stretch, ...]:
        if self.closed_for(day) is not None:
            return ()
        found = (
            (_first_moment(self._zone, day, start), _first_moment(self._zone, day, end))
            for start, end in self.weekly[day.weekday()]
        )
        # A stretch that lies wholly in the hour that summer time leaves out is empty.
        return tuple(stretch for stretch in found if stretch[0] < stretch[1])


def find_zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise Invalid(
            f"{name[:60]!r} is not a time zone; names look like America/Chicago.", field="zone"
        ) from error


def check_week(weekly: Sequence[Sequence[tuple[int, int]]]) -> None:
    """Raise Invalid unless these are seven days of ordered intervals that do not overlap."""
    if len(weekly) != len(WEEKDAYS):
        raise Invalid("A week of office hours needs seven days.", field="hours")
    if not any(weekly):
        raise Invalid("The office is never open; give at least one day its hours.", field="hours")
    for name, day in zip(WEEKDAYS, weekly, strict=True):
        if len(day) > MAX_INTERVALS_A_DAY:
            raise Invalid(f"{name} has more than {MAX_INTERVALS_A_DAY} intervals.", field=name)
        for start, end in day:
            if not (0 <= start < DAY_MINUTES and start < end <= start + DAY_MINUTES):
                raise Invalid(
                    f"{name}: an interval of office hours starts within the day and lasts from a "
                    f"minute to 24 hours, not {start} to {end}.",
                    field=name,
                )
    flat = sorted(
        (index * DAY_MINUTES + start, index * DAY_MINUTES + end, index)
        for index, day in enumerate(weekly)
        for start, end in day
    )
    given = [index * DAY_MINUTES + start for index, day in enumerate(weekly) for start, _ in day]
    # Sunday night runs into Monday morning.
    wrapped = [*flat, (flat[0][0] + 7 * DAY_MINUTES, 0, flat[0][2])]
    for (_, end, index), (start, _, following) in zip(flat, wrapped[1:], strict=True):
        if start < end:
            raise Invalid(
                f"Office hours overlap: {WEEKDAYS[index]} runs into {WEEKDAYS[following]}.",
                field=WEEKDAYS[following],
            )
    if given != sorted(given):
        raise Invalid("The intervals of a day must be in order.", field="hours")


def _read_day(name: str, given: object) -> tuple[tuple[int, int], ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise Invalid(f"{name}: give a list of [from, to], such as 08:00 and 17:00.", field=name)
    return tuple(sorted(_read_interval(name, interval) for interval in given))


def _read_interval(name: str, given: object) -> tuple[int, int]:
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 2:
        raise Invalid(f"{name}: an interval is [from, to], such as 08:00 and 17:00.", field=name)
    start, end = (_read_time(name, value) for value in given)
    if start == DAY_MINUTES:
        raise Invalid(f"{name}: 24:00 can only be an end.", field=name)
    return start, end if end > start else end + DAY_MINUTES


def _read_time(name: str, given: object) -> int:
    found = _TIME.fullmatch(given) if isinstance(given, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found else DAY_MINUTES + 1
    if minutes > DAY_MINUTES:
        raise Invalid(f"{name}: {str(given)[:40]!r} is not a time such as 08:00.", field=name)
    return minutes


def _write_time(minutes: int) -> str:
    within = minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES
    return f"{within // 60:02}:{within % 60:02}"


def _read_holidays(given: object) -> frozenset[date]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise Invalid("Holidays must be a list of dates such as 2026-12-25.", field="holidays")
    if len(given) > MAX_HOLIDAYS:
        raise Invalid(f"There are more than {MAX_HOLIDAYS} holidays; remove the old ones.")
    days = []
    for value in given:
        try:
            days.append(date.fromisoformat(value))
        except (TypeError, ValueError) as error:
            raise Invalid(
                f"{str(value)[:40]!r} is not a date such as 2026-12-25.", field="holidays"
            ) from error
    return frozenset(days)


def _read_names(given: object) -> frozenset[str]:
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) > MAX_OPEN_ON:
        raise Invalid(
            f"The days on which you are open are a list of at most {MAX_OPEN_ON} names.",
            field="open_on",
        )
    for name in given:
        if not isinstance(name, str) or not 0 < len(name) <= MAX_HOLIDAY_NAME:
            raise Invalid("A public holiday is named by its name.", field="open_on")
    return frozenset(given)


def in_utc(at: datetime) -> datetime:
    """`at` in UTC. Raises Invalid where it has no zone."""
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise Invalid("A time without a zone cannot be placed in office hours.")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise Invalid("That time is outside the calendar.") from error


def _plus_days(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise Invalid("That time is outside the calendar.") from error


def _first_moment(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """The first moment, in UTC, at which the wall clock shows this time or a later one."""
    try:
        wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if _wall_time(zone, moment) == wall:
            return moment
        # The wall time is left out: the change lies between the two readings of it.
        later = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        seconds = range(int((moment - later).total_seconds()) + 1)
        reached = bisect_right(
            seconds,
            wall,
            key=lambda step: (
                (later + timedelta(seconds=step)).astimezone(zone).replace(tzinfo=None)
            ),
        )
        return later + timedelta(seconds=reached)
    except OverflowError as error:
        raise Invalid("That time is outside the calendar.") from error


def _wall_time(zone: ZoneInfo, moment: datetime) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
