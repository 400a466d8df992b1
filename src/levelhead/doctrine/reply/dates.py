"""When something is due, read from English and Spanish: "by Friday", "en 48 horas"."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
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
} | {"unas": 3, "a": 1, "an": 1, "una": 1, "uno": 1, "couple": 2, "par": 2, "few": 3, "unos": 3}
_LOOSE: Final = frozenset(("couple", "few", "par", "unos", "unas"))
# Minutes of each unit; days and weeks are counted in days.
_UNITS: Final = {
    **dict.fromkeys(("minute", "minutes", "min", "mins", "minuto", "minutos"), ("minutes", 1)),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "hora", "horas"), ("minutes", 60)),
    **dict.fromkeys(("day", "days", "dia", "dias"), ("days", 1)),
    **dict.fromkeys(("week", "weeks", "semana", "semanas"), ("days", 7)),
    **dict.fromkeys(("month", "months", "mes", "meses"), ("months", 1)),
}


def _any(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_LEAD: Final = (
    r"(?:(?:no later than|not later than|by|before|until|within|on|this|in|"
    r"antes del?|a mas tardar(?: el)?|para|hasta|dentro de|el|en)\s(?:the\s|el\s|la\s)?)?"
)
_CLOCK: Final = (
    r"(?:(?:,?\s(?:at|by|around|before|a las?|a eso de las?|antes de las?)\s)"
    r"(?P<hour{n}>\d{{1,2}})(?:[:.](?P<minute{n}>\d\d))?"
    r"(?:\s?(?P<half{n}>[ap])\.?\s?m(?:\b|\.)|\s(?P<part{n}>de la (?:manana|tarde|noche)))?"
    r"|(?P<noon{n}>,?\s(?:(?:at|by|before) noon|al mediodia)))?"
)
_WHEN: Final = re.compile(
    r"(?<!\w)(?:"
    + _LEAD
    + r"(?:(?P<near>today|tonight|tomorrow(?: morning| afternoon| evening| night)?"
    r"|this (?:morning|afternoon|evening)|hoy|esta (?:tarde|noche)|pasado manana"
    # "Por la manana" is the morning.
    r"|(?<!la )(?<!esta )manana(?: por la (?:manana|tarde|noche))?|mediodia|noon)"
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
    + r"|(?P<year3>20\d\d)-(?P<month3>\d\d)-(?P<day3>\d\d)"
    + _CLOCK.format(n=3)
    + r"|(?!24/7)(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year4>(?:20)?\d\d))?(?![\d/])"
    + _CLOCK.format(n=4)
    + r"|(?P<span>(?:end of (?:the )?|fin(?:al|ales)? del? |next |la proxima |el proximo "
    r"|la semana que|this |este |esta |the end of (?:the )?)"
    r"\s?(?:day|week|month|year|business|semana|mes|ano|dia|viene))"
    r"|(?:(?:next|proximos|proximas)\s)?(?:(?:an?|un)\s(?=few|couple|par))?"
    # "3-5 days" ends with the fifth.
    r"(?:\d{1,2}\s?(?:-|to|or|a|o)\s?)?(?P<count>\d{1,4}|"
    + _any(_NUMBERS)
    + r")(?:\s(?:of|de))?\s(?P<work>business |working |work )?"
    r"(?P<unit>" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")(?P<work2> habiles)?"
    r"|(?P<eod>eod|close of business|cob)"
    # A day of this month or the next, where the clause ends: no street and no floor.
    r"|(?:the|el(?: dia)?)\s(?P<nth>\d{1,2})(?:st|nd|rd|th|)(?=\s?(?:[.,;!?)\n]|$|at\s|a las?\s))"
    + _CLOCK.format(n=6)
    + r"|a las?\s(?P<hour7>\d{1,2})(?:[:.](?P<minute7>\d\d))?"
    r"(?:\s(?P<part7>de la (?:manana|tarde|noche)))?"
    r"|(?P<hour8>\d{1,2}):(?P<minute8>\d\d)(?!\s?[ap]\.?m)"
    r"|(?P<hour5>\d{1,2})(?:[:.](?P<minute5>\d\d))?\s?(?P<half5>[ap])\.?\s?m(?:\b|\.))"
    r")(?!\w)"
)
# When the parts of a day are over.
_PARTS: Final = {
    " morning": time(12),
    "la manana": time(12),
    "afternoon": time(18),
    " tarde": time(18),
    "evening": time(23, 59),
    "night": time(23, 59),
    "noche": time(23, 59),
}
# Groups of a clock that stands after a day.
_DAY_CLOCKS: Final = (0, 1, 2, 3, 4, 6)
_THEN: Final = re.compile(r"\.?,?\s(?:on\s|del?\s|el\s){0,2}")
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
    # What the same words can also mean, where they can: "by 8", "10/3", "next Friday".
    others: tuple[tuple[date, time | None], ...] = ()
    # The words leave the day open: "in a few days".
    vague: bool = False

    def say(self) -> str:
        """Such as 2026-11-27 17:00; empty where it is not known."""
        if self.day is None:
            return ""
        return f"{self.day} {self.at:%H:%M}" if self.at else f"{self.day}"


def find_dates(plain: str, start: int, end: int, *, now: datetime) -> Iterator[Due]:
    """The times that plain text names between two places, at most MAX_DATES of them."""
    clock: Due | None = None
    for count, found in enumerate(_WHEN.finditer(plain, start, end)):
        if count == MAX_DATES:
            break
        due = _count_out(found, now)
        if due is None:
            continue
        if clock is not None:
            # "At 5 pm on Monday" is one time.
            if due.at is None and _THEN.fullmatch(plain[clock.span[1] : due.span[0]]):
                others = tuple((day, clock.at) for day, _ in due.others)
                span = (clock.span[0], due.span[1])
                due = replace(due, span=span, at=clock.at, others=others)
            else:
                yield clock
            clock = None
        if _is_bare_clock(found):
            clock = due
        else:
            yield due
    if clock is not None:
        yield clock


def _count_out(found: re.Match[str], now: datetime) -> Due | None:
    """The day that the words mean, counted from `now`; None for "two days" of something else."""
    today = now.date()
    span = found.span()
    at = _read_clock(found)
    try:
        due = _read_words(found, at, now)
    except (ValueError, OverflowError):
        # 31 June, or further than a calendar goes.
        return Due(span=span, day=None, at=at)
    if due is None or due.day is None or at is None or not _is_half_open(found):
        return due
    evening = (due.day, at.replace(hour=at.hour + 12))
    return replace(due, others=(*due.others, evening)) if due.day >= today else due


def _read_words(found: re.Match[str], at: time | None, now: datetime) -> Due | None:
    today = now.date()
    span = found.span()
    if near := found["near"]:
        return _near(near, span, at, today)
    if found["weekday"]:
        return _read_weekday(found, at, today)
    if found["month"] or found["month2"]:
        return Due(span=span, day=_read_day(found, today), at=at)
    if found["month3"]:
        day = date(int(found["year3"]), int(found["month3"]), int(found["day3"]))
        return Due(span=span, day=day, at=at)
    if found["first"]:
        return _read_figures(found, at, today)
    if unit := found["unit"]:
        return _read_distance(found, unit, now)
    if found["nth"]:
        return Due(span=span, day=_next_nth(int(found["nth"]), today), at=at)
    if words := found["span"]:
        return Due(span=span, day=_read_span(words, today), at=at)
    return Due(span=span, day=today, at=at)


def _near(near: str, span: Span, at: time | None, today: date) -> Due:
    tomorrow = near.startswith(("tomorrow", "manana"))
    ahead = 2 if near == "pasado manana" else int(tomorrow)
    if near in ("noon", "mediodia"):
        at = time(12)
    elif at is None:
        at = next((ends for part, ends in _PARTS.items() if near.endswith(part)), None)
    return Due(span=span, day=today + timedelta(days=ahead), at=at)


def _read_weekday(found: re.Match[str], at: time | None, today: date) -> Due:
    ahead = (_DAYS[found["weekday"]] - today.weekday()) % 7
    this_week = ahead < 7 - today.weekday()
    if found["next"] == "next " and this_week:
        # People differ on which one that is.
        soon = ((today + timedelta(days=ahead), at),) if ahead else ()
        return Due(span=found.span(), day=today + timedelta(days=ahead + 7), at=at, others=soon)
    day = today + timedelta(days=ahead)
    # Said on a Friday, "Friday" may be today's or the next. A Sunday ends the week for some and
    # begins it for others.
    twice = (found["next"] == "next " and today.weekday() == 6) if ahead else not found["next"]
    others = ((day + timedelta(days=7), at),) if twice else ()
    return Due(span=found.span(), day=day, at=at, others=others)


def _read_figures(found: re.Match[str], at: time | None, today: date) -> Due | None:
    """10/3 is 3 October to most readers here and 10 March to many; half of it is no date."""
    if found["year4"] is None and found[0][0].isdecimal():
        return None
    first, second = int(found["first"]), int(found["second"])
    year = int(found["year4"]) % 2000 + 2000 if found["year4"] else None
    days = []
    for month, number in dict.fromkeys(((first, second), (second, first))):
        if 1 <= month <= 12 and 1 <= number <= 31:
            days.append(_on(month, number, year, today))
    if not days:
        return None
    return Due(span=found.span(), day=days[0], at=at, others=tuple((day, at) for day in days[1:]))


def _next_nth(number: int, today: date) -> date:
    """The 15th of this month, or of the next one that has such a day."""
    for ahead in range(13):
        year, month = divmod(today.year * 12 + today.month - 1 + ahead, 12)
        if 1 <= number <= monthrange(year, month + 1)[1]:
            day = date(year, month + 1, number)
            if day >= today:
                return day
    raise ValueError(f"No month has a day {number}.")


def _is_bare_clock(found: re.Match[str]) -> bool:
    """Whether it is a time of the day only, or the end of one that may be named next."""
    ends = found["eod"] or (found["span"] or "").endswith(("day", "business", "dia"))
    noon = found["near"] in ("noon", "mediodia")
    return bool(ends) or noon or any(found[f"hour{n}"] is not None for n in (5, 7, 8))


def _on(month: int, number: int, year: int | None, today: date) -> date:
    """The day in that year, or else the first one to come."""
    if year is not None:
        return date(year, month, number)
    # 29 February is not in every year.
    for ahead in range(9):
        if number <= monthrange(today.year + ahead, month)[1]:
            day = date(today.year + ahead, month, number)
            if day >= today:
                return day
    raise ValueError(f"No year has day {number} in month {month}.")


def _read_day(found: re.Match[str], today: date) -> date:
    month = _MONTHS[found["month"] or found["month2"]]
    number = int(found["day"] or found["day2"])
    return _on(month, number, int(found["year"]) if found["year"] else None, today)


def _read_distance(found: re.Match[str], unit: str, now: datetime) -> Due | None:
    # "two days" is due only as "in two days"; "waited two days" is not.
    if not _DUE_UNITS.match(found[0]):
        return None
    written = found["count"]
    number = int(written) if written.isdecimal() else _NUMBERS[written]
    kind, size = _UNITS[unit]
    if kind == "minutes":
        # Time that really passes, also where clocks are changed meanwhile.
        moment = (now.astimezone(UTC) + timedelta(minutes=number * size)).astimezone(now.tzinfo)
        return Due(span=found.span(), day=moment.date(), at=moment.time().replace(microsecond=0))
    vague = written in _LOOSE
    day = now.date()
    if kind == "months":
        return Due(span=found.span(), day=_plus_months(day, number), at=None, vague=vague)
    if (found["work"] or found["work2"]) and size == 1:
        if number > 400:
            return Due(span=found.span(), day=None, at=None)
        while number:
            day += timedelta(days=1)
            number -= day.weekday() < 5
    else:
        day += timedelta(days=number * size)
    return Due(span=found.span(), day=day, at=None, vague=vague)


def _plus_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _read_span(words: str, today: date) -> date:
    """The last day that the words allow."""
    friday = today + timedelta(days=(4 - today.weekday()) % 7)
    ends = words.startswith(("end", "the end", "fin", "this", "este", "esta"))
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
    for n in range(9):
        if n in _DAY_CLOCKS and found[f"noon{n}"]:
            return time(12)
        hour = found[f"hour{n}"]
        if hour is None:
            continue
        number = int(hour)
        half = found[f"half{n}"] if n in _DAY_CLOCKS or n == 5 else None
        part = (found[f"part{n}"] or "") if n in _DAY_CLOCKS or n == 7 else ""
        afternoon = half == "p" or "tarde" in part or "noche" in part
        # Nobody in an office promises five in the morning.
        if (afternoon and number < 12) or (not half and not part and 1 <= number <= 6):
            number += 12
        elif half == "a" and number == 12:
            number = 0
        minute = int(found[f"minute{n}"] or 0)
        return time(number, minute) if number < 24 and minute < 60 else None
    return None


def _is_half_open(found: re.Match[str]) -> bool:
    """Whether "by 8" leaves open which half of the day; an office means 3 in the afternoon."""
    return any(
        found[f"hour{n}"] in ("7", "8", "9", "07", "08", "09")
        and not found[f"half{n}"]
        and not found[f"part{n}"]
        for n in _DAY_CLOCKS
    )
