"""What must be so before a reply may leave. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from levelhead.kernel.errors import Invalid

# No platform takes a longer text (Facebook's posts).
LONGEST: Final = 63_206
# What a form gives back as it was typed; more than this is cut.
TYPED: Final = 500_000
# Why a reply goes although the check holds it.
REASON_LIMIT: Final = 1_000
# A reply can be taken back for so long, unless the agency says otherwise, and never for longer.
UNDO_SECONDS: Final = 10
MOST_UNDO_SECONDS: Final = 60


class ScheduledState(StrEnum):
    """Where a reply that leaves later stands."""

    WAITING = "waiting"
    HELD = "held"  # its time came, and something was in the way
    SENT = "sent"  # it is a reply now
    TAKEN_BACK = "taken_back"


class HeldFor(StrEnum):
    """What was in the way of a reply whose time came."""

    CLOSED = "closed"
    ANSWERED = "answered"
    DELETED = "deleted"
    EDITED = "edited"
    SIGNED_OUT = "signed_out"
    PAUSED = "paused"  # the channel is; it would leave nobody knows when
    ANSWER_GONE = "answer_gone"  # an approved answer was withdrawn, changed, or is past its review
    LATE = "late"  # nobody was there to send it at its time
    CHECK = "check"  # the reply check holds it now
    REFUSED = "refused"  # it cannot be sent as it is; the detail says why


class Held(Invalid):
    """The reply check holds a reply; a person may say why it goes all the same."""

    code = "held"


class NeedsPosts(Invalid):
    """A reply is longer than the posts that a person agreed to."""

    code = "needs_posts"


def state_of_posts(states: Sequence[str]) -> str:
    """Where a reply of several posts stands: as what is in the way, else as its last post."""
    for one in ("failed", "given_up"):
        if one in states:
            return one
    return next((state for state in states if state != "sent"), "sent")


# Also what is left where somebody removed one bracket, or broke the mark over two lines.
_UNFILLED: Final = re.compile(r"\[\[([^\[\]]{0,200})\]{0,2}|\]\]")


def find_unfilled(text: str) -> list[str]:
    """The personal parts that nobody has filled in, such as "[[greeting]]", each once.

    A mark that is only half removed counts: it was not meant for whoever reads the reply.
    """
    found = []
    for mark in _UNFILLED.finditer(text):
        name = " ".join((mark[1] or "").split())
        whole = mark[0].endswith("]]") and name
        found.append(f"[[{name}]]" if whole else mark[0].split("\n")[0].strip()[:44])
    return list(dict.fromkeys(found))


_SENTENCE_ENDS: Final = re.compile(r"[.!?…]+[\"'”’)]*(?=\s|$)|\n+")


def find_sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the sentences around a place begin and end, with the blank behind them."""
    begins, ends = 0, len(text)
    for mark in _SENTENCE_ENDS.finditer(text):
        if mark.end() <= start:
            begins = mark.end()
        elif mark.end() >= end:
            ends = mark.end()
            break
    while begins < start and text[begins].isspace():
        begins += 1
    while ends < len(text) and text[ends] == " ":
        ends += 1
    # A line that held nothing else goes with it.
    if text[ends : ends + 1] == "\n" and (begins == 0 or text[begins - 1] == "\n"):
        ends += 1
    return begins, ends
