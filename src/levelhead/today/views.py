"""Today: the page, more of one of its parts, letting stand and taking it back."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.approvals.queries import count_mine
from levelhead.asked.queries import list_top
from levelhead.inbox.pages import read_id
from levelhead.kernel.errors import Invalid, LevelheadError, NotFound
from levelhead.replies.unsent import list_unsent
from levelhead.today import actions
from levelhead.today.domain import Section
from levelhead.today.queries import read_part, read_shown, read_today
from levelhead.web.middleware import status_of

# Replies that did not leave, of which the page of them has the rest.
UNSENT_SHOWN = 5


@require_GET
@member(Ability.READ)
def today(request: AgencyRequest) -> HttpResponse:
    """What waits, and what is fine."""
    return _page(request)


@require_GET
@member(Ability.READ)
def part(request: AgencyRequest, section: str) -> HttpResponse:
    """More of one part: the rows for a screen that has the others, else a page of its own."""
    if section not in set(Section):
        raise NotFound(f"Today has no part {section!r}.")
    found = read_part(request.agency, Section(section), after=request.GET.get("after", ""))
    context = {**_abilities(request), "part": found, "alone": True}
    more = request.headers.get("HX-Target", "") == f"more-{section}"
    template = "today/_rows.html" if more else "today/part.html"
    return _vary(render(request, template, context))


@require_POST
@member(Ability.WORK)
def let_stand(request: AgencyRequest) -> HttpResponse:
    """Let one post stand, or all that can, up to the newest that the person saw."""
    one, upto = read_id(request.POST.get("case")), read_id(request.POST.get("upto"))
    try:
        if one is not None:
            actions.let_one_stand(agency=request.agency, case_id=one, by=request.person)
        elif upto is not None:
            actions.let_all_stand(agency=request.agency, upto=upto, by=request.person)
        else:
            raise Invalid(_("Choose at least one post."))
    except Invalid as error:
        return _page(request, error=error)
    return _back(request)


@require_POST
@member(Ability.WORK)
def undo(request: AgencyRequest) -> HttpResponse:
    """Take the last let-stand back."""
    batch_id = read_id(request.POST.get("batch"))
    try:
        if batch_id is None:
            raise Invalid(_("There is nothing to undo here."))
        actions.undo(agency=request.agency, batch_id=batch_id, by=request.person)
    except Invalid as error:
        return _page(request, error=error)
    return _back(request)


def _page(request: AgencyRequest, *, error: LevelheadError | None = None) -> HttpResponse:
    shown = read_shown((request.POST if error else request.GET).getlist("shown"))
    context = {
        **_abilities(request),
        "today": read_today(request.agency, request.person, shown=shown),
        "asked_often": list_top(request.agency, limit=3),
        "error": error,
        "approvals": count_mine(request.agency, request.person),
        "unsent": SimpleLazyObject(lambda: list_unsent(request.agency, limit=UNSENT_SHOWN)),
    }
    piece = (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Target") == "today-page"
    )
    template = "today/_page.html" if piece else "today/today.html"
    status = status_of(error) if error is not None else HTTPStatus.OK
    return _vary(render(request, template, context, status=status))


def _abilities(request: AgencyRequest) -> dict[str, object]:
    return {
        "may_work": request.member.may(Ability.WORK),
        "may_reply": request.member.may(Ability.REPLY),
    }


def _back(request: AgencyRequest) -> HttpResponse:
    """To Today, with as many rows open as before."""
    shown = read_shown(request.POST.getlist("shown"))
    query = "&".join(f"shown={name}.{number}" for name, number in shown.items())
    path = reverse("today", args=[request.agency.slug])
    return HttpResponseRedirect(f"{path}?{query}" if query else path)


def _vary(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
