"""What ended each clock, and when clocks stood still."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.channels.models import Channel
from levelhead.clocks.domain import ClockKind, EndedBy, ResumedBy, WaitingOn
from levelhead.inbox.models import Case
from levelhead.kernel.ids import new_id


class ClockMark(AgencyOwned):
    """The end of one clock of a case: when it was due, when it ended, and by what."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="clock_marks")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in ClockKind])
    # Class of the table of clocks, such as "complaint".
    clock_class = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    ended_by = models.CharField(max_length=8, choices=[(e.value, e.value) for e in EndedBy])
    late = models.BooleanField()
    # The reply that met it; none where no reply did.
    reply_id = models.BigIntegerField(null=True, blank=True)
    by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Set where the case was opened again and the clock with it: it counts no more.
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["agency", "ended_at"], name="mark_by_end")]

    def __str__(self) -> str:
        return f"{self.kind} of case {self.case_id}: {self.ended_by}"


class ClockPause(AgencyOwned):
    """A time in which the clocks of a case stood still."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="clock_pauses")
    waiting_on = models.CharField(max_length=8, choices=[(w.value, w.value) for w in WaitingOn])
    note = models.TextField(default="", blank=True)
    paused_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    # When it ends by itself at the latest.
    until = models.DateTimeField()
    # Office time that each clock had left; none where it did not run.
    first_left = models.DurationField(null=True, blank=True)
    full_left = models.DurationField(null=True, blank=True)
    resumed_at = models.DateTimeField(null=True, blank=True)
    resumed_by = models.CharField(
        max_length=12, choices=[(r.value, r.value) for r in ResumedBy], default="", blank=True
    )
    # Office time that passed in it.
    lasted = models.DurationField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                name="one_running_pause_per_case",
                condition=models.Q(resumed_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(
                fields=["until"],
                name="pause_by_end",
                condition=models.Q(resumed_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"case {self.case_id} waits on {self.waiting_on}"
