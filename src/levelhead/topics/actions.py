"""What people do with topics: each in one transaction, with one event on the record."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.topics.domain import REASON_LIMIT, TopicState
from levelhead.topics.models import Topic


def call_ordinary(*, topic: Topic, why: str, by: User, expected_version: int | None) -> Topic:
    """Say that a topic is ordinary life: it no longer raises the level of attention.

    When its level rises, it is shown again.
    """
    if len(why) > REASON_LIMIT:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": REASON_LIMIT})
    why = clean_text(why, REASON_LIMIT).strip()
    with transaction.atomic():
        locked = _lock(topic, by=by, expected_version=expected_version)
        if locked.state == TopicState.ORDINARY:
            raise Conflict(_("A colleague has found this topic ordinary already."))
        locked.state = TopicState.ORDINARY
        locked.looked_by, locked.looked_at, locked.looked_why = by, clock.now(), why
        return _save(locked, "person:topic:ordinary", by, {"level": locked.level, "reason": why})


def look_again(*, topic: Topic, by: User, expected_version: int | None) -> Topic:
    """Take that back: the topic counts again."""
    with transaction.atomic():
        locked = _lock(topic, by=by, expected_version=expected_version)
        if locked.state == TopicState.OPEN:
            raise Conflict(_("This topic counts already."))
        locked.state = TopicState.OPEN
        locked.looked_by = locked.looked_at = None
        locked.looked_why = ""
        return _save(locked, "person:topic:looked_again", by, {"level": locked.level})


def _lock(topic: Topic, *, by: User, expected_version: int | None) -> Topic:
    require(by, topic.agency_id, Ability.WORK)
    locked = Topic.objects.select_for_update().get(pk=topic.pk, agency_id=topic.agency_id)
    if expected_version is not None and locked.version != expected_version:
        raise Conflict(
            _(
                "This topic changed while you looked at it. Look at what is new, then do it again "
                "if it is still right."
            ),
            version=locked.version,
        )
    return locked


def _save(topic: Topic, action: str, by: User, payload: Mapping[str, object]) -> Topic:
    topic.version += 1
    topic.save()
    record(topic, action, by=by, payload=payload)
    announce(
        agency_id=topic.agency_id,
        kind="topic.changed",
        payload={"topic": str(topic.pk), "level": topic.level},
    )
    return topic


def record(topic: Topic, action: str, *, by: User | None, payload: Mapping[str, object]) -> None:
    """Put a change on the record. In the caller's transaction."""
    append_events(
        agency_id=topic.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"topic:{topic.pk}",
                action=action,
                actor=f"user:{by.pk}" if by else "system",
                payload=payload,
            )
        ],
    )
