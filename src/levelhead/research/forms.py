"""What people fill in when they ask a colleague."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from levelhead.accounts.models import Agency
from levelhead.commitments.forms import local_parts, read_due
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.research.domain import EMAIL_LIMIT, NAME_LIMIT, QUESTION_LIMIT, Kind, records_due
from levelhead.research.models import ResearchPolicy

# Working days that a form proposes for an ordinary question.
PROPOSED_DAYS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class AskForm:
    """The question, who is asked, and by when."""

    question: str = ""
    to_email: str = ""
    to_name: str = ""
    day: str = ""
    at: str = ""
    records: bool = False

    @property
    def kind(self) -> Kind:
        """Which clock runs."""
        return Kind.RECORDS if self.records else Kind.QUESTION

    def due_at(self, agency: Agency) -> datetime | None:
        """The moment that was given; None where the law's days are to be counted."""
        if self.records and not self.day:
            return None
        return read_due(self.day, self.at, agency)


def new_ask_form(case: Case, agency: Agency) -> AskForm:
    """The form as it is first shown: two working days; for records the law's date."""
    records = case.waits_for == "records"
    day = ""
    try:
        if not records:
            due = agency.office_schedule.office_days(clock.now(), PROPOSED_DAYS)
            day, _at = local_parts(due, agency)
    except Invalid:
        day = ""
    return AskForm(day=day, records=records)


def read_ask_form(given: QueryDict) -> AskForm:
    """The form as it was sent; the action checks it."""

    def text(name: str, limit: int) -> str:
        return given.get(name, "").replace("\r\n", "\n")[: limit + 1]

    return AskForm(
        question=text("question", QUESTION_LIMIT),
        to_email=text("to_email", EMAIL_LIMIT),
        to_name=text("to_name", NAME_LIMIT),
        day=text("day", 12),
        at=text("at", 8),
        records=given.get("kind") == Kind.RECORDS,
    )


def records_due_of(case: Case, agency: Agency, policy: ResearchPolicy) -> datetime | None:
    """When the law's days for this post are over; None where the calendar does not say."""
    try:
        return records_due(
            received_at=case.post.received_at,
            days=policy.records_days,
            schedule=agency.office_schedule,
        )
    except Invalid:
        return None
