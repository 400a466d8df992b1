"""A long answer as a chain of posts: where it is cut. Pure.

A cut falls between paragraphs, else lines, else sentences, else clauses, else words; never in a
link, a telephone number, a date, a number and what it counts, or a name in quotes. A person's own
line `---` cuts whatever else is so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Final

import regex

MOST_PARTS: Final = 6
CUT_LINE: Final = regex.compile(r"(?m)^[ \t]*---[ \t]*$\n?")
# More than six posts of any platform hold: what lies beyond is not looked at.
_FURTHEST: Final = 30_000
# " 1/6": as many parts as there can be take one figure.
_NUMBER_ROOM: Final = f" {MOST_PARTS}/{MOST_PARTS}"
# Blanks that may end a line; a no-break space may not.
_BLANK: Final = r"[ \t\n\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]"
_GAP: Final = regex.compile(f"{_BLANK}+")
_EAST: Final = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
# Where scripts without blanks may be cut.
_SEAM: Final = regex.compile(rf"(?<={_EAST}|[。！？、，])(?={_EAST})")
_SENTENCE_END: Final = regex.compile(r"[.!?…。！？][\"'”’)»\]]*$")
_CLAUSE_END: Final = regex.compile(r"[,;:、，–—][\"'”’)»\]]*$")

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|"
    r"junio|julio|agosto|septiembre|octubre|noviembre|diciembre)\.?"
)
_WEEKDAY: Final = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|lunes|martes|miércoles|jueves|viernes|sábado|"
    r"domingo)"
)
_FIGURES: Final = r"[$€£#+(]{0,2}\d[\d.,:/()-]{0,20}(?:st|nd|rd|th|%|º|ª)?"
# A mark at the end of a word ends what belongs together.
_OPEN: Final = r"(?<![.,;:!?…])"
_KEPT_WHOLE: Final = tuple(
    regex.compile(pattern, regex.IGNORECASE)
    for pattern in (
        r"https?://\S{1,2000}|www\.\S{1,2000}",
        # Telephone numbers, with an extension.
        r"\+?\(?\d{1,4}\)?(?:[ \u00a0.-]\(?\d{2,4}\)?){1,4}(?: (?:ext|x)\.? ?\d{1,6})?",
        # Dates.
        rf"(?:{_WEEKDAY},? )?(?:el )?{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?",
        rf"(?:{_WEEKDAY},? )?\d{{1,2}}(?: de)? {_MONTH}(?:(?: del?)?,? \d{{4}})?",
        rf"{_WEEKDAY},? (?:the |el )?\d{{1,2}}",
        # "from 8 a.m. to 5 p. m.", "3 to 5 days".
        rf"{_FIGURES}(?: ?[ap]\.? ?m\b\.?)?(?: (?:to|a|al|and|y|or|o|-|–) {_FIGURES}"
        r"(?: ?[ap]\.? ?m\b\.?)?)?(?: (?:de la )?(?:mañana|tarde|noche))?",
        # A number, the word before it and what it counts; "5 million dollars" too.
        rf"(?:[\p{{L}}\p{{M}}.]{{1,30}}{_OPEN} )?{_FIGURES}"
        rf"(?:{_OPEN} (?:million|billion|thousand|hundred|mil|millones|cientos))?"
        rf"(?:{_OPEN} [\p{{L}}\p{{M}}][^\s]{{0,40}})?",
        # Whom to call.
        r"\b(?:call(?:ing)?|text|dial|llam\p{L}{1,6}|marqu?\p{L}{1,4})"
        r"(?: \p{L}{1,12}){0,2} \d{3}\b",
        # Titles, initials and places whose point ends no sentence.
        r"\b(?:mr|mrs|ms|dr|sgt|lt|capt|det|ofc|sr|sra|dra|st|sta|no|núm|av)\. [^\s]{1,40}",
        r"\b\p{Lu}\. (?=\p{Lu})[^\s]{1,40}",
        # Names in quotes.
        r"[\"“«][^\"“”«»\n]{1,80}[\"”»]",
        # Who signs.
        r"[—–-] [^\s]{1,30}(?: [^\s]{1,30}){0,3}$",
    )
)


class Grade(IntEnum):
    """How well a text can be cut at a place."""

    WORD = 0
    CLAUSE = 1
    SENTENCE = 2
    LINE = 3
    PARAGRAPH = 4


# A better place is taken where the post is at least so full there.
_FULL_ENOUGH: Final = {
    Grade.PARAGRAPH: 0.4,
    Grade.LINE: 0.5,
    Grade.SENTENCE: 0.5,
    Grade.CLAUSE: 0.8,
    Grade.WORD: 1.0,
}

# A last post shorter than this share of the one before is a stub.
_STUB: Final = 0.2


class Trouble(StrEnum):
    """Why a text cannot be a chain of posts."""

    TOO_MANY = "too_many"  # more than MOST_PARTS posts
    TOO_LONG = "too_long"  # what belongs together is longer than a post


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One post of the chain."""

    # Where its words stand in the text.
    start: int
    end: int
    # As it leaves, with its number where parts are numbered.
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """The posts that a text becomes; where there is trouble, those that could be made."""

    parts: tuple[Part, ...]
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """What may lie between two posts: text[end:next] is dropped."""

    end: int
    next: int
    grade: Grade


def cut_for(
    text: str, *, takes: Callable[[str], bool], threads: bool, numbered: bool = False
) -> Cut:
    """The posts that a text becomes on a platform; one, however long, where it knows no threads."""
    if threads:
        return cut_text(text, fits=takes, numbered=numbered)
    whole = Part(start=0, end=len(text), text=text)
    return Cut(parts=(whole,), trouble=None if takes(text) else Trouble.TOO_LONG)


