"""Whom to call next: those on duty, then the order, until somebody answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from levelhead.accounts.models import Agency, Membership
from levelhead.alerts.domain import (
    OF_INCIDENTS,
    AlertKind,
    AlertState,
    RingState,
    in_quiet_hours,
)
from levelhead.alerts.models import Alert, AlertRules, CallPerson, Ring, Shift, Target
from levelhead.alerts.raising import record_alert
from levelhead.inbox.domain import CaseState
from levelhead.kernel import clock

# Alerts that one round of the worker moves on.
ROUND = 100
_RUNNING = (CaseState.OPEN.value, CaseState.ANSWERING.value)
# What is called for without a clock, too.
_CLOCKLESS = (AlertKind.LIFE, AlertKind.APPROVAL)
# Where the next is called when nobody answers.
_GO_ON = (AlertKind.CLOCK_OUT, AlertKind.DECLARED, AlertKind.WORD_OUT)


def on_duty(agency_id: int, at: datetime) -> list[Shift]:
    """Who is on duty at a moment, the one who began first before the others."""
    shifts = Shift.objects.filter(agency_id=agency_id, ends_at__gt=at, starts_at__lte=at)
    return list(shifts.select_related("user").order_by("starts_at", "id")[:20])


def move_alerts_on() -> int:
    """Call the next of each alert that nobody answered; gives how many moved."""
    now = clock.now()
    due = Alert.objects.filter(next_step_at__lte=now)
    count = 0
    for pk in list(due.order_by("next_step_at").values_list("pk", flat=True)[:ROUND]):
        with transaction.atomic():
            alert = due.select_for_update().filter(pk=pk).first()
            if alert is not None:
                _move_on(alert, now)
                count += 1
    return count


def _move_on(alert: Alert, now: datetime) -> None:
    if not _still_matters(alert):
        _end(alert, now)
        return
    minutes = _minutes(alert)
    for people in _steps(alert, now):
        targets = _targets(alert, people, first=alert.step == 0)
        alert.called = [*alert.called, *people]
        alert.step += 1
        if targets:
            _ring(alert, targets, now)
            alert.next_step_at = now + timedelta(minutes=minutes) if minutes else None
            alert.save(update_fields=["called", "step", "next_step_at"])
            record_alert(
                alert, "system:alert:called", {"people": people, "targets": len(targets)}, now
            )
            return
    rung = Ring.objects.filter(alert=alert).exists()
    if not rung and _is_known(alert):
        _end(alert, now)
        return
    alert.state = AlertState.UNANSWERED if rung else AlertState.NOBODY
    alert.next_step_at = None
    alert.save(update_fields=["called", "step", "state", "next_step_at"])
    action = "system:alert:unanswered" if rung else "system:alert:nobody"
    record_alert(alert, action, {"called": alert.called}, now)


def _end(alert: Alert, now: datetime) -> None:
    alert.state, alert.next_step_at = AlertState.OVER, None
    alert.save(update_fields=["state", "next_step_at"])
    record_alert(alert, "system:alert:over", {}, now)


def _is_known(alert: Alert) -> bool:
    """True where everybody who could have been called did it themselves."""
    if alert.kind != AlertKind.DECLARED:
        return False
    active = Target.objects.filter(agency_id=alert.agency_id, active=True)
    return active.filter(user_id__in=alert.called).exists()


def _minutes(alert: Alert) -> int:
    """How long the called have; 0 where nobody is called after them."""
    rules = AlertRules.objects.get(agency_id=alert.agency_id)
    if alert.kind == AlertKind.WORD_SOON:
        return 0
    if alert.kind == AlertKind.LIFE or alert.life:
        return rules.life_minutes
    return rules.clock_minutes if alert.kind in _GO_ON else 0


def _still_matters(alert: Alert) -> bool:
    if alert.kind in OF_INCIDENTS:
        # Whoever ends the need for the call ends the alert: raising.end_of_incident.
        return True
    cases = alert.cases.filter(state__in=_RUNNING)
    return (cases if alert.kind in _CLOCKLESS else cases.filter(due_at__isnull=False)).exists()


def _steps(alert: Alert, now: datetime) -> list[list[int]]:
    """The groups of people still to be called, in order; quiet hours hold except for a life."""
    places = {
        place.user_id: place for place in CallPerson.objects.filter(agency_id=alert.agency_id)
    }
    duty = [shift.user_id for shift in on_duty(alert.agency_id, now)]
    ordered = sorted(
        (place.position, place.user_id) for place in places.values() if place.position is not None
    )
    first = _called_first(alert, duty, ordered)
    groups = [first] if alert.step == 0 else []
    # The owner may sleep or be away: then those on duty come before the order.
    groups += [[user_id] for user_id in [*duty, *(user_id for _, user_id in ordered)]]
    here = set(
        Membership.objects.filter(
            agency_id=alert.agency_id, active=True, user__is_active=True
        ).values_list("user_id", flat=True)
    )
    minute = _minute_of_day(alert.agency, now)
    called = set(alert.called)
    loud = alert.kind == AlertKind.LIFE or alert.life
    found: list[list[int]] = []
    for group in groups:
        free = [
            user_id
            for user_id in dict.fromkeys(group)
            if user_id in here
            and user_id not in called
            and (loud or not _is_quiet(places.get(user_id), minute))
        ]
        called |= set(free)
        if free or (not found and alert.step == 0):
            found.append(free)
    return found


def _called_first(
    alert: Alert, duty: list[int], ordered: Sequence[tuple[int | None, int]]
) -> list[int]:
    """The owner, or those on duty; of an incident both, and when the word is late the chief too."""
    owner = [alert.owner_id] if alert.owner_id else []
    if alert.kind not in OF_INCIDENTS:
        return owner or duty
    return [*owner, *duty, *_chief(alert, ordered)]


def _chief(alert: Alert, ordered: Sequence[tuple[int | None, int]]) -> list[int]:
    """Whom a crisis is told, and a word that did not come."""
    if alert.kind not in (AlertKind.WORD_OUT, AlertKind.DECLARED):
        return []
    named = AlertRules.objects.get(agency_id=alert.agency_id).chief_id
    if named is not None:
        return [named]
    return [user_id for _, user_id in ordered[:1]] if alert.kind == AlertKind.WORD_OUT else []


def _minute_of_day(agency: Agency, now: datetime) -> int:
    local = now.astimezone(ZoneInfo(agency.zone))
    return local.hour * 60 + local.minute


def _is_quiet(place: CallPerson | None, minute: int) -> bool:
    return place is not None and in_quiet_hours(minute, place.quiet_from, place.quiet_to)


def _targets(alert: Alert, people: Sequence[int], *, first: bool) -> list[Target]:
    """Where those people are reached; with the first call, what belongs to the duty role."""
    active = Target.objects.filter(agency_id=alert.agency_id, active=True)
    found = list(active.filter(user_id__in=people).order_by("id"))
    if first:
        found += active.filter(user__isnull=True).order_by("id")
    return found


def _ring(alert: Alert, targets: Sequence[Target], now: datetime) -> None:
    # Each target is called once for an alert, whatever moves it on.
    Ring.objects.bulk_create(
        [
            Ring(
                agency_id=alert.agency_id, alert=alert, target=target,
                state=RingState.QUEUED, next_attempt_at=now,
            )
            for target in targets
        ],
        ignore_conflicts=True,
    )  # fmt: skip
