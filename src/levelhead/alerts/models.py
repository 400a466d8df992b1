"""Who is on duty, how people are called, and each call."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.alerts.domain import AlertKind, AlertState, RingState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id


class AlertRules(AgencyOwned):
    """How an agency has people called; its row is also the lock under which alerts are raised."""

    # Minutes until the next person is called.
    life_minutes = models.PositiveSmallIntegerField(default=5)
    clock_minutes = models.PositiveSmallIntegerField(default=30)
    # Hears of a crisis with those on duty, and of a promised word that did not come. Where nobody
    # is named, the first in the order hears of the latter.
    chief = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency"], name="one_alert_rules")]

    def __str__(self) -> str:
        return f"{self.life_minutes} and {self.clock_minutes} minutes"


class Target(AgencyOwned):
    """Where a call goes: a service's address, of a person or of whoever is on duty."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    # None: of the duty role, called with whoever is on duty.
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    name = models.CharField(max_length=80)
    # The address with its keys, encrypted; and as it may be shown.
    sealed = models.TextField()
    shown = models.CharField(max_length=200)
    active = models.BooleanField(default=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    added_at = models.DateTimeField(default=clock.now)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["agency", "user"],
                name="target_in_use",
                condition=models.Q(active=True),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Shift(AgencyOwned):
    """When somebody is on duty."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["agency", "ends_at"], name="shift_by_end")]
        constraints = [
            models.CheckConstraint(
                name="shift_ends_after_it_begins",
                condition=models.Q(ends_at__gte=models.F("starts_at")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} from {self.starts_at} to {self.ends_at}"


class CallPerson(AgencyOwned):
    """A person's place in the order in which people are called, and their quiet hours."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    # 1 is called first after those on duty; none is called only while on duty.
    position = models.PositiveSmallIntegerField(null=True, blank=True)
    # Minutes after midnight in the agency's zone.
    quiet_from = models.PositiveSmallIntegerField(null=True, blank=True)
    quiet_to = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "user"], name="one_call_person")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.position}"


class Alert(AgencyOwned):
    """Something of which somebody must know now; cases that come with it join it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in AlertKind])
    state = models.CharField(
        max_length=12, choices=[(s.value, s.value) for s in AlertState], default=AlertState.OPEN
    )
    # Whose case it is: called first. None where nobody owns it.
    owner = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    cases = models.ManyToManyField(Case, through="AlertCase", related_name="+")
    # Of an incident: which, by its id, its headline, and the word that is due.
    incident = models.BigIntegerField(null=True, blank=True)
    headline = models.CharField(max_length=120, default="", db_default="", blank=True)
    word_due = models.DateTimeField(null=True, blank=True)
    # Whether a life may be at stake: quiet hours do not hold, and the next is called sooner.
    life = models.BooleanField(default=False, db_default=False)
    raised_at = models.DateTimeField()
    # People that were called so far, in order; JSON list of ids.
    called = models.JSONField(default=list)
    step = models.PositiveSmallIntegerField(default=0)
    # When the next person is called; none once that is over.
    next_step_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # The target whose link was used, where it is not a person's.
    acknowledged_from = models.CharField(max_length=80, default="", blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_step_at"],
                name="alert_by_step",
                condition=models.Q(next_step_at__isnull=False),
            ),
            models.Index(fields=["agency", "-id"], name="alert_newest"),
            models.Index(
                fields=["incident", "-id"],
                name="alert_of_incident",
                condition=models.Q(incident__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} alert {self.pk}: {self.state}"


class AlertCase(AgencyOwned):
    """A case of which an alert tells."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="told")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "case"], name="one_alert_case")]

    def __str__(self) -> str:
        return f"{self.alert_id} tells of {self.case_id}"


class Ring(AgencyOwned):
    """The call to one target: sent once."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="rings")
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in RingState], default=RingState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claim = models.BigIntegerField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "target"], name="one_ring_per_target")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="ring_waiting",
                condition=models.Q(state__in=["queued", "sending"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} to {self.target_id}: {self.state}"
