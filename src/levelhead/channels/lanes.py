"""Order and precedence of what leaves: lanes, and shares of a channel.

A lane is what must reach one channel in its order, such as the updates of an incident. An item
leaves when every earlier one of its lane there is sent, failed for good, taken back or given up;
one that waits or is unclear holds those behind it. Decision record 0015.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.kernel.errors import Invalid
from levelhead.kernel.ids import new_id

# Items of one channel that are being sent at the same time. Urgent ones have a share of their own:
# a platform on which routine posts hang still takes an update.
MOST_AT_ONCE: Final = 3
MOST_URGENT_AT_ONCE: Final = 2
UNFINISHED: Final = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """Where an item stands in an order."""

    number: int  # the same for all of an order, such as the id of an incident
    place: int  # grows


def behind_none() -> Q:
    """Whether no earlier item of the lane is still on its way there."""
    earlier = OutboxItem.objects.filter(
        channel_id=OuterRef("channel_id"), lane=OuterRef("lane"),
        lane_place__lt=OuterRef("lane_place"), state__in=UNFINISHED,
    )  # fmt: skip
    return Q(lane__isnull=True) | ~Q(Exists(earlier))


def last_sent_before(item: OutboxItem) -> datetime | None:
    """When the last earlier one of its lane arrived there."""
    at: datetime | None = OutboxItem.objects.filter(
        channel_id=item.channel_id, lane=item.lane, lane_place__lt=item.lane_place
    ).aggregate(at=Max("sent_at"))["at"]
    return at


class Shares:
    """How many items of each channel are under way, routine and urgent ones apart."""

    def __init__(self, under_way: Iterable[OutboxItem] = ()) -> None:
        self._taken = Counter((item.channel_id, item.urgent) for item in under_way)

    def has_room(self, item: OutboxItem) -> bool:
        """Whether one more may be begun."""
        return self._taken[item.channel_id, item.urgent] < _share(item.urgent)

    def take(self, item: OutboxItem) -> None:
        """One more is begun."""
        self._taken[item.channel_id, item.urgent] += 1

    def leave_full(self, items: QuerySet[OutboxItem]) -> QuerySet[OutboxItem]:
        """Without items of channels whose share is used up."""
        for urgent in (False, True):
            full = [
                channel_id
                for (channel_id, kind), count in self._taken.items()
                if kind is urgent and count >= _share(urgent)
            ]
            if full:
                items = items.exclude(channel_id__in=full, urgent=urgent)
        return items


def _share(urgent: bool) -> int:
    return MOST_URGENT_AT_ONCE if urgent else MOST_AT_ONCE


def step_back_in(item: OutboxItem) -> None:
    """Let a failed item stand in its lane again. In the caller's transaction, before it is queued.

    Raises Invalid where a later one has left: the older word would stand above the newer.
    """
    if item.lane is None:
        return
    later = OutboxItem.objects.select_for_update().filter(
        channel_id=item.channel_id, lane=item.lane, lane_place__gt=item.lane_place
    )
    for one in later.order_by("lane_place"):
        if one.state in (OutboxState.FAILED, OutboxState.WITHDRAWN, OutboxState.GIVEN_UP):
            continue
        if one.state != OutboxState.QUEUED or one.claimed_until is not None:
            raise Invalid(
                _(
                    "A later one is there already, or on its way; sent now, this older one would "
                    "stand above it. Nothing was sent. Say in the next what still matters."
                )
            )
        # Whoever saw it free to leave a moment ago must look again.
        OutboxItem.objects.filter(pk=one.pk).update(claim=new_id())
