"""The rules of approval, what waits for it, and who decided."""

from __future__ import annotations

from typing import Any

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.approvals.domain import HOLDING, NAME_LIMIT, ApprovalState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.replies.models import Reply


class ApprovalRule(AgencyOwned):
    """A rule as it is now; `ApprovalRuleVersion` keeps each as it was."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    name = models.CharField(max_length=NAME_LIMIT)
    # Everything else that a rule says; approvals.rules reads and writes it.
    content = models.JSONField(default=dict)
    on = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["agency", "on", "id"], name="approval_rule_by_agency")]

    def __str__(self) -> str:
        return self.name


class ApprovalRuleVersion(AgencyOwned):
    """A rule as somebody saved it; never changed."""

    rule = models.ForeignKey(
        ApprovalRule, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=NAME_LIMIT)
    content = models.JSONField(default=dict)
    on = models.BooleanField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="one_approval_rule_version")
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} version {self.number}"


class Counsel(AgencyOwned):
    """A colleague who is the agency's counsel."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "user"], name="one_counsel_row")]
        verbose_name_plural = "counsel"

    def __str__(self) -> str:
        return str(self.user_id)


class ApprovalRequest(AgencyOwned):
    """A reply that somebody wants to send and others must approve."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="approvals", db_index=False
    )
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ApprovalState],
        default=ApprovalState.WAITING,
    )
    # The words that leave when it is approved.
    text = models.TextField()
    # What else the author's form said: sources, first word only, why the check was overruled,
    # what is promised.
    terms = models.JSONField(default=dict)
    # The form under which the reply leaves: one request makes one reply.
    sending_token = models.CharField(max_length=40)
    # What the author saw.
    post_revision = models.PositiveIntegerField()
    case_state = models.CharField(max_length=10)
    last_reply = models.BigIntegerField(null=True, blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    # When the next approver is asked, and when that was done.
    escalate_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    # Why it was sent back, or why it could not leave.
    reason = models.TextField(default="", blank=True)
    # When an approved one leaves; until then it can be undone.
    send_after = models.DateTimeField(null=True, blank=True)
    reply = models.OneToOneField(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="approval"
    )
    # Who was told of one that went without asking, and said so.
    seen_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "sending_token"], name="one_reply_per_approval"
            ),
            models.UniqueConstraint(
                fields=["case"],
                name="one_approval_at_a_time",
                condition=models.Q(state__in=[one.value for one in HOLDING]),
            ),
            models.CheckConstraint(
                name="decided_approval_says_by_whom",
                condition=models.Q(decided_by__isnull=False, decided_at__isnull=False)
                | ~models.Q(state__in=["approved", "sent", "sent_back", "failed"]),
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "state", "id"], name="approval_by_state"),
            models.Index(fields=["case", "-id"], name="approval_of_case"),
            models.Index(
                fields=["send_after"],
                name="approval_to_send",
                condition=models.Q(state="approved"),
            ),
            models.Index(
                fields=["escalate_at"],
                name="approval_to_escalate",
                condition=models.Q(state="waiting", escalated_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.state}"


class ApprovalDraft(AgencyOwned):
    """The words as somebody wrote them: the author, or an approver who changed them."""

    request = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, related_name="drafts", db_index=False
    )
    number = models.PositiveIntegerField()
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=clock.now)
    # The form that asked; none where an approver changed it.
    form_token = models.CharField(max_length=40, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="one_approval_draft"),
            # The same form sent twice asks once.
            models.UniqueConstraint(
                fields=["agency", "form_token"],
                name="one_asking_per_form",
                condition=~models.Q(form_token=""),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class ApprovalDemand(AgencyOwned):
    """One rule that wants a request approved; all of them must be met."""

    request = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, related_name="demands", db_index=False
    )
    rule = models.ForeignKey(ApprovalRule, on_delete=models.PROTECT, related_name="demands")
    rule_version = models.PositiveIntegerField()
    name = models.CharField(max_length=NAME_LIMIT)
    who = models.CharField(max_length=40)
    then = models.CharField(max_length=40)
    # [[code, values]…]: why it asks.
    because: models.JSONField[Any, Any] = models.JSONField(default=list)
    # A demand that a later version of the words does not make any more stays as history.
    dropped = models.BooleanField(default=False)
    met_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    met_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["request", "id"], name="demand_of_request")]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.name}"
