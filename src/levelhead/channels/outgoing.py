"""What a connector is given of an item that leaves."""

from __future__ import annotations

from collections.abc import Sequence

from levelhead.channels.domain import OutgoingMessage, OutgoingPicture
from levelhead.channels.models import OutboxItem, OutboxPicture
from levelhead.kernel.errors import ChannelRefused, NotFound
from levelhead.pictures.keeping import bytes_of
from levelhead.pictures.models import Picture


def message_of(item: OutboxItem) -> OutgoingMessage:
    """Its words and place, without pictures: enough to look it up."""
    # What it answers: the one before it in a chain, by the id that the platform gave it.
    parent = item.parent_external_id if item.after is None else item.after.external_id
    return OutgoingMessage(
        marker=item.marker,
        text=item.text,
        parent_external_id=parent or None,
        thread_external_id=item.thread_external_id or None,
        lang=item.lang or None,
        created_at=item.created_at,
    )


def keep_pictures(item: OutboxItem, pictures: Sequence[tuple[Picture, str]]) -> None:
    """Have pictures leave with it, each with what it shows."""
    OutboxPicture.objects.bulk_create(
        OutboxPicture(agency_id=item.agency_id, item=item, picture=picture, place=place, alt=alt)
        for place, (picture, alt) in enumerate(pictures)
    )


def pictures_of(item: OutboxItem) -> tuple[OutgoingPicture, ...]:
    """The bytes of what leaves with it. Raises ChannelRefused where they are gone."""
    rows = OutboxPicture.objects.filter(item=item).select_related("picture").order_by("place")
    try:
        return tuple(
            OutgoingPicture(
                content=bytes_of(row.picture), content_type=row.picture.content_type,
                width=row.picture.width, height=row.picture.height, alt=row.alt,
            )
            for row in rows
        )  # fmt: skip
    except NotFound as error:
        raise ChannelRefused(error.message) from error
