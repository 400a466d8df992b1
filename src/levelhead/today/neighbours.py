"""What Today shows of other rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse

from levelhead.accounts.models import Agency
from levelhead.research.domain import RequestState
from levelhead.research.models import ResearchRequest

COUNTED: Final = 100
_UNDECIDED: Final = [
    state.value for state in (RequestState.WAITING, RequestState.NOT_MINE, RequestState.ANSWERED)
]


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


def research_waiting(agency: Agency, *, limit: int) -> Research:
    """Questions that nobody has answered, and answers that nobody has released, by due date."""
    asked = ResearchRequest.objects.filter(agency=agency, state__in=_UNDECIDED)
    rows = list(asked.order_by("due_at", "pk").only("question", "due_at")[:limit])
    count = len(rows) if len(rows) < limit else asked[:COUNTED].count()
    return Research(
        count=count,
        rows=[
            ResearchRow(
                title=row.question,
                address=reverse("question", args=[agency.slug, row.pk]),
                due_at=row.due_at,
            )
            for row in rows
        ],
    )
