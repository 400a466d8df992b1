"""The words of alerts: what people are told of, and how far a call is. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

# Posts that come while somebody is being called, or has just answered, make no second call.
BURST: Final = timedelta(minutes=5)
NAME_LIMIT: Final = 80
ADDRESS_LIMIT: Final = 1_000
LONGEST_SHIFT: Final = timedelta(days=31)
DAY_MINUTES: Final = 24 * 60
# Tries of one call to one target.
TRIES: Final = 5


class AlertKind(StrEnum):
    """Why somebody is called."""

    LIFE = "life"
    CLOCK_SOON = "clock_soon"  # 80% of a clock has passed
    CLOCK_OUT = "clock_out"
    APPROVAL = "approval"  # a reply waits, and nobody decided in time
    DECLARED = "declared"  # an incident was declared, or raised to a crisis
    WORD_SOON = "word_soon"  # 80% of the time to an incident's next word has passed
    WORD_OUT = "word_out"  # the promised word did not come


# What is about an incident and not about posts.
OF_INCIDENTS: Final = (AlertKind.DECLARED, AlertKind.WORD_SOON, AlertKind.WORD_OUT)


class AlertState(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    OVER = "over"  # its cases were dealt with before anybody answered
    UNANSWERED = "unanswered"  # everybody in the order was called
    NOBODY = "nobody"  # there was nobody to call


class RingState(StrEnum):
    """Where the call to one target stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    # The connection ended while it was sent: it may have arrived, so it is not repeated.
    UNCLEAR = "unclear"
    WITHDRAWN = "withdrawn"  # somebody answered before it left


def in_quiet_hours(minute: int, start: int | None, end: int | None) -> bool:
    """Whether a minute of the day lies in someone's quiet hours; they may go over midnight."""
    if start is None or end is None or start == end:
        return False
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end
