"""How long a text is as each platform counts, and the links in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import regex

GRAPHEME: Final = regex.compile(r"\X")
# The page's own count (counting.js) has the same patterns; a test compares the two.
_SCHEMED: Final = r"https?://[^\s\ufeff<>\"]{1,2000}"
_BARE: Final = (
    r"(?<![\p{L}\p{M}\p{N}_@./-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,5}"
    r"(?:gov|us|org|com|net|edu|mil|info|io|city)(?![\p{L}\p{M}\p{N}_@-])(?:/[^\s\ufeff<>\"]{0,2000})?"
)
_LINK: Final = regex.compile(_SCHEMED, regex.IGNORECASE)
_ANY_LINK: Final = regex.compile(f"{_SCHEMED}|{_BARE}", regex.IGNORECASE)
_TRAILING: Final = ".,;:!?'\"’”»…"
_REMOTE_MENTION: Final = regex.compile(
    r"(?<![\p{L}\p{N}_@])(@[A-Za-z0-9_]{1,60})@[A-Za-z0-9.-]{1,100}"
)
# These weigh one on X, everything else two.
_LIGHT: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_EMOJI: Final = regex.compile("[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf]")


class Unit(StrEnum):
    """What a platform takes for one."""

    CHARACTERS = "characters"  # code points of Unicode
    GRAPHEMES = "graphemes"  # what a reader sees as one character
    WEIGHTED = "weighted"  # as X: letters of most scripts one, emoji and East Asian letters two


@dataclass(frozen=True, kw_only=True, slots=True)
class Counting:
    """How a platform counts."""

    unit: Unit = Unit.CHARACTERS
    # Every link counts as so many; None where it counts as it is written.
    link_length: int | None = None
    # Whether an address without https:// is a link there.
    bare_links: bool = False
    # Whether of @name@server only @name counts.
    local_mentions: bool = False
    # Longest text in bytes of UTF-8, where that is bounded as well.
    byte_limit: int | None = None


PLAIN: Final = Counting()


def count_text(text: str, counting: Counting = PLAIN) -> int:
    """The length of a text as the platform counts it."""
    if counting.local_mentions:
        text = _REMOTE_MENTION.sub(r"\1", text)
    if counting.link_length is None:
        return _count_units(text, counting.unit)
    total = last = 0
    for start, end in find_links(text, bare=counting.bare_links):
        total += _count_units(text[last:start], counting.unit) + counting.link_length
        last = end
    return total + _count_units(text[last:], counting.unit)


def count_bytes(text: str) -> int:
    """Bytes of UTF-8; half a surrogate pair counts as the three it would be replaced by."""
    return len(text.encode("utf-8", "surrogatepass"))


def fits(text: str, limit: int | None, counting: Counting = PLAIN) -> bool:
    """Whether one post can hold the text."""
    if limit is not None and count_text(text, counting) > limit:
        return False
    return counting.byte_limit is None or count_bytes(text) <= counting.byte_limit


def count_graphemes(text: str) -> int:
    """What a reader sees as characters: Unicode's extended grapheme clusters."""
    return sum(1 for _ in GRAPHEME.finditer(text))


def find_links(text: str, *, bare: bool = True) -> Iterator[tuple[int, int]]:
    """Where links stand, without the punctuation of the sentence around them."""
    for found in (_ANY_LINK if bare else _LINK).finditer(text):
        shown = _without_trailing(found[0])
        if shown.lower() not in ("http:/", "https:/", "http://", "https://", "http", "https"):
            yield found.start(), found.start() + len(shown)


def _without_trailing(link: str) -> str:
    opened, closed = link.count("("), link.count(")")
    end = len(link)
    while end:
        last = link[end - 1]
        if last == ")" and opened < closed:
            closed -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return link[:end]


def _count_units(text: str, unit: Unit) -> int:
    if unit is Unit.CHARACTERS:
        return len(text)
    if unit is Unit.GRAPHEMES:
        return count_graphemes(text)
    if text.isascii():
        return len(text)
    total = 0
    for cluster in GRAPHEME.findall(unicodedata.normalize("NFC", text)):
        if _EMOJI.match(cluster):
            # Two, whatever it is made of.
            total += 2
        else:
            total += sum(1 if any(a <= ord(c) <= b for a, b in _LIGHT) else 2 for c in cluster)
    return total
