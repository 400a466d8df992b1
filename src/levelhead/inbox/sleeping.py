"""Cases that are put aside until a time: they come back by themselves, never after their clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.doctrine.schedule import Schedule
from levelhead.inbox.actions import lock_case, move, place_of, save_case
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid

FURTHEST: Final = timedelta(days=90)
# Cases that one round wakes; the rest waits for the next.
ROUND: Final = 200
_MORNING: Final = 8 * 60
_AFTERNOON: Final = 13 * 60
# A preset nearer than this is no rest.
_LEAST: Final = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A time to come back at, for one press of a button."""

    # "hour", "afternoon", "morning", "monday".
    key: str
    at: datetime


def list_presets(schedule: Schedule, now: datetime) -> list[Preset]:
    """Times when the office is open, the nearest first; none twice."""
    today = now.astimezone(ZoneInfo(schedule.zone)).date()
    to_monday = 7 - today.weekday()

    def opened(moment: datetime) -> datetime:
        return schedule.add_office_time(moment, timedelta(0))

    hour = now + timedelta(hours=1)
    try:
        wanted = [
            ("monday", opened(schedule.moment_of(today + timedelta(days=to_monday), _MORNING))),
            ("morning", opened(schedule.moment_of(today + timedelta(days=1), _MORNING))),
        ]
    except Invalid:
        # Holidays for ten years to come.
        return [Preset(key="hour", at=hour)]
    wanted += [("afternoon", schedule.moment_of(today, _AFTERNOON)), ("hour", hour)]
    found: dict[datetime, Preset] = {}
    for key, at in wanted:
        if schedule.is_open(at) and at - now >= _LEAST:
            found.setdefault(at, Preset(key=key, at=at))
    return sorted(found.values(), key=lambda preset: preset.at)


def read_moment(day: str, at: str, schedule: Schedule) -> datetime:
    """A day, and a time or else its morning, on the agency's clocks. Raises Invalid."""
    try:
        on = date.fromisoformat(day)
        hour, _colon, minute = at.partition(":")
        minutes = int(hour) * 60 + int(minute[:2]) if at else _MORNING
        if not 0 <= minutes < 24 * 60 or on.year > 9000:
            raise ValueError(at)
        return schedule.moment_of(on, minutes)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            _("Give the day as year, month and day, such as 2027-03-10, and the time as 17:00.")
        ) from error


def snooze_case(*, case: Case, until: datetime, by: User, expected_version: int | None) -> Case:
    """Put a case aside until a time, or until its clock runs out, or somebody writes there again.

    Raises Invalid where a life may be at stake, a clock has run out already, or the time is past.
    """
    now = clock.now()
    if until <= now:
        raise Invalid(_("This time has passed. Choose one to come."))
    if until > now + FURTHEST:
        raise Invalid(_("A case can be put aside for 90 days at most."))
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.WORK, expected_version=expected_version)
        if locked.queue == Queue.NOW:
            raise Invalid(_("A life may be at stake: this case cannot be put aside."))
        if locked.due_at is not None and locked.due_at <= now:
            raise Invalid(
                _("The clock of this case has run out; it cannot be put aside. Answer it first.")
            )
        before = place_of(locked)
        if locked.state != CaseState.SNOOZED:
            move(locked, CaseState.SNOOZED)
        locked.snoozed_until = until
        locked.wake_at = min(until, locked.due_at) if locked.due_at else until
        return save_case(
            locked, before, action="person:case:snoozed", by=by,
            payload={"until": until.isoformat(), "wakes": locked.wake_at.isoformat()},
        )  # fmt: skip


def wake_case(*, case: Case, by: User, expected_version: int | None) -> Case:
    """Take up a case that was put aside, before its time."""
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.WORK, expected_version=expected_version)
        if locked.state != CaseState.SNOOZED:
            raise Invalid(_("This case is awake already."))
        before = place_of(locked)
        move(locked, CaseState.OPEN)
        return save_case(locked, before, action="person:case:woken", by=by, payload={})


def wake_due() -> int:
    """Bring back the cases whose time has come; gives how many. Called by the worker."""
    now = clock.now()
    due = Case.objects.filter(wake_at__isnull=False, wake_at__lte=now)
    count = 0
    for pk in list(due.order_by("wake_at").values_list("pk", flat=True)[:ROUND]):
        # One at a time: whoever is at work on one of them holds up none of the others.
        with transaction.atomic():
            case = due.select_for_update(of=("self",)).filter(pk=pk).first()
            if case is None:
                continue
            before = place_of(case)
            because = _why(case, now)
            move(case, CaseState.OPEN)
            save_case(
                case, before, action="system:case:woke", by=None, payload={"because": because}
            )
            count += 1
    return count


def _why(case: Case, now: datetime) -> str:
    if case.snoozed_until is not None and case.snoozed_until <= now:
        return "time"
    return "clock" if case.due_at is not None and case.due_at <= now else "post"
