"""What can be done with an issue: one form each."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.pages import (
    back_to_conversation,
    read_id,
    read_version,
    show_conversation,
)
from levelhead.inbox.thread import find_case
from levelhead.issues import actions, assessing
from levelhead.issues.domain import NAME_LIMIT
from levelhead.issues.forms import find_owner, read_examples, read_level, read_text
from levelhead.issues.models import Issue
from levelhead.issues.queries import find_issue
from levelhead.issues.views import show_issue
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.topics.queries import find_topic

Act = Callable[[Issue, int | None], str]


def _act(request: AgencyRequest, issue_id: int, act: Act) -> HttpResponse:
    """Do it and say so; a mistake is said on the page, with what was typed."""
    found = find_issue(request.agency, issue_id)
    try:
        done = act(found, read_version(request.POST))
    except (Conflict, Invalid) as error:
        return show_issue(request, find_issue(request.agency, issue_id), error=error)
    messages.success(request, done)
    return redirect("issue", agency=request.agency.slug, issue_id=issue_id)


@require_POST
@member(Ability.WORK)
def rename(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """Call it something else."""

    def act(found: Issue, version: int | None) -> str:
        name = read_text(request.POST, "name", NAME_LIMIT)
        actions.rename_issue(issue=found, name=name, by=request.person, expected_version=version)
        return _("The issue has another name now.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def level(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """Decide how grave it is."""

    def act(found: Issue, version: int | None) -> str:
        chosen = read_level(request.POST)
        actions.set_level(
            issue=found, level=9 if chosen is None else chosen,
            why=read_text(request.POST, "level_why"), by=request.person, expected_version=version,
        )  # fmt: skip
        return _("The level is set. Everybody sees it on top of the page.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def give(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """Have a colleague see to it."""

    def act(found: Issue, version: int | None) -> str:
        owner = find_owner(request.agency, request.POST)
        actions.give_issue(issue=found, owner=owner, by=request.person, expected_version=version)
        return _("%(name)s sees to this issue now.") % {"name": owner.name}

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def findings(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """Write down what lay behind it, what was done, what came of it."""

    def act(found: Issue, version: int | None) -> str:
        actions.write_findings(
            issue=found, root_cause=read_text(request.POST, "root_cause"),
            done=read_text(request.POST, "done"), outcome=read_text(request.POST, "outcome"),
            by=request.person, expected_version=version,
        )  # fmt: skip
        return _("Written down.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def add_fact(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """Write down a statement with where it comes from."""

    def act(found: Issue, version: int | None) -> str:
        assessing.add_fact(
            issue=found, text=read_text(request.POST, "fact"),
            source=read_text(request.POST, "source"), by=request.person,
        )  # fmt: skip
        return _("Added. It stands on the fact sheet as soon as somebody approves it.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def approve(request: AgencyRequest, issue_id: int, fact_id: int) -> HttpResponse:
    """Say that a fact is true."""

    def act(found: Issue, version: int | None) -> str:
        assessing.approve_fact(issue=found, fact_id=fact_id, by=request.person)
        return _("Approved: it stands on the fact sheet now.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def withdraw(request: AgencyRequest, issue_id: int, fact_id: int) -> HttpResponse:
    """Take a fact off the sheet."""

    def act(found: Issue, version: int | None) -> str:
        why = read_text(request.POST, "fact_why")
        assessing.withdraw_fact(issue=found, fact_id=fact_id, why=why, by=request.person)
        return _("Withdrawn. Look whether a reply has repeated it.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def add_theme(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """Name one of the things that people say."""

    def act(found: Issue, version: int | None) -> str:
        assessing.add_theme(
            issue=found, name=read_text(request.POST, "theme", NAME_LIMIT),
            post_ids=read_examples(request.POST), by=request.person,
        )  # fmt: skip
        return _("The theme was added.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def drop_theme(request: AgencyRequest, issue_id: int, theme_id: int) -> HttpResponse:
    """Take a theme away."""

    def act(found: Issue, version: int | None) -> str:
        assessing.drop_theme(issue=found, theme_id=theme_id, by=request.person)
        return _("The theme was taken away.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def topic_out(request: AgencyRequest, issue_id: int, topic_id: int) -> HttpResponse:
    """Say that a topic is no part of it."""

    def act(found: Issue, version: int | None) -> str:
        actions.take_topic_out(
            issue=found, topic_id=topic_id, by=request.person, expected_version=version
        )
        return _("The topic is no part of this issue any more.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def conversation_out(request: AgencyRequest, issue_id: int, conversation_id: int) -> HttpResponse:
    """Say that a conversation is no part of it."""

    def act(found: Issue, version: int | None) -> str:
        actions.take_conversation_out(
            issue=found, conversation_id=conversation_id, by=request.person,
            expected_version=version,
        )  # fmt: skip
        return _("The conversation is no part of this issue any more.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def close(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """End the work on it."""

    def act(found: Issue, version: int | None) -> str:
        why = read_text(request.POST, "close_why")
        actions.close_issue(issue=found, why=why, by=request.person, expected_version=version)
        return _("Closed. What was learned stays here.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def reopen(request: AgencyRequest, issue_id: int) -> HttpResponse:
    """Take it up again."""

    def act(found: Issue, version: int | None) -> str:
        why = read_text(request.POST, "again")
        actions.reopen_issue(issue=found, why=why, by=request.person, expected_version=version)
        return _("The issue is open again.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def add_topic(request: AgencyRequest, topic_id: int) -> HttpResponse:
    """Put a topic into an open issue."""
    topic = find_topic(request.agency, topic_id)
    issue_id = read_id(request.POST.get("issue"))
    if issue_id is None:
        messages.error(request, _("Choose the issue that it belongs to."))
        return redirect("topic", agency=request.agency.slug, topic_id=topic_id)

    def act(found: Issue, version: int | None) -> str:
        actions.add_topic(issue=found, topic=topic, by=request.person)
        return _("The topic is part of this issue now.")

    return _act(request, issue_id, act)


@require_POST
@member(Ability.WORK)
def add_conversation(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Put a conversation into an open issue."""
    case = find_case(request.agency, post_id)
    issue_id = read_id(request.POST.get("issue"))
    try:
        if issue_id is None:
            raise Invalid(_("Choose the issue that it belongs to."))
        found = find_issue(request.agency, issue_id)
        actions.add_conversation(issue=found, case=case, by=request.person)
    except (Conflict, Invalid) as error:
        return show_conversation(request, post_id, error=error)
    messages.success(request, _("The conversation is part of “%(name)s” now.") % {"name": found})
    return back_to_conversation(request, post_id)
