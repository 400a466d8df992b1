"""The pages for joining conversations and taking them apart."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.actions import REASON_LIMIT
from levelhead.inbox.alike import find_joinable, read_previews
from levelhead.inbox.forms import read_shapes
from levelhead.inbox.joining import (
    UNDO_SECONDS,
    find_joining,
    join_many,
    take_apart,
    undo_joining,
)
from levelhead.inbox.models import Joining
from levelhead.inbox.pages import (
    Undo,
    back_to_conversation,
    back_to_list,
    read_id,
    remember_undo,
)
from levelhead.inbox.queries import read_choice
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.web.middleware import status_of

# Conversations that a person can join in one go.
AT_ONCE: Final = 10
_LINK_LIMIT: Final = 2_000


def _chosen(given: QueryDict) -> list[int]:
    ids = [pk for text in given.getlist("case")[: AT_ONCE + 1] if (pk := read_id(text))]
    return list(dict.fromkeys(ids))


@require_http_methods(["GET", "HEAD", "POST"])
@member(Ability.WORK)
def join(request: AgencyRequest) -> HttpResponse:
    """Find the conversation that is about the same, look at both, and join them."""
    if request.method == "POST" and "reason" in request.POST:
        return _join(request)
    if request.method == "POST":
        # Marked in the list: the page that follows can be reloaded and sent to a colleague.
        ids = _chosen(request.POST)
        if not ids:
            messages.error(request, _("Choose at least one post first."))
            return back_to_list(request)
        query = urlencode([("case", pk) for pk in ids])
        choice = read_choice(request.GET).address.removeprefix("?")
        path = reverse("join", args=[request.agency.slug])
        return HttpResponseRedirect(f"{path}?{query}{'&' + choice if choice else ''}")
    return _show_join(request, _chosen(request.GET))


def _show_join(
    request: AgencyRequest, ids: list[int], *, error: LevelheadError | None = None
) -> HttpResponse:
    if not ids:
        return back_to_list(request)
    if len(ids) > AT_ONCE:
        ids = ids[:AT_ONCE]
        error = error or Invalid(
            _("At most %(n)d at once; the first %(n)d are shown.") % {"n": AT_ONCE}
        )
    previews = read_previews(request.agency, ids)
    words = request.GET.get("find", "").replace("\x00", "")[:_LINK_LIMIT]
    keep = read_id(request.POST.get("keep"))
    return render(
        request,
        "inbox/join.html",
        {
            "previews": previews,
            "first": previews[0],
            "many": len(previews) > 1,
            "words": words,
            "found": find_joinable(
                request.agency,
                previews[0].case,
                words,
                without=[one.case.conversation_id for one in previews],
            )
            if len(previews) < AT_ONCE
            else [],
            "keep": keep if keep in {p.case.pk for p in previews} else previews[0].case.pk,
            "reason": request.POST.get("reason", "")[:REASON_LIMIT],
            "choice": read_choice(request.GET),
            "error": error,
            "REASON_LIMIT": REASON_LIMIT,
        },
        status=status_of(error) if error is not None and request.method == "POST" else 200,
    )


def _join(request: AgencyRequest) -> HttpResponse:
    ids = _chosen(request.POST)
    previews = read_previews(request.agency, ids)
    keep = read_id(request.POST.get("keep"))
    kept = next((p for p in previews if p.case.pk == keep), None)
    if kept is None or len(previews) < 2:
        return _show_join(
            request, ids, error=Invalid(_("Choose two conversations, and which one is kept."))
        )
    try:
        done = join_many(
            keep=kept.case, others=[other.case for other in previews if other is not kept],
            reason=request.POST["reason"], by=request.person, seen=read_shapes(request.POST),
        )  # fmt: skip
    except (Conflict, Invalid) as error:
        return _show_join(request, ids, error=error)
    messages.success(request, _("They are one conversation now. What each of them had shows here."))
    if len(done) == 1:
        _offer_undo(request, done[0])
    return back_to_conversation(request, kept.case.pk)


def _offer_undo(request: AgencyRequest, joining: Joining) -> None:
    remember_undo(
        request,
        Undo(
            address=reverse("join-undo", args=[request.agency.slug, joining.pk]),
            words=_("Undo: joined"),
            seconds=UNDO_SECONDS,
        ),
    )


@require_POST
@member(Ability.WORK)
def join_undo(request: AgencyRequest, joining_id: int) -> HttpResponse:
    """Take a joining back at once."""
    joining = find_joining(request.agency, joining_id)
    remember_undo(request, None)
    try:
        undo_joining(joining=joining, by=request.person)
    except (Conflict, Invalid) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("They are two conversations again."))
    opened = read_id(request.POST.get("open"))
    return back_to_conversation(request, opened or joining.whole_post_id)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Ability.WORK)
def apart(request: AgencyRequest, joining_id: int) -> HttpResponse:
    """Look at what goes where, and take two joined conversations apart."""
    joining = find_joining(request.agency, joining_id)
    error: LevelheadError | None = None
    if request.method == "POST":
        shapes = read_shapes(request.POST)
        try:
            take_apart(
                joining=joining, reason=request.POST.get("reason", ""), by=request.person,
                expected_shape=shapes.get(joining.whole_id),
            )  # fmt: skip
        except (Conflict, Invalid) as caught:
            error = caught
            joining = find_joining(request.agency, joining_id)
        else:
            remember_undo(request, None)
            messages.success(request, _("They are two conversations again."))
            return back_to_conversation(request, joining.whole_post_id)
    part = find_case(request.agency, joining.part_post_id)
    whole = find_case(request.agency, joining.whole_post_id)
    return render(
        request,
        "inbox/apart.html",
        {
            "joining": joining,
            "part": part,
            "whole": whole,
            "choice": read_choice(request.GET),
            "reason": request.POST.get("reason", "")[:REASON_LIMIT],
            "error": error,
            "REASON_LIMIT": REASON_LIMIT,
        },
        status=status_of(error) if error is not None else 200,
    )
