"""Raising alerts: a row in the transaction of what it tells of; the worker calls people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from levelhead.alerts.domain import BURST, AlertKind, AlertState
from levelhead.alerts.models import Alert, AlertCase, AlertRules
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
