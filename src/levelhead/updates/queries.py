"""What the pages show of updates: what was said, and what has become of it on each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from levelhead.channels.models import OutboxState
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import NotFound
from levelhead.updates.models import Update, UpdateDelivery, UpdatePicture, UpdateText

SHOWN: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class SentUpdate:
    """An update with its texts and its ways out."""

    update: Update
    texts: list[UpdateText]
    deliveries: list[UpdateDelivery]
    pictures: list[UpdatePicture]

    @property
    def main(self) -> UpdateText:
        """The text that was written first."""
        return self.texts[0]

    @property
    def arrived(self) -> int:
        """On how many channels it is."""
        return sum(one.outbox_item.state == OutboxState.SENT for one in self.deliveries)

    @property
    def failed(self) -> list[UpdateDelivery]:
        """Where it is not, until somebody does something."""
        return [one for one in self.deliveries if one.outbox_item.state == OutboxState.FAILED]

    @property
    def waiting(self) -> list[UpdateDelivery]:
        """Where it is on its way."""
        return [
            one
            for one in self.deliveries
            if one.outbox_item.state
            in (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR)
        ]


def list_updates(incident: Incident, *, most: int = SHOWN) -> list[SentUpdate]:
    """What was said, newest first; five questions however many there are."""
    updates = list(
        Update.objects.filter(incident=incident)
        .select_related("by", "corrects")
        .order_by("-number")[:most]
    )
    return _with_all(updates)


def _with_all(updates: list[Update]) -> list[SentUpdate]:
    texts: dict[int, list[UpdateText]] = {one.pk: [] for one in updates}
    for text in UpdateText.objects.filter(update_of__in=updates).order_by("-main", "pk"):
        texts[text.update_of_id].append(text)
    ways: dict[int, list[UpdateDelivery]] = {one.pk: [] for one in updates}
    rows = UpdateDelivery.objects.filter(update_of__in=updates)
    for way in rows.select_related("channel", "outbox_item").order_by("channel__name", "pk"):
        ways[way.update_of_id].append(way)
    shown: dict[int, list[UpdatePicture]] = {one.pk: [] for one in updates}
    pictures = UpdatePicture.objects.filter(update_of__in=updates).select_related("picture")
    for picture in pictures.order_by("place"):
        shown[picture.update_of_id].append(picture)
    return [
        SentUpdate(update=one, texts=texts[one.pk], deliveries=ways[one.pk], pictures=shown[one.pk])
        for one in updates
    ]


def find_update(incident: Incident, number: int) -> SentUpdate:
    """An update of this incident by its number. Raises NotFound."""
    found = (
        Update.objects.filter(incident=incident, number=number)
        .select_related("by", "corrects")
        .prefetch_related("citations__fact", "corrections")
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return _with_all([found])[0]


def last_update(incident: Incident) -> SentUpdate | None:
    """The one that was said last."""
    found = list_updates(incident, most=1)
    return found[0] if found else None


def find_delivery(incident: Incident, delivery_id: int) -> UpdateDelivery:
    """An update of this incident on one channel. Raises NotFound."""
    found = (
        UpdateDelivery.objects.select_related("update_of__incident", "channel", "outbox_item")
        .filter(update_of__incident=incident, pk=delivery_id)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return found
