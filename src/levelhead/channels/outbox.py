"""The way out: what was decided is sent once, looked up when in doubt, and never silently not.

A row is claimed by a conditional UPDATE. A send whose outcome is unknown (the connection ended, or
the worker was killed) is first looked up on the platform by its marker and only sent again when it
is surely not there.

Items may stand in a chain (a long answer as several posts): each leaves when the one before has
arrived, as an answer to it. They may stand in a lane (updates of an incident): each leaves when
those before it are done with; see channels.lanes.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from levelhead.accounts.models import User
from levelhead.channels.accounts import pool
from levelhead.channels.actions import note_failure
from levelhead.channels.domain import Receipt
from levelhead.channels.lanes import Lane, Shares, behind_none, last_sent_before, step_back_in
from levelhead.channels.models import Channel, ChannelState, OutboxItem, OutboxState
from levelhead.channels.outgoing import keep_pictures, message_of, pictures_of
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
from levelhead.pictures.models import Picture
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
# No item is held back for longer before its first attempt.
MOST_HELD = timedelta(seconds=60)
BEFORE_IT_FAILED = "The post before this one was not sent, so this one was not sent either."
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"

_A_SECOND = 1_000_000 << 10
_MARKER_TRIES: Final = 5
_marker_lock = threading.Lock()
_last_marker = 0

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
    global _last_marker
    microseconds = int(clock.now().timestamp() * 1_000_000)
    number = (microseconds << 10 | secrets.randbits(10)) & ((1 << 63) - 1)
    with _marker_lock:
        # Several in the same moment, on a clock that is coarse or stands still.
        if 0 <= _last_marker - number < _A_SECOND:
            number = _last_marker + 1
        _last_marker = number
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(60, -1, -5))


def enqueue(
    *,
    channel: Channel,
    text: str,
    by: User | None,
    parent_external_id: str = "",
    thread_external_id: str = "",
    lang: str = "",
    after: OutboxItem | None = None,
    hold_seconds: int = 0,
    lane: Lane | None = None,
    urgent: bool = False,
    pictures: Sequence[tuple[Picture, str]] = (),
) -> OutboxItem:
    """Write what is to leave; call it in the transaction of the decision.

    With `after` it leaves as an answer to that one, once that one has arrived; in a `lane` when
    those before it there are done with. For `hold_seconds` it can be taken back before anything is
    tried. What is `urgent` goes before all that is not. `pictures` go with it, each with the words
    for those who do not see it.
    """
    leaves_at = clock.now() + timedelta(seconds=hold_seconds) if hold_seconds else None
    item = OutboxItem(
        agency_id=channel.agency_id,
        channel=channel,
        text=text,
        parent_external_id=parent_external_id,
        thread_external_id=thread_external_id,
        after=after,
        lane=lane.number if lane else None,
        lane_place=lane.place if lane else 0,
        urgent=urgent,
        lang=lang,
        created_by=by,
        next_attempt_at=leaves_at or clock.now(),
        leaves_at=leaves_at,
        hold_seconds=hold_seconds,
        created_at=clock.now(),
    )
    for more in range(_MARKER_TRIES - 1, -1, -1):
        item.marker = new_marker()
        try:
            with transaction.atomic():
                item.save(force_insert=True)
        except IntegrityError:
            # A clock that was set back, or another machine, came upon the same one.
            if not more or not OutboxItem.objects.filter(marker=item.marker).exists():
                raise
        else:
            break
    keep_pictures(item, pictures)
    return item


def _due(now: datetime) -> Q:
    waiting = Q(state__in=[OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR])
    # Times further ahead than we ever write are from a clock that has been set back since.
    # Well further: a worker that waited for the database looks with an older clock than whoever
    # claimed a moment ago.
    free = (
        Q(claimed_until__isnull=True)
        | Q(claimed_until__lt=now)
        | Q(claimed_until__gt=now + CLAIM + LATEST)
    )
    turn = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + LATEST)
    # Once it was tried nobody can take it back any more.
    free_to_leave = Q(leaves_at__isnull=True) | Q(leaves_at__lte=now) | Q(attempts__gt=0)
    return waiting & free & turn & free_to_leave


def _held_by_a_clock(now: datetime) -> Q:
    """Held for longer than we ever hold: the clock has been set back since."""
    return Q(
        state=OutboxState.QUEUED,
        attempts=0,
        claimed_until__isnull=True,
        leaves_at__gt=now + MOST_HELD,
    )


def _hold_anew(item: OutboxItem, now: datetime) -> None:
    """Its time to be taken back begins again: never shorter than promised, never hours."""
    leaves_at = now + timedelta(seconds=item.hold_seconds)
    OutboxItem.objects.filter(_held_by_a_clock(now), pk=item.pk).update(
        leaves_at=leaves_at, next_attempt_at=leaves_at
    )


def _whose_turn_it_is(urgent: bool | None) -> QuerySet[OutboxItem]:
    """What may leave now as far as others are concerned.

    A claim need not ask this again: what arrived stays arrived, and what re-enters a lane gives
    those behind it a new claim (`step_back_in`).
    """
    items = OutboxItem.objects.filter(
        Q(after__isnull=True) | Q(after__state=OutboxState.SENT),
        behind_none(),
        channel__state=ChannelState.ON,
    )
    return items if urgent is None else items.filter(urgent=urgent)


def claim_next(
    *, limit: int = 20, under_way: Iterable[OutboxItem] = (), urgent: bool | None = None
) -> list[OutboxItem]:
    """Take items that are due; each is given to one caller only.

    `under_way` are those being sent already: a channel whose platform hangs gets no more than its
    share, and the others go on. `urgent` asks for those only, or for the others only.
    """
    now = clock.now()
    shares = Shares(under_way)
    candidates = shares.leave_full(
        _whose_turn_it_is(urgent).filter(_due(now) | _held_by_a_clock(now))
    )
    claimed: list[OutboxItem] = []
    waiting = candidates.select_related("channel", "after").order_by(
        "-urgent", "next_attempt_at", "id"
    )
    for item in waiting[: limit * 5]:
        if len(claimed) == limit:
            break
        if not shares.has_room(item):
            continue
        if item.attempts == 0 and item.leaves_at is not None and item.leaves_at > now:
            _hold_anew(item, now)
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
            shares.take(item)
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
        _finish(item, OutboxState.FAILED, error=error.message, code=error.code)
    except (ChannelBusy, ChannelGarbled) as error:
        asked = error.retry_after_seconds if isinstance(error, ChannelBusy) else None
        _wait(item, _unsent_state(item), error, max(_back_off(item), asked or 0.0))
    except LevelheadError as error:
        if error.permanent:
            _finish(item, OutboxState.FAILED, error=error.message, code=error.code)
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
    message = message_of(item)
    key, connector = pool.take(item.channel)
    try:
        if not isinstance(connector, Sender):
            raise ChannelRefused(f"{item.channel.name} is for reading only; nothing was sent.")
        receipt = connector.find(message) if item.state == OutboxState.UNCLEAR else None
        if receipt is None:
            message = replace(message, pictures=pictures_of(item))
            # From here on it may be there, whatever happens.
            item.state = OutboxState.SENDING
            receipt = connector.send(message)
    except BaseException:
        connector.close()
        raise
    pool.give_back(key, connector)
    return receipt


def _waits_since(item: OutboxItem) -> datetime:
    """Since when it could have left."""
    before = item.after.sent_at if item.after is not None else None
    if item.lane is not None:
        before = last_sent_before(item)
    return max(item.created_at, before or item.created_at)


def _back_off(item: OutboxItem) -> float:
    return float(min(2 ** min(item.attempts, 10), LONGEST_WAIT_SECONDS))


def _wait(item: OutboxItem, state: OutboxState, error: LevelheadError, seconds: float) -> None:
    if clock.now() - _waits_since(item) > GIVE_UP_AFTER and state == OutboxState.QUEUED:
        _finish(item, OutboxState.FAILED, error=error.message, code=error.code)
        return
    log.warning("not sent yet", marker=item.marker, code=error.code, why=error.message)
    with transaction.atomic():
        mine = OutboxItem.objects.filter(pk=item.pk, claim=item.claim).update(
            state=state,
            claimed_until=None,
            next_attempt_at=clock.now() + min(timedelta(seconds=seconds), LATEST),
            last_error=clean_text(error.message, 2_000),
            error_code=error.code,
        )
        if mine == 1:
            _tell(item)


def _finish(
    item: OutboxItem,
    state: OutboxState,
    *,
    receipt: Receipt | None = None,
    error: str = "",
    code: str = "",
) -> None:
    now = clock.now()
    changes: dict[str, object] = {
        "state": state,
        "claimed_until": None,
        "last_error": clean_text(error, 2_000),
        "error_code": code,
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
        events = [
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
        ]
        if state == OutboxState.FAILED:
            events += _stop_followers(item)
        append_events(agency_id=item.agency_id, chain=DESK_CHAIN, at=now, events=events)
        _tell(item)


def _stop_followers(item: OutboxItem) -> list[EventToRecord]:
    """What would have followed a post that is not there does not leave either."""
    events = []
    for follower in _queued_followers(item):
        OutboxItem.objects.filter(pk=follower.pk, state=OutboxState.QUEUED).update(
            state=OutboxState.FAILED, last_error=BEFORE_IT_FAILED
        )
        events.append(
            EventToRecord(
                subject=f"outbox:{follower.pk}",
                action=f"outbox:message:{OutboxState.FAILED.value}",
                actor=f"channel:{item.channel_id}",
                payload={"marker": follower.marker, "after": item.marker, "attempts": 0},
            )
        )
    return events


def _queued_followers(item: OutboxItem) -> list[OutboxItem]:
    """The rest of a chain that waits for its turn."""
    found: list[OutboxItem] = []
    last: OutboxItem | None = item
    while last is not None:
        last = OutboxItem.objects.filter(after=last, state=OutboxState.QUEUED).first()
        if last is not None:
            found.append(last)
    return found


def _tell(item: OutboxItem) -> None:
    fresh = OutboxItem.objects.select_related("channel").get(pk=item.pk)
    for listener in _listeners:
        listener(fresh)


def retry(item: OutboxItem) -> None:
    """Have an item that failed tried again, by a person's wish; in the caller's transaction.

    Raises Invalid where a later one of its lane has left already.
    """
    step_back_in(item)
    OutboxItem.objects.filter(pk=item.pk, state=OutboxState.FAILED).update(
        # A refusal is certain; it did not leave.
        state=OutboxState.QUEUED,
        next_attempt_at=clock.now(),
        claimed_until=None,
        created_at=clock.now(),
        last_error="",
        error_code="",
    )


def give_up(item: OutboxItem) -> bool:
    """Do without it, by a person's wish; False while it is being sent. In the caller's transaction.

    Whoever may still be waiting for the platform's answer finds the claim gone.
    """
    now = clock.now()
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    changed = OutboxItem.objects.filter(
        free, pk=item.pk,
        state__in=[
            OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR, OutboxState.FAILED,
        ],
    ).update(state=OutboxState.GIVEN_UP, claim=new_id(), claimed_until=None)  # fmt: skip
    return changed == 1


def take_up(item: OutboxItem) -> None:
    """Have what was given up looked up, and sent where it is not there.

    In the caller's transaction. Raises Invalid where a later one of its lane has left already.
    """
    step_back_in(item)
    OutboxItem.objects.filter(pk=item.pk, state=OutboxState.GIVEN_UP).update(
        state=OutboxState.UNCLEAR, next_attempt_at=clock.now(), created_at=clock.now()
    )


def withdraw(item: OutboxItem) -> bool:
    """Take back what has not left; gives whether it was in time. In the caller's transaction.

    With the first of a chain the rest is taken back as well.
    """
    if (
        OutboxItem.objects.filter(
            pk=item.pk, state=OutboxState.QUEUED, claimed_until__isnull=True
        ).update(state=OutboxState.WITHDRAWN)
        != 1
    ):
        return False
    for follower in _queued_followers(item):
        OutboxItem.objects.filter(pk=follower.pk).update(state=OutboxState.WITHDRAWN)
    return True


def deliver_due(*, limit: int = 20) -> int:
    """Deliver what is due, one after the other; gives how many were tried."""
    claimed = claim_next(limit=limit)
    for item in claimed:
        deliver(item)
    return len(claimed)


def next_delivery_in(*, under_way: Iterable[OutboxItem] = (), urgent: bool | None = None) -> float:
    """Seconds until the next item is due; 0 where one waits already."""
    soonest = (
        Shares(under_way)
        .leave_full(_whose_turn_it_is(urgent))
        .filter(state__in=[OutboxState.QUEUED, OutboxState.UNCLEAR], claimed_until__isnull=True)
        .order_by("next_attempt_at")
        .values_list("next_attempt_at", flat=True)
        .first()
    )
    if soonest is None:
        return LONGEST_WAIT_SECONDS
    wait = soonest - clock.now()
    # Further ahead than we ever write: the clock has been set back, and `claim_next` mends it.
    return 0.0 if wait > LATEST else max(0.0, wait.total_seconds())
