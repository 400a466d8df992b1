"""Whom an agency tells what happens, and how far each has been told."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.webhooks.domain import URL_LIMIT, TargetState


class WebhookTarget(AgencyOwned):
    """A program that is told of events on the record, in their order."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    url = models.CharField(max_length=URL_LIMIT)
    # Encrypted; see levelhead.channels.secrets.
    sealed_secret = models.TextField()
    # Values of `domain.Topic`.
    topics = models.JSONField(default=list)
    state = models.CharField(
        max_length=8,
        choices=[(s.value, s.value) for s in TargetState],
        default=TargetState.ON.value,
    )
    next_attempt_at = models.DateTimeField(default=clock.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="webhook_due")]

    def __str__(self) -> str:
        return self.url


class WebhookPlace(AgencyOwned):
    """How far a target was told of one chain of the record: all up to `seq`."""

    target = models.ForeignKey(WebhookTarget, on_delete=models.CASCADE, related_name="places")
    # A chain's name.
    chain = models.CharField(max_length=60)
    seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "chain"], name="one_place_in_each_chain")
        ]

    def __str__(self) -> str:
        return f"{self.target_id} {self.chain}#{self.seq}"
