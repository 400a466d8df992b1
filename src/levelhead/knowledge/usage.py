"""How an answer did: used how often, changed by how much, and what came after. Counts only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Count, Q

from levelhead.channels.models import OutboxState
from levelhead.knowledge.models import Answer, AnswerUse


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """The counts of one answer."""

    # Replies that reached their platform, and those of them whose week is not over.
    sent: int = 0
    watched: int = 0
    # Whole percents over the replies of which it is known; None where of none.
    changed_percent: int | None = None
    changed_known: int = 0
    # Replies that left as the answer stands.
    unchanged: int = 0
    asked_again: int = 0
    reopened: int = 0
    derailed: int = 0
    thanked: int = 0


def usage_of(answer: Answer) -> Usage:
    """One question to the database."""
    sent = AnswerUse.objects.filter(answer=answer, reply__outbox_item__state=OutboxState.SENT)
    found = sent.aggregate(
        sent=Count("pk"),
        watched=Count("pk", filter=Q(look_at__isnull=False)),
        changed=Avg("changed_percent"),
        changed_known=Count("changed_percent"),
        unchanged=Count("pk", filter=Q(changed_percent=0)),
        asked_again=Count("pk", filter=Q(asked_again=True)),
        reopened=Count("pk", filter=Q(reopened=True)),
        derailed=Count("pk", filter=Q(derailed=True)),
        thanked=Count("pk", filter=Q(thanked=True)),
    )
    changed = found.pop("changed")
    return Usage(changed_percent=None if changed is None else round(changed), **found)
