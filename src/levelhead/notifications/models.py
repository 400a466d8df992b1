"""What concerns one person, what they want to hear of, and each mail and call that leaves."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import Agency, AgencyOwned, User
from levelhead.alerts.models import Target
from levelhead.commitments.models import Commitment
from levelhead.inbox.models import Case, Note
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.notifications.domain import (
    ADDRESS_LIMIT,
    DIGEST_AT,
    KEY_LIMIT,
    WHAT_LIMIT,
    DeliveryState,
    Kind,
    Way,
)


class Notification(AgencyOwned):
    """Something that one person should know. Its sentence is put together when it is shown."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in Kind])
    # The same thing told twice is told once.
    key = models.CharField(max_length=KEY_LIMIT)
    at = models.DateTimeField(default=clock.now)
    # Who did it; none where it came by itself.
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(
        Case, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.ForeignKey(
        Note, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Of how many things it tells together.
    count = models.PositiveIntegerField(default=1)
    # A few words for the screen; never in a mail or a call.
    what = models.CharField(max_length=WHAT_LIMIT, default="", blank=True)
    # Where it is looked at: a path of this installation.
    address = models.CharField(max_length=ADDRESS_LIMIT)
    # Whether it counts at the bell while it is not read.
    counts = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "user", "key"], name="one_notification_of_a_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["agency", "user", "-id"],
                name="notification_unread",
                condition=models.Q(read_at__isnull=True),
            ),
            models.Index(fields=["agency", "user", "-id"], name="notification_newest"),
            models.Index(fields=["at"], name="notification_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"


class Preferences(AgencyOwned):
    """What a person wants to hear of, how and when."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Kind -> domain.Choice as JSON; a kind that is not there has the defaults.
    choices = models.JSONField(default=dict, blank=True)
    # Minutes after midnight in the agency's zone.
    quiet_from = models.PositiveSmallIntegerField(null=True, blank=True)
    quiet_to = models.PositiveSmallIntegerField(null=True, blank=True)
    digest_at = models.PositiveSmallIntegerField(default=DIGEST_AT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "user"], name="one_preferences")]
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class DutyKinds(AgencyOwned):
    """The kinds that also go to whoever is on duty."""

    agency = models.OneToOneField(
        Agency, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    kinds = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name_plural = "duty kinds"

    def __str__(self) -> str:
        return f"on duty in {self.agency_id}: {self.kinds}"


class Delivery(AgencyOwned):
    """A mail or a call to one person: written with what it tells of, sent once."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    way = models.CharField(max_length=6, choices=[(w.value, w.value) for w in Way])
    # The place of a call.
    target = models.ForeignKey(
        Target, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in DeliveryState],
        default=DeliveryState.QUEUED,
    )
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    # A new value at each claim: only its holder may write the outcome.
    claim = models.BigIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            # What comes while a digest waits joins it.
            models.UniqueConstraint(
                fields=["agency", "user"],
                name="one_digest_waits",
                condition=models.Q(way=Way.DIGEST.value, state=DeliveryState.QUEUED.value),
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_due",
                condition=models.Q(state__in=["queued", "sending"]),
            ),
            models.Index(fields=["agency", "user", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.way} to {self.user_id}: {self.state}"


class DeliveryItem(AgencyOwned):
    """What a delivery tells of."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="items")
    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delivery", "notification"], name="one_item_per_delivery"
            )
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} tells of {self.notification_id}"


class FollowPlace(AgencyOwned):
    """How far an agency's record was read for what concerns people."""

    agency = models.OneToOneField(
        Agency, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.agency_id} up to {self.seq}"


class DueTold(AgencyOwned):
    """That a commitment's owner was told that it is due soon: once for each due date."""

    commitment = models.OneToOneField(
        Commitment, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.commitment_id} at {self.due_at}"
