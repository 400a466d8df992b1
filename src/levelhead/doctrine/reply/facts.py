"""Whether a sentence says no more than one of the approved facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from levelhead.doctrine.reply.reading import make_plain
from levelhead.doctrine.reply.stems import TOKEN, number_of, stem

_THOUSANDS: Final = re.compile(r"(?<=\d)[,.](?=\d{3}(?!\d))")
_SMALL_WORDS: Final = (
    "the a an of to in on at for and or is are was were has have had be been by with from that this"
    " it its we our there about so far now el la los las un una de del en y o es son fue hay por"
    " con para que se al lo ha han nuestro nuestra"
)
_SMALL: Final = frozenset(_SMALL_WORDS.split())
# Of a sentence's words, so many must be in the fact.
_SHARED: Final = 0.5
_SHARED_WITH_NUMBERS: Final = 0.25


@lru_cache(maxsize=2_048)
def _read(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The stems and the numbers of a text."""
    tokens = TOKEN.findall(_THOUSANDS.sub("", make_plain(text)))
    numbers = frozenset(number for token in tokens if (number := number_of(token)) is not None)
    words = frozenset(
        stem(token) for token in tokens if token not in _SMALL and number_of(token) is None
    )
    return words, numbers


def is_supported(sentence: str, facts: Sequence[str]) -> bool:
    """Whether a fact has all numbers of the sentence, and enough of its words."""
    words, numbers = _read(sentence)
    if not words:
        return False
    needed = _SHARED_WITH_NUMBERS if numbers else _SHARED
    for fact in facts:
        fact_words, fact_numbers = _read(fact)
        if numbers <= fact_numbers and len(words & fact_words) >= needed * len(words):
            return True
    return False
