"""Replies that are being written, kept on the server."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.drafts.domain import NAME_LIMIT, DraftState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.replies.models import Reply


class Draft(AgencyOwned):
    """What one person has written so far for one case."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Drawn by the page that began it, so that a save that is sent twice makes one draft.
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LIMIT, default="", blank=True)
    text = models.TextField(default="", blank=True)
    # What the form carries beside the words: approved answers, a colleague's released answer.
    answers = models.CharField(max_length=200, default="", blank=True)
    research = models.BigIntegerField(null=True, blank=True)
    # Grows with every change: a window that saw an older one is told.
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(
        max_length=8,
        choices=[(state.value, state.value) for state in DraftState],
        default=DraftState.OPEN.value,
    )
    # The draft of a colleague that it was copied from.
    copied_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # The reply that closed it.
    closed_by = models.ForeignKey(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    # When its owner last had it in the form: the newest is the one that the form shows.
    opened_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "owner", "key"], name="one_draft_per_page")
        ]
        indexes = [models.Index(fields=["case", "-opened_at"], name="draft_of_case")]

    def __str__(self) -> str:
        return self.name or self.text[:60]


class DraftVersion(AgencyOwned):
    """Words that a draft had before somebody took them out or replaced them."""

    draft = models.ForeignKey(
        Draft, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    # The draft's version that had these words.
    number = models.PositiveIntegerField()
    text = models.TextField()
    # When they were replaced.
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "number"], name="one_text_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.draft_id}, version {self.number}"
