"""Writing a handover, giving it, taking it, and what was handed over before."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.alerts.queries import read_duty
from levelhead.handover import actions
from levelhead.handover.domain import HandoverState, Section
from levelhead.handover.forms import KEEP, GivingForm, read_giving, receivers_of
from levelhead.handover.gathering import Content, gather, show
from levelhead.handover.models import Handover
from levelhead.handover.queries import (
    find_draft,
    find_handover,
    is_loud,
    list_handed,
    list_handovers,
)
from levelhead.inbox.pages import read_id
from levelhead.inbox.thread import list_colleagues
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError, NotAllowed
from levelhead.web.middleware import status_of

# More colleagues than this are offered for the whole only, not for each case.
FOR_EACH_CASE = 40


@require_GET
@member(Ability.READ)
def handovers(request: AgencyRequest) -> HttpResponse:
    """What was handed over, newest first."""
    page = list_handovers(request.agency, before=read_id(request.GET.get("before")))
    return render(
        request,
        "handover/handovers.html",
        {"page": page, "may_work": request.member.may(Ability.WORK)},
    )


@require_http_methods(["GET", "POST"])
@member(Ability.WORK)
def write(request: AgencyRequest) -> HttpResponse:
    """What the next shift must know, put together; to be edited and given."""
    if request.method == "GET":
        draft = find_draft(request.agency, request.person)
        return _show_form(request, GivingForm(words=draft.words if draft else ""))
    form = read_giving(request.POST)
    try:
        if request.POST.get("do") == "keep":
            actions.keep_words(agency=request.agency, words=form.words, by=request.person)
            messages.success(request, _("Your words are kept. Nobody else sees them yet."))
            return redirect("handover-new", agency=request.agency.slug)
        given = _give(request, form)
    except (Invalid, NotAllowed) as error:
        return _show_form(request, form, error)
    messages.success(request, _("Handed over. You are told if nobody has taken it in 15 minutes."))
    return redirect("handover", agency=request.agency.slug, handover_id=given.pk)


def _give(request: AgencyRequest, form: GivingForm) -> Handover:
    to, cases = receivers_of(form, list_colleagues(request.agency))
    keeps = {pk for pk, choice in form.cases.items() if choice == KEEP}
    content = gather(request.agency, request.person).without(form.left_out)
    return actions.give(
        agency=request.agency,
        to=to,
        words=form.words,
        content=content,
        cases=cases,
        keeps=keeps if form.rest_too else None,
        form_token=form.form_token,
        by=request.person,
    )


def _show_form(
    request: AgencyRequest, form: GivingForm, error: LevelheadError | None = None
) -> HttpResponse:
    content = gather(request.agency, request.person)
    parts = show(request.agency, content)
    colleagues = [one for one in list_colleagues(request.agency) if one.pk != request.person.pk]
    return render(
        request,
        "handover/write.html",
        {
            "form": form,
            "error": error,
            "parts": [part for part in parts if part.section is not Section.MINE],
            "mine": next((part for part in parts if part.section is Section.MINE), None),
            "colleagues": colleagues,
            "for_each": colleagues if len(colleagues) <= FOR_EACH_CASE else [],
            "duty": read_duty(request.agency),
            "form_token": form.form_token or secrets.token_urlsafe(18),
        },
        status=status_of(error) if error is not None else HTTPStatus.OK,
    )


@require_GET
@member(Ability.READ)
def handover(request: AgencyRequest, handover_id: int) -> HttpResponse:
    """One handover: what it says, how it stands now, who has it."""
    found = find_handover(request.agency, handover_id)
    waits = found.state == HandoverState.GIVEN
    may_work = request.member.may(Ability.WORK)
    mine = found.by_id == request.person.pk
    return render(
        request,
        "handover/handover.html",
        {
            "one": found,
            "parts": show(request.agency, Content.from_json(found.content)),
            "handed": list_handed(found),
            "loud": is_loud(found),
            "may_take": waits
            and may_work
            and not mine
            and found.to_id in (None, request.person.pk),
            "may_withdraw": waits and may_work and mine,
        },
    )


def _do(request: AgencyRequest, handover_id: int, act: Callable[[Handover], str]) -> HttpResponse:
    found = find_handover(request.agency, handover_id)
    try:
        messages.success(request, act(found))
    except (Invalid, Conflict) as error:
        messages.error(request, error.message)
    return redirect("handover", agency=request.agency.slug, handover_id=found.pk)


@require_POST
@member(Ability.WORK)
def take(request: AgencyRequest, handover_id: int) -> HttpResponse:
    """ "I have it"."""

    def act(found: Handover) -> str:
        actions.take(handover=found, by=request.person)
        return _("You have it. Cases that were for the shift are yours now.")

    return _do(request, handover_id, act)


@require_POST
@member(Ability.WORK)
def withdraw(request: AgencyRequest, handover_id: int) -> HttpResponse:
    """Take it back before somebody has it."""

    def act(found: Handover) -> str:
        count = actions.withdraw(handover=found, by=request.person)[1]
        return ngettext(
            "Taken back. %(n)d case is yours again.",
            "Taken back. %(n)d cases are yours again.",
            count,
        ) % {"n": count}

    return _do(request, handover_id, act)
