"""The words of the inbox: queues, states of a case, and which state may follow which. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from levelhead.analysis.domain import Label
from levelhead.doctrine.domain import Disposition


class Queue(StrEnum):
    """Where a case waits on the screen; follows from the decision."""

    NOW = "now"  # life safety
    NEEDS = "needs"  # a person must answer, route, research or correct
    CLAUSE = "clause"  # may break a clause of the policy
    STAND = "stand"  # can stand


QUEUE_OF: dict[Disposition, Queue] = {
    Disposition.ALERT: Queue.NOW,
    Disposition.ANSWER: Queue.NEEDS,
    Disposition.ROUTE: Queue.NEEDS,
    Disposition.RESEARCH: Queue.NEEDS,
    Disposition.CORRECT: Queue.NEEDS,
    Disposition.MODERATE: Queue.CLAUSE,
    Disposition.LET_STAND: Queue.STAND,
}


# What asks something that an approved answer may say. A complaint, the press and a request for
# records go to a person whatever answers there are.
ASKING = frozenset({Label.QUESTION, Label.SERVICE})


class CaseState(StrEnum):
    """Where the work on a case stands."""

    OPEN = "open"
    SNOOZED = "snoozed"  # put aside until a time
    ANSWERING = "answering"  # a reply is on its way out
    ANSWERED = "answered"
    STOOD = "stood"  # a person let it stand
    CLOSED = "closed"  # done in another way: routed, called, not ours
    OWN = "own"  # the agency's own post: nothing to do


NEXT_STATES: dict[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset(
        {CaseState.SNOOZED, CaseState.ANSWERING, CaseState.STOOD, CaseState.CLOSED}
    ),
    CaseState.SNOOZED: frozenset(
        {CaseState.OPEN, CaseState.ANSWERING, CaseState.STOOD, CaseState.CLOSED}
    ),
    CaseState.ANSWERING: frozenset({CaseState.ANSWERED, CaseState.OPEN}),
    CaseState.ANSWERED: frozenset({CaseState.OPEN, CaseState.ANSWERING}),
    CaseState.STOOD: frozenset({CaseState.OPEN, CaseState.ANSWERING}),
    CaseState.CLOSED: frozenset({CaseState.OPEN, CaseState.ANSWERING}),
    CaseState.OWN: frozenset(),
}

DONE_STATES = frozenset({CaseState.ANSWERED, CaseState.STOOD, CaseState.CLOSED, CaseState.OWN})


class Visibility(StrEnum):
    """Whether the post can be seen on the platform."""

    VISIBLE = "visible"
    DELETED = "deleted"


# What stands in for the content of a post whose deletion came before the post itself.
TOMBSTONE_HASH = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanPost:
    """A post that was cleaned and bounded: safe to keep."""

    channel_id: int
    external_id: str
    deleted: bool
    text: str
    # SHA-256 in hexadecimal over what makes a revision.
    content_hash: str
    created_at: datetime
    edited_at: datetime | None
    doubtful_time: str
    author_external_id: str
    author_handle: str
    author_name: str
    author_followers: int | None
    parent_external_id: str
    thread_external_id: str
    lang: str
    url: str
    from_agency: bool
    raw: str
    raw_hash: str

    @property
    def key(self) -> tuple[int, str]:
        """What identifies a post: receiving it again is no news."""
        return (self.channel_id, self.external_id)
