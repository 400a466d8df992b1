"""The register of commitments, one commitment, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.commitments import actions
from levelhead.commitments.forms import (
    due_of,
    find_owner,
    read_due,
    read_reason,
    read_terms,
    terms_of,
    terms_of_draft,
)
from levelhead.commitments.models import Commitment
from levelhead.commitments.queries import (
    LAST_PAGE,
    SHOWS,
    find_commitment,
    find_public_entry,
    list_commitments,
    register_is_on,
)
from levelhead.inbox.forms import Typed
from levelhead.inbox.pages import (
    back_to_conversation,
    read_id,
    read_version,
    show_conversation,
)
from levelhead.inbox.thread import find_case, list_colleagues
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.records.queries import list_subject_events
from levelhead.replies.forms import read_reply_form
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def commitments(request: AgencyRequest) -> HttpResponse:
    """What the agency said it will do, by due date."""
    show = request.GET.get("show", "")
    number = min(read_id(request.GET.get("page")) or 1, LAST_PAGE)
    page = list_commitments(
        request.agency, request.person, show=show if show in SHOWS else "all", number=number
    )
    return render(
        request,
        "commitments/commitments.html",
        {
            "page": page,
            "register_on": register_is_on(request.agency),
            "may_manage": request.member.may(Ability.MANAGE),
        },
    )


def _show(
    request: AgencyRequest,
    found: Commitment,
    *,
    given: dict[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    may_work = request.member.may(Ability.WORK)
    return render(
        request,
        "commitments/commitment.html",
        {
            "one": found,
            "terms": terms_of(found, request.agency),
            "typed": given or {},
            "may_work": may_work,
            "colleagues": list_colleagues(request.agency) if may_work else [],
            "may_reply": request.member.may(Ability.REPLY),
            "entry": find_public_entry(found),
            "register_on": register_is_on(request.agency),
            "events": list_subject_events(request.agency, f"commitment:{found.pk}"),
        },
        status=status,
    )


@require_GET
@member(Ability.READ)
def commitment(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """One commitment: where it stands, what can be done, what happened."""
    return _show(request, find_commitment(request.agency, commitment_id))


def act_on(
    request: AgencyRequest, commitment_id: int, act: Callable[[Commitment, int | None], str]
) -> HttpResponse:
    """Do it and say so; a mistake is said on the page, with what was typed."""
    found = find_commitment(request.agency, commitment_id)
    case_id = found.case_id if request.POST.get("from") == "conversation" else None
    try:
        done = act(found, read_version(request.POST))
    except (Conflict, Invalid) as error:
        if case_id is not None:
            return show_conversation(request, case_id, error=error)
        messages.error(request, error.message)
        fresh = find_commitment(request.agency, commitment_id)
        typed = {name: read_reason(request.POST, name) for name in request.POST}
        return _show(request, fresh, given=typed, status=status_of(error))
    messages.success(request, done)
    if case_id is not None:
        return back_to_conversation(request, case_id)
    return redirect("commitment", agency=request.agency.slug, commitment_id=commitment_id)


@require_POST
@member(Ability.WORK)
def accept(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Take a promise as a commitment."""

    def act(found: Commitment, version: int | None) -> str:
        terms = read_terms(request.POST)
        actions.accept_commitment(
            commitment=found,
            what=terms.what,
            due_at=due_of(terms, request.agency, readings=found.possible_dues),
            owner=find_owner(request.agency, terms.owner),
            by=request.person,
            expected_version=version,
        )
        return _("It is a commitment now. It stays on the list until it is closed.")

    return act_on(request, commitment_id, act)


@require_POST
@member(Ability.WORK)
def refuse(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Say that the words promise nothing."""

    def act(found: Commitment, version: int | None) -> str:
        actions.refuse_promise(commitment=found, by=request.person, expected_version=version)
        return _("Not a promise, then. You are not asked about it again.")

    return act_on(request, commitment_id, act)


@require_POST
@member(Ability.WORK)
def keep(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Close it as kept."""

    def act(found: Commitment, version: int | None) -> str:
        actions.keep_commitment(
            commitment=found,
            evidence=read_reason(request.POST, "evidence"),
            note=read_reason(request.POST, "note"),
            by=request.person,
            expected_version=version,
        )
        return _("Kept, and closed. Tell whoever was promised, if they do not know yet.")

    return act_on(request, commitment_id, act)


@require_POST
@member(Ability.WORK)
def drop(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Close it as not to be kept."""

    def act(found: Commitment, version: int | None) -> str:
        actions.drop_commitment(
            commitment=found,
            reason=read_reason(request.POST),
            by=request.person,
            expected_version=version,
        )
        return _("Dropped, and closed. Tell whoever was promised, and why.")

    return act_on(request, commitment_id, act)


@require_POST
@member(Ability.WORK)
def reopen(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Take a closed one up again."""

    def act(found: Commitment, version: int | None) -> str:
        actions.reopen_commitment(
            commitment=found,
            reason=read_reason(request.POST, "again"),
            by=request.person,
            expected_version=version,
        )
        return _("The commitment is open again.")

    return act_on(request, commitment_id, act)


@require_POST
@member(Ability.WORK)
def give(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Have a colleague see to it."""

    def act(found: Commitment, version: int | None) -> str:
        owner = find_owner(request.agency, read_id(request.POST.get("owner")))
        actions.give_commitment(
            commitment=found, owner=owner, by=request.person, expected_version=version
        )
        return _("%(name)s sees to this commitment now.") % {"name": owner.name}

    return act_on(request, commitment_id, act)


@require_POST
@member(Ability.WORK)
def due(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Put the due date elsewhere."""

    def act(found: Commitment, version: int | None) -> str:
        terms = read_terms(request.POST)
        actions.change_due(
            commitment=found,
            due_at=read_due(terms.day, terms.at, request.agency),
            reason=read_reason(request.POST, "why"),
            by=request.person,
            expected_version=version,
        )
        return _("The due date was changed. Tell whoever was promised.")

    return act_on(request, commitment_id, act)


@require_POST
@member(Ability.WORK)
def add(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Write down by hand what was promised in a conversation."""
    case = find_case(request.agency, post_id)
    terms = read_terms(request.POST)
    try:
        actions.add_commitment(
            case=case,
            what=terms.what,
            due_at=due_of(terms, request.agency),
            owner=find_owner(request.agency, terms.owner),
            by=request.person,
        )
    except (Conflict, Invalid) as error:
        return show_conversation(request, post_id, error=error, typed=Typed(promised=terms))
    messages.success(request, _("Added to the commitments."))
    return back_to_conversation(request, post_id)


@require_POST
@member(Ability.REPLY)
def draft(request: AgencyRequest, post_id: int) -> HttpResponse:
    """The promises of a reply that is being written, to be asked about on its form."""
    find_case(request.agency, post_id)
    text = read_reply_form(request.POST).text
    found = terms_of_draft(text, agency=request.agency, person=request.person, given=request.POST)
    colleagues = list_colleagues(request.agency) if found else []
    return render(request, "commitments/_draft.html", {"promises": found, "colleagues": colleagues})
