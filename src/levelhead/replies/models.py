"""What the agency answers."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.channels.models import OutboxItem
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id


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

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "form_token"], name="one_reply_per_form")
        ]
        verbose_name_plural = "replies"

    def __str__(self) -> str:
        return self.text[:60]
