"""The words of commitments: how far one is, and how late. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

WHAT_LIMIT: Final = 1_000
EVIDENCE_LIMIT: Final = 2_000
REASON_LIMIT: Final = 1_000
# What the public register says of one.
PUBLIC_LIMIT: Final = 1_000
# Nobody promises further ahead; a year with a digit too many is caught.
FURTHEST: Final = timedelta(days=3_660)


class CommitmentState(StrEnum):
    """Where a commitment stands."""

    ASKED = "asked"  # found in a reply; its sender has not said yet whether it is one
    OPEN = "open"
    KEPT = "kept"
    DROPPED = "dropped"
    NO_PROMISE = "no_promise"  # a person said that the words promise nothing


NEXT_STATES: Final[Mapping[CommitmentState, frozenset[CommitmentState]]] = {
    CommitmentState.ASKED: frozenset({CommitmentState.OPEN, CommitmentState.NO_PROMISE}),
    CommitmentState.OPEN: frozenset({CommitmentState.KEPT, CommitmentState.DROPPED}),
    CommitmentState.KEPT: frozenset({CommitmentState.OPEN}),
    CommitmentState.DROPPED: frozenset({CommitmentState.OPEN}),
    CommitmentState.NO_PROMISE: frozenset(),
}
CLOSED: Final = (CommitmentState.KEPT, CommitmentState.DROPPED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Distance:
    """How far a due time is from now, in the largest unit that gives a whole number."""

    late: bool
    # "minutes", "hours" or "days".
    unit: str
    count: int


def distance_to(due: datetime, now: datetime) -> Distance:
    """How long until `due`, or since: rounded down, so that "2 days late" is at least that."""
    late = due < now
    seconds = int(abs(now - due).total_seconds())
    for unit, size in (("days", 86_400), ("hours", 3_600)):
        if seconds >= size:
            return Distance(late=late, unit=unit, count=seconds // size)
    return Distance(late=late, unit="minutes", count=seconds // 60)
