"""Asked often, not answered: the list, one question, and what is decided about it."""

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
from levelhead.asked import actions, queries
from levelhead.asked.domain import REASON_LIMIT, SET_ASIDE, GroupState
from levelhead.asked.models import AskedGroup
from levelhead.inbox.pages import read_id
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.knowledge.domain import QUESTION_LIMIT, clip_question
from levelhead.knowledge.queries import find_answer
from levelhead.web.middleware import status_of
from levelhead.web.words import ASKED_SHOWN, of


@require_GET
@member(Ability.READ)
def asked(request: AgencyRequest) -> HttpResponse:
    """What many ask and no approved answer fits."""
    show = request.GET.get("show", "")
    show = show if show in queries.SHOWN else "open"
    page = queries.list_asked(request.agency, show=show, after=request.GET.get("after", ""))
    return render(
        request,
        "asked/asked.html",
        {
            "page": page,
            "show": show,
            "may_reply": request.member.may(Ability.REPLY),
            "filters": [
                {"key": one, "title": of(ASKED_SHOWN, one), "count": page.counts[one]}
                for one in queries.SHOWN
            ],
        },
    )


@require_GET
@member(Ability.READ)
def asked_one(request: AgencyRequest, group_id: int) -> HttpResponse:
    """One question: who asks where, what was answered, and what to make of it."""
    return _show(request, group_id)


def _show(
    request: AgencyRequest, group_id: int, *, error: LevelheadError | None = None
) -> HttpResponse:
    group = queries.find_group(request.agency, group_id)
    may_reply = request.member.may(Ability.REPLY)
    [row] = queries.describe(request.agency, [group])
    return render(
        request,
        "asked/one.html",
        {
            "row": row,
            "group": group,
            "question": clip_question(request.POST.get("question", "") or group.name),
            "replies": queries.last_replies(group),
            "answers": queries.list_answers_for(group) if may_reply else [],
            "may_reply": may_reply,
            "limits": {"question": QUESTION_LIMIT, "reason": REASON_LIMIT},
            "set_aside": group.state in SET_ASIDE,
            "error": error,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


def _act(
    request: AgencyRequest, group_id: int, act: Callable[[AskedGroup], object], done: str
) -> HttpResponse:
    group = queries.find_group(request.agency, group_id)
    try:
        act(group)
    except (Conflict, Invalid) as error:
        return _show(request, group_id, error=error)
    messages.success(request, done)
    return redirect("asked-one", agency=request.agency.slug, group_id=group_id)


@require_POST
@member(Ability.REPLY)
def set_aside(request: AgencyRequest, group_id: int) -> HttpResponse:
    """It is not one question, or needs no answer."""

    def act(group: AskedGroup) -> None:
        state = request.POST.get("state", "")
        if state not in {one.value for one in SET_ASIDE}:
            raise Invalid(_("Say whether it is not one question, or not needed."))
        actions.set_aside(
            group=group, state=GroupState(state), reason=request.POST.get("reason", ""),
            by=request.person, expected_version=_version(request),
        )  # fmt: skip

    done = _("Set aside. It comes back when it is asked twice as often.")
    return _act(request, group_id, act, done)


@require_POST
@member(Ability.REPLY)
def bring_back(request: AgencyRequest, group_id: int) -> HttpResponse:
    """Look at it again after all."""
    return _act(
        request,
        group_id,
        lambda group: actions.bring_back(
            group=group, by=request.person, expected_version=_version(request)
        ),
        _("It is back on the list."),
    )


@require_POST
@member(Ability.REPLY)
def part_of(request: AgencyRequest, group_id: int) -> HttpResponse:
    """It is a part of an answer that there is."""

    def act(group: AskedGroup) -> None:
        answer_id = read_id(request.POST.get("answer"))
        if answer_id is None:
            raise Invalid(_("Choose the answer that it is a part of."))
        actions.add_to_answer(
            group=group, answer=find_answer(request.agency, answer_id),
            question=request.POST.get("question", ""), by=request.person,
            expected_version=_version(request),
        )  # fmt: skip

    done = _("Added. The answer is found by this question from now on.")
    return _act(request, group_id, act, done)


def _version(request: AgencyRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
