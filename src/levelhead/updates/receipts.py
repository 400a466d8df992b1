"""Where the updates of an incident stand on each channel: what is there, what is not, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db.models import Count, Max, Min, Q
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.channels.lanes import UNFINISHED
from levelhead.channels.models import Channel, ChannelState, OutboxState
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import NotFound
from levelhead.updates.domain import MOST_CHANNELS
from levelhead.updates.models import UpdateDelivery

# Of one channel, that are shown by themselves; more are counted.
# A page is put together again where something arrived meanwhile, at most so often.
_TRIES: Final = 4
SHOWN: Final = 5
_LOST: Final = (OutboxState.FAILED, OutboxState.GIVEN_UP, OutboxState.WITHDRAWN)


class Standing(StrEnum):
    """How a channel stands towards the newest update that it was to have."""

    HAS = "has"
    LEAVING = "leaving"  # about to be sent, or being sent
    WAITS = "waits"  # the platform could not take it; it is tried again by itself
    UNCLEAR = "unclear"  # it may be there; it is looked up before anything else
    OFF = "off"  # the channel is paused, or must be connected again
    FAILED = "failed"  # refused; a person decides
    WITHOUT = "without"  # a person decided to do without it


# The gravest first: what somebody must do stands on top.
_ORDER: Final = (
    Standing.FAILED, Standing.OFF, Standing.UNCLEAR, Standing.WAITS, Standing.LEAVING,
    Standing.WITHOUT, Standing.HAS,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """One channel: what it has and what it does not."""

    channel: Channel
    standing: Standing
    since: datetime
    # The newest update that is there; 0 where none is.
    has: int
    has_at: datetime | None
    url: str
    # The newest update that was to go there.
    newest: int
    # The update on which the rest waits, or that failed; None where all is well.
    holds: UpdateDelivery | None
    # How many updates are still to leave, that one included.
    waiting: int
    # Updates that failed or were done without, newest first, and how many more there are.
    lost: Sequence[UpdateDelivery]
    more_lost: int
    todo: str

    @property
    def may_retry(self) -> bool:
        """Whether a person can have the one that failed tried again."""
        return self.standing is Standing.FAILED

    @property
    def may_do_without(self) -> bool:
        """Whether a person can decide to do without the one that holds."""
        return self.standing in (
            Standing.FAILED, Standing.WAITS, Standing.UNCLEAR, Standing.OFF
        )  # fmt: skip


def channels_of(incident: Incident) -> dict[str, Any]:
    """For the section on channels: each with its receipt, and how many have the newest update.

    Five queries, whatever the number of updates and channels; two more where something arrived
    between them.
    """
    newest = incident.updates_count
    for _try in range(_TRIES):
        sums = _sums(incident)
        held = _by_channel(
            incident,
            Q(outbox_item__state__in=UNFINISHED),
            {row["first"] for row in sums.values() if row["first"]},
        )
        # What waited when it was counted may have arrived before it was looked for.
        if all(not row["waiting"] or (pk, row["first"]) in held for pk, row in sums.items()):
            break
    channels = Channel.objects.in_bulk(list(sums))
    there = _by_channel(
        incident, Q(outbox_item__state=OutboxState.SENT),
        {row["has"] for row in sums.values() if row["has"]},
    )  # fmt: skip
    lost = defaultdict(list)
    for delivery in (
        _deliveries(incident)
        .filter(outbox_item__state__in=_LOST)
        .order_by("-update_of__number")[: MOST_CHANNELS * SHOWN]
    ):
        lost[delivery.channel_id].append(delivery)
    receipts = [
        _receipt(channels[pk], row, held.get((pk, row["first"])), there.get((pk, row["has"])),
                 lost[pk])
        for pk, row in sums.items()
    ]  # fmt: skip
    receipts.sort(key=lambda one: (_ORDER.index(one.standing), one.channel.name.casefold()))
    to_have = [one for one in receipts if one.newest == newest]
    return {
        "incident": incident,
        "newest": newest,
        "receipts": receipts,
        "have": sum(one.has == newest for one in to_have),
        "to_have": len(to_have),
        "troubled": sum(one.standing in (Standing.FAILED, Standing.OFF) for one in receipts),
    }


def _sums(incident: Incident) -> Mapping[int, Mapping[str, Any]]:
    """By channel: the newest update meant for it, the newest there, and how many wait."""
    return {
        row["channel_id"]: row
        for row in UpdateDelivery.objects.filter(update_of__incident=incident)
        .values("channel_id")
        .annotate(
            newest=Max("update_of__number"),
            has=Max("update_of__number", filter=Q(outbox_item__state=OutboxState.SENT)),
            waiting=Count("pk", filter=Q(outbox_item__state__in=UNFINISHED)),
            first=Min("update_of__number", filter=Q(outbox_item__state__in=UNFINISHED)),
            lost=Count("pk", filter=Q(outbox_item__state__in=_LOST)),
        )
        .order_by("channel_id")
    }


def _deliveries(incident: Incident) -> Any:
    return (
        UpdateDelivery.objects.filter(update_of__incident=incident)
        .select_related("update_of", "outbox_item", "without_by")
        .defer("text", "outbox_item__text", "outbox_item__receipt")
    )


def _by_channel(
    incident: Incident, state: Q, numbers: set[int]
) -> dict[tuple[int, int], UpdateDelivery]:
    found = _deliveries(incident).filter(state, update_of__number__in=numbers)
    return {(one.channel_id, one.update_of.number): one for one in found}


def _receipt(
    channel: Channel,
    row: Mapping[str, Any],
    held: UpdateDelivery | None,
    there: UpdateDelivery | None,
    lost: list[UpdateDelivery],
) -> Receipt:
    has = row["has"] or 0
    failed = next(
        (
            one
            for one in lost
            # An update that came after says what matters now.
            if one.outbox_item.state == OutboxState.FAILED and one.update_of.number > has
        ),
        None,
    )
    holds = held or failed
    standing = _standing(channel, held, failed, has, row["newest"])
    shown = [one for one in lost if holds is None or one.pk != holds.pk][:SHOWN]
    return Receipt(
        channel=channel,
        standing=standing,
        since=_since(channel, standing, holds, there, lost),
        has=has,
        has_at=there.outbox_item.sent_at if there else None,
        url=there.outbox_item.url if there else "",
        newest=row["newest"],
        holds=holds,
        waiting=row["waiting"],
        lost=shown,
        more_lost=max(0, row["lost"] - len(shown) - (failed is holds and failed is not None)),
        todo=_todo(channel, standing, holds),
    )


def _standing(
    channel: Channel,
    held: UpdateDelivery | None,
    failed: UpdateDelivery | None,
    has: int,
    newest: int,
) -> Standing:
    if held is not None:
        item = held.outbox_item
        if channel.state != ChannelState.ON:
            return Standing.OFF
        if item.state == OutboxState.UNCLEAR:
            return Standing.UNCLEAR
        if item.state == OutboxState.QUEUED and item.attempts and item.last_error:
            return Standing.WAITS
        return Standing.LEAVING
    if failed is not None:
        return Standing.FAILED
    return Standing.HAS if has == newest else Standing.WITHOUT


def _since(
    channel: Channel,
    standing: Standing,
    holds: UpdateDelivery | None,
    there: UpdateDelivery | None,
    lost: list[UpdateDelivery],
) -> datetime:
    if standing is Standing.HAS and there is not None and there.outbox_item.sent_at is not None:
        return there.outbox_item.sent_at
    if standing is Standing.WITHOUT and lost and lost[0].without_at is not None:
        return lost[0].without_at
    if holds is not None:
        return holds.update_of.at
    return channel.created_at


def _todo(channel: Channel, standing: Standing, holds: UpdateDelivery | None) -> str:
    """What somebody can do, in a sentence; empty where nothing is to be done."""
    if standing is Standing.OFF:
        return (
            _("Connect the channel again on the channels page; it leaves then by itself.")
            if channel.state == ChannelState.SIGNED_OUT
            else _("The channel is paused. Turn it on and it leaves by itself.")
        )
    if standing is Standing.UNCLEAR:
        return _("It is looked up there and not sent twice. Look at the account yourself, too.")
    if standing is Standing.WAITS:
        return _("It is tried again by itself. Nothing needs to be done.")
    if standing is Standing.FAILED and holds is not None:
        if holds.outbox_item.error_code == "channel_refused":
            return _("The platform said no. Mend what it names and try again, or do without.")
        return _("It is not there. Try again, or do without it here.")
    return ""


def find_delivery(agency: Agency, incident_id: int, delivery_id: int) -> UpdateDelivery:
    """An update on a channel. Raises NotFound."""
    found = (
        UpdateDelivery.objects.select_related("update_of__incident", "outbox_item", "channel")
        .filter(pk=delivery_id, agency=agency, update_of__incident_id=incident_id)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such update on a channel."))
    return found
