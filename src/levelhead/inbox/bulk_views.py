"""Acts for many cases: those that are ticked, and those that say nearly the same."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.analysis.domain import Label
from levelhead.inbox import actions, bulk, thread
from levelhead.inbox.actions import BulkOutcome
from levelhead.inbox.models import Case
from levelhead.inbox.pages import (
    UNDO_KEY,
    Undo,
    back_to_conversation,
    back_to_list,
    read_id,
    remember_undo,
)
from levelhead.inbox.queries import read_choice
from levelhead.kernel.errors import Invalid, LevelheadError
from levelhead.web.middleware import status_of


def _ticked(request: AgencyRequest) -> list[int]:
    found = (read_id(text) for text in request.POST.getlist("case")[: actions.BULK_LIMIT + 1])
    return [post_id for post_id in found if post_id is not None]


def _owner(request: AgencyRequest) -> User | None:
    owner_id = read_id(request.POST.get("owner"))
    if owner_id is None:
        return None
    owner = User.objects.filter(pk=owner_id, memberships__agency=request.agency).first()
    if owner is None:
        raise Invalid(_("Choose a colleague of your agency."))
    return owner


def _label(request: AgencyRequest) -> Label:
    given = request.POST.get("label", "")
    if given not in set(Label):
        raise Invalid(_("Choose what it is or what to do about it."))
    return Label(given)


def _act(request: AgencyRequest, act: str, ids: list[int]) -> tuple[BulkOutcome, str, str]:
    """Do it; gives what was done, the words for it, and those for taking it back."""
    if act == "stand":
        cases = list(Case.objects.filter(agency=request.agency, pk__in=ids))
        outcome = actions.let_stand(cases=cases, by=request.person)
        n = len(outcome.done)
        return (
            outcome,
            ngettext("%(n)d post can stand.", "%(n)d posts can stand.", n) % {"n": n},
            ngettext("Undo: %(n)d post let stand", "Undo: %(n)d posts let stand", n) % {"n": n},
        )
    if act == "assign":
        owner = _owner(request)
        outcome = bulk.assign_many(agency=request.agency, ids=ids, owner=owner, by=request.person)
        n = len(outcome.done)
        return (
            outcome,
            ngettext("%(n)d post has another owner.", "%(n)d posts have another owner.", n)
            % {"n": n},
            ngettext("Undo: %(n)d post assigned", "Undo: %(n)d posts assigned", n) % {"n": n},
        )
    outcome = bulk.label_many(
        agency=request.agency, ids=ids, label=_label(request), by=request.person
    )
    n = len(outcome.done)
    return (
        outcome,
        ngettext("%(n)d post was corrected.", "%(n)d posts were corrected.", n) % {"n": n},
        ngettext("Undo: %(n)d post corrected", "Undo: %(n)d posts corrected", n) % {"n": n},
    )


def _do(request: AgencyRequest, act: str, ids: list[int]) -> None:
    """Do it to all and say so; undo is offered for a while. Raises Invalid."""
    outcome, said, undone = _act(request, act, ids)
    if outcome.done:
        messages.success(request, said)
        name = "undo-let-stand" if act == "stand" else "undo-many"
        remember_undo(
            request,
            Undo(
                address=reverse(name, args=[request.agency.slug]),
                words=undone,
                seconds=actions.UNDO_SECONDS,
                token=outcome.undo_token,
            ),
        )
    left = len(ids) - len(outcome.done)
    if left:
        messages.warning(
            request,
            ngettext(
                "%(n)d was left as it is: it was so already, a life may be at stake, or it is not "
                "open any more.",
                "%(n)d were left as they are: they were so already, a life may be at stake, or "
                "they are not open any more.",
                left,
            )
            % {"n": left},
        )


def _back(request: AgencyRequest) -> HttpResponse:
    opened = read_id(request.POST.get("open"))
    return back_to_conversation(request, opened) if opened else back_to_list(request)


def _ticked_view(request: AgencyRequest, act: str) -> HttpResponse:
    try:
        _do(request, act, _ticked(request))
    except Invalid as error:
        messages.error(request, error.message)
    return _back(request)


@require_POST
@member(Ability.WORK)
def assign_many(request: AgencyRequest) -> HttpResponse:
    """Give the chosen posts to a colleague, or to nobody."""
    return _ticked_view(request, "assign")


@require_POST
@member(Ability.WORK)
def label_many(request: AgencyRequest) -> HttpResponse:
    """Say of the chosen posts what they are."""
    return _ticked_view(request, "label")


@require_POST
@member(Ability.WORK)
def undo_many(request: AgencyRequest) -> HttpResponse:
    """Take back what was last done to many posts."""
    kept = request.session.pop(UNDO_KEY, None)
    try:
        count = bulk.undo_many(
            agency=request.agency, undo_token=kept["token"] if kept else "", by=request.person
        )
    except Invalid as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request,
            ngettext("%(n)d post is as it was.", "%(n)d posts are as they were.", count)
            % {"n": count},
        )
    return _back(request)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Ability.READ)
def like(request: AgencyRequest, cluster: int) -> HttpResponse:
    """Posts that say nearly the same: a sample, and one decision for all."""
    error: LevelheadError | None = None
    if request.method == "POST":
        try:
            ids = bulk.cases_of_sample(
                request.agency, request.POST.get("sample", "")[:2_000], request.person
            )
            _do(request, request.POST.get("act", ""), ids)
            return back_to_list(request)
        except Invalid as caught:
            error = caught
    return render(
        request,
        "inbox/like.html",
        {
            "sample": bulk.draw_sample(request.agency, cluster, request.person),
            "cluster": cluster,
            "choice": read_choice(request.GET),
            "people": thread.list_colleagues(request.agency),
            "all_labels": [label.value for label in Label],
            "may_work": request.member.may(Ability.WORK),
            "error": error,
        },
        status=status_of(error) if error is not None else 200,
    )
