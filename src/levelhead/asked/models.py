"""Questions that many ask, and how far the posts were looked through for them."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.asked.domain import NAME_LIMIT, REASON_LIMIT, GroupState
from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.knowledge.models import Answer


class AskedCursor(AgencyOwned):
    """How far an agency's posts were looked through: a restart goes on from here."""

    # Id of the last post that was looked at.
    position = models.BigIntegerField()
    # The day on which what is too old was last put away.
    tidied_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency"], name="one_asked_cursor")]

    def __str__(self) -> str:
        return f"{self.agency_id} at {self.position}"


class AskedGroup(AgencyOwned):
    """A question that was asked in many words. Nothing is kept of those who asked."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    lang = models.CharField(max_length=8)
    # The question, as one of them put it.
    name = models.CharField(max_length=NAME_LIMIT)
    # The mean of what its questions mean: little-endian float16.
    meaning = models.BinaryField()
    weight = models.PositiveSmallIntegerField(default=1)
    # Beginning of a telling word -> how often it came.
    words = models.JSONField(default=dict)
    # Of the last domain.DAYS days: how often, and by how many people.
    asked = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    # Day as in 2026-03-16 -> how often.
    days = models.JSONField(default=dict)
    # [post id, nearness, folded words], the nearest first.
    examples = models.JSONField(default=list)
    first_asked = models.DateTimeField()
    last_asked = models.DateTimeField()
    state = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in GroupState], default=GroupState.OPEN
    )
    # The answer that was written for it, or that it became a part of.
    answer = models.ForeignKey(
        Answer, null=True, blank=True, on_delete=models.PROTECT, related_name="asked_for"
    )
    # How a person decided last, and how often it was asked until then.
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_asked = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=REASON_LIMIT, default="", blank=True)
    # The approved answer that fits its examples by now, and the state of the answers at which
    # that was looked at.
    covered_by = models.ForeignKey(
        Answer, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    covered_version = models.BigIntegerField(default=-1)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "state", "-people"], name="asked_by_people"),
            models.Index(fields=["agency", "last_asked"], name="asked_by_age"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def example_ids(self) -> list[int]:
        """Posts that show what it is."""
        return [int(one[0]) for one in self.examples]


class AskedPost(AgencyOwned):
    """A post that asks it: each post is noted once."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    group = models.ForeignKey(
        AskedGroup, on_delete=models.CASCADE, related_name="posts", db_index=False
    )
    # Derived from the post: goes with it.
    post = models.OneToOneField(Post, on_delete=models.CASCADE, related_name="asked")
    # When it was asked.
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["group", "at"], name="asked_posts_of_group"),
            models.Index(fields=["agency", "at"], name="asked_posts_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.group_id}: {self.post_id}"
