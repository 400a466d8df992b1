"""Asking the platforms for what is new: each channel in its turn, none delaying another."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import structlog
from django.db.models import Q

from levelhead.channels.accounts import pool
from levelhead.channels.actions import keep_page, note_failure, note_success
from levelhead.channels.models import Channel, ChannelState
from levelhead.channels.ports import Puller
from levelhead.connectors.registry import PLATFORMS, platform_info
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
# No platform is asked later than this, whatever it wants. A time further ahead was written by a
# clock that has been set back since.
LATEST = timedelta(hours=1)


def claim_due(limit: int = 8) -> list[Channel]:
    """Take channels whose turn it is; each is given to one caller only."""
    now = clock.now()
    turn = _free(now) & (Q(next_pull_at__lte=now) | Q(next_pull_at__gt=now + LATEST))
    due = Channel.objects.filter(turn, state=ChannelState.ON, platform__in=pulled_platforms())
    claimed = []
    for channel in due.order_by("next_pull_at")[:limit]:
        mine = Channel.objects.filter(turn, pk=channel.pk).update(claimed_until=now + CLAIM)
        if mine == 1:
            claimed.append(channel)
    return claimed


def _free(now: datetime) -> Q:
    """Nobody has it, or whoever had it is gone (or had a clock that was ahead)."""
    return (
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + CLAIM)
    )


@cache
def pulled_platforms() -> tuple[str, ...]:
    """The platforms that are asked; the others call us."""
    return tuple(name for name in PLATFORMS if platform_info(name).poll_seconds is not None)


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
        pause = min(timedelta(seconds=wait), LATEST)
        Channel.objects.filter(pk=channel.pk).update(
            claimed_until=None, next_pull_at=clock.now() + pause
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


def pull_due(*, limit: int = 8) -> int:
    """Pull every channel whose turn it is, one after the other; gives how many."""
    claimed = claim_due(limit)
    for channel in claimed:
        pull(channel)
    return len(claimed)


def next_pull_in() -> float:
    """Seconds until the next channel's turn; 0 where one waits already."""
    soonest = (
        Channel.objects.filter(
            state=ChannelState.ON, claimed_until__isnull=True, platform__in=pulled_platforms()
        )
        .order_by("next_pull_at")
        .values_list("next_pull_at", flat=True)
        .first()
    )
    if soonest is None:
        return LONGEST_WAIT_SECONDS
    return max(0.0, (soonest - clock.now()).total_seconds())
