"""Answers whose review date passed: on the record, and whoever listens is told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from levelhead.kernel import clock
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import today_of
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

ROUND: Final = 50

_listeners: list[Callable[[Answer], None]] = []


def on_stale(listener: Callable[[Answer], None]) -> None:
    """Have `listener` told of every answer whose review date passed, once for each date.

    It is called in the transaction that puts it on the record, with the answer and its owner.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def tell_stale() -> int:
    """Tell of answers that went stale and were not told of yet; gives how many."""
    # Where the date is one day further than here it may be over already.
    soon = clock.now().date() + timedelta(days=1)
    passed = (
        Answer.objects.filter(state=AnswerState.APPROVED.value, review_on__lt=soon)
        .filter(Q(stale_told_for__isnull=True) | ~Q(stale_told_for=F("review_on")))
        .select_related("agency")
        .only("review_on", "state", "agency__zone")
        .order_by("review_on", "pk")
    )
    told = 0
    for answer in passed[:ROUND]:
        if answer.stale_on(today_of(answer.agency)):
            told += _tell(answer.pk)
    return told


def _tell(answer_id: int) -> int:
    with transaction.atomic():
        answer = (
            Answer.objects.select_for_update(of=("self",))
            .select_related("agency", "owner")
            .get(pk=answer_id)
        )
        fresh = answer.stale_on(today_of(answer.agency))
        if not fresh or answer.stale_told_for == answer.review_on:
            # Somebody looked at it meanwhile, or another worker was first.
            return 0
        answer.stale_told_for = answer.review_on
        answer.save(update_fields=["stale_told_for"])
        append_events(
            agency_id=answer.agency_id,
            chain=DESK_CHAIN,
            at=clock.now(),
            events=[
                EventToRecord(
                    subject=f"answer:{answer.pk}",
                    action="system:answer:stale",
                    actor="system",
                    payload={
                        "title": answer.title,
                        "version": answer.version,
                        "owner": answer.owner_id,
                        "review_on": answer.review_on.isoformat(),
                    },
                )
            ],
        )
        for listener in _listeners:
            listener(answer)
        announce(
            agency_id=answer.agency_id, kind="knowledge.changed", payload={"answer": str(answer.pk)}
        )
    return 1
