"""Asking the platforms for what is new: each channel in its turn, none delaying another."""

from __future__ import annotations

import json
from collections import OrderedDict
from datetime import timedelta
from hashlib import sha256
from threading import Lock

import structlog
from django.db.models import F, Q

from levelhead.channels.accounts import account_of
from levelhead.channels.actions import note_failure, note_success, receive, set_aside
from levelhead.channels.domain import FetchedPage
from levelhead.channels.models import Channel, ChannelState
from levelhead.channels.ports import Connector, Puller
from levelhead.connectors.registry import connect, platform_info
from levelhead.kernel import clock
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelError,
    ChannelGarbled,
    ChannelSignedOut,
    LevelheadError,
)

log = structlog.get_logger(__name__)

# A pull that takes longer was killed; another worker may take the channel then.
CLAIM = timedelta(minutes=2)
# Pages of one pull: then the others have their turn.
MOST_PAGES = 20
LONGEST_WAIT_SECONDS = 300.0


class ConnectorPool:
    """Connectors that stay connected between pulls. Bounded; each is used by one at a time."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._lock = Lock()
        self._idle: OrderedDict[str, Connector] = OrderedDict()

    def take(self, channel: Channel) -> tuple[str, Connector]:
        """A connector for the channel as it is configured now."""
        account = account_of(channel)
        key = sha256(
            json.dumps(
                [account.channel_id, dict(account.settings), dict(account.secrets)],
                sort_keys=True, default=str,
            ).encode()
        ).hexdigest()  # fmt: skip
        with self._lock:
            connector = self._idle.pop(key, None)
        return key, connector or connect(account)

    def give_back(self, key: str, connector: Connector) -> None:
        """Keep a connector that works for the next time."""
        with self._lock:
            self._idle[key] = connector
            old = self._idle.popitem(last=False)[1] if len(self._idle) > self._limit else None
        if old is not None:
            old.close()

    def close(self) -> None:
        """Close all."""
        with self._lock:
            idle, self._idle = list(self._idle.values()), OrderedDict()
        for connector in idle:
            connector.close()


pool = ConnectorPool()


def claim_due(limit: int = 8) -> list[Channel]:
    """Take channels whose turn it is; each is given to one caller only."""
    now = clock.now()
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    due = Channel.objects.filter(free, state=ChannelState.ON, next_pull_at__lte=now)
    claimed = []
    for channel in due.order_by("next_pull_at")[:limit]:
        if platform_info(channel.platform).poll_seconds is None:
            Channel.objects.filter(pk=channel.pk).update(next_pull_at=now + timedelta(days=3650))
            continue
        mine = Channel.objects.filter(free, pk=channel.pk, next_pull_at__lte=now).update(
            claimed_until=now + CLAIM
        )
        if mine == 1:
            claimed.append(channel)
    return claimed


def pull(channel: Channel) -> int:
    """Pull a claimed channel until it has no more or its turn is over; gives posts received."""
    received = 0
    wait = platform_info(channel.platform).poll_seconds or LONGEST_WAIT_SECONDS
    try:
        received, more = _pull_pages(channel)
        if more:
            wait = 0.0
        note_success(channel, posts=received)
    except ChannelSignedOut as error:
        note_failure(channel, error, signed_out=True)
    except ChannelBusy as error:
        wait = max(_back_off(channel, wait), error.retry_after_seconds or 0.0)
        note_failure(channel, error)
    except LevelheadError as error:
        wait = _back_off(channel, wait)
        note_failure(channel, error)
    except Exception as error:  # A connector's bug must not stop the other channels.
        log.exception("pull broke", channel=channel.name)
        wait = _back_off(channel, wait)
        note_failure(
            channel,
            ChannelError(
                f"Reading {channel.name} broke unexpectedly ({type(error).__name__}). What was "
                "read before is kept; it will be tried again. Please report this with the log."
            ),
        )
    finally:
        Channel.objects.filter(pk=channel.pk).update(
            claimed_until=None, next_pull_at=clock.now() + timedelta(seconds=wait)
        )
    return received


def _back_off(channel: Channel, usual_seconds: float) -> float:
    grown: float = usual_seconds * 2 ** min(channel.failures, 10)
    return min(max(grown, 1.0), LONGEST_WAIT_SECONDS)


def _pull_pages(channel: Channel) -> tuple[int, bool]:
    key, connector = pool.take(channel)
    received, more = 0, True
    try:
        if not isinstance(connector, Puller):
            raise ChannelError(f"{channel.name} cannot be asked for posts; it sends them itself.")
        for _ in range(MOST_PAGES):
            before = channel.cursor
            page = connector.fetch(before)
            received += keep_page(channel, page, place="pull")
            more = page.more
            if page.cursor != before:
                # After the posts are committed: a kill in between gives them twice, never not.
                channel.cursor = page.cursor
                Channel.objects.filter(pk=channel.pk).update(cursor=page.cursor)
            elif more:
                raise ChannelGarbled(
                    f"{channel.name} gives the same page again and again and says there is more. "
                    "What it gave is kept; it will be asked again later."
                )
            if not more:
                break
    except BaseException:
        connector.close()
        raise
    pool.give_back(key, connector)
    return received, more


def keep_page(channel: Channel, page: FetchedPage, *, place: str) -> int:
    """File a page's posts and set aside what was not understood; gives posts that were news."""
    for raw, reason in page.rejected:
        set_aside(
            channel_id=channel.pk,
            agency_id=channel.agency_id,
            place=place,
            reason=reason,
            raw=raw,
        )
    stray = [post for post in page.posts if post.channel_id != channel.pk]
    if stray:
        raise ChannelError(f"{channel.name} gave posts of another channel; none were filed.")
    report = receive(page.posts)
    return report.new + report.revised + report.deleted


def pull_due(*, limit: int = 8) -> int:
    """Pull every channel whose turn it is, one after the other; gives how many."""
    claimed = claim_due(limit)
    for channel in claimed:
        pull(channel)
    return len(claimed)


def next_pull_in() -> float:
    """Seconds until the next channel's turn; 0 where one waits already."""
    soonest = (
        Channel.objects.filter(state=ChannelState.ON, claimed_until__isnull=True)
        .order_by(F("next_pull_at"))
        .values_list("next_pull_at", flat=True)
        .first()
    )
    if soonest is None:
        return LONGEST_WAIT_SECONDS
    return max(0.0, (soonest - clock.now()).total_seconds())
