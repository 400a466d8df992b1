"""Keys for programs, and the answers kept so that a request sent twice acts once."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.api.domain import NAME_LIMIT, ONCE_KEY_LIMIT
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id


class ApiToken(AgencyOwned):
    """A key with which a program acts as one person of the agency, within some scopes.

    Only the hash of its secret is kept.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id)
    name = models.CharField(max_length=NAME_LIMIT)
    digest = models.CharField(max_length=64)
    # Abilities, in the order of `domain.SCOPES`.
    scopes = models.JSONField(default=list)
    # As whom it acts, and who made it.
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    # To the minute.
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.agency_id})"


class ApiCall(AgencyOwned):
    """What was answered to a request that carried an Idempotency-Key; kept for a day."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    token = models.ForeignKey(
        ApiToken, on_delete=models.PROTECT, related_name="calls", db_index=False
    )
    key = models.CharField(max_length=ONCE_KEY_LIMIT)
    # SHA-256 of method, path and body: the same key for another request is a mistake.
    digest = models.CharField(max_length=64)
    answer = models.TextField(default="", blank=True)
    at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "key"], name="one_answer_for_each_key")
        ]

    def __str__(self) -> str:
        return f"{self.token_id}: {self.key}"
