"""What was learned from an incident, and the commitment that it became."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.commitments.models import Commitment
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id


class Lesson(AgencyOwned):
    """Something to do better, with somebody who sees to it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="lessons")
    text = models.TextField()
    commitment = models.OneToOneField(Commitment, on_delete=models.PROTECT, related_name="lesson")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    form_token = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "form_token"], name="one_lesson_per_form")
        ]

    def __str__(self) -> str:
        return self.text[:60]
