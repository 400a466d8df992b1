"""What the agency said it will do."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.commitments.domain import CommitmentState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.replies.models import Reply


class Commitment(AgencyOwned):
    """A promise with somebody who sees to it: from a reply, or added by hand."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    # The post under which it was promised; its conversation is the commitment's.
    # None where it is a lesson of an incident.
    case = models.ForeignKey(
        Case, null=True, blank=True, on_delete=models.PROTECT, related_name="commitments"
    )
    # The incident from which it was learned, by its id, and its headline.
    incident = models.BigIntegerField(null=True, blank=True)
    headline = models.CharField(max_length=120, default="", db_default="", blank=True)
    # None where it was added by hand.
    reply = models.ForeignKey(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="commitments"
    )
    # The sentence of the reply as it was sent; empty where it was added by hand.
    said = models.TextField(default="", blank=True)
    # What is to be done: the sentence, unless a person put it better.
    what = models.TextField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    due_at = models.DateTimeField(null=True, blank=True)
    # JSON list of the moments that the words can mean, where a person must say which.
    readings = models.TextField(default="[]", blank=True)
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in CommitmentState])
    # What shows that it was kept: words or a link.
    evidence = models.TextField(default="", blank=True)
    closing_note = models.TextField(default="", blank=True)
    closed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    # When it went on the record as overdue: once for each due date.
    overdue_at = models.DateTimeField(null=True, blank=True)
    # Grows with every change: a person who saw an older one is told.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "state", "due_at", "id"], name="commitment_by_due"),
            models.Index(fields=["agency", "owner", "state", "due_at"], name="commitment_by_owner"),
            models.Index(
                fields=["due_at"],
                name="commitment_not_yet_late",
                condition=models.Q(state=CommitmentState.OPEN.value, overdue_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="commitment_says_whence",
                condition=models.Q(case__isnull=False) | models.Q(incident__isnull=False),
            ),
            models.CheckConstraint(
                name="closed_commitment_says_by_whom",
                condition=models.Q(closed_by__isnull=False, closed_at__isnull=False)
                | ~models.Q(state__in=[CommitmentState.KEPT, CommitmentState.DROPPED]),
            ),
        ]

    def __str__(self) -> str:
        return self.what[:60]

    @property
    def key(self) -> str:
        """Its number as text, for the ids of a page."""
        return str(self.pk)

    @property
    def possible_dues(self) -> list[datetime]:
        """The moments that its words can mean, where a person must say which."""
        return [datetime.fromisoformat(text).astimezone(UTC) for text in json.loads(self.readings)]


class Register(AgencyOwned):
    """Whether an agency shows some of its commitments to everybody."""

    on = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency"], name="one_register_for_each_agency")
        ]

    def __str__(self) -> str:
        return f"{self.agency_id}: {'on' if self.on else 'off'}"


class PublicEntry(AgencyOwned):
    """A commitment in the words that everybody may read."""

    commitment = models.OneToOneField(
        Commitment, primary_key=True, on_delete=models.PROTECT, related_name="public"
    )
    text = models.TextField()
    # What came of it; empty while it is open, or where nobody wrote it yet.
    outcome = models.TextField(default="", blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["agency", "-commitment"], name="public_entry_newest")]

    def __str__(self) -> str:
        return self.text[:60]
