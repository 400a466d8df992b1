"""A text made ready for the rules: folded, cut into words and sentences, links marked."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from levelhead.doctrine.reply.languages import vote_language
from levelhead.kernel.text import TEXT_LIMIT

Span = tuple[int, int]

_PLAIN: Final = {
    **{
        code: base
        for code in range(0xC0, 0x250)
        if (base := unicodedata.normalize("NFD", chr(code))[0]).isascii() and base.isalpha()
    },
    **{0xFF01 + place: chr(0x21 + place) for place in range(94)},
    # The one letter whose lower case is two characters.
    0x130: "i",
    **dict.fromkeys((0x2018, 0x2019, 0x02BC, 0xB4, 0x60), "'"),
    **dict.fromkeys((0x201C, 0x201D, 0x201E, 0xAB, 0xBB), '"'),
    **dict.fromkeys((0xA0, 0x2009, 0x202F), " "),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212), "-"),
}

LINK: Final = re.compile(
    r"https?://[^\s<>\"]{1,2000}|\bwww\.[^\s<>\"]{1,2000}"
    r"|(?<![\w@.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}"
    r"\.(?:gov|org|com|net|us|edu|info|city|io|mil)(?:/[^\s<>\"]{0,2000})?(?![\w@-])"
)
MAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_MENTION: Final = re.compile(r"(?<![\w@])@[\w.-]{1,60}")
_HASHTAG: Final = re.compile(r"(?<!\w)#\w{1,100}")
_WORD: Final = re.compile(r"[^\W\d_]{1,50}(?:['-][^\W\d_]{1,50}){0,4}")
_QUOTED: Final = re.compile(r"\"[^\"\n]{1,300}\"|(?<!\w)'[^'\n]{2,200}'(?!\w)")
EMOJI: Final = "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55]"
_END: Final = re.compile(
    r"[.!?\u2026]{1,10}[\"')\]]{0,3}(?=\s|$|"
    + EMOJI
    + r")|\n|"
    # An emoji ends a sentence where the next one begins with a capital.
    + EMOJI
    + r"[\ufe0f\u200d\U0001f3fb-\U0001f3ff]{0,3}(?=\s{1,3}[A-ZÁÉÍÓÚÑ¿¡])"
)
_LAST_WORD: Final = re.compile(r"(?:^|[\s(\"'-])([^\s(\"'-]{1,12})$")
_ABBREVIATED: Final = (
    "mr mrs ms dr sgt lt capt cpl det ofc maj col gen gov rep sen rev hon st ave blvd rd no nos sr"
    " sra srta dra ud uds av avda art inc dept vs e.g i.e u.s jr ext approx jan feb mar apr jun jul"
    " aug sep sept oct nov dec num tel lic ing prof depto d.c ee.uu p.ej ste apt mt ft"
)
_ABBREVIATIONS: Final = frozenset(_ABBREVIATED.split())
# These are words too, and stand for "number" or "article" only before one.
_BEFORE_NUMBERS: Final = frozenset(("no", "nos", "art", "num"))
_HALF_DAYS: Final = frozenset(("a.m", "p.m"))
_DAY_OR_MONTH: Final = re.compile(
    r"(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,7}\b"
)


@dataclass(frozen=True)
class Reading:
    """A text, and what the rules need to know about its parts. Spans count code points."""

    text: str

    @cached_property
    def plain(self) -> str:
        """Lower case, no Latin accents, straight quotes, as long as `text`."""
        return make_plain(self.text)

    @cached_property
    def links(self) -> tuple[Span, ...]:
        """Where links are."""
        return tuple(found.span() for found in LINK.finditer(self.plain))

    @cached_property
    def bare(self) -> str:
        """`plain` with links, addresses, mentions and hashtags blanked, as long as `text`."""
        bare = self.plain
        for pattern in (MAIL, LINK, _MENTION, _HASHTAG):
            bare = pattern.sub(lambda found: " " * len(found[0]), bare)
        return bare

    @cached_property
    def words(self) -> tuple[Span, ...]:
        """Where words of letters are, in `bare`."""
        return tuple(found.span() for found in _WORD.finditer(self.bare))

    @cached_property
    def quotes(self) -> tuple[Span, ...]:
        """Where somebody's words stand between quotation marks."""
        return tuple(found.span() for found in _QUOTED.finditer(self.plain))

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """Where sentences are, without the blanks around them."""
        return tuple(_split(self.text, self.plain))

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.sentences]

    @cached_property
    def lang(self) -> str:
        """ "en", "es", or "und" where too little speaks for either."""
        return vote_language((self.bare[a:b] for a, b in self.words), self.plain)

    def sentence_at(self, place: int) -> Span:
        """The sentence around a place."""
        if not self.sentences:
            return (0, len(self.text))
        return self.sentences[max(0, bisect_right(self._starts, place) - 1)]

    def is_quoted(self, span: Span) -> bool:
        """Whether the span stands between quotation marks."""
        return any(a < span[0] and span[1] < b for a, b in self.quotes)


def read_text(text: str) -> Reading:
    """The reading of a text; what is over kernel.text.TEXT_LIMIT is not read."""
    return Reading(text[:TEXT_LIMIT])


def make_plain(text: str) -> str:
    """Lower case, no Latin accents, straight quotes: as long as `text`."""
    return text.lower() if text.isascii() else text.translate(_PLAIN).lower()


def _split(text: str, plain: str) -> list[Span]:
    sentences = []
    start = 0
    for end in _END.finditer(text):
        if end[0][0] == "." and not _ends_sentence(text, plain, start, end):
            continue
        sentences.append((start, end.end()))
        start = end.end()
    sentences.append((start, len(text)))
    trimmed = []
    for a, b in sentences:
        part = text[a:b]
        left = len(part) - len(part.lstrip())
        right = len(part.rstrip())
        if left < right and any(c.isalnum() for c in part[:200]):
            trimmed.append((a + left, a + right))
    return trimmed


def _ends_sentence(text: str, plain: str, start: int, end: re.Match[str]) -> bool:
    """Whether the full stop is one, and not an abbreviation's."""
    after = text[end.end() : end.end() + 14].lstrip()
    if not after:
        return True
    last = _LAST_WORD.search(plain, max(start, end.start() - 14), end.start())
    word = last[1] if last else ""
    if word in _HALF_DAYS:
        return after[0].isupper() and not _DAY_OR_MONTH.match(after.lower())
    if word in _BEFORE_NUMBERS:
        return not after[0].isdigit()
    return not (word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i"))
