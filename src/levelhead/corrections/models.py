"""What was said and is not so any more, and which replies say which facts."""

from __future__ import annotations

import json

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.corrections.domain import DueState
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.ledger.models import Fact
from levelhead.replies.models import Reply
from levelhead.updates.models import Update


class ReplyCitation(AgencyOwned):
    """A reply says a fact, in the version that was confirmed then."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    reply = models.ForeignKey(Reply, on_delete=models.PROTECT, related_name="citations")
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="reply_citations")
    version = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reply", "fact"], name="a_reply_cites_a_fact_once")
        ]

    def __str__(self) -> str:
        return f"{self.reply_id} cites {self.fact_id}"


class CorrectionDue(AgencyOwned):
    """An update or a reply says something that does not stand any more."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="corrections")
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="corrections")
    # The version that was said.
    version = models.PositiveIntegerField()
    # Where it was said: one of these.
    update_of = models.ForeignKey(
        Update, null=True, blank=True, on_delete=models.PROTECT, related_name="corrections_due"
    )
    reply = models.ForeignKey(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="corrections_due"
    )
    # JSON object: language -> the words in which it was said there.
    said = models.TextField()
    # JSON object: language -> what could be said now. Follows the fact while it is open.
    drafts = models.TextField()
    # Why the fact changed, and who said so.
    why = models.TextField(default="", blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    state = models.CharField(
        max_length=9, choices=[(s.value, s.value) for s in DueState], default=DueState.OPEN
    )
    # What put it right, or why nothing was said.
    corrected_by = models.ForeignKey(
        Update, null=True, blank=True, on_delete=models.PROTECT, related_name="corrects_due"
    )
    corrected_in = models.ForeignKey(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="corrects_due"
    )
    reason = models.TextField(default="", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["update_of", "fact"],
                condition=models.Q(update_of__isnull=False, state=DueState.OPEN.value),
                name="one_open_correction_per_update",
            ),
            models.UniqueConstraint(
                fields=["reply", "fact"],
                condition=models.Q(reply__isnull=False, state=DueState.OPEN.value),
                name="one_open_correction_per_reply",
            ),
            models.CheckConstraint(
                name="correction_due_says_of_what",
                condition=models.Q(update_of__isnull=False, reply__isnull=True)
                | models.Q(update_of__isnull=True, reply__isnull=False),
            ),
            models.CheckConstraint(
                name="closed_correction_says_how",
                condition=models.Q(state=DueState.OPEN.value, closed_at__isnull=True)
                | models.Q(state=DueState.UNSAID.value, closed_at__isnull=False)
                | (
                    models.Q(state=DueState.CORRECTED.value, closed_at__isnull=False)
                    & (models.Q(corrected_by__isnull=False) | models.Q(corrected_in__isnull=False))
                )
                | (
                    models.Q(state=DueState.DECIDED.value, closed_by__isnull=False)
                    & ~models.Q(reason="")
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["agency", "-id"], name="correction_open", condition=models.Q(state="open")
            ),
            models.Index(fields=["incident", "state", "id"], name="correction_of_incident"),
        ]
        verbose_name_plural = "corrections due"

    def __str__(self) -> str:
        return f"{self.fact_id} version {self.version}: {self.state}"

    @property
    def said_in(self) -> dict[str, str]:
        """Language -> the words in which it was said."""
        found: dict[str, str] = json.loads(self.said)
        return found

    @property
    def draft_in(self) -> dict[str, str]:
        """Language -> what could be said now."""
        found: dict[str, str] = json.loads(self.drafts)
        return found

    @property
    def first_said(self) -> str:
        """The words in the language in which it was written first."""
        return next(iter(self.said_in.values()), "")

    @property
    def first_draft(self) -> str:
        """What could be said now, in that language."""
        return next(iter(self.draft_in.values()), "")
