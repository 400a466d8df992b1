"""Where a text says otherwise than what stands: the ledger, or an earlier update. Pure.

`analysis.conversation.conflicts` reads states and numbers. Added here is what an incident turns on:
whether somebody is held, whether there is one more, and where and when families meet. What holds
only under a condition or is still being tried is not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from levelhead.analysis.conversation.conflicts import find_conflicts
from levelhead.ledger.disguise import unveil
from levelhead.ledger.saying import sentences_of
from levelhead.ledger.subjects import FactSubject, subjects_in

MOST: Final = 20


class Kind(StrEnum):
    """What two statements do not agree about."""

    NUMBER = "number"
    STATE = "state"
    CUSTODY = "custody"
    ONE_MORE = "one_more"
    PLACE = "place"
    TIME = "time"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contradiction:
    """A sentence and the statement that it does not agree with."""

    # Place of the statement in the list given.
    statement: int
    sentence: str
    kind: Kind


_HYPOTHETIC: Final = re.compile(
    r"\b(?:if|until|unless|whether|as soon as|in case|"
    r"when (?:it|the|we|you|they|an?|some\w+|any\w+|there)|once (?:it|the|we|you|they)|hasta que|"
    r"a menos que|en cuanto|cuando|si|(?:work(?:s|ing)?|tr(?:y|ies|ying)|hop(?:e|es"
    r"|ing)) (?:hard )?to|"
    r"(?:trabaja\w*|intenta\w*) (?:para|por)?)\b[^.,;!?\n]*",
    re.IGNORECASE,
)
_ROAD: Final = re.compile(
    r"\b(?:highway|hwy|route|interstate|exit|carretera|ruta|autopista) (\d+)", re.IGNORECASE
)
_NOT_HELD: Final = re.compile(
    r"\b(?:no one|nobody|no (?:suspects?|arrests?|person)|not|never|nadie|no hay|no ha|ningun\w*)\b"
    r"[^.!?]{0,40}\b(?:custody|arrest\w*|detain\w*|caught|detenid\w*|arrestad\w*|custodia)\b"
    r"|\bno arrests?\b|\bno hay (?:detenidos|arrestos)\b"
)
_SUSPECT_DEAD: Final = re.compile(
    r"\b(?:suspect|shooter|gunman|attacker|sospechoso|tirador|atacante)\b[^.!?]{0,30}"
    r"\b(?:dead|died|killed|deceased|muert\w+|murio|fallecio)\b"
)
_ALONE: Final = re.compile(
    r"\bacted alone\b|\bonly one (?:\w+ )?(?:suspect|shooter|gunman|attacker)\b"
    r"|\bno (?:second|other|more|additional) (?:suspects?|shooters?|gunm[ae]n|attackers?)\b"
    r"|\bactuo sol[oa]\b|\bno hay (?:otro|segundo|mas) (?:sospechos\w+|tirador\w*|atacante\w*)\b"
)
_ONE_MORE: Final = re.compile(
    r"\b(?:second|another|two|three|several|otro|segundo|dos|varios) (?:\w+ )?"
    r"(?:suspects?|shooters?|gunm[ae]n|attackers?|sospechos\w+|tirador\w*|atacante\w*)\b"
)
_DENIES: Final = re.compile(r"\b(?:no|not|false|untrue|rumou?r|claim|hoax|never|fals\w+|ningun)\b")
_ACCOUNTED: Final = re.compile(r"\baccounted for\b")
_NOT_ACCOUNTED: Final = re.compile(r"\b(?:not|un)[^.!?]{0,20}accounted for\b|\bunaccounted\b")

# Where and when families meet: changed in silence, it does harm.
_MEETING: Final = re.compile(
    r"\breuni(?:fication|te\w*|on)\b|\bpick[- ]?up\b|\bpick(?:ed|ing)? up\b|\bmeet(?:ing)?\b"
    r"|\b(?:collect|get) (?:your|their) (?:child\w*|kids|students?)\b|\breun\w+\b|\bentrega\b"
    r"|\brecog\w+\b|\brecoj\w+\b|\bpunto de encuentro\b|\brelease of students\b"
)
_FAMILIES: Final = re.compile(
    r"\b(?:parents?|famil\w+|child\w*|kids|students?|reunification|padres|hijos|ninos|estudiantes|"
    r"alumnos|guardians?)\b"
)
_PLACE: Final = re.compile(
    r"\b(?:at|in|to|from|outside|behind|point is|place is|en|al|frente a|es) "
    r"((?:the |el |la |los |las )?[a-z][\w' ]{2,60}?)(?=[.,;:!?]| at \d| from \d| by \d| on \d|"
    r" a las| starting| now\b|$)"
)
_CLOCK: Final = re.compile(
    r"\b(\d{1,2}(?::\d\d)?)\s*(a\.?\s?m\b|p\.?\s?m\b|o'clock)|\ba las? (\d{1,2}(?::\d\d)?)"
)
_SMALL_WORDS: Final = (
    "the of on and a an el la los las de del y their your children child students student kids"
    " parents families now hijos padres estudiantes school escuela street st road place point"
    " at in to"
)
_SMALL: Final = frozenset(_SMALL_WORDS.split())


def find_contradictions(text: str, statements: Sequence[str]) -> list[Contradiction]:
    """Where `text` says otherwise than one of `statements`, each pair once."""
    found: dict[tuple[int, str], Contradiction] = {}
    for sentence in sentences_of(_asserted(text)):
        for one in _of_sentence(sentence, statements):
            found.setdefault((one.statement, one.sentence), one)
    return list(found.values())[:MOST]


def _asserted(text: str) -> str:
    """The text without questions and without what holds only under a condition."""
    said = re.sub(r"[^.!?\n]*\?", " ", text)
    return _HYPOTHETIC.sub(" ", said)


def _of_sentence(sentence: str, statements: Sequence[str]) -> Iterator[Contradiction]:
    bare = [_asserted(statement) for statement in statements]
    for conflict in find_conflicts(sentence, bare):
        if conflict.rule == "number.time" or _other_road(sentence, bare[conflict.fact]):
            continue
        number = conflict.rule.startswith("number.")
        yield Contradiction(
            statement=conflict.fact, sentence=sentence,
            kind=Kind.NUMBER if number else Kind.STATE,
        )  # fmt: skip
    said = _Facts(sentence)
    for place, statement in enumerate(bare):
        for one in sentences_of(statement):
            for kind in _disagree(said, _Facts(one)):
                yield Contradiction(statement=place, sentence=sentence, kind=kind)


def _other_road(sentence: str, statement: str) -> bool:
    mine, theirs = set(_ROAD.findall(sentence)), set(_ROAD.findall(statement))
    return bool(mine and theirs) and not mine & theirs


class _Facts:
    """What one sentence says of what an incident turns on."""

    def __init__(self, sentence: str) -> None:
        plain = unveil(sentence)
        denied = _DENIES.search(plain) is not None
        self.held = FactSubject.CUSTODY in subjects_in(sentence)
        self.not_held = not self.held and _NOT_HELD.search(plain) is not None
        self.dead = _SUSPECT_DEAD.search(plain) is not None and not denied
        self.alone = _ALONE.search(plain) is not None
        self.more = _ONE_MORE.search(plain) is not None and not denied
        self.missing = _NOT_ACCOUNTED.search(plain) is not None
        self.accounted = _ACCOUNTED.search(plain) is not None and not self.missing
        meets = bool(_MEETING.search(plain) and _FAMILIES.search(plain))
        self.places = _places(plain) if meets else frozenset()
        self.times = frozenset(_times(plain)) if meets else frozenset()


def _places(plain: str) -> frozenset[str]:
    return frozenset(
        word
        for place in _PLACE.findall(plain)
        for word in place.split()
        if word not in _SMALL and not word.isdigit()
    )


def _times(plain: str) -> Iterator[str]:
    for number, half, spanish in _CLOCK.findall(plain):
        hour = (number or spanish).removesuffix(":00")
        yield hour + re.sub(r"[^apm]", "", half) if half and half[0] in "ap" else hour


def _disagree(mine: _Facts, theirs: _Facts) -> Iterator[Kind]:
    if (mine.held and (theirs.not_held or theirs.dead)) or (theirs.held and mine.not_held):
        yield Kind.CUSTODY
    if (mine.alone and theirs.more) or (mine.more and theirs.alone):
        yield Kind.ONE_MORE
    if (mine.accounted and theirs.missing) or (mine.missing and theirs.accounted):
        yield Kind.STATE
    if mine.places and theirs.places and not mine.places & theirs.places:
        yield Kind.PLACE
    if mine.times and theirs.times and not mine.times & theirs.times:
        yield Kind.TIME
