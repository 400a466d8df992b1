"""Signs of life of open windows, and what they show of each other."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.drafts.forms import read_window
from levelhead.drafts.showing import show_writing
from levelhead.inbox.models import Case
from levelhead.inbox.pages import read_id
from levelhead.inbox.queries import read_choice
from levelhead.inbox.thread import find_case
from levelhead.presence.actions import be_here, leave
from levelhead.presence.queries import mark_rows

# Rows of a list that one look asks for.
_MOST_ROWS: Final = 300


def _part(request: AgencyRequest, case: Case) -> HttpResponse:
    context = {
        "case": case,
        "choice": read_choice(request.GET),
        "writing": show_writing(request, case),
    }
    return render(request, "presence/_presence.html", context)


@require_GET
@member(Ability.READ)
def look(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Who is at a case now, for a page that is open."""
    return _part(request, find_case(request.agency, post_id))


@require_POST
@member(Ability.READ)
def here(request: AgencyRequest, post_id: int) -> HttpResponse:
    """A window tells that it shows a case, and learns who else does."""
    case = find_case(request.agency, post_id)
    be_here(case=case, by=request.person, window=read_window(request.POST))
    return _part(request, case)


@require_POST
@member(Ability.READ)
def gone(request: AgencyRequest, post_id: int) -> HttpResponse:
    """A window was closed, or shows something else."""
    case = find_case(request.agency, post_id)
    leave(case=case, by=request.person, window=read_window(request.POST))
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@require_GET
@member(Ability.READ)
def marks(request: AgencyRequest) -> HttpResponse:
    """The marks of some rows of the list, for a list that is open."""
    wanted = [read_id(one) for one in request.GET.getlist("case")[:_MOST_ROWS]]
    ids = [one for one in wanted if one is not None]
    found = mark_rows(request.agency, request.person, ids)
    cases = [(one, found.get(one)) for one in ids]
    return render(request, "presence/_marks.html", {"cases": cases})