def cut_text(text: str, *, fits: Callable[[str], bool], numbered: bool = False) -> Cut:
    """The posts for `text`; one where it fits. `fits` says whether one post can hold a text."""
    sections = _sections(text)
    if len(sections) <= 1:
        start, end = sections[0] if sections else (0, 0)
        if start == end or fits(text[start:end]):
            return Cut(parts=(Part(start=start, end=end, text=text[start:end]),))

    def holds(body: str) -> bool:
        return fits(body + _NUMBER_ROOM) if numbered else fits(body)

    found: list[tuple[int, int]] = []
    trouble: Trouble | None = None
    # Posts that are cut well may need one more than posts that are as full as can be.
    for tight in (False, True):
        found, trouble = _cut_sections(text, sections, holds, tight=tight)
        if trouble is not Trouble.TOO_MANY:
            break
    total = len(found)
    return Cut(
        parts=tuple(
            Part(
                start=start,
                end=end,
                text=f"{text[start:end]} {number}/{total}"
                if numbered and not trouble
                else text[start:end],
            )
            for number, (start, end) in enumerate(found, 1)
        ),
        trouble=trouble,
    )


def _sections(text: str) -> list[tuple[int, int]]:
    """What stands between a person's own cuts, without blanks around it; empty ones drop out."""
    places = [(0, 0), *(found.span() for found in CUT_LINE.finditer(text)), (len(text), len(text))]
    sections = []
    for (_, start), (end, _) in pairwise(places):
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end:
            sections.append((start, end))
    return sections


def _cut_sections(
    text: str,
    sections: Sequence[tuple[int, int]],
    holds: Callable[[str], bool],
    *,
    tight: bool,
) -> tuple[list[tuple[int, int]], Trouble | None]:
    found: list[tuple[int, int]] = []
    for start, end in sections:
        if len(found) == MOST_PARTS:
            return found, Trouble.TOO_MANY
        if holds(text[start:end]):
            found.append((start, end))
            continue
        look = min(end, start + _FURTHEST)
        places = [*_places(text, start, look), _Place(look, look, Grade.PARAGRAPH)]
        first = 0
        while start < look:
            if len(found) == MOST_PARTS:
                return found, Trouble.TOO_MANY
            last = _farthest(text, start, places, first, holds)
            if last is None:
                found.append((start, places[first].end))
                return found, Trouble.TOO_LONG
            chosen = last if tight else _best(start, places, first, last)
            found.append((start, places[chosen].end))
            start, first = places[chosen].next, chosen + 1
        if look < end:
            return found, Trouble.TOO_MANY
    return found, None


def _farthest(
    text: str, start: int, places: Sequence[_Place], first: int, holds: Callable[[str], bool]
) -> int | None:
    """The last place up to which one post can hold the text; None where even the first is too far.

    Looks ahead in growing steps: what is far beyond a post is never counted.
    """
    if not holds(text[start : places[first].end]):
        return None
    low, step = first, 1
    while low + step < len(places) and holds(text[start : places[low + step].end]):
        low += step
        step *= 2
    high = min(low + step, len(places))
    while high - low > 1:
        middle = (low + high) // 2
        if holds(text[start : places[middle].end]):
            low = middle
        else:
            high = middle
    return low


def _best(start: int, places: Sequence[_Place], first: int, last: int) -> int:
    if places[last].end == places[-1].end:
        return last
    room = places[last].end - start
    rest = places[-1].end - places[last].next
    if rest < room * _STUB:
        # A post with a signature alone: better a sentence goes with it.
        for number in range(last - 1, first - 1, -1):
            if (places[number].end - start) / room < min(_FULL_ENOUGH.values()):
                break
            if places[number].grade >= Grade.SENTENCE:
                return number
    best = last
    for number in range(last - 1, first - 1, -1):
        place = places[number]
        full = (place.end - start) / room
        if full < min(_FULL_ENOUGH.values()):
            break
        if place.grade > places[best].grade and full >= _FULL_ENOUGH[place.grade]:
            best = number
    return best


def _places(text: str, start: int, end: int) -> list[_Place]:
    """Where text[start:end] may be cut, in order."""
    whole = _kept_whole(text, start, end)
    places: list[_Place] = []
    at = 0
    for first, last in sorted(
        [
            *(found.span() for found in _GAP.finditer(text, start, end)),
            *(found.span() for found in _SEAM.finditer(text, start, end)),
        ]
    ):
        while at < len(whole) and whole[at][1] <= first:
            at += 1
        if first <= start or (at < len(whole) and whole[at][0] < last):
            continue
        places.append(_Place(first, last, _grade(text, first, last)))
    return places


def _grade(text: str, first: int, last: int) -> Grade:
    lines = text.count("\n", first, last)
    if lines > 1:
        return Grade.PARAGRAPH
    if lines:
        return Grade.LINE
    before = text[max(0, first - 6) : first]
    if _SENTENCE_END.search(before) and not text[last : last + 1].islower():
        return Grade.SENTENCE
    return Grade.CLAUSE if _CLAUSE_END.search(before) else Grade.WORD


def _kept_whole(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """What must not be cut, in order, without overlaps."""
    spans = sorted(
        found.span()
        for pattern in _KEPT_WHOLE
        for found in pattern.finditer(text, start, end)
        if found.end() > found.start()
    )
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and first < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
