"""What Today takes from rooms that may not be there: nothing until they are.

A room that comes fills its function here, and its part of the page shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from levelhead.accounts.models import Agency


@dataclass(frozen=True, kw_only=True, slots=True)
class ResearchRow:
    """A question that somebody outside the desk was asked and has not answered."""

    title: str
    # Where it is looked at.
    address: str
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Research:
    """What the desk waits for; `count` is bounded by the room that counts."""

    count: int = 0
    rows: Sequence[ResearchRow] = ()


def research_waiting(agency: Agency, *, limit: int) -> Research:  # a port
    """Research requests that wait for an answer, those due first first."""
    return Research()
