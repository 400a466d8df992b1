"""Letters that stand in for plain ones, such as 𝐤𝐢𝐥𝐥 or ⓚⓘⓛⓛ, put back; each for one letter."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Mathematical letters and digits, letters in circles and squares, wide letters.
_RANGES: Final = (
    (0x1D400, 0x1D7FF), (0x2460, 0x24FF), (0x1F130, 0x1F149), (0xFF01, 0xFF5E), (0x2100, 0x214F),
)  # fmt: skip
# Letters in black circles and squares have no plain form in Unicode's tables.
_BLACK: Final = (0x1F150, 0x1F170)


def _list_letters() -> dict[int, str]:
    letters = {}
    for first, last in _RANGES:
        for code in range(first, last + 1):
            plain = unicodedata.normalize("NFKC", chr(code))
            if len(plain) == 1 and plain.isascii():
                letters[code] = plain
    for first in _BLACK:
        letters.update({first + n: chr(ord("A") + n) for n in range(26)})
    return letters


LETTERS: Final = _list_letters()
_MASKED: Final = re.compile(f"[{''.join(map(chr, LETTERS))}]")


def unmask(text: str) -> str:
    """`text` in plain letters, as long as it was, so that places in one are places in the other."""
    if text.isascii() or not _MASKED.search(text):
        return text
    return text.translate(LETTERS)
