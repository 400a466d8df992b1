"""What people talk about: all topics, one topic, and what a person makes of it."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.pages import read_id, read_version
from levelhead.issues.queries import find_issue_of_topic, list_choices
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.records.queries import list_subject_events
from levelhead.topics import actions
from levelhead.topics.domain import REASON_LIMIT
from levelhead.topics.models import Topic
from levelhead.topics.queries import (
    find_topic,
    hours_of,
    list_examples,
    list_topic_posts,
    list_topics,
)
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def topics(request: AgencyRequest) -> HttpResponse:
    """All topics, the newest first."""
    page = list_topics(request.agency, before=read_id(request.GET.get("before")))
    hours = hours_of([topic.pk for topic in page.rows])
    lines = [{"topic": topic, "hours": hours[topic.pk]} for topic in page.rows]
    return render(request, "topics/topics.html", {"lines": lines, "before": page.before})


@require_GET
@member(Ability.READ)
def topic(request: AgencyRequest, topic_id: int) -> HttpResponse:
    """One topic: what it is, how it grew, why this level, what can be done."""
    return _show(request, find_topic(request.agency, topic_id))


def _show(
    request: AgencyRequest, found: Topic, *, error: LevelheadError | None = None, why: str = ""
) -> HttpResponse:
    may_work = request.member.may(Ability.WORK)
    issue = find_issue_of_topic(found)
    return render(
        request,
        "topics/topic.html",
        {
            "topic": found,
            "hours": hours_of([found.pk])[found.pk],
            "examples": list_examples(found),
            "posts": list_topic_posts(found),
            "issue": issue,
            "choices": list_choices(request.agency) if may_work else [],
            "may_work": may_work,
            "events": list_subject_events(request.agency, f"topic:{found.pk}"),
            "error": error,
            "why": why,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


@require_POST
@member(Ability.WORK)
def ordinary(request: AgencyRequest, topic_id: int) -> HttpResponse:
    """Say that it is ordinary life."""
    found = find_topic(request.agency, topic_id)
    why = request.POST.get("why", "").replace("\r\n", "\n")[: REASON_LIMIT + 1]
    try:
        actions.call_ordinary(
            topic=found, why=why, by=request.person, expected_version=read_version(request.POST)
        )
    except (Conflict, Invalid) as error:
        return _show(request, find_topic(request.agency, topic_id), error=error, why=why)
    messages.success(
        request, _("Ordinary, then. It shows again when its level rises; you can take this back.")
    )
    return redirect("topic", agency=request.agency.slug, topic_id=topic_id)


@require_POST
@member(Ability.WORK)
def again(request: AgencyRequest, topic_id: int) -> HttpResponse:
    """Take that back."""
    found = find_topic(request.agency, topic_id)
    try:
        actions.look_again(
            topic=found, by=request.person, expected_version=read_version(request.POST)
        )
    except (Conflict, Invalid) as error:
        return _show(request, find_topic(request.agency, topic_id), error=error)
    messages.success(request, _("The topic counts again."))
    return redirect("topic", agency=request.agency.slug, topic_id=topic_id)
