"""What sending a reply does before and after: the pen in the same step, and nothing is lost."""

from __future__ import annotations

from levelhead.accounts.access import AgencyRequest
from levelhead.drafts.actions import save_draft
from levelhead.drafts.forms import read_typed, read_window
from levelhead.inbox.models import Case
from levelhead.kernel.errors import Conflict, Invalid, NotFound
from levelhead.presence.actions import take_over_pen
from levelhead.presence.domain import NO_WINDOW


def keep_refused(request: AgencyRequest, case: Case) -> None:
    """A reply that was refused is kept as a draft, so that not even a crash loses it."""
    try:
        save_draft(
            case=case,
            by=request.person,
            typed=read_typed(request.POST),
            window=NO_WINDOW,
            writes=False,
        )
    except (Conflict, Invalid, NotFound):
        return  # The page shows the words again in any case.


def take_pen_first(request: AgencyRequest, case: Case) -> None:
    """Where the form says so, the pen is taken in the same step in which the reply is sent."""
    if request.POST.get("take_over") == "yes":
        take_over_pen(case=case, by=request.person, window=read_window(request.POST))
