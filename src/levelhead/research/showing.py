"""What a conversation's page shows of the questions about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from levelhead.accounts.models import Agency
from levelhead.inbox.models import Case
from levelhead.research.actions import policy_of
from levelhead.research.domain import RequestState
from levelhead.research.forms import AskForm, new_ask_form, records_due_of
from levelhead.research.models import ResearchPolicy, ResearchRequest
from levelhead.research.queries import list_research_of
from levelhead.research.recording import mail_is_set_up


@dataclass(frozen=True, kw_only=True, slots=True)
class ResearchOfCase:
    """The questions of a conversation and the form for another."""

    rows: list[ResearchRequest]
    form: AskForm
    # Whether the form is open, after a mistake in it.
    open: bool
    policy: ResearchPolicy
    # When the law's days are over, from when the post came in.
    records_due: datetime | None
    by_mail: bool

    @property
    def waiting(self) -> list[ResearchRequest]:
        """Those on which the case waits."""
        asked = (RequestState.WAITING, RequestState.NOT_MINE)
        return [row for row in self.rows if row.state in asked]

    @property
    def to_post(self) -> list[ResearchRequest]:
        """Released answers that are not in the thread yet."""
        return [row for row in self.rows if row.state == RequestState.RELEASED]


def research_of_case(case: Case, agency: Agency, typed: AskForm | None) -> ResearchOfCase:
    """What the page of a case needs."""
    policy = policy_of(agency)
    return ResearchOfCase(
        rows=list_research_of(case),
        form=typed or new_ask_form(case, agency),
        open=typed is not None,
        policy=policy,
        records_due=records_due_of(case, agency, policy),
        by_mail=mail_is_set_up(),
    )
