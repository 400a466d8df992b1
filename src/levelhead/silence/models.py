"""Which promises of a word people were called for: each stage of each promise once."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned
from levelhead.alerts.models import Alert
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.silence.domain import Stage


class SilenceCall(AgencyOwned):
    """At a stage of a promised word, people were called."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="silence_calls")
    # The moment for which the word is promised.
    due = models.DateTimeField()
    stage = models.CharField(max_length=4, choices=[(s.value, s.value) for s in Stage])
    at = models.DateTimeField(default=clock.now)
    # Whether it was the very first word.
    first = models.BooleanField(default=False)
    alert = models.ForeignKey(
        Alert, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "due", "stage"], name="one_silence_call_per_stage"
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.stage} of {self.due}"
