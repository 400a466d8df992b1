"""A text as it reads, whatever letters it is written with. Pure.

What needs a second person does not get through by a zero-width space, a Cyrillic letter, a digit
for a letter or blanks inside a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from levelhead.analysis.masking import unmask

# Letters of other alphabets that look like Latin ones.
_LOOK: Final = str.maketrans(
    "абвгеёзіїјкмнорсտтуфхցѕԁԛԝһӏαβεικνορτυχωϲ",
    "a6breeziijkmhopcstyoxgsdqwhlabeikvoptuxwc",
)
_DIGITS: Final = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"}
_MIXED: Final = re.compile(r"(?<![\w@$])(?=[\w@$]*[a-z])(?=[\w@$]*[\d@$])[a-z\d@$]{3,30}(?![\w@$])")
_SUFFIXED: Final = re.compile(
    r"\d+(?:st|nd|rd|th|am|pm|km|mi|h|hrs?|min|s|k|m|ft|er|do|ra|ro|to|a|o)"
)
_BETWEEN: Final = r"[ \t\-._*·'|/\\,~+]{1,3}"


def unveil(text: str) -> str:
    """Small letters without accents, invisible signs and look-alikes; blanks made single."""
    seen = "".join(
        sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cc") or sign in "\n\t"
    )
    plain = unicodedata.normalize("NFKD", unmask(seen)).casefold()
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    if not bare.isascii():
        bare = bare.translate(_LOOK).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return " ".join(_MIXED.sub(_letters, bare).split())


def _letters(mixed: re.Match[str]) -> str:
    if _SUFFIXED.fullmatch(mixed[0]):
        return mixed[0]
    return "".join(_DIGITS.get(sign, sign) for sign in mixed[0])


@lru_cache(maxsize=8)
def _torn(words: Sequence[str]) -> re.Pattern[str]:
    """Finds any of the words with something between its letters."""
    letters = "|".join(f"{'[^a-z0-9]{0,3}'.join(word.replace(' ', ''))}" for word in words)
    return re.compile(rf"(?<![a-z0-9])(?:{letters})(?![a-z0-9])")


def mend(text: str, words: Sequence[str]) -> str:
    """An unveiled text where each of the words that was taken apart is whole again."""
    whole = {word.replace(" ", ""): word for word in words}

    def join(found: re.Match[str]) -> str:
        return whole.get(re.sub(r"[^a-z0-9]", "", found[0]), found[0])

    return _torn(tuple(words)).sub(join, text)
