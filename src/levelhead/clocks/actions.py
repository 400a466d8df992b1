"""Stopping clocks and letting them go on: by people, and by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q
from django.utils.translation import gettext as _

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.clocks import keeping
from levelhead.clocks.domain import LONGEST_PAUSE, NOTE_LIMIT, ResumedBy, WaitingOn
from levelhead.clocks.models import ClockPause
from levelhead.inbox.actions import lock_case, place_of, save_case
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_text

# Pauses that one round of the worker ends; the rest waits for the next.
ROUND = 200


def pause_clock(
    *,
    case: Case,
    waiting_on: WaitingOn,
    note: str,
    until: datetime | None,
    by: User,
    expected_version: int | None,
) -> Case:
    """Stop the clocks of a case for a reason of the list. Raises NotAllowed, Conflict, Invalid."""
    note = clean_text(note, NOTE_LIMIT + 1).strip()
    if len(note) > NOTE_LIMIT:
        raise Invalid(_("Write at most %(limit)d characters.") % {"limit": NOTE_LIMIT})
    now = clock.now()
    if until is None or until <= now:
        raise Invalid(_("Say when the clock goes on at the latest: a time to come."))
    if until > now + LONGEST_PAUSE:
        raise Invalid(
            _("A clock stands still for at most %(days)d days.") % {"days": LONGEST_PAUSE.days}
        )
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.WORK, expected_version=expected_version)
        _check_may_pause(locked, now)
        before = place_of(locked)
        schedule = locked.agency.office_schedule

        def left(due: datetime | None, met: datetime | None) -> timedelta | None:
            return schedule.office_time_between(now, due) if due and met is None else None

        pause = ClockPause.objects.create(
            agency_id=locked.agency_id, case=locked, waiting_on=waiting_on.value, note=note,
            paused_at=now, by=by, until=until,
            first_left=left(locked.ack_due, locked.ack_met_at),
            full_left=left(locked.substance_due, locked.substance_met_at),
        )  # fmt: skip
        locked.paused_at, locked.waiting_on = now, waiting_on.value
        keeping.set_due(locked)
        return save_case(
            locked,
            before,
            action="person:clock:paused",
            by=by,
            payload={
                "pause": pause.pk, "waiting_on": waiting_on.value, "reason": note,
                "until": until.isoformat(),
            },
        )  # fmt: skip


def _check_may_pause(case: Case, now: datetime) -> None:
    if case.state != CaseState.OPEN:
        raise Invalid(_("Only the clock of an open case can stand still."))
    if case.paused_at is not None:
        raise Invalid(_("The clock stands still already."))
    if case.due_at is None:
        raise Invalid(_("No clock runs here; there is nothing to stop."))
    if case.queue == Queue.NOW or (keeping.runs_day_and_night(case) and case.ack_met_at is None):
        raise Invalid(_("Somebody may be in danger: this clock does not stand still."))
    if case.due_at <= now:
        raise Invalid(
            _("This clock has run out; a pause does not bring it back. Answer, or close the case.")
        )


def resume_clock(*, case: Case, by: User, expected_version: int | None) -> Case:
    """Let the clocks go on before the time that was named."""
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.WORK, expected_version=expected_version)
        if locked.paused_at is None:
            raise Invalid(_("The clock runs already."))
        return _resume(locked, clock.now(), ResumedBy.PERSON, by)


def _resume(case: Case, at: datetime, by_what: ResumedBy, by: User | None) -> Case:
    before = place_of(case)
    pause = keeping.resume(case, at=at, by_what=by_what)
    if pause is None or pause.lasted is None:
        return case
    return save_case(
        case,
        before,
        action="person:clock:resumed" if by else "system:clock:resumed",
        by=by,
        payload={
            "pause": pause.pk,
            "why": by_what.value,
            "paused_office_seconds": int(pause.lasted.total_seconds()),
            "due": case.due_at.isoformat() if case.due_at else "",
        },
    )


def resume_by_themselves() -> int:
    """Let clocks go on whose date has come, or whose author wrote again.

    Called in every round of the worker; gives how many there were. What an author wrote ends the
    pause at the moment it was received, whenever this runs.
    """
    now = clock.now()
    running = ClockPause.objects.filter(resumed_at__isnull=True)
    count = _resume_each(_list_answered(), ResumedBy.AUTHOR_WROTE)
    due = running.filter(until__lte=now).order_by("until").values_list("case_id", "until")[:ROUND]
    return count + _resume_each(list(due), ResumedBy.DATE)


def _list_answered() -> list[tuple[int, datetime]]:
    """Cases that wait on an author who wrote again in the conversation: (id, when)."""
    rows = (
        ClockPause.objects.filter(
            resumed_at__isnull=True,
            waiting_on=WaitingOn.AUTHOR.value,
            case__post__author__isnull=False,
        )
        .filter(
            Q(case__conversation__posts__author=F("case__post__author"))
            & Q(case__conversation__posts__received_at__gt=F("paused_at"))
            & Q(case__conversation__posts__from_agency=False)
        )
        .annotate(wrote_at=Min("case__conversation__posts__received_at"))
        .order_by("pk")
    )
    return [(pause.case_id, pause.wrote_at) for pause in rows[:ROUND]]


def _resume_each(found: list[tuple[int, datetime]], by_what: ResumedBy) -> int:
    count = 0
    for case_id, at in found:
        # One at a time: whoever works on one case is not waited for by the others.
        with transaction.atomic():
            case = Case.objects.select_for_update().filter(pk=case_id).first()
            if case is None or case.paused_at is None:
                continue
            _resume(case, at, by_what, None)
            count += 1
    return count
