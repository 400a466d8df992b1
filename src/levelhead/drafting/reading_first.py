"""The tick “I have read it”, and what the form says where it is missing."""

from __future__ import annotations

from django.http import HttpResponse

from levelhead.accounts.access import AgencyRequest
from levelhead.drafting.domain import Unread
from levelhead.drafting.door import check_read, say_read
from levelhead.inbox.models import Case
from levelhead.inbox.pages import show_conversation
from levelhead.replies.forms import ReplyForm


def ask_to_read(request: AgencyRequest, case: Case, form: ReplyForm) -> HttpResponse | None:
    """Keep the tick; the page again where a model's words would leave unread, now or later."""
    if not request.agency.drafts:
        return None
    if request.POST.get("drafting_read") == "yes":
        say_read(case=case, text=form.text, by=request.person)
    try:
        check_read(case, form.text)
    except Unread as error:
        return show_conversation(request, case.pk, error=error, reply_form=form)
    return None
