"""The pages of knowledge: the list, one answer, and what is done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.asked.actions import link_answer
from levelhead.asked.writing import AskedFor, find_asked
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.knowledge import actions, domain, queries
from levelhead.knowledge.forms import (
    AnswerForm,
    answer_form,
    new_answer_form,
    read_answer_form,
    read_date,
)
from levelhead.knowledge.models import Answer
from levelhead.knowledge.usage import usage_of
from levelhead.posts.queries import posts_of
from levelhead.web.middleware import status_of
from levelhead.web.words import ANSWERS_SHOWN, of


@require_GET
@member(Ability.READ)
def knowledge(request: AgencyRequest) -> HttpResponse:
    """The list of answers."""
    choice = queries.read_answer_choice(request.GET)
    may_reply = request.member.may(Ability.REPLY)
    page = queries.list_answers(request.agency, choice)
    return render(
        request,
        "knowledge/knowledge.html",
        {
            "choice": choice,
            "page": page,
            # Who may confirm an answer: not who changed it last, unless alone.
            "may_confirm": may_reply and bool(page.counts["stale"]),
            "more": choice.address_with(before=str(page.more_before)) if page.more_before else "",
            "filters": [
                {
                    "key": show,
                    "title": of(ANSWERS_SHOWN, show),
                    "count": page.counts[show],
                    "address": choice.address_with(show=show if show != "in_use" else ""),
                }
                for show in queries.SHOWN
            ],
        },
    )


@require_http_methods(["GET", "POST"])
@member(Ability.REPLY)
def new(request: AgencyRequest) -> HttpResponse:
    """Write an answer."""
    if request.method == "GET":
        question = " ".join(request.GET.get("question", "").split())[: domain.QUESTION_LIMIT]
        form = new_answer_form(
            request.agency, request.person, question=question, lang=request.GET.get("lang", "")
        )
        asked = find_asked(request, request.GET.get("asked"))
        if asked is not None:
            form.questions = {asked.group.lang: asked.questions}
        return _show_form(request, form, asked=asked)
    form = read_answer_form(request.POST)
    asked = find_asked(request, request.POST.get("asked"))
    try:
        with transaction.atomic():
            answer = actions.write_answer(
                agency=request.agency, fields=form.fields, owner=_owner(request, form),
                by=request.person,
            )  # fmt: skip
            if asked is not None:
                link_answer(group=asked.group, answer=answer, by=request.person)
    except Invalid as error:
        return _show_form(request, form, error=error, asked=asked)
    messages.success(request, _("Kept as a draft. It is offered once somebody approves it."))
    return redirect("answer", agency=request.agency.slug, answer_id=answer.pk)


@require_http_methods(["GET", "POST"])
@member(Ability.REPLY)
def edit(request: AgencyRequest, answer_id: int) -> HttpResponse:
    """Change an answer."""
    found = queries.find_answer(request.agency, answer_id)
    if request.method == "GET":
        return _show_form(request, answer_form(found), answer=found)
    form = read_answer_form(request.POST)
    try:
        changed = actions.edit_answer(
            answer=found, fields=form.fields, owner=_owner(request, form), by=request.person,
            expected_version=_version(request),
        )  # fmt: skip
    except (Conflict, Invalid) as error:
        return _show_form(request, form, answer=found, error=error)
    if changed.version == found.version:
        messages.success(request, _("Nothing was different, so nothing was changed."))
    else:
        messages.success(request, _("Changed. It is offered again once somebody approves it."))
    return redirect("answer", agency=request.agency.slug, answer_id=answer_id)


def _show_form(
    request: AgencyRequest,
    form: AnswerForm,
    *,
    answer: Answer | None = None,
    error: LevelheadError | None = None,
    asked: AskedFor | None = None,
) -> HttpResponse:
    if error is not None:
        given: Any = error.data.get("errors")
        form.errors = given if isinstance(given, Mapping) else {"": error.message}
    return render(
        request,
        "knowledge/form.html",
        {
            "form": form,
            "answer": answer,
            "asked": asked,
            "owners": queries.list_owners(request.agency),
            "limits": domain,
            "today": queries.today_of(request.agency),
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


@require_GET
@member(Ability.READ)
def answer(request: AgencyRequest, answer_id: int) -> HttpResponse:
    """One answer with its history and its uses."""
    return _show(request, queries.find_answer(request.agency, answer_id))


def _show(
    request: AgencyRequest, found: Answer, *, error: LevelheadError | None = None
) -> HttpResponse:
    today = queries.today_of(request.agency)
    uses, used = queries.list_uses(found)
    own = found.edited_by_id == request.person.pk
    may_reply = request.member.may(Ability.REPLY)
    alone = own and may_reply and domain.may_approve_own(queries.count_approvers(request.agency))
    return render(
        request,
        "knowledge/answer.html",
        {
            "answer": found,
            "stale": found.stale_on(today),
            "versions": queries.list_versions(found),
            "uses": uses,
            "used": used,
            "own_posts": posts_of(found),
            "may_say": may_reply and found.state == "approved" and not found.stale_on(today),
            "usage": usage_of(found) if used else None,
            "may_reply": may_reply,
            "may_approve": may_reply and found.state != "retired" and (not own or alone),
            "alone": alone,
            "next_review": today + timedelta(days=domain.REVIEW_DAYS),
            "tomorrow": today + timedelta(days=1),
            "last_review": today + timedelta(days=domain.LONGEST_REVIEW_DAYS),
            "error": error,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


def _act(
    request: AgencyRequest, answer_id: int, act: Callable[[Answer], object], done: str
) -> HttpResponse:
    """Do it and say so; a mistake is said on the page."""
    found = queries.find_answer(request.agency, answer_id)
    try:
        act(found)
    except (Conflict, Invalid) as error:
        return _show(request, queries.find_answer(request.agency, answer_id), error=error)
    messages.success(request, done)
    return redirect("answer", agency=request.agency.slug, answer_id=answer_id)


@require_POST
@member(Ability.REPLY)
def approve(request: AgencyRequest, answer_id: int) -> HttpResponse:
    """Let an answer be offered until its review date."""

    def act(found: Answer) -> None:
        review_on = read_date(request.POST.get("review_on", ""))
        if review_on is None:
            raise Invalid(str(actions.MISTAKES["no_date"]))
        actions.approve_answer(
            answer=found, review_on=review_on, by=request.person,
            expected_version=_version(request),
        )  # fmt: skip

    return _act(request, answer_id, act, _("Approved. It is offered from now on where it fits."))


@require_POST
@member(Ability.REPLY)
def still_true(request: AgencyRequest, answer_id: int) -> HttpResponse:
    """Let an answer stand for another half year."""

    def act(found: Answer) -> None:
        actions.confirm_still_true(
            answer=found, by=request.person, expected_version=_version(request)
        )

    return _act(request, answer_id, act, _("Confirmed. It is offered for another half year."))


@require_POST
@member(Ability.REPLY)
def retire(request: AgencyRequest, answer_id: int) -> HttpResponse:
    """Take an answer out of use."""

    def act(found: Answer) -> None:
        actions.retire_answer(
            answer=found, reason=request.POST.get("reason", ""), by=request.person,
            expected_version=_version(request),
        )  # fmt: skip

    done = _("Retired. It is not offered any more; edit it to bring it back.")
    return _act(request, answer_id, act, done)


def _owner(request: AgencyRequest, form: AnswerForm) -> User | None:
    if form.owner is None:
        return None
    return User.objects.filter(pk=form.owner, memberships__agency=request.agency).first()


def _version(request: AgencyRequest) -> int:
    """The version that the person saw; one that is none fits nothing."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
