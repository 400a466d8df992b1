"""The health of channels, as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from levelhead.accounts.models import Agency
from levelhead.channels.models import Channel, OutboxItem, OutboxState, SetAside

SET_ASIDE: Final = 20
# Set-aside items and messages are counted up to here.
COUNTED: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelHealth:
    """What is true of a channel now."""

    channel: Channel
    # Messages that wait to leave; bounded by COUNTED.
    waiting: int
    # "on", "failing", "paused" or "signed_out".
    state: str


def list_health(agency: Agency) -> list[ChannelHealth]:
    """Every channel with its health."""
    waiting: dict[int, int] = {}
    items = OutboxItem.objects.filter(
        agency=agency,
        state__in=[OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR],
    )
    for channel_id in items.values_list("channel_id", flat=True)[:COUNTED]:
        waiting[channel_id] = waiting.get(channel_id, 0) + 1
    channels = Channel.objects.filter(agency=agency).defer("sealed_secrets", "cursor")
    return [
        ChannelHealth(
            channel=channel,
            waiting=waiting.get(channel.pk, 0),
            state="failing" if channel.state == "on" and channel.failures else channel.state,
        )
        for channel in channels.order_by("name")[:500]
    ]


def list_set_aside(agency: Agency) -> tuple[list[SetAside], int]:
    """The newest items that could not be understood, and how many there are, up to COUNTED."""
    items = SetAside.objects.filter(channel__agency=agency).select_related("channel")
    return list(items.defer("raw").order_by("-id")[:SET_ASIDE]), items[:COUNTED].count()
