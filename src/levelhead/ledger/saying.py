"""Whether a text says a statement of the ledger, in its own words or nearly so. Pure."""

from __future__ import annotations

import re
from typing import Final

from levelhead.doctrine.reply.stems import stem
from levelhead.ledger.disguise import unveil

# Of the words that a sentence has and the statement does not, at most so many for each of its own.
_MORE: Final = 1.5
_SMALL_WORDS: Final = (
    "a an the of to in on at for and is are was were be been has have had it its this that we our"
    " you your by now there here as with el la los las un una unos unas de del al y es son fue"
    " fueron ha han hay por para que se su sus lo le les con ahora aqui alli"
)
# One of these more or less makes another statement of the same words.
_TURNING_WORDS: Final = (
    "not no never none nobody nothing without isn aren wasn weren hasn haven don doesn cannot false"
    " untrue wrong rumor rumors rumour rumours hoax unconfirmed if whether when until once unless"
    " may might could maybe possibly asked asks claim claims claimed some"
    " sin nunca nadie ningun ninguno ninguna ni falso falsa falsos rumor rumores incorrecto si"
    " cuando hasta puede podria quiza quizas tal acaso"
)
_NUMBER_WORDS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve"
    " cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce"
)
_SMALL: Final = frozenset(_SMALL_WORDS.split())
_TURNS: Final = frozenset(_TURNING_WORDS.split())
_NUMBERS: Final = frozenset(_NUMBER_WORDS.split())
_QUOTED: Final = re.compile(r"[“«\"][^“”«»\"\n]{1,600}[”»\"]")
_DENIED: Final = re.compile(
    r"\b(?:false|untrue|not (?:true|correct|accurate|right|so|sure|confirmed|able to confirm)"
    r"|wrong|incorrect|rumou?rs?|hoax|mistaken?|cannot confirm|can't confirm|corrections?"
    r"|no es (?:verdad|cierto|correcto)|fals[oa]s?|incorrect[oa]s?|rumor(?:es)?|error"
    r"|no (?:esta )?confirmad[oa]|no podemos confirmar|no estamos segur[oa]s|correccion(?:es)?"
    r"|equivocad[oa]s?)\b"
)


_WORDS: Final = re.compile(r"[^\W_]+")
_SENTENCES: Final = re.compile(r"(?<=[.!?…])\s+|\n+")
_EDGES: Final = " \t\"'“”‘’«».,;:!?¡¿—–-"


def fold(text: str) -> str:
    """Words only, in small letters without accents: two ways of writing the same are equal."""
    return " ".join(_WORDS.findall(unveil(text)))


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, each without the marks around it."""
    found = (one.strip(_EDGES) for one in _SENTENCES.split(text))
    return [one for one in found if one]


def says(text: str, statement: str) -> bool:
    """Whether some sentence of the text says the statement; questions say nothing."""
    wanted = _read(statement)
    if not wanted.content:
        return False
    count = max(1, len(sentences_of(statement)))
    parts = sentences_of(text)
    asked = {one for one in parts if _is_asked(text, one)}
    return any(
        _covers(_read(" ".join(parts[place : place + count])), wanted)
        for place in range(len(parts))
        if parts[place] not in asked
    )


_NUMBERED: Final = {
    word: str(number)
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    )
    for number, word in enumerate(words.split())
}


def numbers_in(text: str) -> frozenset[str]:
    """How many, as digits: of what is counted, not of the clock; "one" and "un" count nothing."""
    plain = _CLOCK.sub(" ", unveil(text))
    return frozenset(
        _NUMBERED.get(word, word)
        for word in _WORDS.findall(plain)
        if word in _NUMBERED or word.isdigit()
    ) - {"1"}


_CLOCK: Final = re.compile(
    r"\b\d{1,2}(?::\d\d)?\s*(?:a\.?\s?m\b|p\.?\s?m\b|o'clock)|\b\d{1,2}:\d\d\b|\ba las? \d{1,2}\b"
    r"|\b\d{1,2}(?:st|nd|rd|th)\b|\b911\b"
)


def denies(sentence: str) -> bool:
    """Whether a sentence says of something that it is not so, or that nobody knows."""
    return _DENIED.search(fold(sentence)) is not None


def without_denied(text: str) -> str:
    """The text without its quotations, where it says of what it quotes that it is not so."""
    return _QUOTED.sub(" ", text) if _DENIED.search(fold(text)) else text


def _is_asked(text: str, sentence: str) -> bool:
    place = text.find(sentence)
    after = text[place + len(sentence) : place + len(sentence) + 3]
    return "?" in after or (place > 0 and text[place - 1] == "¿")


class _Read:
    """The words of a sentence as they are compared."""

    __slots__ = ("content", "numbers", "plain", "turns")

    def __init__(self, sentence: str) -> None:
        self.plain = fold(sentence)
        words = self.plain.split()
        self.turns = frozenset(word for word in words if word in _TURNS)
        self.numbers = frozenset(word for word in words if word in _NUMBERS or word.isdigit())
        self.content = frozenset(
            stem(word)
            for word in words
            if word not in _SMALL and word not in _TURNS and word not in self.numbers
        )


def _read(sentence: str) -> _Read:
    return _Read(sentence)


def _covers(found: _Read, wanted: _Read) -> bool:
    if found.plain == wanted.plain:
        return True
    if found.turns != wanted.turns or not wanted.numbers <= found.numbers:
        return False
    if f" {wanted.plain} " in f" {found.plain} ":
        return True
    if not wanted.content <= found.content or found.numbers != wanted.numbers:
        return False
    return len(found.content - wanted.content) <= _MORE * len(wanted.content)
