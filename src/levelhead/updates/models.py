"""Updates of an incident: what was said, citing which facts, and where it went."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.channels.models import Channel, OutboxItem
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.ledger.models import Fact
from levelhead.pictures.models import Picture
from levelhead.updates.domain import Audience, UpdateKind, Words


class Update(AgencyOwned):
    """One word of the agency; never changed, never deleted: a later one corrects it."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="updates")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in UpdateKind])
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    next_word_at = models.DateTimeField(null=True, blank=True)
    # Which update it puts right, where it is a correction.
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    form_token = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="one_update_per_number"),
            models.UniqueConstraint(fields=["agency", "form_token"], name="one_update_per_form"),
            models.CheckConstraint(
                name="update_promises_the_next",
                condition=models.Q(kind=UpdateKind.LAST.value)
                | models.Q(next_word_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"update {self.number} of incident {self.incident_id}"


class UpdateText(AgencyOwned):
    """What an update says in one language."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    update_of = models.ForeignKey(Update, on_delete=models.PROTECT, related_name="texts")
    lang = models.CharField(max_length=8)
    # Whether it was written in this language first; the others are translations.
    main = models.BooleanField(default=False)
    lead = models.TextField()
    # JSON lists of lines; of actions [audience, line].
    known = models.TextField(default="[]")
    unknown = models.TextField(default="[]")
    doing = models.TextField(default="[]")
    actions = models.TextField(default="[]")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["update_of", "lang"], name="one_text_per_language")
        ]

    def __str__(self) -> str:
        return self.lead[:60]

    @property
    def words(self) -> Words:
        """The text as the pure modules know it."""
        return Words(
            lang=self.lang,
            lead=self.lead,
            known=tuple(_list(self.known)),
            unknown=tuple(_list(self.unknown)),
            doing=tuple(_list(self.doing)),
            actions=tuple((Audience(who), text) for who, text in _list(self.actions)),
        )


class Citation(AgencyOwned):
    """An update says a fact, in the version that was confirmed then."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    update_of = models.ForeignKey(Update, on_delete=models.PROTECT, related_name="citations")
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="citations")
    version = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["update_of", "fact"], name="a_fact_is_cited_once")
        ]

    def __str__(self) -> str:
        return f"{self.update_of_id} cites {self.fact_id}"


class UpdateDelivery(AgencyOwned):
    """An update on one channel: the words there, and the way out."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    update_of = models.ForeignKey(Update, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    outbox_item = models.OneToOneField(
        OutboxItem, on_delete=models.PROTECT, related_name="update_delivery"
    )
    lang = models.CharField(max_length=8)
    text = models.TextField()
    # Where a person decided to do without it there, and why.
    without_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    without_at = models.DateTimeField(null=True, blank=True)
    without_why = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["update_of", "channel"], name="one_update_delivery_per_channel"
            )
        ]
        verbose_name_plural = "update deliveries"

    def __str__(self) -> str:
        return f"{self.update_of_id} on {self.channel_id}"


class UpdatePicture(AgencyOwned):
    """An update shows a picture."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    update_of = models.ForeignKey(Update, on_delete=models.PROTECT, related_name="pictures")
    picture = models.ForeignKey(Picture, on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()
    # JSON: language -> what it shows.
    alts = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["update_of", "place"], name="one_picture_per_place_of_an_update"
            )
        ]

    def __str__(self) -> str:
        return f"picture {self.place} of {self.update_of_id}"

    def alt(self, lang: str) -> str:
        """What it shows, in this language or else in one that was written."""
        told: dict[str, str] = json.loads(self.alts)
        return told.get(lang) or next(iter(told.values()))


def _list(text: str) -> list[Any]:
    found: list[Any] = json.loads(text)
    return found
