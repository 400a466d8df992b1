"""Substance: it answers the post, its facts have a source, and it says what comes next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from levelhead.analysis.conversation.conflicts import find_conflicts
from levelhead.doctrine.reply.checking import MAX_PLACES, MAX_TRIES, Check, shorten
from levelhead.doctrine.reply.concern import Kind, Point, PostConcern, find_unanswered
from levelhead.doctrine.reply.domain import Finding, RuleName, Severity
from levelhead.doctrine.reply.languages import UNKNOWN
from levelhead.doctrine.reply.promises import promises_at
from levelhead.doctrine.reply.reading import MAIL, Reading, Span

_PHONE: Final = re.compile(r"\d{3}[-. ]\d{4}|(?<!\d)(?:911|311|211|988)(?!\d)")
_CLAIMS: Final = ("law", "policy", "study", "number", "date")
_SHOWN_TERMS: Final = 3


def find_answers_concern(check: Check) -> Iterator[Finding]:
    """Questions and complaints of the post that the draft does not come back to."""
    post, draft = check.post, check.draft
    if not draft.sentences or (UNKNOWN not in (post.lang, draft.lang) and post.lang != draft.lang):
        # Across languages words cannot be compared; wrong_language speaks then.
        return
    concern = check.concern
    missing = find_unanswered(concern, draft, check.book.concern)
    if not missing:
        return
    whole = _whole(check)
    if len(missing) == len(concern.points):
        statement = concern.kind is Kind.STATEMENT
        yield check.find(
            RuleName.ANSWERS_CONCERN,
            "unanswered",
            whole,
            severity=Severity.NOTE if statement else None,
            found=_name(missing[0]),
        )
    else:
        start, end = missing[0].span
        yield check.find(
            RuleName.ANSWERS_CONCERN,
            "partly",
            whole,
            found=f"“{shorten(post.text[start:end])}”",
        )


def _name(point: Point) -> str:
    return ", ".join(f"“{term.word}”" for term in point.terms[:_SHOWN_TERMS])


def _whole(check: Check) -> Span:
    sentences = check.draft.sentences
    return (sentences[0][0], sentences[-1][1]) if sentences else (0, 0)


def find_source_missing(check: Check) -> Iterator[Finding]:
    """Laws, policies, figures and dates without a link, a named source or an approved fact."""
    rule = check.rule(RuleName.SOURCE_MISSING)
    draft = check.draft
    if draft.links:
        return
    seen: list[Span] = []
    for case in _CLAIMS:
        count = 0
        for tries, found in enumerate(rule.patterns[case].finditer(draft.bare)):
            if count == MAX_PLACES or tries == MAX_TRIES:
                break
            span = found.span()
            if any(a < span[1] and span[0] < b for a, b in seen[-4 * MAX_PLACES :]):
                continue
            if draft.is_quoted(span) or check.is_fact(span):
                continue
            if check.stands_near(rule.patterns["named"], span):
                continue
            if case in ("number", "date") and (
                check.stands_near(rule.patterns["ignore"], span) or promises_at(check, span)
            ):
                continue
            seen.append(span)
            count += 1
            yield check.find(rule.name, case, span)


def find_contradicts_fact(check: Check) -> Iterator[Finding]:
    """Where the draft says otherwise than one of the facts given with it."""
    rule = check.rule(RuleName.CONTRADICTS_FACT)
    conflicts = find_conflicts(check.draft.text, check.context.facts)
    seen: set[Span] = set()
    for conflict in conflicts:
        span = (conflict.start, conflict.end)
        if span in seen or check.draft.is_quoted(span):
            continue
        seen.add(span)
        yield check.find(
            rule.name,
            "otherwise",
            span,
            fact=shorten(check.context.facts[conflict.fact]),
            how=conflict.why[check.lang],
        )
        if len(seen) == MAX_PLACES:
            return


def find_no_next_step(check: Check) -> Iterator[Finding]:
    """Answers to a question or complaint that lead nowhere; and threads that go on too long."""
    rule = check.rule(RuleName.NO_NEXT_STEP)
    draft = check.draft
    if not draft.sentences:
        return
    replies = check.context.thread_replies
    end = len(draft.text)
    if replies >= check.book.limits["thread_replies"] and not rule.patterns["channels"].search(
        draft.bare
    ):
        yield check.find(rule.name, "thread", (end, end), replies=replies)
    if check.concern.kind not in (Kind.QUESTION, Kind.COMPLAINT):
        return
    if draft.links or _PHONE.search(draft.plain) or MAIL.search(draft.plain):
        return
    if rule.patterns["steps"].search(draft.bare):
        return
    if _gives_order(check) or _states_answer(check):
        return
    answers = check.book.concern.focus
    if any(
        point.focus is not None and answers[point.focus][1].search(draft.bare)
        for point in check.concern.points
    ):
        return
    yield check.find(rule.name, "none", (end, end))


def _gives_order(check: Check) -> bool:
    orders = check.rule(RuleName.NO_NEXT_STEP).patterns["orders"]
    bare = check.draft.bare
    return any(orders.match(bare, start, end) for start, end in check.draft.sentences)


def _states_answer(check: Check) -> bool:
    """Whether a sentence that is no mere courtesy speaks of what a question is about."""
    asked = [point for point in check.concern.points if point.own_terms and point.focus is not None]
    if not asked:
        return False
    formulas = check.rule(RuleName.NO_NEXT_STEP).patterns["formulas"]
    draft = check.draft
    rest = " ".join(
        draft.text[start:end]
        for start, end in draft.sentences
        if not formulas.search(draft.bare, start, end)
    )
    concern = PostConcern(check.concern.kind, tuple(asked))
    return len(find_unanswered(concern, Reading(rest), check.book.concern)) < len(asked)
