"""What one shift told the next, who took it, and the cases that changed hands with it."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.handover.domain import HandoverState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id


class Handover(AgencyOwned):
    """One shift's word to the next."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    # None: to the shift, for whoever takes it.
    to = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in HandoverState])
    # What to watch, in the giver's words.
    words = models.TextField(default="", blank=True)
    # Section -> ids of the things, as they were when it was given; what they say is looked up.
    content = models.JSONField(default=dict, blank=True)
    # Drawn when the form was shown: the same form sent twice gives one handover.
    form_token = models.CharField(max_length=40, default="", blank=True)
    started_at = models.DateTimeField(default=clock.now)
    given_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    # When its giver was told that nobody has taken it.
    loud_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "by"],
                name="one_draft_of_a_handover",
                condition=models.Q(state=HandoverState.DRAFT.value),
            ),
            models.UniqueConstraint(
                fields=["agency", "by", "form_token"],
                name="one_handover_of_a_form",
                condition=~models.Q(form_token=""),
            ),
            models.CheckConstraint(
                name="taken_handover_says_by_whom",
                condition=~models.Q(state=HandoverState.TAKEN.value)
                | models.Q(taken_by__isnull=False, taken_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "-id"], name="handover_newest"),
            models.Index(fields=["agency", "given_at"], name="handover_by_time"),
            models.Index(
                fields=["given_at"],
                name="handover_not_loud",
                condition=models.Q(state=HandoverState.GIVEN.value, loud_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"handover of {self.by_id}: {self.state}"


class HandedCase(AgencyOwned):
    """A case that changed hands with a handover, and how it was before."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="handed")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    owner_before = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # None: to the shift.
    owner_after = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # The case's version after that: a case that changed since is not touched again.
    version = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handover", "case"], name="one_handed_case")]

    def __str__(self) -> str:
        return f"{self.case_id} with {self.handover_id}"
