"""Raising alerts: a row in the transaction of what it tells of; the worker calls people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from levelhead.alerts.domain import BURST, AlertKind, AlertState, RingState
from levelhead.alerts.models import Alert, AlertCase, AlertRules, Ring
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def lock_rules(agency_id: int) -> AlertRules:
    """The agency's rules, locked: alerts of one agency are raised one after the other."""
    AlertRules.objects.get_or_create(agency_id=agency_id)
    return AlertRules.objects.select_for_update().get(agency_id=agency_id)


def raise_life(agency_id: int, case_ids: Sequence[int], at: datetime) -> None:
    """A life may be at stake."""
    raise_alert(agency_id, AlertKind.LIFE, case_ids, owner_id=None, at=at)


def raise_alert(
    agency_id: int,
    kind: AlertKind,
    case_ids: Sequence[int],
    *,
    owner_id: int | None,
    at: datetime,
) -> Alert:
    """Have somebody called, unless they are being called for the same already.

    In the caller's transaction. A case of a running alert, or of one that was answered in the last
    five minutes, joins it: one burst makes one call.
    """
    lock_rules(agency_id)
    running = (
        Alert.objects.filter(agency_id=agency_id, kind=kind.value, owner_id=owner_id)
        .filter(
            Q(state=AlertState.OPEN.value)
            | Q(state=AlertState.NOBODY.value, raised_at__gt=at - BURST)
            | Q(state=AlertState.ACKNOWLEDGED.value, acknowledged_at__gt=at - BURST)
        )
        .order_by("-id")
        .first()
    )
    alert = running or Alert.objects.create(
        agency_id=agency_id, kind=kind.value, owner_id=owner_id, raised_at=at, next_step_at=at
    )
    AlertCase.objects.bulk_create(
        [AlertCase(agency_id=agency_id, alert=alert, case_id=case_id) for case_id in case_ids],
        ignore_conflicts=True,
    )
    if running is None:
        record_alert(alert, "system:alert:raised", {"kind": kind.value, "cases": len(case_ids)}, at)
    return alert


def raise_of_incident(
    agency_id: int,
    kind: AlertKind,
    incident: int,
    *,
    headline: str,
    at: datetime,
    life: bool,
    owner_id: int | None = None,
    word_due: datetime | None = None,
    knows: Sequence[int] = (),
) -> Alert | None:
    """Have somebody called about an incident, unless they are being called for the same already.

    In the caller's transaction. Those in `knows` need no call: they did it themselves.
    """
    lock_rules(agency_id)
    same = Alert.objects.filter(agency_id=agency_id, kind=kind.value, incident=incident)
    if same.filter(state=AlertState.OPEN.value, word_due=word_due).exists():
        return None
    alert = Alert.objects.create(
        agency_id=agency_id, kind=kind.value, owner_id=owner_id, raised_at=at, next_step_at=at,
        incident=incident, headline=headline, word_due=word_due, life=life, called=list(knows),
    )  # fmt: skip
    record_alert(alert, "system:alert:raised", {"kind": kind.value, "incident": incident}, at)
    return alert


def end_of_incident(incident: int, kinds: Sequence[AlertKind], at: datetime) -> None:
    """Call nobody more about it: what was to be done was done. In the caller's transaction."""
    running = Alert.objects.select_for_update().filter(
        incident=incident, kind__in=[kind.value for kind in kinds],
        state__in=[
            AlertState.OPEN.value, AlertState.UNANSWERED.value, AlertState.NOBODY.value,
        ],
    )  # fmt: skip
    for alert in running.order_by("pk"):
        alert.state, alert.next_step_at = AlertState.OVER, None
        alert.save(update_fields=["state", "next_step_at"])
        Ring.objects.filter(alert=alert, state=RingState.QUEUED.value).update(
            state=RingState.WITHDRAWN
        )
        record_alert(alert, "system:alert:over", {}, at)


def record_alert(
    alert: Alert, action: str, payload: dict[str, object], at: datetime, *, actor: str = "system"
) -> None:
    """Put a step on the record and tell the open screens. In the caller's transaction."""
    append_events(
        agency_id=alert.agency_id,
        chain=DESK_CHAIN,
        at=at,
        events=[
            EventToRecord(subject=f"alert:{alert.pk}", action=action, actor=actor, payload=payload)
        ],
    )
    announce(agency_id=alert.agency_id, kind="alert.changed", payload={"alert": str(alert.pk)})
