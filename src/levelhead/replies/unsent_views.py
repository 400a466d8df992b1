"""The page of replies that did not leave, and what to do about each."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.pages import read_id
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.replies.actions import retry_reply
from levelhead.replies.choosing import choice_of
from levelhead.replies.giving_up import give_up_reply
from levelhead.replies.models import Reply
from levelhead.replies.queries import find_reply
from levelhead.replies.unsent import list_unsent
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def unsent_page(request: AgencyRequest) -> HttpResponse:
    """Each reply that did not leave, with what happened and what to do."""
    return _show(request)


def _show(request: AgencyRequest, *, error: LevelheadError | None = None) -> HttpResponse:
    return render(
        request,
        "replies/unsent.html",
        {
            "page": list_unsent(request.agency, after=read_id(request.GET.get("after"))),
            "choice_of_agency": choice_of(request.agency.pk),
            "may_reply": request.member.may(Ability.REPLY),
            "error": error,
        },
        status=200 if error is None else status_of(error),
    )


def _act(
    request: AgencyRequest, reply_id: int, act: Callable[[Reply], None], done: str
) -> HttpResponse:
    try:
        act(find_reply(request.agency, reply_id))
    except (Conflict, Invalid) as error:
        return _show(request, error=error)
    messages.success(request, done)
    return HttpResponseRedirect(reverse("unsent", args=[request.agency.slug]))


@require_POST
@member(Ability.REPLY)
def retry(request: AgencyRequest, reply_id: int) -> HttpResponse:
    """Have it sent again."""
    return _act(
        request,
        reply_id,
        lambda reply: retry_reply(reply=reply, by=request.person),
        _("The reply is being sent again."),
    )


@require_POST
@member(Ability.REPLY)
def give_up(request: AgencyRequest, reply_id: int) -> HttpResponse:
    """Try no more, with the reason."""
    reason = request.POST.get("reason", "")
    return _act(
        request,
        reply_id,
        lambda reply: give_up_reply(reply=reply, reason=reason, by=request.person),
        _("Given up. The case is as it was; answer it in another way, or close it."),
    )
