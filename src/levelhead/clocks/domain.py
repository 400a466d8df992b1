"""The words of clocks: which there are, what ends one, what stops one for a while. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

NOTE_LIMIT: Final = 500
# A pause always ends by itself; further ahead nobody would remember it.
LONGEST_PAUSE: Final = timedelta(days=190)
# A full answer is promised no further ahead.
FURTHEST_ANSWER: Final = timedelta(days=366)


class ClockKind(StrEnum):
    """The two clocks of a case."""

    FIRST_WORD = "first_word"
    FULL_ANSWER = "full_answer"


class EndedBy(StrEnum):
    """What ended a clock."""

    REPLY = "reply"  # an answer that arrived on the platform
    HOLDING = "holding"  # a holding reply: the first word, the full answer follows
    STOOD = "stood"  # a person decided that no answer is needed
    CLOSED = "closed"  # dealt with in another way


# What keeps the agency's word; the rest ends a clock without an answer.
ANSWERS: Final = (EndedBy.REPLY, EndedBy.HOLDING)


class WaitingOn(StrEnum):
    """Why a clock may stop: a closed list."""

    AUTHOR = "author"
    RESEARCH = "research"


class ResumedBy(StrEnum):
    """What ended a pause."""

    PERSON = "person"
    AUTHOR_WROTE = "author_wrote"
    DATE = "date"
    ANSWERED = "answered"  # the case was answered or closed meanwhile
    EDITED = "edited"  # the post was edited, and decided again
