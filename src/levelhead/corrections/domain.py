"""The words of corrections: what was said and is not so any more, and how it is put right. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from levelhead.ledger.saying import fold

REASON_LIMIT: Final = 1_000
TOKEN_LIMIT: Final = 40
# Replies that are put right at once from one list.
MOST_AT_ONCE: Final = 50
# Of a long statement so much is quoted, and looked for in what puts it right.
QUOTED: Final = 200


class DueState(StrEnum):
    """What became of something that was said and is not so any more."""

    OPEN = "open"
    # A correction says so where the wrong thing was said.
    CORRECTED = "corrected"
    # A person decided that nothing is to be said, and why.
    DECIDED = "decided"
    # It was taken back before anybody could read it.
    UNSAID = "unsaid"


class Truth(StrEnum):
    """How a statement that was said stands now."""

    # Not true, and nothing is known in its place.
    FALSE = "false"
    # Something else is confirmed in its place.
    REPLACED = "replaced"
    # It was changed, and nobody vouches for it yet.
    UNSURE = "unsure"
    # It was looked at again and is so after all.
    STANDS = "stands"


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One statement of an update or a reply, and how it stands now."""

    # In the words and the language in which it was said.
    text: str
    truth: Truth
    # What is so instead, in the language of the ledger; empty where nothing is confirmed.
    instead: str = ""


def quote(text: str) -> str:
    """A statement as a correction quotes it."""
    bare = " ".join(text.split())
    return bare if len(bare) <= QUOTED else bare[: QUOTED - 1].rstrip() + "…"


def names(text: str, said: str) -> bool:
    """Whether what puts something right says what it puts right."""
    wanted = fold(quote(said).rstrip("…"))
    return bool(wanted) and f" {wanted} " in f" {fold(text)} "
