"""Promises, which become commitments, and apologies that admit fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from levelhead.doctrine.reply.checking import MAX_PLACES, MAX_TRIES, NEAR, Check
from levelhead.doctrine.reply.dates import Due, find_dates
from levelhead.doctrine.reply.domain import Finding, RuleName, time_of
from levelhead.doctrine.reply.reading import Reading, Span, read_text
from levelhead.doctrine.reply.rulebook import load_rulebook

_REACH: Final = 200
_JOINED: Final = re.compile(r"[\s,:-]{0,4}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """Something that a draft says the agency will do."""

    # From the words of the promise to its date, where there is one.
    span: Span
    # The sentence in which it stands, as written.
    text: str
    due: Due | None


def find_promises(draft: str, *, now: datetime) -> list[Promise]:
    """The promises of a draft, as commitments are made from; at most MAX_PLACES of them."""
    rule = load_rulebook().rules[RuleName.PROMISE]
    return list(_find(read_text(draft), rule.patterns["patterns"], rule.patterns["unless"], now))


def _find(
    reading: Reading, pattern: re.Pattern[str], unless: re.Pattern[str], now: datetime
) -> Iterator[Promise]:
    """Promises outside of quotation marks, one for each sentence."""
    last = -1
    count = 0
    for tries, found in enumerate(pattern.finditer(reading.bare)):
        if count == MAX_PLACES or tries == MAX_TRIES:
            return
        start, end = reading.sentence_at(found.start())
        if start == last or reading.is_quoted(found.span()):
            continue
        near = (max(start, found.start() - NEAR), min(max(end, found.end()), found.end() + _REACH))
        if unless.search(reading.bare, *near):
            continue
        due = choose_due(reading, found.span(), near, now=now)
        last, count = start, count + 1
        a, b = found.span()
        if due is not None:
            a, b = min(a, due.span[0]), max(b, due.span[1])
        yield Promise(span=(a, b), text=reading.text[near[0] : near[1]], due=due)


def choose_due(reading: Reading, promise: Span, near: Span, *, now: datetime) -> Due | None:
    """The date that belongs to the promise: the first one after its words begin.

    One before them counts only where nothing stands between: "by Friday, we will", and not "you
    wrote on Friday; we will".
    """
    before = None
    for due in find_dates(reading.bare, *near, now=now):
        if due.span[1] > promise[0]:
            return due
        between = reading.bare[due.span[1] : promise[0]]
        before = due if _JOINED.fullmatch(between) else None
    return before


def find_promise(check: Check) -> Iterator[Finding]:
    """What the agency says that it will do, dated or not."""
    rule = check.rule(RuleName.PROMISE)
    now = time_of(check.context)
    for promise in _find(check.draft, rule.patterns["patterns"], rule.patterns["unless"], now):
        due = promise.due
        if due is None:
            yield check.find(rule.name, "undated", promise.span)
        else:
            said = due.say() or check.draft.text[due.span[0] : due.span[1]]
            yield check.find(rule.name, "dated", promise.span, due=said)


def promises_at(check: Check, span: Span) -> bool:
    """Whether the words around the span promise something."""
    return check.stands_near(check.rule(RuleName.PROMISE).patterns["patterns"], span)


def find_apology_admits_fault(check: Check) -> Iterator[Finding]:
    """Apologies that admit fault; plain ones are welcome."""
    return check.phrases(RuleName.APOLOGY_ADMITS_FAULT)
