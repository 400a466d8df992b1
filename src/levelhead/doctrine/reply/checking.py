"""What every rule has in hand: both texts, the context, the rule book, and how to say a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from levelhead.doctrine.reply.concern import PostConcern, read_concern
from levelhead.doctrine.reply.domain import Finding, ReplyContext, RuleName, Severity
from levelhead.doctrine.reply.facts import is_supported
from levelhead.doctrine.reply.reading import Reading, Span
from levelhead.doctrine.reply.rulebook import Case, ReplyRule, RuleBook

# Nobody needs the same advice at more places than this.
MAX_PLACES: Final = 5
# After this many excused matches a case is not looked for any further.
MAX_TRIES: Final = 300
# How far around a match its excuse may stand, in characters.
NEAR: Final = 160
_SHOWN: Final = 60


@dataclass(frozen=True)
class Check:
    """One draft under check."""

    post: Reading
    draft: Reading
    # A key of RuleBook.platforms, or "" where no limit is known.
    platform: str
    context: ReplyContext
    book: RuleBook
    # Language of the explanations: "en" or "es".
    lang: str

    @cached_property
    def concern(self) -> PostConcern:
        """What the post is about."""
        return read_concern(self.post, self.book.concern)

    def rule(self, name: RuleName) -> ReplyRule:
        """The rule's data."""
        return self.book.rules[name]

    def find(
        self,
        name: RuleName,
        case_id: str,
        span: Span,
        *,
        severity: Severity | None = None,
        **words: object,
    ) -> Finding:
        """The finding of a case, in the reader's language; {found} is the draft's text there."""
        case = self.book.rules[name].cases[case_id]
        words.setdefault("found", shorten(self.draft.text[span[0] : span[1]]))
        return Finding(
            rule=name,
            severity=severity or case.severity,
            span=span,
            why=case.why[self.lang].format(**words),
            suggestion=case.suggestion[self.lang].format(**words),
        )

    def places(self, case: Case) -> Iterator[Span]:
        """Where a case's patterns stand without an excuse, at most MAX_PLACES of them."""
        if case.only_in_incident and not self.context.incident:
            return
        found = 0
        for tries, span in enumerate(self._matches(case)):
            if found >= MAX_PLACES or tries >= MAX_TRIES:
                return
            if not case.fires_in_quotes and self.draft.is_quoted(span):
                continue
            if case.unless is not None and self.stands_near(case.unless, span):
                continue
            found += 1
            yield span

    def _matches(self, case: Case) -> Iterator[Span]:
        for pattern, text in ((case.pattern, self.draft.bare), (case.raw, self.draft.text)):
            if pattern is not None:
                for match in pattern.finditer(text):
                    if match.end() > match.start():
                        yield match.span()

    def stands_near(self, pattern: re.Pattern[str], span: Span) -> bool:
        """Whether the pattern stands in the sentence of the span, not too far from it."""
        start, end = self.draft.sentence_at(span[0])
        start, end = max(start, span[0] - NEAR), min(max(end, span[1]), span[1] + NEAR)
        return pattern.search(self.draft.bare, start, end) is not None

    def phrases(self, name: RuleName, *case_ids: str) -> Iterator[Finding]:
        """Findings of the rule's cases that are patterns alone."""
        cases = self.book.rules[name].cases
        for case_id in case_ids or tuple(cases):
            for span in self.places(cases[case_id]):
                yield self.find(name, case_id, span)

    def is_fact(self, span: Span) -> bool:
        """Whether the sentence around the span is among the approved facts."""
        if not self.context.facts:
            return False
        start, end = self.draft.sentence_at(span[0])
        start, end = max(start, span[0] - NEAR), min(end, span[1] + NEAR)
        return is_supported(self.draft.bare[start:end], self.context.facts)


def shorten(text: str) -> str:
    """`text` on one line, short enough to be shown inside a sentence."""
    text = " ".join(text[: 4 * _SHOWN].split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1].rstrip() + "…"
