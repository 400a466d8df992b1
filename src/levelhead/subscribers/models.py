"""Who gets updates by mail, and the mails to them."""

from __future__ import annotations

from django.db import models

from levelhead.accounts.models import AgencyOwned
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.subscribers.domain import LetterKind, LetterState
from levelhead.updates.models import Update


class Subscriber(AgencyOwned):
    """Somebody who followed the link: an address, until it is taken off."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="subscribers")
    # Empty once they are off: nothing is kept that is not needed.
    email = models.CharField(max_length=254, default="", blank=True)
    # Keyed hash of the address in lower case.
    digest = models.CharField(max_length=64)
    lang = models.CharField(max_length=8, default="en")
    confirmed_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "digest"],
                condition=models.Q(ended_at__isnull=True),
                name="one_subscription_per_address",
            ),
            models.CheckConstraint(
                name="ended_subscription_keeps_no_address",
                condition=models.Q(ended_at__isnull=True) | models.Q(email=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["incident", "id"],
                name="subscribers_now",
                condition=models.Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"


class Mailing(AgencyOwned):
    """An update on its way to all subscribers: how far letters have been made."""

    update_of = models.OneToOneField(
        Update, primary_key=True, on_delete=models.PROTECT, related_name="mailing"
    )
    # Letters are made up to this subscriber.
    upto = models.BigIntegerField(default=0)
    letters = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["update_of"],
                name="mailing_under_way",
                condition=models.Q(done_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"mailing of {self.update_of_id}"


class Letter(AgencyOwned):
    """A mail that leaves: made once, sent once, never silently not."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=6, choices=[(k.value, k.value) for k in LetterKind])
    # Of an update.
    subscriber = models.ForeignKey(
        Subscriber, null=True, blank=True, on_delete=models.PROTECT, related_name="letters"
    )
    update_of = models.ForeignKey(
        Update, null=True, blank=True, on_delete=models.PROTECT, related_name="letters"
    )
    # Of a link: to an address that is nobody's subscription yet. Empty once the mail left.
    to_email = models.CharField(max_length=254, default="", blank=True)
    digest = models.CharField(max_length=64, default="", blank=True)
    lang = models.CharField(max_length=8, default="en")
    state = models.CharField(
        max_length=9, choices=[(s.value, s.value) for s in LetterState], default=LetterState.QUEUED
    )
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    # A new value at each claim: only its holder may write the outcome.
    claim = models.BigIntegerField(default=0)
    last_error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "update_of"], name="one_letter_per_update"
            ),
            models.CheckConstraint(
                name="letter_of_an_update_has_a_subscriber",
                condition=models.Q(kind=LetterKind.LINK.value)
                | models.Q(subscriber__isnull=False, update_of__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="letter_due",
                # Word for word what is asked: SQLite takes an index of a part for nothing else.
                condition=models.Q(state=LetterState.QUEUED.value),
            ),
            models.Index(
                fields=["claimed_until"],
                name="letter_under_way",
                condition=models.Q(state=LetterState.SENDING.value),
            ),
            models.Index(
                fields=["digest", "created_at"],
                name="links_to_an_address",
                condition=models.Q(kind="link"),
            ),
            models.Index(
                fields=["agency", "created_at"],
                name="links_of_an_agency",
                condition=models.Q(kind="link"),
            ),
            models.Index(fields=["incident", "state"], name="letters_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
