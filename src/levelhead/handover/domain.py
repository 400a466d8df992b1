"""The words of handovers: where one stands, and what it holds. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

WORDS_LIMIT: Final = 4_000
# What the next shift looks at.
AHEAD: Final = timedelta(hours=12)
# Then a handover that nobody has taken is loud for its giver.
LOUD_AFTER: Final = timedelta(minutes=15)
# It is offered so long before a shift ends, and so long after.
OFFER_BEFORE: Final = timedelta(minutes=45)
# People whose shift begins by then are told of a handover to the shift.
NEXT_SHIFT: Final = timedelta(hours=2)
# Things of one section, and cases that change hands with one handover.
LISTED: Final = 25
MOST_CASES: Final = 200


class HandoverState(StrEnum):
    """Where a handover stands."""

    DRAFT = "draft"  # its words are kept; nobody else sees it
    GIVEN = "given"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"


class Section(StrEnum):
    """What the next shift must know, in the order of the page."""

    FAILED = "failed"
    CLOCKS = "clocks"
    MINE = "mine"
    SNOOZED = "snoozed"
    RESEARCH = "research"
    COMMITMENTS = "commitments"
    ISSUES = "issues"
    MENTIONS = "mentions"
