"""The words of the rumor board. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

CLAIM_LIMIT: Final = 300
EXPLANATION_LIMIT: Final = 500
TOKEN_LIMIT: Final = 40
MOST_RUMORS: Final = 200
MOST_LINKED_AT_ONCE: Final = 200
MOST_POSTS: Final = 20_000
HARMS: Final = (0, 1, 2, 3)
# Over this time the spread per minute is counted.
SPREAD_OVER: Final = timedelta(minutes=10)


class RumorState(StrEnum):
    """What the agency knows about a claim."""

    OPEN = "open"
    ANSWERED = "answered"  # something was said about it, without a verdict
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"  # looked at; nobody can say


class RumorResponse(StrEnum):
    """What the desk does about a claim."""

    NONE = "none"
    MONITOR = "monitor"
    CORRECT = "correct"
    ESCALATE = "escalate"


# With these the public reads what the agency says.
VERDICTS: Final = (RumorState.FALSE, RumorState.TRUE, RumorState.ANSWERED, RumorState.UNKNOWN)
# What says so about a claim rests on the ledger.
NEED_FACT: Final = frozenset({RumorState.TRUE, RumorState.FALSE})


def urgency_of(harm: int, per_minute: float) -> float:
    """What stands first on the board: harm counts more than spread."""
    return harm * 100 + min(per_minute, 99.0)
