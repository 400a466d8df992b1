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
from levelhead.approvals.asking import keep_form
from levelhead.approvals.showing import foresee_on
from levelhead.commitments.answering import answer_on_form
from levelhead.drafting.reading_first import ask_to_read
from levelhead.drafts.sending import keep_refused, take_pen_first
from levelhead.inbox.pages import back_to_conversation, read_version, show_conversation
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.replies.actions import retry_reply, send_reply, withdraw_reply
from levelhead.replies.forms import read_reply_form, show_check
from levelhead.replies.gate import Waits
from levelhead.replies.models import Reply
from levelhead.replies.queries import find_reply
from levelhead.replies.scheduled_views import say_sent, send_later
from levelhead.replies.scheduling import replace_scheduled
from levelhead.replies.showing import show_preview
from levelhead.research.posting import note_posted


@require_POST
@member(Ability.REPLY)
def send(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Answer a post in public."""
    case = find_case(request.agency, post_id)
    form = read_reply_form(request.POST)
    if (unread := ask_to_read(request, case, form)) is not None:
        return unread
    if request.POST.get("leave"):
        return send_later(request, case, form)
    try:
        take_pen_first(request, case)
        reply = send_reply(
            case=case,
            text=form.text,
            by=request.person,
            form_token=form.token,
            expected_version=read_version(request.POST),
            answer_ids=form.answer_ids,
            all_the_same=form.all_the_same,
            holding=form.holding,
            posts=form.posts,
            full_answer_due=read_moment(form.full_by, request.agency.zone),
        )
    except Waits as waits:
        keep_form(waits.request_id, request.POST, form.research_id)
        messages.info(request, waits.message)
        return back_to_conversation(request, post_id)
    except (Conflict, Invalid) as error:
        keep_refused(request, case)
        return show_conversation(request, post_id, error=error, reply_form=form)
    replace_scheduled(case, form.scheduled_id, reply=reply, by=request.person)
    tag = "leaving" if reply.outbox_item.hold_seconds else ""
    messages.success(request, say_sent(reply), extra_tags=tag)
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
    """What the reply check finds in a reply that is being written, and how it would look.

    Nothing is kept.
    """
    case = find_case(request.agency, post_id)
    form = read_reply_form(request.POST)
    shown = show_check(case, form, person=request.person)
    return render(
        request,
        "replies/_checked.html",
        {
            "shown": shown,
            "reply_form": form,
            "foreseen": foresee_on(request, case, form, shown),
            "preview": show_preview(case, request.agency, form, request.person),
        },
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
    reply = find_reply(request.agency, reply_id)
    try:
        withdraw_reply(reply=reply, by=request.person)
    except (Conflict, Invalid) as error:
        return show_conversation(request, reply.case_id, error=error)
    messages.success(request, _("Taken back. Nobody saw it. Your words are in the form again."))
    return back_to_conversation(request, reply.case_id, again=reply.pk)


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
