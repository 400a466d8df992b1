"""Promises that an agency can be held to: what a reply says will be done, and by when.

Stands on the reply check's patterns and on its reading of dates, so that the check, the form and
the commitment never disagree on what was promised. A library for dates was weighed and left out:
such libraries read a date that stands alone, not the one among a sentence's words that belongs to
the promise; they settle "10/3" and "next Friday" in silence where a person must be asked; and
they need milliseconds where a page has one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from levelhead.doctrine.reply.checking import MAX_PLACES, MAX_TRIES, NEAR
from levelhead.doctrine.reply.dates import Due
from levelhead.doctrine.reply.domain import RuleName
from levelhead.doctrine.reply.promises import choose_due
from levelhead.doctrine.reply.reading import Reading, Span, read_text
from levelhead.doctrine.reply.rulebook import compile_patterns, load_rulebook
from levelhead.doctrine.schedule import DAY_MINUTES, Schedule, in_utc
from levelhead.doctrine.yaml_reading import read_yaml, take_mapping
from levelhead.kernel.errors import Invalid

_DATA: Final = Path(__file__).resolve().parent / "data" / "promises.yaml"
_REACH: Final = 200
# "You said it is broken, and we will fix it": what was said ends at the joint.
_JOINT: Final = re.compile(r"[;,:]|\s(?:and|but|so|y|pero|asi que)\s")
_PARTS: Final = ("more", "dated", "unless", "condition_before", "condition_after", "told_before")


@dataclass(frozen=True, kw_only=True, slots=True)
class SaidDue:
    """When a promise is due, as far as its words say."""

    # Where the words are.
    span: Span
    # Moments in UTC that the words can mean, the likeliest first; none where nothing can be made
    # of them.
    readings: tuple[datetime, ...]
    # False where a person must say which: nothing is assumed.
    certain: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """Something that a text says the agency will do."""

    # From the words of the promise to its date, where there is one.
    span: Span
    # The sentence in which it stands, as written.
    sentence: str
    # None where no date was said.
    due: SaidDue | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Patterns:
    # Its group "dated" promises something only together with a date.
    promise: re.Pattern[str]
    check_unless: re.Pattern[str]
    unless: re.Pattern[str]
    condition_before: re.Pattern[str]
    condition_after: re.Pattern[str]
    told_before: re.Pattern[str]


def find_promises(text: str, *, sent_at: datetime, schedule: Schedule) -> list[Promise]:
    """The promises in `text`, one for each sentence, at most MAX_PLACES.

    Dates are read as of `sent_at` in the schedule's zone; a day without a time is due when the
    office closes.
    """
    patterns = _patterns()
    reading = read_text(text)
    zone = ZoneInfo(schedule.zone)
    now = in_utc(sent_at).astimezone(zone)
    found: list[Promise] = []
    last = -1
    for tries, words in enumerate(patterns.promise.finditer(reading.bare)):
        if len(found) == MAX_PLACES or tries == MAX_TRIES:
            break
        start, end = reading.sentence_at(words.start())
        if start == last or reading.is_quoted(words.span()):
            continue
        near = (max(start, words.start() - NEAR), min(max(end, words.end()), words.end() + _REACH))
        if _is_no_commitment(reading, words.span(), near, patterns):
            continue
        said = choose_due(reading, words.span(), near, now=now)
        if said is None and words["dated"]:
            continue
        last = start
        a, b = words.span()
        if said is not None:
            a, b = min(a, said.span[0]), max(b, said.span[1])
        found.append(
            Promise(
                span=(a, b),
                sentence=reading.text[near[0] : near[1]].strip(),
                due=_place(said, now, schedule) if said is not None else None,
            )
        )
    return found


def due_moment(day: date, at: time | None, *, schedule: Schedule) -> datetime:
    """The moment, in UTC, that a day and a time of that day mean where the agency is.

    Without a time it is when the office closes on such a day. A wall time that comes twice is its
    first occurrence, one that is left out the moment of the change. Raises Invalid.
    """
    minutes = schedule.closing_of(day) if at is None else at.hour * 60 + at.minute
    return schedule.moment_of(day, minutes)


def _is_no_commitment(reading: Reading, words: Span, near: Span, patterns: _Patterns) -> bool:
    bare = reading.bare
    return bool(
        reading.text[: near[1]].rstrip().endswith("?")
        or patterns.check_unless.search(bare, *near)
        or patterns.unless.search(bare, *near)
        # As written: without its accent "yes" would be "if" in Spanish.
        or patterns.condition_before.search(reading.text, near[0], words[0])
        or patterns.condition_after.search(bare, words[0], near[1])
        or patterns.told_before.search(bare, _clause_start(bare, near[0], words[0]), words[0])
    )


def _clause_start(bare: str, start: int, end: int) -> int:
    """Where the words begin that hang together with what stands at `end`."""
    joints = [found.end() for found in _JOINT.finditer(bare, start, end)]
    return joints[-1] if joints else start


def _place(said: Due, now: datetime, schedule: Schedule) -> SaidDue:
    """The words' moments; those that have passed are no way to read a promise."""
    told = [] if said.day is None else [(said.day, said.at), *said.others]
    readings: list[datetime] = []
    for day, at in told:
        try:
            moment = _moment(day, at, now, schedule)
        except Invalid:
            continue
        if moment > now and moment not in readings:
            readings.append(moment)
    certain = len(readings) == 1 and not said.vague
    return SaidDue(span=said.span, readings=tuple(readings), certain=certain)


def _moment(day: date, at: time | None, now: datetime, schedule: Schedule) -> datetime:
    if at is not None and at.fold:
        # Counted out in hours, to the second time that clocks show it.
        return in_utc(datetime.combine(day, at, tzinfo=now.tzinfo))
    moment = due_moment(day, at, schedule=schedule)
    if at is None and day == now.date() and moment <= now:
        # "Today", said after the office closed.
        return schedule.moment_of(day, DAY_MINUTES - 1)
    return moment


@cache
def _patterns() -> _Patterns:
    data = take_mapping(read_yaml(_DATA), _DATA.name, required=(*_PARTS, "examples"))
    made = {name: compile_patterns(data[name], f"{_DATA.name}, {name}", {}) for name in _PARTS}
    rule = load_rulebook().rules[RuleName.PROMISE].patterns
    return _Patterns(
        promise=re.compile(
            f"{rule['patterns'].pattern}|{made['more'].pattern}|(?P<dated>{made['dated'].pattern})"
        ),
        check_unless=rule["unless"],
        unless=made["unless"],
        condition_before=re.compile(made["condition_before"].pattern, re.IGNORECASE),
        condition_after=made["condition_after"],
        told_before=made["told_before"],
    )
