"""The pages for splitting a branch off and putting it back."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.actions import REASON_LIMIT
from levelhead.inbox.forms import read_shapes
from levelhead.inbox.joining import UNDO_SECONDS
from levelhead.inbox.models import Case, Post
from levelhead.inbox.pages import Undo, back_to_conversation, read_id, remember_undo
from levelhead.inbox.queries import read_choice
from levelhead.inbox.splitting import (
    MOST_CHOSEN,
    find_splitting,
    put_back,
    split_conversation,
    undo_splitting,
)
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.web.middleware import status_of

# Posts of a branch that can be ticked; beyond, the whole branch goes.
SHOWN: Final = 100


@require_http_methods(["GET", "HEAD", "POST"])
@member(Ability.WORK)
def split(request: AgencyRequest, post_id: int) -> HttpResponse:
    """From this post on it is another matter: look at what would go, and split it off."""
    case = find_case(request.agency, post_id)
    error: LevelheadError | None = None
    if request.method == "POST":
        chosen = None
        if request.POST.get("what") == "chosen":
            given = request.POST.getlist("post")[: MOST_CHOSEN + 1]
            chosen = {pk for text in given if (pk := read_id(text))}
        try:
            done = split_conversation(
                case=case, reason=request.POST.get("reason", ""), by=request.person,
                chosen=chosen, expected_shape=read_shapes(request.POST).get(case.conversation_id),
            )  # fmt: skip
        except (Conflict, Invalid) as caught:
            error = caught
            case = find_case(request.agency, post_id)
        else:
            messages.success(
                request,
                _("It is a conversation of its own now. Later answers below it come here too."),
            )
            remember_undo(
                request,
                Undo(
                    address=reverse("split-undo", args=[request.agency.slug, done.pk]),
                    words=_("Undo: split off"),
                    seconds=UNDO_SECONDS,
                ),
            )
            return back_to_conversation(request, post_id)
    others = _others(case)
    return render(
        request,
        "inbox/split.html",
        {
            "case": case,
            "post": case.post,
            "others": list(others[:SHOWN]),
            "cut": others[SHOWN : SHOWN + 1].exists(),
            "ticked": set(request.POST.getlist("post")),
            "what": request.POST.get("what", "branch"),
            "choice": read_choice(request.GET),
            "reason": request.POST.get("reason", "")[:REASON_LIMIT],
            "error": error,
            "REASON_LIMIT": REASON_LIMIT,
        },
        status=status_of(error) if error is not None else 200,
    )


def _others(case: Case) -> QuerySet[Post]:
    """The rest of the conversation, answers to the post first."""
    posts = Post.objects.filter(conversation_id=case.conversation_id).exclude(pk=case.pk)
    return (
        posts.select_related("author", "parent__author").defer("raw", "parent__raw").order_by("pk")
    )


@require_POST
@member(Ability.WORK)
def split_undo(request: AgencyRequest, splitting_id: int) -> HttpResponse:
    """Take a splitting back at once."""
    splitting = find_splitting(request.agency, splitting_id)
    remember_undo(request, None)
    try:
        undo_splitting(splitting=splitting, by=request.person)
    except (Conflict, Invalid) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The posts are back in the conversation they came from."))
    opened = read_id(request.POST.get("open"))
    return back_to_conversation(request, opened or splitting.post_id)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Ability.WORK)
def split_back(request: AgencyRequest, splitting_id: int) -> HttpResponse:
    """Look at what goes where, and put a branch back."""
    splitting = find_splitting(request.agency, splitting_id)
    error: LevelheadError | None = None
    if request.method == "POST":
        try:
            put_back(
                splitting=splitting, reason=request.POST.get("reason", ""), by=request.person,
                expected_shape=read_shapes(request.POST).get(splitting.made_id),
            )  # fmt: skip
        except (Conflict, Invalid) as caught:
            error = caught
            splitting = find_splitting(request.agency, splitting_id)
        else:
            remember_undo(request, None)
            messages.success(request, _("The posts are back in the conversation they came from."))
            return back_to_conversation(request, splitting.post_id)
    posts = Post.objects.filter(conversation_id=splitting.made_id).select_related("author", "case")
    return render(
        request,
        "inbox/back.html",
        {
            "splitting": splitting,
            "posts": list(posts.defer("raw").order_by("pk")[:SHOWN]),
            "choice": read_choice(request.GET),
            "reason": request.POST.get("reason", "")[:REASON_LIMIT],
            "error": error,
            "REASON_LIMIT": REASON_LIMIT,
        },
        status=status_of(error) if error is not None else 200,
    )
