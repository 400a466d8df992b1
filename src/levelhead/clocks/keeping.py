"""The clocks of a case that is locked: which runs, what ends it, how it goes on after a pause.

The functions change the case in memory, for the caller to store in the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from levelhead.accounts.models import User
from levelhead.clocks.domain import ANSWERS, ClockKind, EndedBy, ResumedBy
from levelhead.clocks.models import ClockMark, ClockPause
from levelhead.inbox.judging import triage_rules
from levelhead.inbox.models import Case


def class_of(case: Case) -> str:
    """The class of the table of clocks by which it was decided."""
    rule = triage_rules().by_id.get(case.rule)
    return rule.clock if rule is not None else "none"


def runs_day_and_night(case: Case) -> bool:
    """Whether the clock of its first word never stops."""
    rule = triage_rules().by_id.get(case.rule)
    span = rule.clocks[0].ack if rule is not None else None
    return span is not None and span.day_and_night


def set_due(case: Case) -> None:
    """Show the next clock that runs: the first word, then the full answer."""
    due = None
    if case.paused_at is None:
        if case.ack_due is not None and case.ack_met_at is None:
            due = case.ack_due
        elif case.substance_due is not None and case.substance_met_at is None:
            due = case.substance_due
    if due != case.due_at:
        case.due_at = due
        # Whoever was told was told of another due time.
        case.alarm_at, case.alarm_stage = None, 0


def end_clocks(
    case: Case,
    *,
    by_what: EndedBy,
    at: datetime,
    by: User | None = None,
    reply_id: int | None = None,
) -> None:
    """End the clocks that run: a holding reply the first only, everything else both."""
    resume(case, at=at, by_what=ResumedBy.ANSWERED)
    for kind in _open_kinds(case):
        if by_what is EndedBy.HOLDING and kind is ClockKind.FULL_ANSWER:
            continue
        due = case.ack_due if kind is ClockKind.FIRST_WORD else case.substance_due
        assert due is not None  # noqa: S101  # an open clock has a due time
        ClockMark.objects.create(
            agency_id=case.agency_id, case=case, channel_id=case.channel_id, kind=kind.value,
            clock_class=class_of(case), started_at=case.decided_at, due_at=due, ended_at=at,
            ended_by=by_what.value, late=at > due, reply_id=reply_id, by=by,
        )  # fmt: skip
        if kind is ClockKind.FIRST_WORD:
            case.ack_met_at = at
        else:
            case.substance_met_at = at
    set_due(case)


def _open_kinds(case: Case) -> list[ClockKind]:
    kinds = []
    if case.ack_due is not None and case.ack_met_at is None:
        kinds.append(ClockKind.FIRST_WORD)
    if case.substance_due is not None and case.substance_met_at is None:
        kinds.append(ClockKind.FULL_ANSWER)
    return kinds


def run_again(case: Case, *, at: datetime) -> None:
    """A case is open again: its clocks go on to the times they had.

    A first word that was given stays given; whatever ended the others counts no more.
    """
    marks = ClockMark.objects.filter(case=case, undone_at__isnull=True)
    answered = {
        str(kind)
        for kind in marks.filter(ended_by__in=[one.value for one in ANSWERS]).values_list(
            "kind", flat=True
        )
    }
    # With one clock only it stood for the answer, and the answer is wanted again.
    keeps_first = case.substance_due is not None and ClockKind.FIRST_WORD.value in answered
    undone = marks if not keeps_first else marks.filter(kind=ClockKind.FULL_ANSWER.value)
    undone.update(undone_at=at)
    case.substance_met_at = None
    if not keeps_first:
        case.ack_met_at = None
    set_due(case)


def start_anew(
    case: Case, *, ack_due: datetime | None, substance_due: datetime | None, at: datetime
) -> None:
    """The post became another matter: both clocks begin from the start."""
    resume(case, at=at, by_what=ResumedBy.EDITED)
    ClockMark.objects.filter(case=case, undone_at__isnull=True).update(undone_at=at)
    case.ack_due, case.substance_due = ack_due, substance_due
    case.ack_met_at = case.substance_met_at = None
    set_due(case)


def resume(case: Case, *, at: datetime, by_what: ResumedBy) -> ClockPause | None:
    """Let paused clocks go on with the office time they had left; gives the pause that ended."""
    if case.paused_at is None:
        return None
    pause = ClockPause.objects.select_for_update().get(case=case, resumed_at__isnull=True)
    at = max(at, pause.paused_at)
    schedule = case.agency.office_schedule
    if pause.first_left is not None and case.ack_met_at is None:
        case.ack_due = schedule.add_office_time(at, pause.first_left)
    if pause.full_left is not None and case.substance_met_at is None:
        case.substance_due = schedule.add_office_time(at, pause.full_left)
    pause.resumed_at, pause.resumed_by = at, by_what.value
    pause.lasted = schedule.office_time_between(pause.paused_at, at)
    pause.save(update_fields=["resumed_at", "resumed_by", "lasted"])
    case.paused_at, case.waiting_on = None, ""
    set_due(case)
    return pause
