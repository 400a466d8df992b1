"""Reading what may be checked out of a text: links, phones, times, numbers, days, names. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final

from levelhead.doctrine.reply.reading import make_plain
from levelhead.doctrine.reply.stems import number_of, stem
from levelhead.drafting.words import DAYS, MONTHS, NOT, SMALL
from levelhead.kernel.text import clean_text

# Broader than what the reply check takes for a link: here a doubt strikes the sentence.
LINK: Final = re.compile(
    r"(?i)[a-z][a-z0-9+.-]{1,20}://[^\s<>\"]{1,2000}|\b(?:www\.|mailto:|tel:)[^\s<>\"]{1,2000}"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}(?::\d{1,5})?(?:/[^\s<>\"]{0,2000})?(?![\w@-])"
)
MAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
HANDLE: Final = re.compile(r"(?<![\w@])@[\w.-]{1,100}")
TAG: Final = re.compile(r"(?<!\w)#\w*[^\W\d_]\w*")
_PHONE: Final = re.compile(r"(?<![\w])\+?\(?\d(?:[ ().\-/]{0,3}\d){6,16}(?!\w)")
_DAY: Final = re.compile(
    r"(?<!\d)(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?)(?!\d)"
)
_TIME: Final = re.compile(
    r"(?i)(?<![\w:.,$#])(\d{1,2})(?:[:.](\d{2}))?\s?([ap])\.?\s?m\b\.?"
    r"|(?<![\w:.,$#])(\d{1,2}):(\d{2})(?!\d)|(?<![\w:.,$#])(\d{1,2})\s?h(?:rs|oras)?\b"
)
_NUMBER: Final = re.compile(r"[$€£#]?\d+(?:[.,]\d+)*\s?%?")
_WORD: Final = re.compile(r"[^\W\d_]{1,50}(?:['’-][^\W\d_]{1,50}){0,4}")
# Zero width, direction, soft hyphen, tags, variation: nothing that a reader sees.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# "May" and "mañana" are other words too: only where written, or placed, as the day.
# What may stand between two days that are said as one: "Monday to Friday", "Tuesday, May 12".
_JOINS: Final = re.compile(
    r"[\s,.]*(?:(?:of|de|del|the|el|to|through|thru|until|and|y|a|al|hasta|or|o|-|–)\s*){0,2}[\s,.]*"
)
_MOST_MARKS: Final = 80
_MAY: Final = re.compile(r"\bMay\b(?=\s+\d|\.|,|$)|(?<=\bin )May\b|(?<=\d )May\b|(?<=of )May\b")
_TOMORROW: Final = re.compile(r"\bmañana\b", re.IGNORECASE)
_NUMBERS_BEYOND: Final = {
    word: str(number)
    for number, words in {
        13: "thirteen trece", 14: "fourteen catorce", 15: "fifteen quince",
        16: "sixteen dieciseis", 17: "seventeen diecisiete", 18: "eighteen dieciocho",
        19: "nineteen diecinueve", 20: "twenty veinte", 30: "thirty treinta", 40: "forty cuarenta",
        50: "fifty cincuenta", 60: "sixty sesenta", 70: "seventy setenta", 80: "eighty ochenta",
        90: "ninety noventa", 100: "hundred cien ciento cientos hundreds",
        1000: "thousand mil thousands", 1000000: "million millon millones millions",
        2: "twice second doble segundo segunda both ambos ambas couple pair",
        3: "third tercer tercero tercera triple thrice", 4: "fourth",
        5: "fifth quinto quinta", 0: "zero cero", 0.5: "half mitad",
        12: "dozen docena dozens docenas",
    }.items()
    for word in words.split()
}  # fmt: skip
# "One of our officers", "one" for somebody: no number that a reader relies on.
_NO_NUMBERS: Final = frozenset(("one", "uno", "una", "un"))


@dataclass(frozen=True, slots=True)
class Mark:
    """Something in a text that a reader relies on: a day, a number, a phone number or a link."""

    kind: str
    # In one form; of a time (hour, minute, half of the day).
    key: str | tuple[int, int, str]
    start: int
    end: int
    # Days that are said as one have the same.
    group: int = 0

    def is_in(self, known: Mark) -> bool:
        """Whether `known`, of a source, says the same."""
        if self.kind != known.kind:
            return False
        if isinstance(self.key, tuple):
            hour, minute, half = self.key
            return (
                isinstance(known.key, tuple)
                and (hour, minute) == known.key[:2]
                and (not half or half == known.key[2])
            )
        if isinstance(known.key, tuple):
            return known.key[1] == 0 and str(known.key[0]) == self.key
        if self.kind == "phone":
            return self.key == known.key or (len(self.key) == 7 and known.key.endswith(self.key))
        return self.key == known.key


def clean(text: str) -> str:
    """What a reader sees: plain forms of letters and digits, nothing that does not show."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", clean_text(text)))


