"""Tone: defensive words, sentences that begin with "you", sarcasm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from levelhead.doctrine.reply.checking import MAX_PLACES, Check
from levelhead.doctrine.reply.domain import Finding, RuleName
from levelhead.doctrine.reply.protection import names_protection

_BEFORE_WORDS: Final = re.compile(r"[\W_]{0,20}")


def find_defensive(check: Check) -> Iterator[Finding]:
    """Words that blame, silence or dismiss the reader."""
    return check.phrases(RuleName.DEFENSIVE)


def find_sarcasm(check: Check) -> Iterator[Finding]:
    """Words that can be read as mockery."""
    return check.phrases(RuleName.SARCASM)


def find_sentence_initial_you(check: Check) -> Iterator[Finding]:
    """Sentences that begin by pointing at the reader, unless they help, agree or protect."""
    rule = check.rule(RuleName.SENTENCE_INITIAL_YOU)
    start, benign = rule.patterns["start"], rule.patterns["benign"]
    draft = check.draft
    count = 0
    for begin, end in draft.sentences:
        blank = _BEFORE_WORDS.match(draft.bare, begin)
        place = blank.end() if blank else begin
        found = start.match(draft.bare, place, end)
        if found is None or benign.match(draft.bare, place, end) or draft.is_quoted(found.span()):
            continue
        if check.context.incident and names_protection(check, (begin, end)):
            continue
        yield check.find(rule.name, "start", found.span())
        count += 1
        if count == MAX_PLACES:
            return
