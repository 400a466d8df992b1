"""The way out: what was decided is sent once, looked up when in doubt, and never silently not.

A row is claimed by a conditional UPDATE. A send whose outcome is unknown (the connection ended, or
the worker was killed) is first looked up on the platform by its marker and only sent again when it
is surely not there.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from levelhead.accounts.models import User
from levelhead.channels.accounts import pool
from levelhead.channels.actions import note_failure
from levelhead.channels.domain import OutgoingMessage, Receipt
from levelhead.channels.models import Channel, ChannelState, OutboxItem, OutboxState
from levelhead.channels.ports import Sender
from levelhead.kernel import clock
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelError,
    ChannelGarbled,
    ChannelRefused,
    ChannelSignedOut,
    LevelheadError,
    SendUnclear,
)
from levelhead.kernel.ids import new_id
from levelhead.kernel.text import clean_text
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

log = structlog.get_logger(__name__)

# Longer than any connector's own time-outs together; then the sender was killed or is frozen.
CLAIM = timedelta(minutes=3)
# A platform may show an accepted post a moment later; looking sooner would miss it.
SETTLE = timedelta(seconds=2)
GIVE_UP_AFTER = timedelta(hours=6)
LONGEST_WAIT_SECONDS = 300.0
LATEST = timedelta(hours=1)
# Items of one channel that are being sent at the same time.
MOST_AT_ONCE = 3
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"

# Called inside the transaction that records an outcome, with the item as it is now.
OutcomeListener = Callable[[OutboxItem], None]
_listeners: list[OutcomeListener] = []


def on_outcome(listener: OutcomeListener) -> OutcomeListener:
    """Have `listener` called when an item is sent, fails, or has to wait."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def new_marker() -> str:
    """A marker that no other item has: 13 characters, growing with time."""
    microseconds = int(clock.now().timestamp() * 1_000_000)
    number = (microseconds << 10 | secrets.randbits(10)) & ((1 << 63) - 1)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(60, -1, -5))


def enqueue(
    *,
    channel: Channel,
    text: str,
    by: User | None,
    parent_external_id: str = "",
    thread_external_id: str = "",
    lang: str = "",
) -> OutboxItem:
    """Write what is to leave; call it in the transaction of the decision."""
    return OutboxItem.objects.create(
        agency_id=channel.agency_id,
        channel=channel,
        marker=new_marker(),
        text=text,
        parent_external_id=parent_external_id,
        thread_external_id=thread_external_id,
        lang=lang,
        created_by=by,
        next_attempt_at=clock.now(),
        created_at=clock.now(),
    )


def _due(now: datetime) -> Q:
    waiting = Q(state__in=[OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR])
    # Times further ahead than we ever write are from a clock that has been set back since.
    free = (
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + CLAIM)
    )
    turn = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + LATEST)
    return waiting & free & turn


def claim_next(*, limit: int = 20, under_way: Mapping[int, int] | None = None) -> list[OutboxItem]:
    """Take items that are due; each is given to one caller only.

    `under_way` says how many items of a channel are being sent already: a channel whose platform
    hangs gets no more than its share, and the others go on.
    """
    now = clock.now()
    taken = Counter(under_way or {})
    full = [channel for channel, count in taken.items() if count >= MOST_AT_ONCE]
    candidates = OutboxItem.objects.filter(_due(now), channel__state=ChannelState.ON).exclude(
        channel_id__in=full
    )
    claimed: list[OutboxItem] = []
    waiting = candidates.select_related("channel").order_by("next_attempt_at", "id")
    for item in waiting[: limit * 5]:
        if len(claimed) == limit:
            break
        if taken[item.channel_id] >= MOST_AT_ONCE:
            continue
        # Claimed once before and never finished: it may have left.
        interrupted = item.state == OutboxState.SENDING
        state = OutboxState.SENDING if item.state == OutboxState.QUEUED else OutboxState.UNCLEAR
        token = new_id()
        mine = OutboxItem.objects.filter(
            _due(now), pk=item.pk, state=item.state, claim=item.claim
        ).update(
            state=state,
            claim=token,
            claimed_until=now + CLAIM,
            attempts=item.attempts + 1,
        )
        if mine == 1:
            item.state, item.claim, item.attempts = state, token, item.attempts + 1
            if interrupted:
                log.warning("a send was interrupted; looking it up", marker=item.marker)
            taken[item.channel_id] += 1
            claimed.append(item)
    return claimed


def deliver(item: OutboxItem) -> None:
    """Bring a claimed item to its platform, or say why not."""
    try:
        receipt = _send_or_find(item)
    except SendUnclear as error:
        _wait(item, OutboxState.UNCLEAR, error, SETTLE.total_seconds())
    except ChannelSignedOut as error:
        note_failure(item.channel, error, signed_out=True)
        _wait(item, _unsent_state(item), error, 0.0)
    except ChannelRefused as error:
        _finish(item, OutboxState.FAILED, error=error.message)
    except (ChannelBusy, ChannelGarbled) as error:
        asked = error.retry_after_seconds if isinstance(error, ChannelBusy) else None
        _wait(item, _unsent_state(item), error, max(_back_off(item), asked or 0.0))
    except LevelheadError as error:
        if error.permanent:
            _finish(item, OutboxState.FAILED, error=error.message)
        else:
            _wait(item, _unsent_state(item), error, _back_off(item))
    except Exception as error:  # A connector's bug: it may have left before it broke.
        log.exception("send broke", marker=item.marker)
        _wait(
            item,
            OutboxState.UNCLEAR,
            ChannelError(
                f"Sending to {item.channel.name} broke unexpectedly ({type(error).__name__}). "
                "It is looked up on the platform before anything else."
            ),
            _back_off(item),
        )
    else:
        _finish(item, OutboxState.SENT, receipt=receipt)


