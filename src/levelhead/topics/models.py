"""What many talk about, and how far the posts have been watched."""

from __future__ import annotations

import json

from django.db import models
from django.utils.translation import get_language

from levelhead.accounts.models import AgencyOwned, User
from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.topics.domain import TopicState


class StreamCursor(AgencyOwned):
    """How far an agency's posts have been watched: a restart goes on from here."""

    # Id of the last post that was taken.
    position = models.BigIntegerField()
    # The worker that watches, for so long.
    claimed_by = models.CharField(max_length=32, default="", blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency"], name="one_cursor_per_agency")]

    def __str__(self) -> str:
        return f"{self.agency_id} at {self.position}"


class Topic(AgencyOwned):
    """A burst: something that more people write about than usual, or few about something grave."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    name = models.CharField(max_length=200)
    # JSON list of what people call it, the most telling first.
    terms = models.TextField(default="[]")
    # Whether the agency's posts as a whole are meant, and not a topic among them.
    whole_stream = models.BooleanField(default=False)
    state = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in TopicState], default=TopicState.OPEN
    )
    # Proposed by the rules, 0 to 4; nothing follows from it until a person decides.
    level = models.PositiveSmallIntegerField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    # When its level was last said or raised.
    raised_at = models.DateTimeField()
    # Of the three quarters of an hour before it was last told of: posts, how many were to be
    # expected, and by how many authors.
    posts = models.PositiveIntegerField(default=0)
    baseline = models.FloatField(default=0.0)
    spread = models.PositiveIntegerField(default=0)
    # All posts that were counted for it, and those that are kept as its own.
    counted = models.PositiveIntegerField(default=0)
    linked = models.PositiveIntegerField(default=0)
    # JSON: language -> what speaks for the level.
    reasons = models.TextField(default="{}")
    # JSON list of post ids, the most telling first.
    examples = models.TextField(default="[]")
    looked_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    looked_at = models.DateTimeField(null=True, blank=True)
    # Why a person found it ordinary.
    looked_why = models.TextField(default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "state", "last_seen"], name="topic_by_last_seen"),
            models.Index(fields=["agency", "id"], name="topic_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                name="topic_level_is_one", condition=models.Q(level__gte=0, level__lte=4)
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def term_list(self) -> list[str]:
        """What people call it."""
        return list(json.loads(self.terms))

    @property
    def example_ids(self) -> list[int]:
        """Posts that show what it is."""
        return [int(post_id) for post_id in json.loads(self.examples)]

    @property
    def reason_list(self) -> list[str]:
        """What speaks for the level, in the language of the page."""
        told = json.loads(self.reasons)
        return list(told.get((get_language() or "en")[:2]) or told.get("en") or [])

    @property
    def times_usual(self) -> float:
        """How many times the usual it was."""
        return self.posts / max(self.baseline, 1.0)


class TopicHour(AgencyOwned):
    """How many posts about a topic were written in an hour."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="hours", db_index=False)
    hour = models.DateTimeField()
    posts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "hour"], name="one_count_per_topic_and_hour")
        ]

    def __str__(self) -> str:
        return f"{self.topic_id} {self.hour}: {self.posts}"


class TopicPost(AgencyOwned):
    """A post that is about a topic; a bounded number of them."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "post"], name="one_link_per_topic_and_post")
        ]

    def __str__(self) -> str:
        return f"{self.topic_id}: {self.post_id}"
