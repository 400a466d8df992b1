"""What the incident room and the page of corrections show."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from levelhead.corrections.domain import DueState
from levelhead.corrections.models import CorrectionDue
from levelhead.corrections.planning import SHOWN, Plan, open_dues, plans_of
from levelhead.corrections.queries import corrected_by
from levelhead.incidents.models import Incident

CLOSED_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """Everything that is to be put right in one incident."""

    incident: Incident
    plans: Sequence[Plan]
    replies: Sequence[CorrectionDue]
    count: int
    more: bool
    token: str


def due_of(incident: Incident) -> dict[str, object]:
    """What `corrections/_due.html` needs; four queries, two where nothing is open."""
    dues = open_dues(incident)
    shown = dues[:SHOWN]
    return {
        "corrections": Due(
            incident=incident,
            plans=plans_of(shown) if any(due.update_of_id for due in shown) else (),
            replies=[due for due in shown if due.reply_id is not None],
            count=len(shown),
            more=len(dues) > SHOWN,
            token=secrets.token_urlsafe(12),
        ),
        "corrected_by": corrected_by(incident),
    }


def closed_of(incident: Incident) -> list[CorrectionDue]:
    """What was settled last, and how."""
    rows = CorrectionDue.objects.filter(incident=incident).exclude(state=DueState.OPEN)
    related = ("update_of", "reply", "corrected_by", "corrected_in", "closed_by", "fact")
    return list(rows.select_related(*related).order_by("-closed_at", "-pk")[:CLOSED_SHOWN])
