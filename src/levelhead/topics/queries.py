"""What screens show of topics, and the agency's level of attention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from levelhead.accounts.models import Agency
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound
from levelhead.topics.domain import FRESH, HOURS_SHOWN, TopicState, fill_hours, hour_of
from levelhead.topics.models import Topic, TopicHour, TopicPost

Hours = list[tuple[datetime, int]]

PAGE = 30
POSTS = 20
EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class TopicPage:
    """A page of topics, newest first."""

    rows: list[Topic]
    # Where the next page begins; None where there is none.
    before: int | None


def fresh_topics(agency: Agency) -> QuerySet[Topic]:
    """Topics that are written about now and that nobody found ordinary."""
    return Topic.objects.filter(
        agency=agency, state=TopicState.OPEN.value, last_seen__gte=clock.now() - FRESH
    )


def list_topics(agency: Agency, *, before: int | None) -> TopicPage:
    """All topics, the newest first."""
    rows = Topic.objects.filter(agency=agency)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    return TopicPage(rows=found[:PAGE], before=found[PAGE - 1].pk if len(found) > PAGE else None)


def find_topic(agency: Agency, topic_id: int) -> Topic:
    """A topic of this agency. Raises NotFound."""
    topic = Topic.objects.select_related("looked_by").filter(agency=agency, pk=topic_id).first()
    if topic is None:
        raise NotFound(f"There is no topic {topic_id} here.")
    return topic


def hours_of(
    topic_ids: list[int], *, hours: int = HOURS_SHOWN
) -> dict[int, list[tuple[datetime, int]]]:
    """For each topic its posts by hour, the last `hours` of them, none left out."""
    now = clock.now()
    since = hour_of(now) - timedelta(hours=hours - 1)
    counts: dict[int, dict[datetime, int]] = {pk: {} for pk in topic_ids}
    rows = TopicHour.objects.filter(topic_id__in=topic_ids, hour__gte=since)
    for topic_id, hour, posts in rows.values_list("topic_id", "hour", "posts"):
        counts[topic_id][hour] = posts
    return {pk: fill_hours(each, until=now, hours=hours) for pk, each in counts.items()}


def list_examples(topic: Topic) -> list[Case]:
    """The posts that show best what it is."""
    order = {pk: number for number, pk in enumerate(topic.example_ids[:EXAMPLES])}
    found = _cases(topic.agency_id).filter(pk__in=list(order))
    return sorted(found, key=lambda case: order[case.pk])


def list_topic_posts(topic: Topic) -> list[Case]:
    """The last posts about it."""
    ids = TopicPost.objects.filter(topic=topic).order_by("-post_id").values_list("post_id")[:POSTS]
    found = _cases(topic.agency_id).filter(pk__in=[pk for (pk,) in ids])
    return list(found.order_by("-pk"))


def _cases(agency_id: int) -> QuerySet[Case, Any]:
    return (
        Case.objects.filter(agency_id=agency_id)
        .select_related("post__author", "channel")
        .defer("post__raw")
    )
