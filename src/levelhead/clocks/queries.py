"""What pages show of clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from levelhead.accounts.models import Agency
from levelhead.clocks.domain import ClockKind
from levelhead.clocks.keeping import runs_day_and_night
from levelhead.clocks.models import ClockMark, ClockPause
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid

PAUSES: Final = 50
MARKS: Final = 50
# A pause is proposed to end after so many working days.
PROPOSED_DAYS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockLine:
    """One clock of a case as its page shows it."""

    kind: ClockKind
    # Whether it stands for the whole answer: the class has no other clock.
    only: bool
    due: datetime
    over: bool
    # What ended it; None while it runs or stands still.
    mark: ClockMark | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseClocks:
    """The clocks of a case, and what can be done with them."""

    lines: list[ClockLine]
    pause: ClockPause | None
    # Office time in which they stood still, before now.
    stood_still: timedelta
    may_pause: bool
    # A first word can still be given.
    may_hold: bool
    # The class has no clock for the full answer: the person names a date.
    needs_date: bool
    # A time proposed for the end of a pause, or the full answer.
    proposed: datetime | None


def show_clocks(case: Case, agency: Agency) -> CaseClocks:
    """What the page of a case says about its clocks."""
    now = clock.now()
    marks = {
        mark.kind: mark
        for mark in ClockMark.objects.filter(case=case, undone_at__isnull=True)
        .select_related("by")
        .order_by("pk")[:MARKS]
    }
    pauses = list(
        ClockPause.objects.filter(case=case).select_related("by").order_by("-pk")[:PAUSES]
    )
    lines = [
        ClockLine(
            kind=kind, only=only, due=due, over=due < now and case.paused_at is None,
            mark=marks.get(kind.value),
        )
        for kind, due, only in (
            (ClockKind.FIRST_WORD, case.ack_due, case.substance_due is None),
            (ClockKind.FULL_ANSWER, case.substance_due, False),
        )
        if due is not None
    ]  # fmt: skip
    works = case.state == CaseState.OPEN
    danger = case.queue == Queue.NOW or (case.ack_met_at is None and runs_day_and_night(case))
    return CaseClocks(
        lines=lines,
        pause=next((one for one in pauses if one.resumed_at is None), None),
        stood_still=sum((one.lasted for one in pauses if one.lasted), timedelta(0)),
        may_pause=works and case.due_at is not None and case.due_at > now and not danger,
        may_hold=case.ack_met_at is None and case.state != CaseState.OWN,
        needs_date=case.substance_due is None,
        proposed=_propose(agency, now) if works else None,
    )


def _propose(agency: Agency, now: datetime) -> datetime | None:
    try:
        return agency.office_schedule.office_days(now, PROPOSED_DAYS)
    except Invalid:
        return None
