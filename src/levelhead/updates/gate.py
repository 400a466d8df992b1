"""What may not stand in an update: it says only what the ledger confirms. Pure.

Three looks: what needs two people and has no such fact; what the ledger or an earlier update says
otherwise; what is restricted (minors, victims, guilt, health, positions). The first nobody
overrules, the others a person may, with a reason on the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from levelhead.doctrine.reply.check import check_reply
from levelhead.doctrine.reply.domain import ReplyContext, RuleName, Severity
from levelhead.ledger.contradicting import Kind, find_contradictions
from levelhead.ledger.disguise import unveil
from levelhead.ledger.domain import TWO_PEOPLE, FactSubject, subjects_in
from levelhead.ledger.saying import denies, numbers_in, says, without_denied
from levelhead.updates.domain import Words

_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_CONDITION: Final = re.compile(r"\b(?:if|when|until|anyone|si|cuando|hasta|quien)\b")
_QUOTED: Final = re.compile(r"[“«\"]([^“”«»\"\n]{1,500})[”»\"]")
# Rules of the reply check that hold for an update too.
RESTRICTED: Final = frozenset(
    {
        RuleName.GATED_MINOR, RuleName.GATED_VICTIM, RuleName.GUILT_LANGUAGE,
        RuleName.TACTICAL_LOCATION, RuleName.PRIVATE_DATA, RuleName.HEDGED_PROTECTIVE_ACTION,
    }
)  # fmt: skip


class Concern(StrEnum):
    """Why an update is held, or looked at twice."""

    TWO_PEOPLE = "two_people"
    NOT_CONFIRMED = "not_confirmed"
    AGAINST_FACT = "against_fact"
    AGAINST_UPDATE = "against_update"
    RESTRICTED = "restricted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A confirmed fact that an update cites."""

    text: str
    subject: FactSubject

    @property
    def subjects(self) -> frozenset[FactSubject]:
        """What two people vouched for in it."""
        if self.subject not in TWO_PEOPLE:
            return frozenset()
        return subjects_in(self.text) | {self.subject}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A statement of the ledger as it stands."""

    number: int
    text: str
    subject: FactSubject
    confirmed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """A line of an earlier update that was not corrected."""

    number: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Background:
    """What an update is held against."""

    ledger: Sequence[Entry] = ()
    earlier: Sequence[Earlier] = ()
    # Lines that a correction may quote, because it puts them right.
    quotable: Sequence[str] = ()
    # What may be quoted in a sentence that denies it: false facts and answered rumors.
    deniable: Sequence[str] = ()
    # Language of the explanations.
    lang: str = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing about an update that a person should think about."""

    concern: Concern
    severity: Severity
    # The sentence that it is about.
    words: str
    # Number of the fact or of the update that it does not agree with.
    number: int | None = None
    # In the words of that.
    other: str = ""
    subject: FactSubject | None = None
    kind: Kind | None = None
    rule: RuleName | None = None
    # Of a restricted thing: why, and what to write instead.
    why: str = ""
    suggestion: str = ""

    @property
    def final(self) -> bool:
        """Whether nobody may overrule it."""
        return self.concern is Concern.TWO_PEOPLE


def look(
    words: Sequence[Words],
    channel_texts: Sequence[str],
    cited: Sequence[Proof],
    background: Background,
) -> list[Finding]:
    """Everything about an update, what nobody overrules first."""
    found: dict[tuple[Concern, str, int | None], Finding] = {}
    for finding in _look(words, channel_texts, cited, background):
        found.setdefault((finding.concern, finding.words, finding.number), finding)
    order = list(Concern)
    return sorted(found.values(), key=lambda one: (one.severity.value, order.index(one.concern)))


