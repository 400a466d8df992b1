"""Claims that go round in an incident, and the posts that make them."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.inbox.models import Author, Post
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.ledger.models import Fact
from levelhead.rumors.domain import NEED_FACT, RumorResponse, RumorState
from levelhead.updates.models import Update


class Rumor(AgencyOwned):
    """A claim, what it does, and what the agency says about it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="rumors")
    # Counted from 1 in each incident.
    number = models.PositiveIntegerField()
    text = models.TextField()
    first_post = models.ForeignKey(
        Post, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    first_seen_at = models.DateTimeField()
    state = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in RumorState], default=RumorState.OPEN
    )
    harm = models.PositiveSmallIntegerField(default=1)
    response = models.CharField(
        max_length=8, choices=[(r.value, r.value) for r in RumorResponse],
        default=RumorResponse.MONITOR,
    )  # fmt: skip
    owner = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # What the verdict rests on, in the version that stood then.
    fact = models.ForeignKey(
        Fact, null=True, blank=True, on_delete=models.PROTECT, related_name="rumors"
    )
    fact_version = models.PositiveIntegerField(null=True, blank=True)
    # As the public reads it.
    explanation = models.TextField(default="", blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The update that said so.
    correction = models.ForeignKey(
        Update, null=True, blank=True, on_delete=models.PROTECT, related_name="rumors"
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    form_token = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="one_rumor_per_number"),
            models.UniqueConstraint(fields=["agency", "form_token"], name="one_rumor_per_form"),
            models.CheckConstraint(
                name="rumor_harm_in_range", condition=models.Q(harm__gte=0, harm__lte=3)
            ),
            models.CheckConstraint(
                name="verdict_rests_on_a_fact",
                condition=~models.Q(state__in=sorted(state.value for state in NEED_FACT))
                | models.Q(fact__isnull=False),
            ),
            models.CheckConstraint(
                name="answered_rumor_says_when",
                condition=models.Q(state=RumorState.OPEN.value)
                | models.Q(answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class RumorPost(AgencyOwned):
    """A post that makes the claim; a person said so."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    rumor = models.ForeignKey(Rumor, on_delete=models.PROTECT, related_name="links", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="rumor_links")
    author = models.ForeignKey(
        Author, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Copied, so that the board counts without looking at posts.
    posted_at = models.DateTimeField()
    followers = models.BigIntegerField(default=0)
    # Each author counts once for reach.
    first_of_author = models.BooleanField(default=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rumor", "post"], name="a_post_makes_a_claim_once")
        ]
        indexes = [models.Index(fields=["rumor", "posted_at"], name="rumor_spread")]

    def __str__(self) -> str:
        return f"{self.rumor_id}: {self.post_id}"
