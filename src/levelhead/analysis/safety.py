"""The safety net: rules that would rather fire once too often, because a person decides.

The rules are data (`data/safety.yaml`). Each names the words (folded as in `features`) or marks
that must be in a post before its patterns are tried; the compiled pass looks for those words, so
an ordinary post costs nothing here. Patterns see text in lower case, without accents, with
straight quotes, of the same length as the post. All repetitions in them are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from levelhead.analysis import features, links
from levelhead.analysis.domain import SafetyHead, Span
from levelhead.analysis.scoring import Triggers, build_triggers
from levelhead.kernel.errors import ConfigurationError

RULES_FILE = Path(__file__).parent / "data" / "safety.yaml"

# How far around a match its exceptions are looked for, in characters.
CONTEXT = 70
# No post needs more places than this on the screen.
MAX_SPANS = 20

MARKS: Final = {
    "mention": features.SEEN_MENTION,
    "link": features.SEEN_LINK,
    "mail": features.SEEN_MAIL,
    "dotted": features.SEEN_DOTTED,
    "digits": features.SEEN_DIGITS,
    "number": features.SEEN_NUMBER,
}

# One character for one, so that places in the plain text are places in the post.
_PLAIN: Final = {
    **{0xC0 + i: chr(base) for i, base in enumerate(features.LATIN_BASE) if base != 32},
    **{0xFF01 + i: chr(0x21 + i) for i in range(94)},
    0x130: "i",
    0x2018: "'",
    0x2019: "'",
    0x02BC: "'",
    0xB4: "'",
    0x201C: '"',
    0x201D: '"',
    0xA0: " ",
    0x2013: "-",
    0x2014: "-",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One thing the safety net looks for."""

    # Such as "self_harm.intent".
    id: str
    # None for cues of danger that no safety head stands for.
    head: SafetyHead | None
    # What the head's probability is raised to.
    score: float
    # "emergency", "removable" or "": the label whose probability is raised to `score`.
    raises: str
    # Folded words of which one must be there; empty where a mark is enough.
    words: frozenset[str]
    # features.SEEN_* bits of which one must be there; 0 where a word is enough.
    marks: int
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]
    must: tuple[str, ...]
    must_not: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A rule that fired, and where."""

    rule: Rule
    # (start, end) in the post's characters.
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SafetyNet:
    """All rules, ready to run."""

    rules: tuple[Rule, ...]
    triggers: Triggers
    # Bits of the rules that need no word, only a mark.
    wordless: int
    # For each mark, the bits of the rules that it lets through; and of those that need none.
    marked: tuple[tuple[int, int], ...]
    unmarked: int
    # All marks that let a rule through.
    any_mark: int

    def find(self, text: str, *, fired: int, flags: int) -> list[Finding]:
        """What fires in `text`; `fired` and `flags` are what the pass saw in it."""
        bits = fired | self.wordless
        if flags & self.any_mark:
            allowed = self.unmarked
            for mark, let_through in self.marked:
                if flags & mark:
                    allowed |= let_through
            bits &= allowed
        else:
            bits &= self.unmarked
        has_link = flags & (features.SEEN_LINK | features.SEEN_DOTTED)
        if not bits and not has_link:
            return []
        plain = make_plain(text)
        findings = []
        while bits:
            lowest = bits & -bits
            bits ^= lowest
            rule = self.rules[lowest.bit_length() - 1]
            places = tuple(_find_places(rule, plain))
            if places:
                findings.append(Finding(rule=rule, places=places))
        if has_link:
            bare = bool(flags & features.SEEN_DOTTED)
            findings += _find_links(plain, text, bare=bare)
        return findings


def make_plain(text: str) -> str:
    """Lower case, no Latin accents, straight quotes: as long as `text`."""
    return text.lower() if text.isascii() else text.translate(_PLAIN).lower()


def _find_places(rule: Rule, plain: str) -> Iterable[tuple[int, int]]:
    count = 0
    for pattern in rule.patterns:
        for match in pattern.finditer(plain):
            start, end = match.span()
            around = plain[max(0, start - CONTEXT) : end + CONTEXT]
            if any(exception.search(around) for exception in rule.unless):
                continue
            yield start, end
            count += 1
            if count == MAX_SPANS:
                return


_LINK_RULES: Final = {
    reason: Rule(
        id=f"scam_link.{reason}",
        head=SafetyHead.SCAM_LINK,
        score=score,
        raises="removable" if score >= 0.6 else "",
        words=frozenset(),
        marks=0,
        patterns=(),
        unless=(),
        must=(),
        must_not=(),
    )
    for reason, score in links.REASONS.items()
}


def _find_links(plain: str, text: str, *, bare: bool) -> list[Finding]:
    places: dict[str, list[tuple[int, int]]] = {}
    for found in links.find_suspicious(plain, text, bare=bare):
        places.setdefault(found.reason, []).append((found.start, found.end))
    return [
        Finding(rule=_LINK_RULES[reason], places=tuple(spots)) for reason, spots in places.items()
    ]


def list_spans(findings: Sequence[Finding], *, offset: int = 0) -> list[Span]:
    """The places of `findings` as spans; a cue of danger has no head and so no span.

    It would be shown as evidence against the author otherwise (`explain` names it).
    """
    return [
        Span(
            head=finding.rule.head,
            start=start + offset,
            end=end + offset,
            rule=finding.rule.id,
        )
        for finding in findings
        if finding.rule.head is not None
        for start, end in finding.places
    ]


def _read_rule(entry: dict[str, Any]) -> Rule:
    head = entry.get("head")
    marks = 0
    for mark in entry.get("marks", ()):
        marks |= MARKS[mark]
    rule = Rule(
        id=entry["id"],
        head=SafetyHead(head) if head else None,
        score=float(entry["score"]),
        raises=entry.get("raises", ""),
        words=frozenset(str(word) for word in entry.get("words", "").split()),
        marks=marks,
        patterns=tuple(re.compile(pattern) for pattern in entry["patterns"]),
        unless=tuple(re.compile(pattern) for pattern in entry.get("unless", ())),
        must=tuple(entry["must"]),
        must_not=tuple(entry["must_not"]),
    )
    if not rule.words and not rule.marks:
        raise ValueError(f"{rule.id} names neither words nor marks")
    return rule


@cache
def load_rules(path: Path = RULES_FILE) -> SafetyNet:
    """The rules of `path`; ConfigurationError where they cannot be used."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
        rules = tuple(_read_rule(entry) for entry in entries)
    except (OSError, yaml.YAMLError, KeyError, ValueError, TypeError, re.error) as error:
        raise ConfigurationError(
            f"The safety rules in {path.name} cannot be used: {error}", path=str(path)
        ) from error
    if len(rules) > 62:
        raise ConfigurationError("There can be at most 62 safety rules.", path=str(path))
    words: dict[str, int] = {}
    wordless = 0
    for number, rule in enumerate(rules):
        for word in rule.words:
            words[word] = words.get(word, 0) | 1 << number
        if not rule.words:
            wordless |= 1 << number
    let_through = {
        mark: sum(1 << number for number, rule in enumerate(rules) if rule.marks & mark)
        for mark in MARKS.values()
    }
    return SafetyNet(
        rules=rules,
        triggers=build_triggers(words),
        wordless=wordless,
        marked=tuple((mark, bits) for mark, bits in let_through.items() if bits),
        unmarked=sum(1 << number for number, rule in enumerate(rules) if not rule.marks),
        any_mark=sum(mark for mark, bits in let_through.items() if bits),
    )
