"""Reminding colleagues before an answer is due and when it is overdue, each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction

from levelhead.kernel import clock
from levelhead.research.domain import MailKind, RequestState, reminder_due
from levelhead.research.models import ResearchRequest
from levelhead.research.recording import enqueue_mail, lock_row, said, save

# Questions that one round looks at; the rest waits for the next.
ROUND: Final = 200
# Further ahead nothing can be a working day away, whatever the holidays.
AHEAD: Final = timedelta(days=15)


def remind_and_note_overdue() -> tuple[int, int]:
    """What is due for a reminder, and what is overdue; gives how many of each.

    Called by the worker every minute.
    """
    now = clock.now()
    waiting = ResearchRequest.objects.filter(state=RequestState.WAITING)
    late = waiting.filter(overdue_at__isnull=True, due_at__lt=now)
    overdue = sum(_note_overdue(one) for one in list(late.order_by("due_at")[:ROUND]))
    soon = waiting.filter(reminded_at__isnull=True, due_at__gte=now, due_at__lt=now + AHEAD)
    reminded = 0
    for one in list(soon.select_related("agency").order_by("due_at")[:ROUND]):
        schedule = one.agency.office_schedule
        if reminder_due(asked_at=one.asked_at, due_at=one.due_at, now=now, schedule=schedule):
            reminded += _remind(one)
    return reminded, overdue


def _remind(one: ResearchRequest) -> int:
    with transaction.atomic():
        request = lock_row(one.pk, agency_id=one.agency_id)
        if request.state != RequestState.WAITING or request.reminded_at is not None:
            return 0
        request.reminded_at = clock.now()
        mail = enqueue_mail(request, MailKind.REMINDER) if request.link_is_live else None
        save(
            request,
            "system:research:reminded",
            actor="system",
            payload={"due": said(request.due_at), "mail": mail.pk if mail else None},
        )
    return 1


def _note_overdue(one: ResearchRequest) -> int:
    with transaction.atomic():
        request = lock_row(one.pk, agency_id=one.agency_id)
        if request.state != RequestState.WAITING or request.overdue_at is not None:
            return 0
        request.overdue_at = clock.now()
        mail = enqueue_mail(request, MailKind.OVERDUE) if request.link_is_live else None
        save(
            request,
            "system:research:overdue",
            actor="system",
            payload={"due": said(request.due_at), "mail": mail.pk if mail else None},
        )
    return 1
