"""When something is due, read from English and Spanish: "by Friday", "en 48 horas"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from levelhead.doctrine.reply.reading import Span

_DAYS: Final = {
    name: number
    for names in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "lunes martes miercoles jueves viernes sabado domingo",
    )
    for number, name in enumerate(names.split())
}
_MONTHS: Final = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "jan feb mar apr - jun jul aug sep oct nov dec",
    )
    for number, name in enumerate(names.split(), 1)
    if name != "-"
} | {"sept": 9}
_NUMBERS: Final = {
    name: number
    for names in (
        "one two three four five six seven eight nine ten eleven twelve",
        "un dos tres cuatro cinco seis siete ocho nueve diez once doce",
    )
    for number, name in enumerate(names.split(), 1)
} | {"a": 1, "an": 1, "una": 1, "uno": 1, "couple": 2, "few": 3}
# Minutes of each unit; days and longer are counted in days.
_UNITS: Final = {
    **dict.fromkeys(("minute", "minutes", "min", "mins", "minuto", "minutos"), ("minutes", 1)),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "hora", "horas"), ("minutes", 60)),
    **dict.fromkeys(("day", "days", "dia", "dias"), ("days", 1)),
    **dict.fromkeys(("week", "weeks", "semana", "semanas"), ("days", 7)),
    **dict.fromkeys(("month", "months", "mes", "meses"), ("days", 30)),
}


def _any(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_LEAD: Final = (
    r"(?:(?:no later than|not later than|by|before|until|within|on|this|in|"
    r"antes del?|a mas tardar(?: el)?|para|hasta|dentro de|el|en)\s(?:the\s|el\s|la\s)?)?"
)
_CLOCK: Final = (
    r"(?:(?:,?\s(?:at|by|around|before|a las?|a eso de las?)\s)"
    r"(?P<hour{n}>\d{{1,2}})(?:[:.](?P<minute{n}>\d\d))?"
    r"(?:\s?(?P<half{n}>[ap])\.?\s?m(?:\b|\.)|\s(?P<part{n}>de la (?:manana|tarde|noche)))?)?"
)
_WHEN: Final = re.compile(
    r"(?<!\w)(?:"
    + _LEAD
    + r"(?:(?P<near>today|tonight|tomorrow(?: morning| afternoon| evening| night)?"
    r"|this (?:morning|afternoon|evening)|hoy|esta (?:tarde|noche)|pasado manana|manana"
    r"|mediodia|noon)"
    + _CLOCK.format(n=0)
    + r"|(?P<next>next |proximo |coming )?(?P<weekday>"
    + _any(_DAYS)
    + r")(?P<next2> proximo)?"
    + _CLOCK.format(n=1)
    + r"|(?:(?P<month>"
    + _any(_MONTHS)
    + r")\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?"
    r"|(?P<day2>\d{1,2})(?:st|nd|rd|th)?\s(?:of\s|de\s)?(?P<month2>" + _any(_MONTHS) + r"))"
    r"(?:,?\s(?:de\s)?(?P<year>20\d\d))?"
    + _CLOCK.format(n=2)
    + r"|(?P<span>(?:end of (?:the )?|fin(?:al)? de |next |la proxima |el proximo |la semana que"
    r"|the end of (?:the )?)\s?(?:day|week|month|year|business|semana|mes|ano|dia|viene))"
    r"|(?P<count>\d{1,4}|" + _any(_NUMBERS) + r")(?:\sof)?\s(?P<work>business |working |work )?"
    r"(?P<unit>" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")(?P<work2> habiles)?"
    r"|(?P<eod>eod|close of business|cob)"
    r"|(?P<hour3>\d{1,2})(?:[:.](?P<minute3>\d\d))?\s?(?P<half3>[ap])\.?\s?m(?:\b|\.))"
    r")(?!\w)"
)
_DUE_UNITS: Final = re.compile(r"(?:in|within|en|dentro de|next|las?|los)\s")
MAX_DATES: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A time that a text names."""

    span: Span
    # None where the words name a time that cannot be counted out.
    day: date | None
    # The time of the day, where there is one.
    at: time | None

    def say(self) -> str:
        """Such as 2026-11-27 17:00; empty where it is not known."""
        if self.day is None:
            return ""
        return f"{self.day} {self.at:%H:%M}" if self.at else f"{self.day}"


