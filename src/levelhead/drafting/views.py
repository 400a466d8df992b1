"""Asking for a draft, looking how far it is, and cancelling it."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.drafting import making
from levelhead.drafting.asking import cancel
from levelhead.drafting.domain import MadeState
from levelhead.drafting.models import MadeDraft
from levelhead.drafting.showing import drafting_of
from levelhead.inbox.models import Case
from levelhead.inbox.pages import back_to_conversation, show_conversation
from levelhead.inbox.queries import read_choice
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError, NotFound
from levelhead.web.middleware import status_of

PART = "drafting"


@require_POST
@member(Ability.REPLY)
def ask(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Ask for a draft; the page looks at once and goes on looking."""
    case = find_case(request.agency, post_id)
    try:
        making.ask_and_start(case=case, agency=request.agency, by=request.person)
    except (Conflict, Invalid) as error:
        return _show(request, case, error)
    return _show(request, case)


@require_GET
@member(Ability.REPLY)
def look(request: AgencyRequest, post_id: int) -> HttpResponse:
    """How far it is; nothing new is 204, so that the page stays as it is."""
    case = find_case(request.agency, post_id)
    drafting = drafting_of(request, case)
    current = drafting.current if drafting is not None else None
    waits = current is not None and current.state == MadeState.ASKING
    if waits and request.headers.get("HX-Target") == PART:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return _show(request, case)


@require_POST
@member(Ability.REPLY)
def stop(request: AgencyRequest, made_id: int) -> HttpResponse:
    """Wait for it no longer."""
    made = MadeDraft.objects.filter(agency=request.agency, pk=made_id, by=request.person).first()
    if made is None:
        raise NotFound(_("There is no such draft, or it is not yours."))
    cancel(made=made, by=request.person)
    return _show(request, find_case(request.agency, made.case_id))


def _show(request: AgencyRequest, case: Case, error: LevelheadError | None = None) -> HttpResponse:
    if request.headers.get("HX-Target") == PART:
        return render(
            request,
            "drafting/_of_form.html",
            {
                "case": case, "drafting": drafting_of(request, case), "drafting_error": error,
                "choice": read_choice(request.GET), "may_reply": True,
            },
            status=200 if error is None else status_of(error),
        )  # fmt: skip
    if error is not None:
        return show_conversation(request, case.pk, error=error)
    return back_to_conversation(request, case.pk)
