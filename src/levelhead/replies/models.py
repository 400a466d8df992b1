"""What the agency answers."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import Agency, AgencyOwned, User
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.replies.domain import (
    MOST_UNDO_SECONDS,
    REASON_LIMIT,
    ScheduledState,
    state_of_posts,
)
from levelhead.replies.signing import SIGNATURE_LIMIT, SignHow


class Reply(AgencyOwned):
    """An answer that a person sent: the words, the person, and the way out."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="replies")
    outbox_item = models.OneToOneField(OutboxItem, on_delete=models.PROTECT, related_name="reply")
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    # A first word only: the full answer follows, by then where the class has no clock for it.
    holding = models.BooleanField(default=False)
    full_answer_due = models.DateTimeField(null=True, blank=True)
    # Drawn when the form was shown: the same form sent twice gives one reply.
    form_token = models.CharField(max_length=40)
    # The end of the text that was added to what the person wrote.
    signature = models.CharField(max_length=140, default="", db_default="", blank=True)
    # What its sending changed of the case, so that taking it back brings that back.
    case_before = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "form_token"], name="one_reply_per_form")
        ]
        verbose_name_plural = "replies"

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def written(self) -> str:
        """The words as the person wrote them, without what was added."""
        return self.text.removesuffix(self.signature) if self.signature else self.text

    @property
    def items(self) -> list[OutboxItem]:
        """The posts that it leaves as, in order."""
        further = sorted(self.parts.all(), key=lambda part: part.number)
        return [self.outbox_item, *(part.outbox_item for part in further)]

    @property
    def state(self) -> str:
        """Where it stands as a whole."""
        return state_of_posts([item.state for item in self.items])

    @property
    def public(self) -> int:
        """How many of its posts are on the platform."""
        return sum(item.state == OutboxState.SENT for item in self.items)


class ReplyPart(AgencyOwned):
    """A further post of a reply that is longer than one post; the first is the reply's own item."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    reply = models.ForeignKey(Reply, on_delete=models.PROTECT, related_name="parts", db_index=False)
    # From 2 on.
    number = models.PositiveSmallIntegerField()
    outbox_item = models.OneToOneField(
        OutboxItem, on_delete=models.PROTECT, related_name="reply_part"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reply", "number"], name="one_part_of_a_number"),
            models.CheckConstraint(
                condition=models.Q(number__range=(2, 6)), name="a_reply_has_at_most_six_parts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reply_id} {self.number}"


class PostingChoice(AgencyOwned):
    """How an agency posts its long answers."""

    agency = models.OneToOneField(
        Agency, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    # "1/3" at the end of each post.
    numbered = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"agency {self.agency_id}"


class SendingChoice(AgencyOwned):
    """How replies of an agency leave, and how they are signed."""

    agency = models.OneToOneField(
        Agency, primary_key=True, on_delete=models.PROTECT, related_name="sending_choice"
    )
    # For so long a reply can be taken back; None is what the installation says.
    undo_seconds = models.PositiveSmallIntegerField(null=True, blank=True)
    sign_how = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in SignHow], default=SignHow.NONE.value
    )
    sign_text = models.CharField(max_length=SIGNATURE_LIMIT, default="", blank=True)
    # Id of a channel -> {"how", "text"}, where it signs otherwise.
    sign_by_channel = models.JSONField(default=dict, blank=True)
    # Language -> the sentence that offers another way than a public thread.
    other_way = models.JSONField(default=dict, blank=True)
    # While set, no scheduled reply leaves by itself.
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    frozen_reason = models.CharField(max_length=REASON_LIMIT, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(undo_seconds__isnull=True)
                | models.Q(undo_seconds__lte=MOST_UNDO_SECONDS),
                name="undo_ends_within_a_minute",
            ),
        ]

    def __str__(self) -> str:
        return f"agency {self.agency_id}"


class ScheduledReply(AgencyOwned):
    """An answer that a person wrote and that leaves later, or is held."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField()
    signature = models.CharField(max_length=140, default="", blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    # When somebody looked at it last: what happened since is what it is checked for.
    made_at = models.DateTimeField(default=clock.now)
    leaves_at = models.DateTimeField()
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ScheduledState],
        default=ScheduledState.WAITING.value,
    )
    # Why it did not leave, and when that was seen.
    held_for = models.CharField(max_length=20, default="", blank=True)
    held_detail = models.TextField(default="", blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    # How things stood when somebody looked at it last.
    case_state = models.CharField(max_length=10)
    post_revision = models.PositiveIntegerField()
    # Approved answers that it is written from: pairs of id and version.
    answers = models.JSONField(default=list, blank=True)
    # Rules of the reply check that were overruled, and why.
    overruled = models.JSONField(default=list, blank=True)
    all_the_same = models.CharField(max_length=REASON_LIMIT, default="", blank=True)
    holding = models.BooleanField(default=False)
    full_answer_due = models.DateTimeField(null=True, blank=True)
    posts = models.PositiveSmallIntegerField(default=1)
    research_id = models.BigIntegerField(null=True, blank=True)
    form_token = models.CharField(max_length=40)
    # A person let this one leave although all are frozen.
    released_at = models.DateTimeField(null=True, blank=True)
    # What it became once it left.
    reply = models.OneToOneField(
        Reply, null=True, blank=True, on_delete=models.PROTECT, related_name="scheduled"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "form_token"], name="one_schedule_per_form"),
            models.UniqueConstraint(
                fields=["case"],
                name="one_scheduled_reply_per_case",
                condition=models.Q(state__in=["waiting", "held"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["leaves_at"],
                name="scheduled_due",
                condition=models.Q(state="waiting"),
            ),
            models.Index(
                fields=["agency", "leaves_at", "id"],
                name="scheduled_by_time",
                condition=models.Q(state__in=["waiting", "held"]),
            ),
        ]
        verbose_name_plural = "scheduled replies"

    def __str__(self) -> str:
        return f"{self.text[:40]} at {self.leaves_at}"
