"""What the watch heard, written down: topics, their levels, their hours and posts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection

from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.kernel.text import clean_name
from levelhead.live.actions import announce
from levelhead.topics.actions import record
from levelhead.topics.domain import (
    CONTINUES,
    HOURS_KEPT,
    LINKED,
    TopicState,
    hour_of,
    name_of,
    same_subject,
    words_of,
)
from levelhead.topics.following import Follower, Heard, Told
from levelhead.topics.models import Topic, TopicHour, TopicPost

# Topics among which an alert after a restart looks for its own.
LOOKED_THROUGH = 100
_ADD_HOURS = (
    "INSERT INTO topics_topichour (id, agency_id, topic_id, hour, posts) "
    "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (topic_id, hour) "
    "DO UPDATE SET posts = topics_topichour.posts + excluded.posts"
)


def note_heard(*, agency_id: int, heard: Heard, follower: Follower) -> list[Topic]:
    """Write down what the watch heard; gives the topics it told of. In the caller's transaction.

    Of a topic, posts are counted by the hour in which they were written, each once.
    """
    told_of: list[Topic] = []
    posts_of: dict[int, list[int]] = {}
    for told in heard.told:
        topic = _note_alert(agency_id, told, follower)
        told_of.append(topic)
        if told.whole_stream == topic.whole_stream:
            posts_of.setdefault(topic.pk, []).extend(told.posts)
    for post_id, key in heard.joined:
        row = follower.row_of_key.get(key)
        if row is not None:
            posts_of.setdefault(row, []).append(post_id)
    for row, post_ids in posts_of.items():
        fresh = follower.count_once(row, post_ids)
        if fresh:
            _count(agency_id, row, fresh)
    for topic in told_of:
        announce(
            agency_id=agency_id,
            kind="topic.changed",
            payload={"topic": str(topic.pk), "level": topic.level},
        )
    return told_of


def recall(*, agency_id: int, heard: Heard, follower: Follower) -> None:
    """Find again which rows the topics of posts already watched are; nothing is written."""
    for told in heard.told:
        topic = _find_topic(agency_id, told, follower)
        if topic is not None:
            follower.bind(told, topic.pk)
            if told.whole_stream == topic.whole_stream:
                follower.count_once(topic.pk, told.posts)
    for post_id, key in heard.joined:
        row = follower.row_of_key.get(key)
        if row is not None:
            follower.count_once(row, [post_id])


def _find_topic(agency_id: int, told: Told, follower: Follower) -> Topic | None:
    since = told.alert.at - CONTINUES
    topics = Topic.objects.filter(agency_id=agency_id, last_seen__gte=since)
    row = follower.row_of_burst.get(told.alert.burst)
    if row is not None:
        return topics.filter(pk=row).first()
    words = words_of(told.alert.topic)
    for topic in topics.order_by("-last_seen", "-pk")[:LOOKED_THROUGH]:
        if told.whole_stream or topic.whole_stream:
            if told.whole_stream and topic.whole_stream:
                return topic
        elif same_subject(words, words_of(topic.term_list)):
            return topic
    return None


def _note_alert(agency_id: int, told: Told, follower: Follower) -> Topic:
    alert = told.alert
    found = _find_topic(agency_id, told, follower)
    topic = Topic.objects.select_for_update().get(pk=found.pk) if found is not None else None
    before = topic.level if topic is not None else None
    terms = [clean_name(term, 80) for term in alert.topic]
    now = clock.now()
    if topic is None:
        topic = Topic(
            agency_id=agency_id, name=name_of(terms), terms=json.dumps(terms), level=0,
            whole_stream=told.whole_stream, first_seen=min(alert.at, now),
            last_seen=min(alert.at, now), raised_at=now,
        )  # fmt: skip
    if told.whole_stream == topic.whole_stream:
        # Else the figures are of all posts, which this topic made rise: they are not its own.
        topic.posts = alert.posts
        topic.baseline = round(alert.baseline, 3)
        topic.spread = alert.spread
    topic.reasons = json.dumps({lang: list(each) for lang, each in told.reasons.items()})
    topic.examples = json.dumps([one for one in alert.examples if isinstance(one, int)])
    topic.last_seen = max(topic.last_seen, min(alert.at, now))
    action = "system:topic:grown"
    if alert.kind != "update":
        topic.level = int(alert.level)
        topic.raised_at = now
        if before is None:
            action = "system:topic:seen"
        elif topic.level > before:
            action = "system:topic:raised"
        if before is None or topic.level > before:
            # What a person found ordinary at a lower level is to be looked at again.
            topic.state = TopicState.OPEN
    topic.version += 1 if before is not None else 0
    topic.save()
    follower.bind(told, topic.pk)
    record(
        topic, action, by=None,
        payload={
            "level": topic.level, "before": before, "posts": topic.posts,
            "baseline": topic.baseline, "reason": "; ".join(told.reasons.get("en", ())),
        },
    )  # fmt: skip
    return topic


def _count(agency_id: int, row: int, fresh: Mapping[int, datetime]) -> None:
    """Add posts to a topic: to its hours, and as its own as long as there is room."""
    now = clock.now()
    oldest = hour_of(now - timedelta(hours=HOURS_KEPT - 1))
    hours = Counter(max(hour_of(min(written, now)), oldest) for written in fresh.values())
    topic = Topic.objects.select_for_update().get(pk=row)
    with connection.cursor() as cursor:
        cursor.executemany(
            _ADD_HOURS,
            [
                (
                    new_id(), agency_id, row,
                    connection.ops.adapt_datetimefield_value(hour), count,
                )
                for hour, count in sorted(hours.items())
            ],
        )  # fmt: skip
    TopicHour.objects.filter(topic_id=row, hour__lt=oldest).delete()
    room = max(0, LINKED - topic.linked)
    chosen = sorted(fresh)[:room]
    TopicPost.objects.bulk_create(
        [TopicPost(agency_id=agency_id, topic_id=row, post_id=pk, at=now) for pk in chosen],
        ignore_conflicts=True,
    )
    topic.linked += len(chosen)
    topic.counted += len(fresh)
    newest = min(now, max(fresh.values()))
    topic.last_seen = max(topic.last_seen, newest)
    topic.first_seen = min(topic.first_seen, min(fresh.values()))
    topic.save(update_fields=["linked", "counted", "last_seen", "first_seen"])
