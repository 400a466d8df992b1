"""What people do about alerts: answering them, duty, and where calls go; each on the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.alerts import service
from levelhead.alerts.domain import (
    DAY_MINUTES,
    LONGEST_SHIFT,
    NAME_LIMIT,
    AlertState,
    RingState,
)
from levelhead.alerts.models import Alert, AlertRules, CallPerson, Ring, Shift, Target
from levelhead.alerts.raising import record_alert
from levelhead.channels.secrets import seal, unseal
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, LevelheadError
from levelhead.kernel.text import clean_name
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

MOST_TARGETS = 200
MOST_SHIFTS = 500
LONGEST_WAIT_MINUTES = 240


def _record(
    agency_id: int, subject: str, action: str, by: User, payload: Mapping[str, object]
) -> None:
    append_events(
        agency_id=agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(subject=subject, action=action, actor=f"user:{by.pk}", payload=payload)
        ],
    )
    announce(agency_id=agency_id, kind="duty.changed", payload={})


def acknowledge(*, alert: Alert, by: User) -> Alert:
    """Say that one sees to it: nobody else is called."""
    require(by, alert.agency_id, Ability.WORK)
    return _acknowledge(alert, by=by, target=None)


def acknowledge_from(*, alert: Alert, target: Target) -> Alert:
    """The same by the link of a call, without signing in."""
    person = target.user
    if person is not None:
        require(person, alert.agency_id, Ability.READ)
    return _acknowledge(alert, by=person, target=target)


def _acknowledge(alert: Alert, *, by: User | None, target: Target | None) -> Alert:
    now = clock.now()
    with transaction.atomic():
        locked = Alert.objects.select_for_update().get(pk=alert.pk, agency_id=alert.agency_id)
        if locked.state == AlertState.ACKNOWLEDGED:
            # Two at the same time: the first one sees to it, and both are told who.
            return locked
        locked.state, locked.next_step_at = AlertState.ACKNOWLEDGED, None
        locked.acknowledged_by, locked.acknowledged_at = by, now
        locked.acknowledged_from = target.name if target else ""
        locked.save()
        Ring.objects.filter(alert=locked, state=RingState.QUEUED.value).update(
            state=RingState.WITHDRAWN
        )
        record_alert(
            locked,
            "person:alert:acknowledged",
            {"from": locked.acknowledged_from},
            now,
            actor=f"user:{by.pk}" if by else "system",
        )
    return locked


def add_target(*, agency: Agency, user: User | None, name: str, address: str, by: User) -> Target:
    """A place where calls go, of a person or of the duty role. Raises NotAllowed, Invalid."""
    require(by, agency.pk, Ability.MANAGE)
    name = clean_name(name, NAME_LIMIT + 1)
    if not 0 < len(name) <= NAME_LIMIT:
        raise Invalid(
            _("Give it a name of 1 to %(limit)d characters.") % {"limit": NAME_LIMIT}, field="name"
        )
    address = address.strip()
    shown = service.read_address(address)
    if user is not None:
        _check_member(agency, user)
    if Target.objects.filter(agency=agency, active=True).count() >= MOST_TARGETS:
        raise Invalid(_("There are too many places to call; take one away first."))
    with transaction.atomic():
        target = Target.objects.create(
            agency=agency, user=user, name=name, sealed=seal({"address": address}), shown=shown,
            added_by=by, added_at=clock.now(),
        )  # fmt: skip
        _record(
            agency.pk, f"target:{target.pk}", "person:target:added", by,
            {"name": name, "address": shown, "user": user.pk if user else None},
        )  # fmt: skip
    return target


def _check_member(agency: Agency, user: User) -> None:
    if not Membership.objects.filter(agency=agency, user=user, active=True).exists():
        raise Invalid(_("Choose a colleague of your agency."), field="user")


def remove_target(*, target: Target, by: User) -> None:
    """Call there no more; what was called stays on the record."""
    require(by, target.agency_id, Ability.MANAGE)
    with transaction.atomic():
        Target.objects.filter(pk=target.pk).update(active=False, sealed="")
        Ring.objects.filter(target=target, state=RingState.QUEUED.value).update(
            state=RingState.WITHDRAWN
        )
        _record(target.agency_id, f"target:{target.pk}", "person:target:removed", by, {})


def try_target(*, target: Target, by: User) -> None:
    """Make a call that says it is a try. Raises LevelheadError with what went wrong."""
    require(by, target.agency_id, Ability.MANAGE)
    try:
        service.call(
            unseal(target.sealed)["address"],
            title=_("%(agency)s: a try") % {"agency": target.agency.name},
            body=_("Calls of the desk arrive here. Nothing needs to be done."),
        )
    except LevelheadError as error:
        Target.objects.filter(pk=target.pk).update(last_error=error.message)
        raise
    Target.objects.filter(pk=target.pk).update(last_ok_at=clock.now(), last_error="")


def add_shift(
    *, agency: Agency, user: User, starts_at: datetime | None, ends_at: datetime | None, by: User
) -> Shift:
    """Put somebody on duty from then to then. Raises NotAllowed, Invalid."""
    require(by, agency.pk, Ability.WORK)
    _check_member(agency, user)
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        raise Invalid(_("A shift has a beginning, and an end after it."))
    if ends_at - starts_at > LONGEST_SHIFT:
        raise Invalid(_("A shift lasts at most %(days)d days.") % {"days": LONGEST_SHIFT.days})
    now = clock.now()
    if ends_at <= now:
        raise Invalid(_("This shift is over already."))
    if Shift.objects.filter(agency=agency, ends_at__gt=now).count() >= MOST_SHIFTS:
        raise Invalid(_("There are too many shifts to come; take one away first."))
    with transaction.atomic():
        shift = Shift.objects.create(
            agency=agency, user=user, starts_at=starts_at, ends_at=ends_at, added_by=by
        )
        _record(
            agency.pk, f"shift:{shift.pk}", "person:shift:added", by,
            {"user": user.pk, "from": starts_at.isoformat(), "to": ends_at.isoformat()},
        )  # fmt: skip
    return shift


def end_shift(*, shift: Shift, by: User, to: User | None = None) -> Shift | None:
    """End a shift, or one to come; what is left of it goes to a colleague where one is named."""
    require(by, shift.agency_id, Ability.WORK)
    now = clock.now()
    with transaction.atomic():
        locked = Shift.objects.select_for_update().get(pk=shift.pk, agency_id=shift.agency_id)
        if locked.ends_at <= now:
            raise Invalid(_("This shift is over already."))
        following = None
        begins = max(now, locked.starts_at)
        if to is not None:
            _check_member(locked.agency, to)
            following = Shift.objects.create(
                agency_id=locked.agency_id, user=to, starts_at=begins, ends_at=locked.ends_at,
                added_by=by,
            )  # fmt: skip
        locked.ends_at = begins
        locked.save(update_fields=["ends_at"])
        _record(
            locked.agency_id, f"shift:{locked.pk}",
            "person:shift:handed_over" if to else "person:shift:ended", by,
            {"user": locked.user_id, "to": to.pk if to else None},
        )  # fmt: skip
    return following


def change_rules(
    *, agency: Agency, life_minutes: int, clock_minutes: int, by: User, chief: User | None = None
) -> AlertRules:
    """How long whoever is called has, before the next person is; and who is the chief."""
    require(by, agency.pk, Ability.MANAGE)
    if chief is not None:
        _check_member(agency, chief)
    for minutes in (life_minutes, clock_minutes):
        if not 1 <= minutes <= LONGEST_WAIT_MINUTES:
            raise Invalid(
                _("Give 1 to %(limit)d minutes.") % {"limit": LONGEST_WAIT_MINUTES}, field="minutes"
            )
    with transaction.atomic():
        rules, _made = AlertRules.objects.update_or_create(
            agency=agency,
            defaults={
                "life_minutes": life_minutes,
                "clock_minutes": clock_minutes,
                "chief": chief,
            },
        )
        _record(
            agency.pk, f"agency:{agency.pk}", "person:alert:rules_changed", by,
            {
                "life_minutes": life_minutes, "clock_minutes": clock_minutes,
                "chief": chief.pk if chief else None,
            },
        )  # fmt: skip
    return rules


def place_person(
    *,
    agency: Agency,
    user: User,
    position: int | None,
    quiet_from: int | None,
    quiet_to: int | None,
    by: User,
) -> CallPerson:
    """A person's place in the order, and the hours in which only a threat to life is rung."""
    require(by, agency.pk, Ability.MANAGE)
    _check_member(agency, user)
    if position is not None and not 1 <= position <= 99:
        raise Invalid(_("A place in the order is a number from 1 to 99."), field="position")
    if (quiet_from is None) != (quiet_to is None):
        raise Invalid(_("Quiet hours have a beginning and an end."), field="quiet")
    for minute in (quiet_from, quiet_to):
        if minute is not None and not 0 <= minute < DAY_MINUTES:
            raise Invalid(_("Quiet hours are times of the day, such as 22:00."), field="quiet")
    with transaction.atomic():
        place, _made = CallPerson.objects.update_or_create(
            agency=agency, user=user,
            defaults={"position": position, "quiet_from": quiet_from, "quiet_to": quiet_to},
        )  # fmt: skip
        _record(
            agency.pk, f"user:{user.pk}", "person:alert:order_changed", by,
            {"position": position, "quiet": [quiet_from, quiet_to]},
        )  # fmt: skip
    return place
