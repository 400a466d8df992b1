"""The board of issues, one issue, its escalation test and its fact sheet."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.doctrine.escalation import CATALYSTS, QUESTIONS
from levelhead.forecasts.queries import list_branches_of
from levelhead.inbox.pages import read_id
from levelhead.inbox.thread import find_case, list_colleagues
from levelhead.issues import actions, assessing
from levelhead.issues.domain import NAME_LIMIT, FactState
from levelhead.issues.forms import (
    find_owner,
    read_answers,
    read_catalysts,
    read_evidence_seen,
    read_level,
    read_text,
    sign_evidence,
)
from levelhead.issues.models import EscalationTest, Issue, IssueFact, Theme
from levelhead.issues.queries import find_issue, list_closed, read_board, read_evidence
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.records.queries import list_subject_events
from levelhead.topics.queries import find_topic
from levelhead.web.middleware import status_of

LEVELS = (0, 1, 2, 3, 4)
TESTS_SHOWN = 5
BRANCHES = 6


@require_GET
@member(Ability.READ)
def issues(request: AgencyRequest) -> HttpResponse:
    """What is being worked on, by level, and what people talk about."""
    if request.GET.get("show") == "closed":
        closed, before = list_closed(request.agency, before=read_id(request.GET.get("before")))
        return render(request, "issues/closed.html", {"closed": closed, "before": before})
    return render(request, "issues/board.html", {"board": read_board(request.agency)})


@require_http_methods(["GET", "POST"])
@member(Ability.WORK)
def new(request: AgencyRequest) -> HttpResponse:
    """Open an issue, by itself or from a topic or a conversation."""
    given = request.POST if request.method == "POST" else request.GET
    topic_id, post_id = read_id(given.get("topic")), read_id(given.get("post"))
    topic = find_topic(request.agency, topic_id) if topic_id else None
    case = find_case(request.agency, post_id) if post_id else None
    typed: dict[str, Any] = {
        "name": topic.name if topic else "", "owner": request.person.pk, "level": None, "why": "",
    }  # fmt: skip
    error: LevelheadError | None = None
    if request.method == "POST":
        typed = {
            "name": read_text(given, "name", NAME_LIMIT),
            "owner": read_id(given.get("owner")),
            "level": read_level(given),
            "why": read_text(given, "why"),
        }
        try:
            made = actions.open_issue(
                agency_id=request.agency.pk, name=typed["name"],
                owner=find_owner(request.agency, given), by=request.person,
                level=typed["level"], why=typed["why"], topic=topic, case=case,
            )  # fmt: skip
        except (Conflict, Invalid) as wrong:
            error = wrong
        else:
            messages.success(request, _("The issue is open. Answer the seven questions next."))
            return redirect("issue", agency=request.agency.slug, issue_id=made.pk)
    return render(
        request,
        "issues/new.html",
        {
            "topic": topic, "case": case, "typed": typed, "error": error, "levels": LEVELS,
            "colleagues": list_colleagues(request.agency),
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )  # fmt: skip


@require_GET
@member(Ability.READ)
def issue(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """One issue: how grave, why, who, what is known, what was done."""
    return show_issue(request, find_issue(request.agency, issue_id))


def show_issue(
    request: AgencyRequest, found: Issue, *, error: LevelheadError | None = None
) -> HttpResponse:
    """The page of an issue; after a mistake with its words and what was typed."""
    may_work = request.member.may(Ability.WORK)
    themes = list(Theme.objects.filter(issue=found).order_by("pk")[:50])
    evidence = read_evidence(found, themes=[theme.example_ids for theme in themes])
    tests = EscalationTest.objects.filter(issue=found).select_related("by").order_by("-pk")
    facts = IssueFact.objects.filter(issue=found).select_related("by", "decided_by")
    context = {
        "issue": found,
        "evidence": evidence,
        "branches": list_branches_of(
            request.agency,
            [line.case.conversation_id for line in evidence.conversations]
            + [case.conversation_id for case in evidence.posts],
            limit=BRANCHES,
        ),
        "themes": [
            (theme, [evidence.examples[pk] for pk in theme.example_ids if pk in evidence.examples])
            for theme in themes
        ],
        "topic_examples": [
            (topic, [evidence.examples[pk] for pk in topic.example_ids if pk in evidence.examples])
            for topic in evidence.topics[:5]
        ],
        "tests": list(tests[:TESTS_SHOWN]),
        "facts": list(facts.order_by("pk")[:100]),
        "may_work": may_work and found.state == "open",
        "may_reopen": may_work and found.state == "closed",
        "colleagues": list_colleagues(request.agency) if may_work else [],
        "events": list_subject_events(request.agency, f"issue:{found.pk}"),
        "levels": LEVELS,
        "typed": {name: read_text(request.POST, name) for name in request.POST} if error else {},
        "error": error,
    }
    status = status_of(error) if error else HTTPStatus.OK
    return render(request, "issues/issue.html", context, status=status)


@require_http_methods(["GET", "POST"])
@member(Ability.WORK)
def test(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """Issue or crisis: seven questions, answered in a minute."""
    found = find_issue(request.agency, issue_id)
    answers: dict[str, bool | None] = dict.fromkeys(QUESTIONS)
    catalysts: list[str] = []
    why = ""
    error: LevelheadError | None = None
    if request.method == "POST":
        require(request.person, found.agency_id, Ability.WORK)
        answers, catalysts = read_answers(request.POST), read_catalysts(request.POST)
        why = read_text(request.POST, "why")
        try:
            made = assessing.assess_issue(
                issue=found, answers=answers, catalysts=catalysts, why=why,
                evidence=read_evidence_seen(found, request.POST), by=request.person,
            )  # fmt: skip
        except (Conflict, Invalid) as wrong:
            error = wrong
        else:
            if made.crisis:
                messages.warning(
                    request, _("By your answers this is a crisis. Decide on the level now.")
                )
            else:
                messages.success(request, _("By your answers this is an issue, not a crisis."))
            return redirect("issue", agency=request.agency.slug, issue_id=found.pk)
    evidence = read_evidence(found)
    return render(
        request,
        "issues/test.html",
        {
            "issue": found,
            "evidence": evidence,
            "seen": sign_evidence(found, evidence.as_json()),
            "questions": [(name, answers[name]) for name in QUESTIONS],
            "catalysts": [(name, name in catalysts) for name in CATALYSTS],
            "why": why,
            "error": error,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


@require_GET
@member(Ability.READ)
def fact_sheet(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """What is approved, to read out, print and copy."""
    found = find_issue(request.agency, issue_id)
    facts = IssueFact.objects.filter(issue=found, state=FactState.APPROVED.value)
    return render(
        request,
        "issues/fact_sheet.html",
        {"issue": found, "facts": list(facts.select_related("decided_by").order_by("pk")[:100])},
    )
