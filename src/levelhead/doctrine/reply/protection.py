"""Orders that protect people, and the hedges that must not weaken them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from levelhead.doctrine.reply.checking import MAX_PLACES, NEAR, Check
from levelhead.doctrine.reply.domain import Finding, RuleName
from levelhead.doctrine.reply.reading import Span

# How far a hedge reaches, in characters; a full stop or semicolon ends it.
_REACH: Final = 40
_REACH_BACK: Final = 25
_BREAK: Final = re.compile(r"[.;:!?\n]|\bbut\b|\bpero\b|\bso\b|\basi que\b")


def names_protection(check: Check, span: Span) -> bool:
    """Whether an order that protects stands in the first characters of the span."""
    rule = check.rule(RuleName.HEDGED_PROTECTIVE_ACTION)
    end = min(span[1], span[0] + NEAR)
    return any(
        rule.patterns[name].search(check.draft.bare, span[0], end)
        for name in ("actions", "incident_actions")
    )


def find_hedged_protective_action(check: Check) -> Iterator[Finding]:
    """Orders to leave, shelter or boil water that a "maybe" stands before or behind."""
    rule = check.rule(RuleName.HEDGED_PROTECTIVE_ACTION)
    actions = [rule.patterns["actions"]]
    if check.context.incident:
        actions.append(rule.patterns["incident_actions"])
    text, draft = check.draft.bare, check.draft
    last, count = -1, 0
    for name in ("hedges", "rodeos"):
        for hedge in rule.patterns[name].finditer(text):
            if hedge.start() < last or draft.is_quoted(hedge.span()):
                continue
            span = _reach_action(text, hedge, actions)
            if span is None:
                continue
            yield check.find(rule.name, "hedged", span)
            last, count = span[1], count + 1
            if count == MAX_PLACES:
                return


def _reach_action(text: str, hedge: re.Match[str], actions: list[re.Pattern[str]]) -> Span | None:
    """From the hedge to the action that it weakens, or the other way round."""
    end = hedge.end()
    stop = _BREAK.search(text, end, end + _REACH)
    # The action may begin before the end of the reach and end behind it.
    limit = stop.start() if stop else end + _REACH
    for action in actions:
        found = action.search(text, end, limit + _REACH if stop is None else limit)
        if found and found.start() <= limit:
            return hedge.start(), found.end()
    # "Evacuate if possible": only the hedges that can stand behind.
    if not hedge[0].startswith(("if", "when", "where", "si ")):
        return None
    begin = max(0, hedge.start() - _REACH_BACK)
    for action in actions:
        for found in action.finditer(text, begin, hedge.start()):
            if not _BREAK.search(text, found.end(), hedge.start()):
                return found.start(), hedge.end()
    return None
