"""Issues and topics: what may become a crisis, and what speaks for it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from levelhead.accounts.domain import Ability
from levelhead.api import shapes_rooms as shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import find_colleague, read_row
from levelhead.api.queries import Caller
from levelhead.api.telling_rooms import tell_fact, tell_issue, tell_issue_row, tell_topic
from levelhead.inbox.pages import read_id
from levelhead.inbox.thread import find_case
from levelhead.issues import actions
from levelhead.issues.assessing import add_fact
from levelhead.issues.domain import IssueState
from levelhead.issues.queries import find_issue, list_facts, list_issues, read_evidence
from levelhead.topics.queries import find_topic, hours_of, list_topics

issues_router = Router(tags=["issues"])
topics_router = Router(tags=["topics"])


def _tell(caller: Caller, issue_id: int) -> shapes.Issue:
    issue = find_issue(caller.agency, issue_id)
    return tell_issue(issue, list_facts(issue), read_evidence(issue))


@issues_router.get("/{agency}/issues", response=shapes.IssuePage, summary="List issues")
def issues(
    request: HttpRequest,
    agency: str,
    state: str = Query("open", description="open or closed."),
    before: str = Query("", description="From `next`."),
) -> shapes.IssuePage:
    """What the agency works on before it becomes a crisis, the newest first."""
    caller = enter(request, agency, Ability.READ)
    chosen = IssueState(state) if state in set(IssueState) else IssueState.OPEN
    rows, more = list_issues(caller.agency, chosen, before=read_id(before))
    following = f"{request.path}?" + urlencode({"state": chosen, "before": more}) if more else ""
    return shapes.IssuePage(items=[tell_issue_row(one) for one in rows], next=following)


@issues_router.get("/{agency}/issues/{issue_id}", response=shapes.Issue, summary="One issue")
def issue(request: HttpRequest, agency: str, issue_id: str) -> shapes.Issue:
    """With its facts and its evidence: figures and ids, and no post's words."""
    return _tell(enter(request, agency, Ability.READ), read_row(issue_id))


@issues_router.post("/{agency}/issues", response=shapes.Issue, summary="Open an issue")
def open_issue(request: HttpRequest, agency: str, body: shapes.OpenIssue) -> shapes.Issue:
    """By itself, or from a topic or a case that showed it."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Issue:
        owner = find_colleague(caller, body.owner) if body.owner else caller.person
        opened = actions.open_issue(
            agency_id=caller.agency.pk, name=body.name, owner=owner, by=caller.person,
            level=body.level, why=body.why,
            topic=find_topic(caller.agency, read_row(body.topic)) if body.topic else None,
            case=find_case(caller.agency, read_row(body.case)) if body.case else None,
        )  # fmt: skip
        return _tell(caller, opened.pk)

    return once(request, caller, act)


@issues_router.post("/{agency}/issues/{issue_id}/level", response=shapes.Issue, summary="Its level")
def level(request: HttpRequest, agency: str, issue_id: str, body: shapes.SetLevel) -> shapes.Issue:
    """Decide how grave it is, with the reason."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Issue:
        found = find_issue(caller.agency, read_row(issue_id))
        actions.set_level(
            issue=found, level=body.level, why=body.why, by=caller.person,
            expected_version=body.version,
        )  # fmt: skip
        return _tell(caller, found.pk)

    return once(request, caller, act)


@issues_router.post("/{agency}/issues/{issue_id}/facts", response=shapes.Fact, summary="Add a fact")
def fact(request: HttpRequest, agency: str, issue_id: str, body: shapes.AddFact) -> shapes.Fact:
    """With its source; unchecked until a person approves it on the desk."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Fact:
        found = find_issue(caller.agency, read_row(issue_id))
        return tell_fact(
            add_fact(issue=found, text=body.text, source=body.source, by=caller.person)
        )

    return once(request, caller, act)


@issues_router.post(
    "/{agency}/issues/{issue_id}/cases", response=shapes.Issue, summary="Link a case"
)
def link(request: HttpRequest, agency: str, issue_id: str, body: shapes.LinkCase) -> shapes.Issue:
    """Say that the conversation of a case is part of it."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Issue:
        found = find_issue(caller.agency, read_row(issue_id))
        case = find_case(caller.agency, read_row(body.case))
        actions.add_conversation(issue=found, case=case, by=caller.person)
        return _tell(caller, found.pk)

    return once(request, caller, act)


@issues_router.post("/{agency}/issues/{issue_id}/close", response=shapes.Issue, summary="Close it")
def close(
    request: HttpRequest, agency: str, issue_id: str, body: shapes.CloseIssue
) -> shapes.Issue:
    """With the reason; root cause and outcome must stand there, or come with it."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Issue:
        found = find_issue(caller.agency, read_row(issue_id))
        version = body.version
        given = (body.root_cause, body.done, body.outcome)
        with transaction.atomic():
            if any(words is not None for words in given):
                kept = (found.root_cause, found.done, found.outcome)
                root_cause, done, outcome = (
                    before if words is None else words
                    for words, before in zip(given, kept, strict=True)
                )
                version = actions.write_findings(
                    issue=found, root_cause=root_cause, done=done, outcome=outcome,
                    by=caller.person, expected_version=version,
                ).version  # fmt: skip
            actions.close_issue(
                issue=found, why=body.why, by=caller.person, expected_version=version
            )
        return _tell(caller, found.pk)

    return once(request, caller, act)


@topics_router.get("/{agency}/topics", response=shapes.TopicPage, summary="List topics")
def topics(
    request: HttpRequest,
    agency: str,
    before: str = Query("", description="From `next`."),
) -> shapes.TopicPage:
    """What more people write about than usual, with what speaks for its level."""
    caller = enter(request, agency, Ability.READ)
    page = list_topics(caller.agency, before=read_id(before))
    hours = hours_of([topic.pk for topic in page.rows])
    following = f"{request.path}?" + urlencode({"before": page.before}) if page.before else ""
    return shapes.TopicPage(
        items=[tell_topic(topic, hours[topic.pk]) for topic in page.rows], next=following
    )