def _look(
    words: Sequence[Words],
    channel_texts: Sequence[str],
    cited: Sequence[Proof],
    background: Background,
) -> Iterator[Finding]:
    for one in words:
        bare = _without_denials(
            without_quotes(one, background.quotable), {_bare(line) for line in background.deniable}
        )
        for sentence, subject in unproven(bare, cited):
            yield _two(sentence, subject)
        yield from _against(" \n".join(_asserting(bare)), cited, background)
        yield from _restricted("\n".join(one.lines()), cited, background)
    # Lines of the words were looked at; a channel's own text may say more.
    known = {_bare(line) for one in words for line in one.lines()}
    for text in channel_texts:
        rest = "\n".join(
            line for line in text.split("\n") if _bare(_without_label(line)) not in known
        )
        rest = _cut(rest, {_bare(line) for line in background.quotable})
        rest = _cut_denied(rest, {_bare(line) for line in background.deniable})
        for sentence, subject in _unproven_in(rest, cited):
            # A channel's text has no fields: what begins as an instruction with a condition is one.
            if not _CONDITION.match(_without_label(sentence).casefold()):
                yield _two(sentence, subject)
        yield from _against(rest, cited, background)
        yield from _restricted(rest, cited, background)


def _without_label(line: str) -> str:
    """What is not known stands behind its label: "We do not know yet: …"."""
    before, mark, after = line.partition(": ")
    return after if mark and len(before) <= 40 else line


def _asserting(words: Words) -> Iterator[str]:
    """Everything but what is not known."""
    yield words.lead
    yield from words.known
    yield from words.doing
    yield from (text for _audience, text in words.actions)


def _two(sentence: str, subject: FactSubject) -> Finding:
    return Finding(
        concern=Concern.TWO_PEOPLE, severity=Severity.STOP, words=sentence, subject=subject
    )


def unproven(words: Words, cited: Sequence[Proof]) -> Iterator[tuple[str, FactSubject]]:
    """Sentences that say something for which two people must vouch, with no cited fact of it.

    What is known comes from the ledger, whatever words it has in another language. What we do not
    know may name anything; an instruction may too where it is conditional ("if you are hurt").
    """
    for line in (words.lead, *words.doing):
        yield from _unproven_in(line, cited)
    for line, proof in zip(words.known, cited, strict=False):
        yield from _unproven_in(line, (proof,))
    for _audience, line in words.actions:
        yield from (
            (sentence, subject)
            for sentence, subject in _unproven_in(line, cited)
            if not _CONDITION.search(sentence.casefold())
        )


def _unproven_in(line: str, cited: Iterable[Proof]) -> Iterator[tuple[str, FactSubject]]:
    proofs = tuple(cited)
    for sentence in _SENTENCES.split(line):
        for subject in sorted(subjects_in(sentence) & TWO_PEOPLE):
            having = [proof for proof in proofs if subject in proof.subjects]
            if not having or not _numbers_agree(sentence, having):
                yield sentence, subject


def unproven_text(
    text: str, cited: Iterable[Proof], *, quotable: Iterable[str] = (), deniable: Iterable[str] = ()
) -> Iterator[tuple[str, FactSubject]]:
    """The same for a text that is no update, such as a reply while an incident runs."""
    rest = _cut(text, {_bare(line) for line in quotable})
    yield from _unproven_in(_cut_denied(rest, {_bare(line) for line in deniable}), cited)


def _numbers_agree(sentence: str, proofs: Sequence[Proof]) -> bool:
    """Whether every small number of the sentence is in one of the facts that prove it."""
    said = numbers_in(sentence)
    return not said or any(said <= numbers_in(proof.text) for proof in proofs)


