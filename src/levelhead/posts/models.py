"""What the agency says of its own accord, and on which channels it is."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.channels.models import Channel, OutboxItem
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.knowledge.models import Answer
from levelhead.posts.domain import PostState, sum_up


class OwnPost(AgencyOwned):
    """One thing that the agency says to everybody, on one or several channels."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    # The approved answer that it is made from, as it was then.
    answer = models.ForeignKey(
        Answer, null=True, blank=True, on_delete=models.PROTECT, related_name="own_posts"
    )
    answer_version = models.PositiveIntegerField(null=True, blank=True)
    lang = models.CharField(max_length=8, default="", blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    # Drawn when the form was shown: the same form sent twice gives one post.
    form_token = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "form_token"], name="one_own_post_per_form")
        ]
        indexes = [models.Index(fields=["agency", "-id"], name="own_posts_newest")]

    def __str__(self) -> str:
        return f"own post {self.pk}"

    @property
    def state(self) -> PostState:
        """Where it stands as a whole; its deliveries must have been fetched with it."""
        return sum_up((one.outbox_item.state, one.given_up) for one in self.deliveries.all())


class Delivery(AgencyOwned):
    """An own post on one channel: the words there, and the way out."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    own_post = models.ForeignKey(OwnPost, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    outbox_item = models.OneToOneField(
        OutboxItem, on_delete=models.PROTECT, related_name="own_post_delivery"
    )
    text = models.TextField()
    # Which form of the answer the words are from; "full" for the whole, empty for none.
    form = models.CharField(max_length=10, default="", blank=True)
    # It failed, and a person does without it on this channel.
    given_up = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["own_post", "channel"], name="one_delivery_per_channel")
        ]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.own_post_id} on {self.channel_id}"
