"""What is known in an incident: every statement with its versions and who confirmed it."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.ledger.domain import FactStatus, FactSubject, people_needed


class Fact(AgencyOwned):
    """A statement as it stands now."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="facts")
    # Counted from 1 in each incident.
    number = models.PositiveIntegerField()
    subject = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in FactSubject],
        default=FactSubject.GENERAL,
    )  # fmt: skip
    status = models.CharField(
        max_length=11, choices=[(s.value, s.value) for s in FactStatus],
        default=FactStatus.UNCONFIRMED,
    )  # fmt: skip
    text = models.TextField()
    source = models.TextField(default="", blank=True)
    # Grows with every change of text or status.
    version = models.PositiveIntegerField(default=1)
    # From then on it is not offered until somebody looked again.
    valid_until = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="supersedes"
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="one_fact_per_number"),
            models.CheckConstraint(
                name="superseded_fact_says_by_what",
                condition=~models.Q(status=FactStatus.SUPERSEDED.value)
                | models.Q(superseded_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def needs(self) -> int:
        """How many people must confirm it."""
        return people_needed(FactSubject(self.subject))


class FactVersion(AgencyOwned):
    """A statement as it was: nothing is ever written over."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=10)
    status = models.CharField(max_length=11)
    text = models.TextField()
    source = models.TextField(default="", blank=True)
    why = models.TextField(default="", blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fact", "version"], name="one_row_per_fact_version")
        ]

    def __str__(self) -> str:
        return f"{self.fact_id} version {self.version}"


class Confirmation(AgencyOwned):
    """One person's word that a text is true, and how they know."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="confirmations")
    # The version whose text they confirmed.
    version = models.PositiveIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    how = models.TextField()

    class Meta:
        constraints = [
            # Nobody is two people.
            models.UniqueConstraint(
                fields=["fact", "version", "by"], name="one_confirmation_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.fact_id} version {self.version} by {self.by_id}"
