"""Which language a short text is in, by a vote of small words: English, Spanish, or unknown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

UNKNOWN: Final = "und"
# Small words that the other language does not have (folded).
_ENGLISH_WORDS: Final = (
    "the and you that for are with this have was not what your they from will about is of to it my"
    " be do can how when why who where please thanks thank don't i'm it's we were if on at or has"
    " had been there their would could should did does our we're you're we'll by an any more hi"
    " hello sorry call out but his her which"
)
_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())
_SPANISH_WORDS: Final = (
    "el los las una que por para con del como pero esta este muy gracias donde cuando quien porque"
    " hay mi su ustedes usted nos ya todo todos desde hasta sobre tambien favor al un lo le les se"
    " es son fue estan tengo tiene necesito sin mas cual puede pueden hace buenos buenas dias"
    " hola nuestro nuestra nuestros vamos esa ese sus la en y nuestras sera cuanto esto eso ni"
    " llame lamentamos hoy manana"
)
_SPANISH: Final = frozenset(_SPANISH_WORDS.split())
# Marks that only Spanish has are worth two small words.
_MARKS: Final = ("¿", "¡")
_CLEAR: Final = 1.6


def count_votes(words: Iterable[str], plain: str = "") -> tuple[int, int]:
    """Small words of English and of Spanish among folded `words`; `plain` may show marks."""
    english = spanish = 0
    for word in words:
        if word in _ENGLISH:
            english += 1
        elif word in _SPANISH:
            spanish += 1
    if spanish and any(mark in plain for mark in _MARKS):
        spanish += 2
    return english, spanish


def vote_language(words: Iterable[str], plain: str = "") -> str:
    """ "en" or "es" where one clearly leads, else "und"."""
    english, spanish = count_votes(words, plain)
    if english >= 2 and english >= _CLEAR * spanish:
        return "en"
    if spanish >= 2 and spanish >= _CLEAR * english:
        return "es"
    return UNKNOWN