def _unsent_state(item: OutboxItem) -> OutboxState:
    """Surely not accepted: queued again. Not looked up yet: still unclear."""
    return OutboxState.UNCLEAR if item.state == OutboxState.UNCLEAR else OutboxState.QUEUED


def _send_or_find(item: OutboxItem) -> Receipt:
    message = OutgoingMessage(
        marker=item.marker,
        text=item.text,
        parent_external_id=item.parent_external_id or None,
        thread_external_id=item.thread_external_id or None,
        lang=item.lang or None,
        created_at=item.created_at,
    )
    key, connector = pool.take(item.channel)
    try:
        if not isinstance(connector, Sender):
            raise ChannelRefused(f"{item.channel.name} is for reading only; nothing was sent.")
        receipt = connector.find(message) if item.state == OutboxState.UNCLEAR else None
        if receipt is None:
            # From here on it may be there, whatever happens.
            item.state = OutboxState.SENDING
            receipt = connector.send(message)
    except BaseException:
        connector.close()
        raise
    pool.give_back(key, connector)
    return receipt


def _back_off(item: OutboxItem) -> float:
    return float(min(2 ** min(item.attempts, 10), LONGEST_WAIT_SECONDS))


def _wait(item: OutboxItem, state: OutboxState, error: LevelheadError, seconds: float) -> None:
    if clock.now() - item.created_at > GIVE_UP_AFTER and state == OutboxState.QUEUED:
        _finish(item, OutboxState.FAILED, error=error.message)
        return
    log.warning("not sent yet", marker=item.marker, code=error.code, why=error.message)
    with transaction.atomic():
        mine = OutboxItem.objects.filter(pk=item.pk, claim=item.claim).update(
            state=state,
            claimed_until=None,
            next_attempt_at=clock.now() + min(timedelta(seconds=seconds), LATEST),
            last_error=clean_text(error.message, 2_000),
        )
        if mine == 1:
            _tell(item)


def _finish(
    item: OutboxItem, state: OutboxState, *, receipt: Receipt | None = None, error: str = ""
) -> None:
    now = clock.now()
    changes: dict[str, object] = {
        "state": state,
        "claimed_until": None,
        "last_error": clean_text(error, 2_000),
    }
    if receipt is not None:
        changes |= {
            "external_id": receipt.external_id,
            "url": receipt.url or "",
            "receipt": clean_text(receipt.raw),
            "sent_at": now,
        }
    with transaction.atomic():
        mine = OutboxItem.objects.filter(pk=item.pk, claim=item.claim).update(**changes)
        if mine != 1:
            # Another worker took over after our claim ran out; it looks the item up and records.
            log.warning("outcome came late", marker=item.marker, state=state)
            return
        if receipt is not None:
            Channel.objects.filter(pk=item.channel_id).update(last_sent_at=now)
        append_events(
            agency_id=item.agency_id,
            chain=DESK_CHAIN,
            at=now,
            events=[
                EventToRecord(
                    subject=f"outbox:{item.pk}",
                    action=f"outbox:message:{state.value}",
                    actor=f"channel:{item.channel_id}",
                    payload={
                        "marker": item.marker,
                        "external_id": receipt.external_id if receipt else "",
                        "attempts": item.attempts,
                        "error": error,
                    },
                )
            ],
        )
        _tell(item)


def _tell(item: OutboxItem) -> None:
    fresh = OutboxItem.objects.select_related("channel").get(pk=item.pk)
    for listener in _listeners:
        listener(fresh)


def retry(item: OutboxItem) -> None:
    """Have an item that failed tried again, by a person's wish; in the caller's transaction."""
    OutboxItem.objects.filter(pk=item.pk, state=OutboxState.FAILED).update(
        # A refusal is certain; it did not leave.
        state=OutboxState.QUEUED,
        next_attempt_at=clock.now(),
        claimed_until=None,
        created_at=clock.now(),
        last_error="",
    )


def withdraw(item: OutboxItem) -> bool:
    """Take back what has not left; gives whether it was in time. In the caller's transaction."""
    return (
        OutboxItem.objects.filter(
            pk=item.pk, state=OutboxState.QUEUED, claimed_until__isnull=True
        ).update(state=OutboxState.WITHDRAWN)
        == 1
    )


def deliver_due(*, limit: int = 20) -> int:
    """Deliver what is due, one after the other; gives how many were tried."""
    claimed = claim_next(limit=limit)
    for item in claimed:
        deliver(item)
    return len(claimed)


def next_delivery_in() -> float:
    """Seconds until the next item is due; 0 where one waits already."""
    soonest = (
        OutboxItem.objects.filter(
            state__in=[OutboxState.QUEUED, OutboxState.UNCLEAR],
            claimed_until__isnull=True,
            channel__state=ChannelState.ON,
        )
        .order_by("next_attempt_at")
        .values_list("next_attempt_at", flat=True)
        .first()
    )
    if soonest is None:
        return LONGEST_WAIT_SECONDS
    return max(0.0, (soonest - clock.now()).total_seconds())
