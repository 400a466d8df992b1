"""What an agency chose for drafting by a model, what it used, and each draft that was asked for."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import Agency, AgencyOwned, User
from levelhead.drafting.domain import (
    CONTACT_LIMIT,
    MODEL_LIMIT,
    URL_LIMIT,
    MadeState,
    Sends,
    Trouble,
)
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.replies.models import Reply


class DraftingChoice(AgencyOwned):
    """Whether a model may draft for an agency, which one, and with what."""

    agency = models.OneToOneField(
        Agency, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    on = models.BooleanField(default=False)
    base_url = models.CharField(max_length=URL_LIMIT, default="", blank=True)
    model = models.CharField(max_length=MODEL_LIMIT, default="", blank=True)
    # Encrypted; see levelhead.channels.secrets.
    sealed_key = models.TextField(default="", blank=True)
    seconds = models.PositiveSmallIntegerField(default=45)
    monthly_tokens = models.PositiveIntegerField(default=500_000)
    # Values of `domain.LANGUAGES`.
    languages = models.JSONField(default=list, blank=True)
    sends = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in Sends], default=Sends.POST.value
    )
    # How the public reaches the agency: a source like any other.
    contact = models.CharField(max_length=CONTACT_LIMIT, default="", blank=True)
    # What the endpoint was found to understand; see `domain.Ways`.
    ways = models.JSONField(default=dict, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    # A `Trouble`, or empty where it worked, and what the endpoint said.
    tried_trouble = models.CharField(max_length=12, default="", blank=True)
    tried_said = models.CharField(max_length=300, default="", blank=True)

    def __str__(self) -> str:
        return f"agency {self.agency_id}"


class DraftingMonth(AgencyOwned):
    """Tokens of one month: counted before they are used, corrected after."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    # "2026-03", where the agency is.
    month = models.CharField(max_length=7)
    tokens = models.PositiveBigIntegerField(default=0)
    # When the ceiling first stopped a draft in it.
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "month"], name="one_count_of_tokens_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.month}"


class MadeDraft(AgencyOwned):
    """A draft that a person asked a model for: what it stood on, what was kept of it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in MadeState],
        default=MadeState.ASKING.value,
    )
    asked_at = models.DateTimeField(default=clock.now)
    # After it nobody waits any more, whatever became of the process that asked.
    deadline_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(
        max_length=12, choices=[(t.value, t.value) for t in Trouble], default="", blank=True
    )
    # What the endpoint said of it.
    said = models.CharField(max_length=300, default="", blank=True)

    host = models.CharField(max_length=URL_LIMIT)
    # As it was asked for, then as the endpoint named it.
    model = models.CharField(max_length=200)
    lang = models.CharField(max_length=2)
    # The words themselves, a resident's among them, are not kept: they go with the request.
    prompt_sha256 = models.CharField(max_length=64)
    answer_sha256 = models.CharField(max_length=64, default="", blank=True)
    # See `domain.Source.as_json`, `domain.Judged.as_json`.
    sources = models.JSONField(default=list)
    sentences = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    # What was kept of it: the draft.
    text = models.TextField(default="", blank=True)

    month = models.ForeignKey(
        DraftingMonth, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # What stands in the month's count for it.
    tokens = models.PositiveIntegerField()
    # The endpoint's own count; None where it gave none.
    tokens_told = models.PositiveIntegerField(null=True, blank=True)

    # Who said that they have read it and that it is right.
    read_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    read_at = models.DateTimeField(null=True, blank=True)
    # The reply that was written from it, and how much of it the person changed.
    reply = models.ForeignKey(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_percent = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["case", "-id"], name="made_draft_of_case")]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "by"],
                name="one_draft_asked_for_at_a_time",
                condition=models.Q(state="asking"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} for {self.case_id}"