def _against(text: str, cited: Sequence[Proof], background: Background) -> Iterator[Finding]:
    """What the ledger or an earlier update says otherwise."""
    plain = without_denied(text)
    sayable = [proof.text for proof in cited]
    for entry in background.ledger:
        if entry.confirmed or not says(plain, entry.text):
            continue
        if any(says(entry.text, one) for one in sayable):
            continue
        two = entry.subject in TWO_PEOPLE
        yield Finding(
            concern=Concern.TWO_PEOPLE if two else Concern.NOT_CONFIRMED, severity=Severity.STOP,
            words=entry.text, number=entry.number, subject=entry.subject if two else None,
        )  # fmt: skip
    confirmed = [entry for entry in background.ledger if entry.confirmed]
    for one in find_contradictions(plain, [entry.text for entry in confirmed]):
        entry = confirmed[one.statement]
        yield Finding(
            concern=Concern.AGAINST_FACT, severity=Severity.STOP, words=one.sentence,
            number=entry.number, other=entry.text, kind=one.kind,
        )  # fmt: skip
    for one in find_contradictions(plain, [line.text for line in background.earlier]):
        line = background.earlier[one.statement]
        # Families go where they were sent: nobody sends them elsewhere in passing.
        heavy = one.kind in (Kind.PLACE, Kind.TIME, Kind.CUSTODY)
        yield Finding(
            concern=Concern.AGAINST_UPDATE,
            severity=Severity.STOP if heavy else Severity.WARN,
            words=one.sentence, number=line.number, other=line.text, kind=one.kind,
        )  # fmt: skip


def _restricted(text: str, cited: Sequence[Proof], background: Background) -> Iterator[Finding]:
    context = ReplyContext(incident=True, facts=tuple(proof.text for proof in cited))
    for finding in check_reply("", text, context=context, lang=background.lang):
        words = text[slice(*finding.span)]
        if finding.rule not in RESTRICTED or finding.severity is Severity.NOTE:
            continue
        if finding.rule is RuleName.GATED_MINOR and _of_a_group(words):
            continue
        yield Finding(
            concern=Concern.RESTRICTED, severity=finding.severity,
            words=words, rule=finding.rule, why=finding.why,
            suggestion=finding.suggestion,
        )  # fmt: skip


# Where families meet their children must be said; it tells of no one child.
_GROUP: Final = re.compile(
    r"\b(?:children|kids|students|teenagers|ninos|ninas|estudiantes|alumnos|hijos|menores)\b"
)
_ONE: Final = re.compile(
    r"\b(?:child|kid|boy|girl|son|daughter|teen|student|nino|nina|hijo|hija|estudiante)\b|\d"
)


def _of_a_group(words: str) -> bool:
    plain = unveil(words)
    return _GROUP.search(plain) is not None and _ONE.search(plain) is None


def without_quotes(words: Words, said: Iterable[str]) -> Words:
    """The words without what they quote, where the whole quotation was said before.

    Only a correction may: it must say what was wrong. Nothing new becomes public by that.
    """
    known = {_bare(line) for line in said}
    if not known:
        return words
    return replace(
        words, lead=_cut(words.lead, known), doing=tuple(_cut(line, known) for line in words.doing),
        actions=tuple((who, _cut(line, known)) for who, line in words.actions),
    )  # fmt: skip


def _without_denials(words: Words, known: set[str]) -> Words:
    if not known:
        return words
    return replace(
        words, lead=_cut_denied(words.lead, known),
        doing=tuple(_cut_denied(line, known) for line in words.doing),
    )  # fmt: skip


def _cut_denied(text: str, known: set[str]) -> str:
    if not known:
        return text
    return " ".join(
        _cut(sentence, known) if denies(sentence) else sentence
        for sentence in _SENTENCES.split(text)
    )


def _cut(line: str, known: set[str]) -> str:
    if not known:
        return line
    return _QUOTED.sub(lambda mark: " " if _was_said(_bare(mark[1]), known) else mark[0], line)


def _was_said(quoted: str, known: set[str]) -> bool:
    """Whether a quotation was said; a long one may be cut at its end."""
    return quoted in known or (
        len(quoted) > _CUT_AT and any(line.startswith(quoted) for line in known)
    )


_CUT_AT: Final = 150


def _bare(text: str) -> str:
    return " ".join(text.split()).strip(" .…").casefold()
