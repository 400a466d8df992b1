"""The words of the agency's own posts: what is said, where, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Channels that one post goes to.
MOST_CHANNELS: Final = 20
TEXT_LIMIT: Final = 63_206
TOKEN_LIMIT: Final = 40


class Closed(StrEnum):
    """Why nothing can be posted on a channel."""

    READ_ONLY = "read_only"  # its platform, or our connector, takes no posts
    SIGNED_OUT = "signed_out"  # it must be connected again


class PostState(StrEnum):
    """Where a post as a whole stands: the worst of its channels speaks."""

    FAILED = "failed"
    ON_ITS_WAY = "on_its_way"
    SENT = "sent"
    WITHDRAWN = "withdrawn"  # taken back, or given up, everywhere


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """The words for one channel."""

    channel_id: int
    text: str
    # Which form of the answer they are from; empty where they are from none.
    form: str = ""


def sum_up(states: Iterable[tuple[str, bool]]) -> PostState:
    """Where a post stands, from (state of the outbox, given up) of each channel."""
    found = set(states)
    if ("failed", False) in found:
        return PostState.FAILED
    if any(state in ("queued", "sending", "unclear") for state, _ in found):
        return PostState.ON_ITS_WAY
    if any(state == "sent" for state, _ in found):
        return PostState.SENT
    return PostState.WITHDRAWN
