"""Sending, taking back and trying again."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.forms import read_moment
from levelhead.commitments.answering import answer_on_form
from levelhead.inbox.pages import back_to_conversation, read_version, show_conversation
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.replies.actions import retry_reply, send_reply, withdraw_reply
from levelhead.replies.forms import read_reply_form, show_check
from levelhead.replies.models import Reply
from levelhead.replies.queries import find_reply
from levelhead.research.posting import note_posted


@require_POST
@member(Ability.REPLY)
def send(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Answer a post in public."""
    case = find_case(request.agency, post_id)
    form = read_reply_form(request.POST)
    try:
        reply = send_reply(
            case=case,
            text=form.text,
            by=request.person,
            form_token=form.token,
            expected_version=read_version(request.POST),
            answer_ids=form.answer_ids,
            all_the_same=form.all_the_same,
            holding=form.holding,
            full_answer_due=read_moment(form.full_by, request.agency.zone),
        )
    except (Conflict, Invalid) as error:
        return show_conversation(request, post_id, error=error, reply_form=form)
    messages.success(
        request,
        _("Your first word is on its way. The case stays open until the full answer.")
        if reply.holding
        else _("Your reply is on its way."),
    )
    kept, _left = answer_on_form(
        reply=reply, agency=request.agency, given=request.POST, by=request.person
    )
    note_posted(reply, form.research_id, request.person)
    if kept:
        messages.success(
            request,
            ngettext(
                "%(n)d promise is a commitment now.", "%(n)d promises are commitments now.", kept
            )
            % {"n": kept},
        )
    return back_to_conversation(request, post_id)


@require_POST
@member(Ability.REPLY)
def check(request: AgencyRequest, post_id: int) -> HttpResponse:
    """What the reply check finds in a reply that is being written; nothing is kept."""
    case = find_case(request.agency, post_id)
    form = read_reply_form(request.POST)
    return render(
        request,
        "replies/_check.html",
        {"shown": show_check(case, form, person=request.person), "reply_form": form},
    )


def _act(
    request: AgencyRequest, reply_id: int, act: Callable[[Reply], None], done: str
) -> HttpResponse:
    reply = find_reply(request.agency, reply_id)
    try:
        act(reply)
    except (Conflict, Invalid) as error:
        return show_conversation(request, reply.case_id, error=error)
    messages.success(request, done)
    return back_to_conversation(request, reply.case_id)


@require_POST
@member(Ability.REPLY)
def withdraw(request: AgencyRequest, reply_id: int) -> HttpResponse:
    """Take a reply back before it leaves."""
    return _act(
        request,
        reply_id,
        lambda reply: withdraw_reply(reply=reply, by=request.person),
        _("Taken back. Nobody saw it."),
    )


@require_POST
@member(Ability.REPLY)
def retry(request: AgencyRequest, reply_id: int) -> HttpResponse:
    """Have a reply that failed sent again."""
    return _act(
        request,
        reply_id,
        lambda reply: retry_reply(reply=reply, by=request.person),
        _("The reply is being sent again."),
    )
