"""Replies that leave later: one, of a case, and all by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from levelhead.accounts.models import Agency
from levelhead.inbox.models import Case
from levelhead.kernel.errors import NotFound
from levelhead.replies.domain import ScheduledState
from levelhead.replies.models import ScheduledReply
from levelhead.replies.standing import UNDONE

PAGE: Final = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledPage:
    """Some of them, and where the next begin; empty at the end."""

    rows: list[ScheduledReply]
    after: str


def scheduled_of(case: Case) -> ScheduledReply | None:
    """What waits or is held of a case."""
    return (
        ScheduledReply.objects.filter(case_id=case.pk, state__in=UNDONE)
        .select_related("by")
        .first()
    )


def find_scheduled(agency: Agency, scheduled_id: int) -> ScheduledReply:
    """One of this agency. Raises NotFound."""
    found = (
        ScheduledReply.objects.select_related("case", "by")
        .filter(agency=agency, pk=scheduled_id)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no scheduled reply {scheduled_id} here.")
    return found


def list_scheduled(agency: Agency, *, after: str = "") -> ScheduledPage:
    """Those that wait or are held, by time."""
    rows = ScheduledReply.objects.filter(agency=agency, state__in=UNDONE)
    place = _read_place(after)
    if place is not None:
        at, pk = place
        rows = rows.filter(Q(leaves_at__gt=at) | Q(leaves_at=at, pk__gt=pk))
    found = list(
        rows.select_related("by", "case__post__author", "case__channel")
        .defer("case__post__raw")
        .order_by("leaves_at", "pk")[: PAGE + 1]
    )
    last = found[PAGE - 1] if len(found) > PAGE else None
    return ScheduledPage(
        rows=found[:PAGE], after=f"{last.leaves_at.isoformat()}~{last.pk}" if last else ""
    )


def _read_place(text: str) -> tuple[datetime, int] | None:
    moment, _mark, number = text[:80].partition("~")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    try:
        # A plus sign in an address arrives as a blank.
        at = datetime.fromisoformat(moment.replace(" ", "+"))
    except ValueError:
        return None
    return (at, int(number)) if at.tzinfo is not None else None


def is_waiting(scheduled: ScheduledReply) -> bool:
    """Whether it leaves by itself when its time comes."""
    return scheduled.state == ScheduledState.WAITING
