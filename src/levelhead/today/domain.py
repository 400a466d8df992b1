"""The words of Today: its parts, and what becomes of posts that were let stand together. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final


class Section(StrEnum):
    """A part of Today that lists posts, in the order of the page."""

    NEEDS = "needs"  # needs a person now: life safety first, then by clock
    FITS = "fits"  # has an approved answer that fits
    CLAUSE = "clause"  # may break a clause of the policy
    STAND = "stand"  # can stand


class BatchState(StrEnum):
    """How far posts that were let stand together have come."""

    DECIDING = "deciding"
    DONE = "done"  # all decided; can be taken back for a moment
    UNDOING = "undoing"
    UNDONE = "undone"
    FINAL = "final"  # the moment has passed


# How long "let all stand" can be taken back, and how much later a hand that was quick enough
# still counts: the page tells the first, the way to the server takes the rest.
UNDO: Final = timedelta(seconds=10)
GRACE: Final = timedelta(seconds=2)
# A clock is about to run out.
SOON: Final = timedelta(hours=2)
