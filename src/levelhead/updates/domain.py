"""The words of updates: what one says, and the form that fits each channel. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

LINE_LIMIT: Final = 500
LEAD_LIMIT: Final = 500
MOST_LINES: Final = 12
MOST_CHANNELS: Final = 40
TOKEN_LIMIT: Final = 40


class UpdateKind(StrEnum):
    """What an update is."""

    WORD = "word"
    CORRECTION = "correction"
    LAST = "last"  # no further word is promised


class Audience(StrEnum):
    """Whom an instruction is for."""

    EVERYONE = "everyone"
    INSIDE = "inside"  # people who hide or are where it happens
    NEAR = "near"
    FAMILIES = "families"
    PRESS = "press"


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What one update says in one language."""

    lang: str
    # One or two sentences that come first and can stand alone.
    lead: str
    # The cited facts, in this language.
    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    doing: tuple[str, ...] = ()
    # What somebody should do.
    actions: tuple[tuple[Audience, str], ...] = ()

    def lines(self) -> Iterator[str]:
        """Everything that it says, in the order of the page."""
        yield self.lead
        yield from (text for _audience, text in self.actions)
        yield from self.known
        yield from self.unknown
        yield from self.doing


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What stands around the words on a channel."""

    # "Update 4, 2:05 PM"
    head: str
    # "Next update by 2:20 PM."; empty where none is promised.
    next_word: str
    # Where all of it is; empty where there is no public page.
    link: str
    # "All of it:"
    link_label: str
    # "We do not know yet:"
    unknown_label: str


def compose(words: Words, frame: Frame, takes: Callable[[str], bool]) -> str | None:
    """The fullest text that `takes` accepts; None where even the shortest does not fit.

    What protects people goes first and is left out last; the next time and the link always stay.
    """
    actions = [text for _audience, text in words.actions]
    unknown = [f"{frame.unknown_label} {one}" for one in words.unknown]
    fullest = [words.lead, *actions, *words.known, *unknown, *words.doing]
    for length in range(len(fullest), 0, -1):
        text = _join(frame, fullest[:length])
        if takes(text):
            return text
    return None


def _join(frame: Frame, lines: Sequence[str]) -> str:
    link = f"{frame.link_label} {frame.link}" if frame.link else ""
    return "\n".join(part for part in (frame.head, *lines, frame.next_word, link) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cited:
    """A fact that an update says, in the version that the writer saw."""

    fact_id: int
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ToChannel:
    """The words for one channel."""

    channel_id: int
    lang: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureWish:
    """A picture that goes with an update."""

    picture_id: int
    # Language -> what it shows, for people who do not see it; every language of the update.
    alts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants to send."""

    words: tuple[Words, ...]  # the first is in the language of the incident
    cited: tuple[Cited, ...]
    channels: tuple[ToChannel, ...]
    kind: UpdateKind = UpdateKind.WORD
    # None only for the last one.
    next_word_at: datetime | None = None
    # Number of the last update that the writer had seen.
    after_number: int = 0
    form_token: str = ""
    pictures: tuple[PictureWish, ...] = ()
    # Why it goes although the gate holds it.
    all_the_same: str = ""