def find_dates(plain: str, start: int, end: int, *, now: datetime) -> Iterator[Due]:
    """The times that plain text names between two places, at most MAX_DATES of them."""
    for count, found in enumerate(_WHEN.finditer(plain, start, end)):
        if count == MAX_DATES:
            return
        due = _count_out(found, now)
        if due is not None:
            yield due


def _count_out(found: re.Match[str], now: datetime) -> Due | None:
    """The day that the words mean, counted from `now`; None for "two days" of something else."""
    today = now.date()
    span = found.span()
    at = _read_clock(found)
    try:
        if near := found["near"]:
            return _near(near, span, at, today)
        if weekday := found["weekday"]:
            ahead = (_DAYS[weekday] - today.weekday()) % 7
            if found["next"] == "next " and ahead < 7 - today.weekday():
                ahead += 7
            return Due(span=span, day=today + timedelta(days=ahead), at=at)
        if found["month"] or found["month2"]:
            return Due(span=span, day=_read_day(found, today), at=at)
        if unit := found["unit"]:
            return _read_distance(found, unit, now)
        if words := found["span"]:
            return Due(span=span, day=_read_span(words, today), at=at)
    except (ValueError, OverflowError):
        # 31 June, or further than a calendar goes.
        return Due(span=span, day=None, at=at)
    return Due(span=span, day=today, at=at)


def _near(near: str, span: Span, at: time | None, today: date) -> Due:
    tomorrow = near.startswith(("tomorrow", "manana"))
    ahead = 2 if near == "pasado manana" else int(tomorrow)
    if near in ("noon", "mediodia"):
        at = time(12)
    return Due(span=span, day=today + timedelta(days=ahead), at=at)


def _read_day(found: re.Match[str], today: date) -> date:
    month = _MONTHS[found["month"] or found["month2"]]
    number = int(found["day"] or found["day2"])
    if year := found["year"]:
        return date(int(year), month, number)
    day = date(today.year, month, number)
    return day if day >= today else date(today.year + 1, month, number)


def _read_distance(found: re.Match[str], unit: str, now: datetime) -> Due | None:
    # "two days" is due only as "in two days"; "waited two days" is not.
    if not _DUE_UNITS.match(found[0]):
        return None
    written = found["count"]
    number = int(written) if written.isdecimal() else _NUMBERS[written]
    kind, size = _UNITS[unit]
    if kind == "minutes":
        moment = now + timedelta(minutes=number * size)
        return Due(span=found.span(), day=moment.date(), at=moment.time().replace(microsecond=0))
    day = now.date()
    if (found["work"] or found["work2"]) and size == 1:
        if number > 400:
            return Due(span=found.span(), day=None, at=None)
        while number:
            day += timedelta(days=1)
            number -= day.weekday() < 5
    else:
        day += timedelta(days=number * size)
    return Due(span=found.span(), day=day, at=None)


def _read_span(words: str, today: date) -> date:
    """The last day that the words allow."""
    friday = today + timedelta(days=(4 - today.weekday()) % 7)
    ends = words.startswith(("end", "the end", "fin"))
    if "week" in words or "semana" in words:
        return friday if ends else friday + timedelta(days=7 if today.weekday() < 5 else 0)
    if "month" in words or "mes" in words:
        first = today.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        if not ends:
            following = (following + timedelta(days=32)).replace(day=1)
        return following - timedelta(days=1)
    if "year" in words or "ano" in words:
        return date(today.year + (0 if ends else 1), 12, 31)
    return today


def _read_clock(found: re.Match[str]) -> time | None:
    for n in range(4):
        hour = found[f"hour{n}"]
        if hour is None:
            continue
        number = int(hour)
        half = found[f"half{n}"]
        part = (found[f"part{n}"] or "") if n < 3 else ""
        afternoon = half == "p" or "tarde" in part or "noche" in part
        # Nobody in an office promises five in the morning.
        if (afternoon and number < 12) or (not half and not part and 1 <= number <= 6):
            number += 12
        elif half == "a" and number == 12:
            number = 0
        minute = int(found[f"minute{n}"] or 0)
        return time(number, minute) if number < 24 and minute < 60 else None
    return None
