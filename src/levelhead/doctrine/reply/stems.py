"""Words cut to what their forms share, so that "drones" answers "drone"; English and Spanish."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Longest first; a stem keeps at least three letters.
_ENDINGS: Final = (
    *("amientos", "imientos", "amiento", "imiento", "aciones", "uciones", "adores", "mente"),
    *(
        "ations",
        "ation",
        "ness",
        "acion",
        "ments",
        "ment",
        "ings",
        "ing",
        "ados",
        "adas",
        "idos",
        "idas",
    ),
    *("ando", "iendo", "ado", "ada", "ido", "ida", "aron", "ieron", "ies", "ers", "ed", "er"),
    *("es", "ar", "ir", "an", "en", "ly", "s", "e", "o", "a", "y"),
)
_SHORTEST: Final = 3
TOKEN: Final = re.compile(r"[^\W_]{1,50}(?:'[^\W_]{1,10})?")
_NUMBER_WORDS: Final = {
    word: str(number)
    for words in (
        "one two three four five six seven eight nine ten eleven twelve",
        "uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    )
    for number, word in enumerate(words.split(), 1)
}


@lru_cache(maxsize=8_192)
def stem(word: str) -> str:
    """The stem of a folded word."""
    word = word.removesuffix("'s").replace("'", "")
    # Twice, for "cameras" and "rudeness".
    return _cut(_cut(word))


def _cut(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            word = word[: -len(ending)]
            # "stopped", "planning": the doubled letter belongs to the ending.
            if len(word) > _SHORTEST and word[-1] == word[-2] and word[-1] not in "aeiouls":
                word = word[:-1]
            return word
    return word


def number_of(word: str) -> str | None:
    """The digits of a number, written in digits or as a small word; None for other words."""
    if word[0].isdigit():
        return word
    return _NUMBER_WORDS.get(word)
