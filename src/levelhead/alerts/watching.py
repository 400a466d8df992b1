"""Looking after the clocks: whom it concerns hears at 80% of one, and when it has run out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Sum

from levelhead.alerts.domain import AlertKind
from levelhead.alerts.raising import raise_alert
from levelhead.clocks.keeping import runs_day_and_night
from levelhead.clocks.models import ClockPause
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case
from levelhead.kernel import clock

ROUND: Final = 500
# The part of a clock that is left when it is said to run out soon.
LAST_PART: Final = 0.2
SOON, OUT = 1, 2


def watch_clocks() -> int:
    """Work out when to tell, and tell; gives how many cases were told of."""
    _plan()
    now = clock.now()
    due = Case.objects.filter(
        alarm_at__lte=now, alarm_stage__lt=OUT, due_at__isnull=False
    ).order_by("alarm_at")
    count = 0
    for pk in list(due.values_list("pk", flat=True)[:ROUND]):
        with transaction.atomic():
            case = due.order_by().select_for_update().filter(pk=pk).first()
            if case is not None:
                count += _tell(case, now)
    return count


def _plan() -> None:
    waiting = Case.objects.filter(due_at__isnull=False, alarm_stage__lt=OUT, alarm_at__isnull=True)
    cases = list(waiting.select_related("agency")[:ROUND])
    paused = dict(
        ClockPause.objects.filter(case__in=cases, lasted__isnull=False)
        .values_list("case_id")
        .annotate(total=Sum("lasted"))
    )
    for case in cases:
        assert case.due_at is not None  # noqa: S101  # by the query
        at = case.due_at
        if case.alarm_stage < SOON:
            at = warning_at(case, paused.get(case.pk, timedelta(0)))
        # A clock that changed in between is planned in the next round.
        Case.objects.filter(pk=case.pk, due_at=case.due_at, alarm_at__isnull=True).update(
            alarm_at=at
        )


def warning_at(case: Case, stood_still: timedelta) -> datetime:
    """When a fifth of the time of the running clock is left; pauses are not part of it."""
    due = case.due_at
    assert due is not None  # noqa: S101  # asked only of a clock that runs
    if case.ack_met_at is None and runs_day_and_night(case):
        return due - LAST_PART * (due - case.decided_at)
    schedule = case.agency.office_schedule
    total = schedule.office_time_between(case.decided_at, due)
    left = LAST_PART * max(total - stood_still, timedelta(0))
    return min(due, schedule.add_office_time(case.decided_at, max(total - left, timedelta(0))))


def _tell(case: Case, now: datetime) -> int:
    assert case.due_at is not None  # noqa: S101  # by the query
    out = case.due_at <= now
    case.alarm_stage = OUT if out else SOON
    case.alarm_at = case.due_at
    case.save(update_fields=["alarm_stage", "alarm_at"])
    # Where a life is at stake somebody is called until one answers, whatever the clock shows.
    if case.queue == Queue.NOW or case.state not in (CaseState.OPEN, CaseState.ANSWERING):
        return 0
    kind = AlertKind.CLOCK_OUT if out else AlertKind.CLOCK_SOON
    raise_alert(case.agency_id, kind, [case.pk], owner_id=case.owner_id, at=now)
    return 1
