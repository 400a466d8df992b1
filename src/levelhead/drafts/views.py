"""Drafts: kept while somebody types, begun, switched, compared, copied, deleted, brought back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.drafts import several
from levelhead.drafts.actions import save_draft
from levelhead.drafts.domain import UNDO_SECONDS, DraftState, mark_differences
from levelhead.drafts.forms import read_typed, read_window
from levelhead.drafts.models import Draft
from levelhead.drafts.queries import find_draft, find_own_draft, list_drafts, list_versions
from levelhead.drafts.showing import show_writing
from levelhead.inbox.models import Case
from levelhead.inbox.pages import (
    Undo,
    back_to_conversation,
    read_id,
    remember_undo,
    show_conversation,
)
from levelhead.inbox.queries import read_choice
from levelhead.inbox.thread import find_case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotFound
from levelhead.replies.forms import read_reply_form
from levelhead.web.middleware import wants_json


@require_POST
@member(Ability.REPLY)
def save(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Keep what is typed: for the page's script, or by the button of a page without scripts."""
    case = find_case(request.agency, post_id)
    if not wants_json(request) and "leaving" not in request.POST:
        told = _("The draft is kept.")
        return _with_words(request, case, lambda: messages.success(request, told), writes=True)
    saved = save_draft(
        case=case,
        by=request.person,
        typed=read_typed(request.POST),
        window=read_window(request.POST),
        writes="leaving" not in request.POST,
    )
    told = _("Kept on the server at %(at)s.")
    if saved.changed_elsewhere:
        told = _(
            "Kept on the server at %(at)s. Another window of yours changed this draft; its words "
            "are in the history."
        )
    draft = saved.draft
    return JsonResponse(
        {
            "draft": str(draft.pk) if draft is not None else "",
            "version": draft.version if draft is not None else 0,
            "pen": saved.pen.value,
            "told": told % {"at": f"{timezone.localtime(clock.now()):%H:%M:%S}"} if draft else "",
        }
    )


def _with_words(
    request: AgencyRequest, case: Case, act: Callable[[], object], *, writes: bool = False
) -> HttpResponse:
    """Keep the words of the form, then do something; a mistake is shown with the words."""
    try:
        if "form_token" in request.POST:
            save_draft(
                case=case,
                by=request.person,
                typed=read_typed(request.POST),
                window=read_window(request.POST),
                writes=writes,
            )
        act()
    except (Conflict, Invalid) as error:
        form = read_reply_form(request.POST) if "form_token" in request.POST else None
        return show_conversation(request, case.pk, error=error, reply_form=form)
    return back_to_conversation(request, case.pk)


@require_POST
@member(Ability.REPLY)
def start(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Begin another draft; the words in the form stay in theirs."""
    case = find_case(request.agency, post_id)

    def act() -> None:
        draft = several.start_draft(case=case, by=request.person)
        messages.success(request, _("“%(name)s” is new.") % {"name": draft.name})

    return _with_words(request, case, act)


@require_POST
@member(Ability.REPLY)
def switch(request: AgencyRequest, draft_id: int) -> HttpResponse:
    """Put another of one's drafts into the form."""
    draft = find_own_draft(request.agency, draft_id, request.person)
    case = find_case(request.agency, draft.case_id)
    return _with_words(request, case, lambda: several.open_draft(draft=draft, by=request.person))


@require_POST
@member(Ability.REPLY)
def delete(request: AgencyRequest, draft_id: int) -> HttpResponse:
    """Take a draft away; undo is offered."""
    draft = find_own_draft(request.agency, draft_id, request.person)
    case = find_case(request.agency, draft.case_id)

    def act() -> None:
        several.delete_draft(draft=draft, by=request.person)
        messages.success(request, _("The draft is deleted. You can bring it back."))
        remember_undo(
            request,
            Undo(
                address=reverse("draft-restore", args=[request.agency.slug, draft.pk]),
                words=_("Undo: draft deleted"),
                seconds=UNDO_SECONDS,
            ),
        )

    return _with_words(request, case, act)


@require_POST
@member(Ability.REPLY)
def restore(request: AgencyRequest, draft_id: int) -> HttpResponse:
    """Bring a draft back."""
    draft = find_own_draft(request.agency, draft_id, request.person)
    case = find_case(request.agency, draft.case_id)

    def act() -> None:
        several.restore_draft(draft=draft, by=request.person)
        remember_undo(request, None)
        messages.success(request, _("The draft is back."))

    return _with_words(request, case, act)


@require_POST
@member(Ability.REPLY)
def copy(request: AgencyRequest, draft_id: int) -> HttpResponse:
    """Go on from a colleague's words in a draft of one's own."""
    draft = find_draft(request.agency, draft_id)
    case = find_case(request.agency, draft.case_id)

    def act() -> None:
        several.copy_draft(draft=draft, by=request.person)
        messages.success(request, _("Copied from %(name)s’s draft.") % {"name": draft.owner.name})

    return _with_words(request, case, act)


@require_POST
@member(Ability.REPLY)
def bring_back(request: AgencyRequest, draft_id: int) -> HttpResponse:
    """Have a draft say what it said before."""
    draft = find_own_draft(request.agency, draft_id, request.person)
    case = find_case(request.agency, draft.case_id)
    number = read_id(request.POST.get("number"))
    if number is None:
        raise NotFound(_("This version is not kept any more."))

    def act() -> None:
        several.bring_back_version(draft=draft, number=number, by=request.person)
        messages.success(request, _("The earlier words are back in the draft."))

    return _with_words(request, case, act)


@require_POST
@member(Ability.REPLY)
def take_over(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Take the pen; the colleague's words stay theirs, and one's own stay as well."""
    case = find_case(request.agency, post_id)

    def act() -> None:
        taken_from = several.take_over(
            case=case, by=request.person, window=read_window(request.POST)
        )
        if taken_from is None:
            messages.success(request, _("You hold the pen."))
        else:
            messages.success(
                request,
                _("You hold the pen now. %(name)s is told, and keeps what was written.")
                % {"name": taken_from.name},
            )

    return _with_words(request, case, act)


@require_GET
@member(Ability.WORK)
def drafts(request: AgencyRequest, post_id: int) -> HttpResponse:
    """All drafts of a case, with their history; two of them side by side."""
    case = find_case(request.agency, post_id)
    found = [draft for draft in list_drafts(case) if draft.text.strip() or _is_own(draft, request)]
    versions = list_versions(found)
    chosen = _chosen(request, found)
    pair: tuple[tuple[Draft, list[tuple[bool, str]]], ...] = ()
    if len(chosen) == 2:
        pair = tuple(zip(chosen, mark_differences(chosen[0].text, chosen[1].text), strict=True))
    return render(
        request,
        "drafts/drafts.html",
        {
            "case": case,
            "post": case.post,
            "choice": read_choice(request.GET),
            "drafts": [(draft, versions.get(draft.pk, [])) for draft in found],
            "open_count": sum(draft.state == DraftState.OPEN for draft in found),
            "chosen": chosen,
            "pair": pair,
            "may_reply": request.member.may(Ability.REPLY),
            "form_open": show_writing(request, case).form_open,
        },
    )


def _is_own(draft: Draft, request: AgencyRequest) -> bool:
    return draft.owner_id == request.person.pk


def _chosen(request: AgencyRequest, found: list[Draft]) -> list[Draft]:
    wanted = [read_id(one) for one in request.GET.getlist("draft")[:2]]
    by_id = {draft.pk: draft for draft in found}
    return [by_id[one] for one in wanted if one in by_id]
