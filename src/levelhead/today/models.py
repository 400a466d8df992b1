"""What was let stand together, kept until it cannot be taken back any more."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.today.domain import BatchState


class StandBatch(AgencyOwned):
    """A person let all posts stand that could; decided from this row, piece by piece."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=clock.now)
    undo_until = models.DateTimeField()
    # The newest post that the person saw: what came later is not decided.
    upto = models.BigIntegerField()
    # The only post that is meant; None where all are.
    only = models.BigIntegerField(null=True, blank=True)
    # Posts from this id on are decided.
    below = models.BigIntegerField()
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in BatchState],
        default=BatchState.DECIDING.value,
    )
    decided = models.PositiveIntegerField(default=0)
    undone = models.PositiveIntegerField(default=0)
    # Not taken back, because somebody had gone on with them.
    left = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["state", "id"], name="batch_by_state"),
            models.Index(fields=["agency", "by", "-id"], name="batch_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.decided} let stand by {self.by_id}"


class StoodCase(AgencyOwned):
    """A case of a batch as it was left, so that it is restored only where nobody touched it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    batch = models.ForeignKey(
        StandBatch, on_delete=models.CASCADE, related_name="cases", db_index=False
    )
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The case's version after it was let stand.
    version = models.PositiveIntegerField()
    # Whether the undo has looked at it.
    settled = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "case"], name="one_stood_case_per_batch")
        ]
        indexes = [models.Index(fields=["batch", "settled", "id"], name="stood_by_batch")]

    def __str__(self) -> str:
        return f"{self.case_id} in {self.batch_id}"
