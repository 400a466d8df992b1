"""The log of live events: what changed, for the screens that are open."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import Agency, AgencyOwned
from levelhead.kernel import clock


class LiveHead(models.Model):
    """The last number given in an agency's log.

    The row is locked until the writer commits, so numbers become visible in order and a reader
    who asks for "all after n" misses nothing.
    """

    agency = models.OneToOneField(
        Agency, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.seq}"


class LiveEvent(AgencyOwned):
    """Something that an open screen may want to show. Kept for a day."""

    seq = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    # JSON text, small: ids and counts, never a post's words.
    payload = models.TextField(default="{}")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "seq"], name="one_live_event_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.agency_id}#{self.seq} {self.kind}"
