"""How far the files of the public page are, and how far the hub was told."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id


class Snapshot(AgencyOwned):
    """The files of one incident; without an incident, those of the agency's front page."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.OneToOneField(
        Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="snapshot"
    )
    # Grows, in the transaction of every change that everybody shall see.
    wanted = models.PositiveIntegerField(default=0)
    # Which of these the files show.
    written = models.PositiveIntegerField(default=0)
    written_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    last_error = models.TextField(default="", blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    # The hub is told of what was written, again until it took it.
    hub_told = models.PositiveIntegerField(default=0)
    hub_attempts = models.PositiveIntegerField(default=0)
    hub_next_attempt_at = models.DateTimeField(default=clock.now)
    hub_claimed_until = models.DateTimeField(null=True, blank=True)
    hub_last_error = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency"],
                condition=models.Q(incident__isnull=True),
                name="one_front_page_per_agency",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="snapshot_to_write",
                condition=models.Q(written__lt=models.F("wanted")),
            ),
            models.Index(
                fields=["hub_next_attempt_at"],
                name="snapshot_to_tell",
                condition=models.Q(hub_told__lt=models.F("written")),
            ),
        ]

    def __str__(self) -> str:
        return f"snapshot {self.written} of {self.wanted}"
