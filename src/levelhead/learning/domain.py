"""The words of learning: what becomes of a try. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from math import sqrt


class ProposalState(StrEnum):
    """Where a proposal stands."""

    WAITING = "waiting"  # for the worker
    AT_WORK = "at_work"
    FAILED = "failed"  # the try broke
    NOTHING = "nothing"  # nothing that would make more right than wrong
    READY = "ready"  # for a person to look at
    DECLINED = "declined"
    ACCEPTED = "accepted"  # in force; at most one for each agency
    REPLACED = "replaced"  # was in force until a later one was accepted
    REVERTED = "reverted"  # was in force until a person took it back


# A person may change their mind: what was set aside can be accepted after all.
ACCEPTABLE = frozenset(
    {
        ProposalState.READY,
        ProposalState.DECLINED,
        ProposalState.REPLACED,
        ProposalState.REVERTED,
    }
)
UNDER_WAY = frozenset({ProposalState.WAITING, ProposalState.AT_WORK})

# A try takes seconds; one that has not ended by now died with its process.
LEASE = timedelta(minutes=5)
# The newest so many count; more would not fit better, only slower.
MOST_CORRECTIONS = 3_000
# Posts that people dealt with and left as they were labelled: what must not get worse.
MOST_KEPT = 1_000

# Why there is no proposal, and what can be done; for pages and commands.
WHY_NOT: Mapping[str, str] = {
    "few": "Too few corrections to learn from.",
    "alike": "The corrected posts say nearly the same; corrections of other posts are needed.",
    "no_gain": "Tried, and no change would have made more posts right than wrong.",
    "broken": "The try broke; the log of the worker says why.",
}


def interval(right: int, count: int) -> tuple[float, float]:
    """95% interval of a share (Wilson 1927); 0 to 1 where there is nothing to go by."""
    if count <= 0:
        return 0.0, 1.0
    z = 1.959964
    share, square = right / count, z * z / count
    middle = (share + square / 2) / (1 + square)
    half = z * sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
