"""The append-only record. Triggers in the database refuse update and delete."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned
from levelhead.kernel.ids import new_id
from levelhead.records.domain import FIRST_HASH


class RecordChain(AgencyOwned):
    """The head of one chain; locked while an event is added."""

    name = models.CharField(max_length=60)
    seq = models.BigIntegerField(default=0)
    head_hash = models.CharField(max_length=64, default=FIRST_HASH)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "name"], name="one_chain_of_a_name")
        ]

    def __str__(self) -> str:
        return f"{self.agency_id}/{self.name}"


class RecordEvent(AgencyOwned):
    """One change of state, linked to the one before."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    chain = models.ForeignKey(
        RecordChain, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    seq = models.BigIntegerField()
    subject = models.CharField(max_length=80)
    action = models.CharField(max_length=80)
    actor = models.CharField(max_length=80)
    # The text forms that were hashed, to the letter.
    at = models.CharField(max_length=32)
    payload = models.TextField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="one_event_per_place")]
        indexes = [models.Index(fields=["agency", "subject"], name="record_by_subject")]

    def __str__(self) -> str:
        return f"{self.chain_id}#{self.seq} {self.action}"
