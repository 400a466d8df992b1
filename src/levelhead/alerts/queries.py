"""What pages show of alerts, duty and the places that are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.core import signing

from levelhead.accounts.models import Agency, Membership
from levelhead.alerts.calling import on_duty
from levelhead.alerts.domain import AlertKind, AlertState
from levelhead.alerts.models import Alert, AlertRules, CallPerson, Ring, Shift, Target
from levelhead.alerts.ringing import SALT
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound

PAGE: Final = 30
CASES: Final = 20
SHIFTS: Final = 100
LINK_SECONDS: Final = 48 * 3600
LOUD: Final = (AlertState.OPEN.value, AlertState.UNANSWERED.value, AlertState.NOBODY.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownAlert:
    """An alert with what it tells of, and whom it called."""

    alert: Alert
    cases: list[Case]
    more: int
    rings: list[Ring]

    @property
    def waits(self) -> bool:
        """Whether somebody can still say that they see to it."""
        return self.alert.state in LOUD


def list_alerts(agency: Agency, before: int | None) -> tuple[list[ShownAlert], int | None]:
    """Alerts, newest first, and where the next page begins."""
    rows = Alert.objects.filter(agency=agency).select_related("acknowledged_by", "owner")
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-id")[: PAGE + 1])
    more = found[PAGE - 1].pk if len(found) > PAGE else None
    return [_show(alert) for alert in found[:PAGE]], more


def _show(alert: Alert) -> ShownAlert:
    cases = list(
        alert.cases.select_related("post__author").defer("post__raw").order_by("pk")[: CASES + 1]
    )
    return ShownAlert(
        alert=alert,
        cases=cases[:CASES],
        more=alert.told.count() - CASES if len(cases) > CASES else 0,
        rings=list(alert.rings.select_related("target__user").order_by("pk")[:50]),
    )


def find_alert(agency: Agency, alert_id: int) -> Alert:
    """An alert of this agency. Raises NotFound."""
    alert = Alert.objects.filter(agency=agency, pk=alert_id).first()
    if alert is None:
        raise NotFound(f"There is no alert {alert_id} here.")
    return alert


def find_by_link(token: str) -> tuple[Alert, Target]:
    """The alert of a link, and the target that was called. Raises NotFound."""
    try:
        told = signing.loads(token, salt=SALT, max_age=LINK_SECONDS)
    except signing.BadSignature as error:
        raise NotFound("This link is not valid any more.") from error
    alert = Alert.objects.select_related("agency", "acknowledged_by").filter(pk=told["alert"])
    target = Target.objects.select_related("user").filter(pk=told["target"], active=True).first()
    found = alert.first()
    if found is None or target is None or target.agency_id != found.agency_id:
        raise NotFound("This link is not valid any more.")
    return found, target


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """Who is on duty now, and who comes."""

    now: list[Shift]
    to_come: list[Shift]


def read_duty(agency: Agency) -> Duty:
    """The shifts that run and those to come."""
    at = clock.now()
    coming = Shift.objects.filter(agency=agency, ends_at__gt=at, starts_at__gt=at)
    return Duty(
        now=on_duty(agency.pk, at),
        to_come=list(coming.select_related("user").order_by("starts_at", "id")[:SHIFTS]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class CallSettings:
    """Everything about how people are called."""

    rules: AlertRules
    targets: list[Target]
    # Each member with their place, position first.
    people: list[tuple[Membership, CallPerson | None]]

    @property
    def nobody(self) -> bool:
        """Whether no call can reach anybody."""
        return not self.targets


def read_settings(agency: Agency) -> CallSettings:
    """The settings of calls."""
    places = {place.user_id: place for place in CallPerson.objects.filter(agency=agency)[:500]}
    members = Membership.objects.filter(agency=agency, active=True, user__is_active=True)
    people = [
        (one, places.get(one.user_id))
        for one in members.select_related("user").order_by("user__name")[:500]
    ]
    people.sort(key=lambda pair: (pair[1].position or 100) if pair[1] else 100)
    return CallSettings(
        rules=AlertRules.objects.filter(agency=agency).first() or AlertRules(agency=agency),
        targets=list(
            Target.objects.filter(agency=agency, active=True)
            .select_related("user")
            .order_by("user__name", "id")[:200]
        ),
        people=people,
    )


def find_target(agency: Agency, target_id: int) -> Target:
    """A place that is called, of this agency. Raises NotFound."""
    target = (
        Target.objects.select_related("agency", "user")
        .filter(agency=agency, pk=target_id, active=True)
        .first()
    )
    if target is None:
        raise NotFound(f"There is no target {target_id} here.")
    return target


def find_shift(agency: Agency, shift_id: int) -> Shift:
    """A shift of this agency. Raises NotFound."""
    shift = Shift.objects.filter(agency=agency, pk=shift_id).first()
    if shift is None:
        raise NotFound(f"There is no shift {shift_id} here.")
    return shift


@dataclass(frozen=True, kw_only=True, slots=True)
class OnStrip:
    """What the strip says of duty and of alerts that nobody answered."""

    names: str
    waiting: int
    # The shifts that run now.
    shifts: list[Shift]


def for_strip(agency: Agency) -> OnStrip:
    """Who is on duty now, and how many alerts of danger wait for somebody."""
    shifts = on_duty(agency.pk, clock.now())
    names = ", ".join(dict.fromkeys(shift.user.name for shift in shifts))
    newest = Alert.objects.filter(agency=agency).order_by("-id")[:PAGE]
    waiting = sum(
        (kind == AlertKind.LIFE or life) and state in LOUD
        for kind, state, life in newest.values_list("kind", "state", "life")
    )
    return OnStrip(names=names, waiting=waiting, shifts=shifts)