@dataclass(frozen=True)
class Said:
    """A text and what it says that can be compared."""

    text: str

    @cached_property
    def links(self) -> frozenset[str]:
        """Links, mail addresses, handles and hashtags, in one form."""
        rest = self.text
        found = set()
        for pattern in (MAIL, LINK, HANDLE, TAG):
            found |= {_same_link(one[0]) for one in pattern.finditer(rest)}
            rest = pattern.sub(" ", rest)
        return frozenset(found)

    @cached_property
    def _bare(self) -> str:
        rest = self.text
        for pattern in (MAIL, LINK, HANDLE, TAG):
            rest = pattern.sub(" ", rest)
        return rest

    @cached_property
    def phones(self) -> frozenset[str]:
        """Digits of each phone number."""
        return frozenset(_digits(one[0]) for one in self._phones_found)

    @cached_property
    def _phones_found(self) -> tuple[re.Match[str], ...]:
        dates = [one.span() for one in _DAY.finditer(self._bare)]
        return tuple(
            one
            for one in _PHONE.finditer(self._bare)
            if not any(a <= one.start() and one.end() <= b for a, b in dates)
        )

    @cached_property
    def days(self) -> frozenset[str]:
        """Days, months, dates in figures, and words such as "tomorrow"."""
        words = {word for word in self.words if word in DAYS}
        words |= {"may"} if _MAY.search(self._bare) else set()
        words |= {"mañana"} if _TOMORROW.search(self._bare) else set()
        return frozenset(words | {_same_day(one[0]) for one in _DAY.finditer(self._bare)})

    @cached_property
    def times(self) -> frozenset[tuple[int, int, str]]:
        """(hour, minute, "a", "p" or "")."""
        return frozenset(_read_time(one) for one in _TIME.finditer(self._bare))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """All other numbers, with their unit where it is a sign."""
        rest = self._bare
        for one in self._phones_found:
            rest = rest.replace(one[0], " ")
        rest = _TIME.sub(" ", _DAY.sub(" ", rest))
        found = {_same_number(one[0]) for one in _NUMBER.finditer(rest)}
        for word in self.words:
            if word in _NO_NUMBERS:
                continue
            number = number_of(word) or _NUMBERS_BEYOND.get(word)
            if number is not None:
                found.add(number)
        return frozenset(found)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Words of letters, plain."""
        bare = _TIME.sub(" ", self._bare)
        return tuple(make_plain(one[0]).replace("’", "'") for one in _WORD.finditer(bare))

    @cached_property
    def stems(self) -> frozenset[str]:
        """What its words share with other forms of them, small words left out."""
        return frozenset(stem(word) for word in self.words if word not in SMALL)

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """Everything in it that is to be copied exactly, in order."""
        rest = self.text
        found: list[Mark] = []

        def take(pattern: re.Pattern[str], kind: str, key: Callable[[re.Match[str]], Any]) -> None:
            nonlocal rest
            found.extend(
                Mark(kind, key(one), one.start(), one.end()) for one in pattern.finditer(rest)
            )
            rest = pattern.sub(lambda one: " " * len(one[0]), rest)

        for pattern in (MAIL, LINK, HANDLE, TAG):
            take(pattern, "link", lambda one: _same_link(one[0]))
        take(_DAY, "day", lambda one: _same_day(one[0]))
        take(_MAY, "day", lambda one: "may")
        take(_TOMORROW, "day", lambda one: "mañana")
        take(_PHONE, "phone", lambda one: _digits(one[0]))
        take(_TIME, "number", _read_time)
        take(_NUMBER, "number", lambda one: _same_number(one[0]))
        for one in _WORD.finditer(rest):
            word = make_plain(one[0])
            number = None if word in _NO_NUMBERS else number_of(word) or _NUMBERS_BEYOND.get(word)
            if word in DAYS:
                found.append(Mark("day", word, one.start(), one.end()))
            elif number is not None:
                found.append(Mark("number", number, one.start(), one.end()))
        found.sort(key=lambda mark: mark.start)
        return _group(self.text, found)

    @cached_property
    def denies(self) -> bool:
        """Whether it says that something is not so."""
        return any(word.replace("'", "") in NOT or word.endswith("n't") for word in self.words)


def _group(text: str, marks: list[Mark]) -> tuple[Mark, ...]:
    grouped: list[Mark] = []
    for mark in marks:
        last = grouped[-1] if grouped else None
        joined = (
            last is not None
            and _JOINS.fullmatch(text[last.end : mark.start])
            and (
                last.kind == mark.kind == "day"
                or (
                    {last.kind, mark.kind} == {"day", "number"}
                    and (last.key in MONTHS or mark.key in MONTHS)
                )
            )
        )
        number = (last.group if last else 0) + (0 if joined else 1)
        grouped.append(replace(mark, group=number))
    return tuple(grouped)


def fits(marks: Sequence[Mark], known: Sequence[Mark]) -> bool:
    """Whether `known`, the marks of one sentence of a source, say `marks` in that order.

    What is skipped between two of them must be of another kind, so that the hours of one day do
    not become those of another; of days said as one, some may be left out.
    """
    if len(marks) > len(known) or len(known) > _MOST_MARKS:
        return False

    def reaches(last: int, place: int) -> bool:
        return last < 0 or all(
            known[one].group in (known[last].group, known[place].group)
            or known[one].kind not in (known[last].kind, known[place].kind)
            for one in range(last + 1, place)
        )

    ends = {-1}
    for mark in marks:
        ends = {
            place
            for place, one in enumerate(known)
            if mark.is_in(one) and any(last < place and reaches(last, place) for last in ends)
        }
    return bool(ends)


@lru_cache(maxsize=512)
def say(text: str) -> Said:
    """The reading of a text that was cleaned."""
    return Said(text)


def _same_link(text: str) -> str:
    plain = text.casefold().rstrip(".,;:!?)]}'\"…")
    plain = re.sub(r"^(?:https?://)?(?:www\.)?", "", plain)
    return plain.rstrip("/")


def _digits(text: str) -> str:
    digits = "".join(one for one in text if one.isdecimal())
    return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits


def _same_day(text: str) -> str:
    return "/".join(part.lstrip("0") or "0" for part in re.split(r"[/.-]", text))


def _same_number(text: str) -> str:
    plain = text.replace(" ", "")
    plain = re.sub(r"(?<=\d)[,.](?=\d{3}(?!\d))", "", plain).lstrip("#")
    return re.sub(r"(?<![\d.,])0+(?=\d)", "", plain)


def _read_time(found: re.Match[str]) -> tuple[int, int, str]:
    if found[1]:
        return int(found[1]), int(found[2] or 0), found[3].lower()
    hour, minute = int(found[4] or found[6]), int(found[5] or 0)
    return (hour - 12, minute, "p") if 13 <= hour <= 23 else (hour, minute, "")
