"""Waits for me, one request, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.approvals import deciding
from levelhead.approvals.domain import ApprovalState
from levelhead.approvals.models import ApprovalRequest
from levelhead.approvals.queries import (
    count_mine,
    find_request,
    list_drafts,
    read_page,
    read_report,
    show_requests,
)
from levelhead.approvals.showing import changes_of
from levelhead.inbox.pages import back_to_conversation, read_version, show_conversation
from levelhead.inbox.thread import read_thread
from levelhead.issues.queries import facts_for
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError, NotAllowed
from levelhead.replies.checking import check_draft, show_findings
from levelhead.replies.domain import LONGEST, REASON_LIMIT, TYPED
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def approvals(request: AgencyRequest) -> HttpResponse:
    """What waits for the person's approval, and what became of what they asked."""
    return render(
        request,
        "approvals/approvals.html",
        {
            "page": read_page(request.agency, request.person),
            "report": read_report(request.agency),
            "may_manage": request.member.may(Ability.MANAGE),
        },
    )


@require_GET
@member(Ability.READ)
def approval(request: AgencyRequest, request_id: int) -> HttpResponse:
    """One request: the thread, the words, what the check says, who is asked and why."""
    return _show(request, find_request(request.agency, request_id))


def _show(
    request: AgencyRequest,
    found: ApprovalRequest,
    *,
    error: LevelheadError | None = None,
    given: QueryDict | None = None,
) -> HttpResponse:
    case = found.case
    shown = show_requests([found], agency_id=request.agency.pk, person=request.person)[0]
    text = given.get("text", found.text)[:TYPED] if given else found.text
    findings = (
        check_draft(case, text, lang=get_language() or "en", person=found.author)
        if shown.mine
        else []
    )
    may_take_back = shown.own or (request.member.may(Ability.MANAGE) and not shown.mine)
    return render(
        request,
        "approvals/approval.html",
        {
            "one": shown,
            "found": found,
            "case": case,
            "thread": read_thread(case.post, answers_after=None, others_after=None),
            "shown": show_findings(findings, text, person=request.person),
            "facts": facts_for(case),
            "drafts": list_drafts(found),
            "pieces": changes_of(found),
            "text": text,
            "reason": given.get("reason", "")[: REASON_LIMIT + 1] if given else "",
            "all_the_same": given.get("all_the_same", "")[:REASON_LIMIT] if given else "",
            "error": error,
            "changing": bool(given and "text" in given),
            "may_take_back": may_take_back
            and found.state in ("waiting", "approved", "sent_back", "failed"),
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


def _act(
    request: AgencyRequest, request_id: int, act: Callable[[ApprovalRequest], str]
) -> HttpResponse:
    """Do it, say so, and go on to the next that waits; a mistake is said with what was typed."""
    found = find_request(request.agency, request_id)
    on_case = request.POST.get("from") == "conversation"
    try:
        done = act(found)
    except (Conflict, Invalid, NotAllowed) as error:
        if on_case:
            return show_conversation(request, found.case_id, error=error)
        fresh = find_request(request.agency, request_id)
        return _show(request, fresh, error=error, given=request.POST)
    messages.success(request, done)
    if on_case:
        return back_to_conversation(request, found.case_id)
    waiting = count_mine(request.agency, request.person)
    if waiting and request.POST.get("stay") != "yes":
        return redirect("approval", agency=request.agency.slug, request_id=waiting[0].request.pk)
    return redirect("approvals", agency=request.agency.slug)


@require_POST
@member(Ability.READ)
def approve(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Let it leave, as it is or with the approver's change."""

    def act(found: ApprovalRequest) -> str:
        text = request.POST.get("text")
        done = deciding.approve(
            request=found,
            by=request.person,
            expected_version=read_version(request.POST),
            text=text.replace("\r\n", "\n")[: LONGEST + 1] if text is not None else None,
            all_the_same=request.POST.get("all_the_same", "")[: REASON_LIMIT + 1],
        )
        if done.state == ApprovalState.WAITING:
            return _("You approved it. Another rule wants somebody else’s word too.")
        return _("Approved. It leaves in 10 seconds.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.READ)
def send_back(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Give it back to its author with a reason."""

    def act(found: ApprovalRequest) -> str:
        deciding.send_back(
            request=found,
            reason=request.POST.get("reason", "").replace("\r\n", "\n")[: REASON_LIMIT + 1],
            by=request.person,
            expected_version=read_version(request.POST),
        )
        return _("Sent back to its author, with your reason.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.READ)
def take_back(request: AgencyRequest, request_id: int) -> HttpResponse:
    """The author takes it back."""

    def act(found: ApprovalRequest) -> str:
        deciding.take_back(
            request=found, by=request.person, expected_version=read_version(request.POST)
        )
        return _("Taken back. Nothing was sent; the words are kept in the log.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.READ)
def undo(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Take the own decision back within ten seconds."""
    found = find_request(request.agency, request_id)
    try:
        deciding.undo(request=found, by=request.person)
    except (Conflict, NotAllowed) as error:
        return _show(request, find_request(request.agency, request_id), error=error)
    messages.success(request, _("Undone. It waits again."))
    return redirect("approval", agency=request.agency.slug, request_id=request_id)


@require_POST
@member(Ability.READ)
def see(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Say that one knows of a reply that went without asking."""

    def act(found: ApprovalRequest) -> str:
        deciding.see(request=found, by=request.person)
        return _("Noted that you have seen it.")

    return _act(request, request_id, act)
