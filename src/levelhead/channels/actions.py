"""Receiving posts: the one way in, whatever platform they come from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import structlog
from django.db import IntegrityError, OperationalError, transaction

from levelhead.accounts.models import User
from levelhead.channels.cleaning import clean_post
from levelhead.channels.domain import FetchedPage, IncomingPost, ReceiveReport
from levelhead.channels.models import Channel, ChannelState, SetAside
from levelhead.channels.secrets import seal
from levelhead.connectors.registry import platform_info
from levelhead.inbox.domain import CleanPost
from levelhead.inbox.filing import ChannelFacts, Sorted, file_posts
from levelhead.inbox.linking import ThreadsMoved
from levelhead.inbox.lookup import author_memory
from levelhead.kernel import clock, ids
from levelhead.kernel.errors import ChannelError, Conflict, Invalid, LevelheadError
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

log = structlog.get_logger(__name__)

# Commits of this size are worth ten times single ones and keep a page's wait short.
BATCH = 500
ATTEMPTS = 6
# Longest piece of an unusable item that is kept.
ASIDE_LIMIT = 100_000


def receive(posts: Sequence[IncomingPost]) -> ReceiveReport:
    """File posts: each once, with its decision, whatever order they come in and however often.

    Posts without a usable id are set aside with the reason. When it returns, everything is
    committed; when it raises, the batches before the failing one are, and the same posts can be
    given again.
    """
    received_at = clock.now()
    facts = _channel_facts({post.channel_id for post in posts})
    report = ReceiveReport()
    for start in range(0, len(posts), BATCH):
        piece = posts[start : start + BATCH]
        cleaned = []
        for post in piece:
            try:
                cleaned.append(clean_post(post, received_at=received_at))
            except Invalid as error:
                set_aside(
                    channel_id=post.channel_id,
                    agency_id=facts[post.channel_id].agency.pk,
                    place="intake",
                    reason=error.message,
                    raw=post.raw,
                )
        refused = len(piece) - len(cleaned)
        report = report.plus(ReceiveReport(received=refused, rejected=refused))
        report = report.plus(_receive_cleaned(cleaned, facts, received_at))
    return report


def _receive_cleaned(
    posts: Sequence[CleanPost], facts: dict[int, ChannelFacts], received_at: datetime
) -> ReceiveReport:
    report = ReceiveReport(received=len(posts))
    for layer in layers(posts):
        outcome = _file_until_done(layer, facts, received_at)
        report = report.plus(
            ReceiveReport(
                new=len(outcome.new),
                revised=len(outcome.revised),
                deleted=len(outcome.deleted),
                duplicates=outcome.duplicates,
            )
        )
    repeated = report.received - (report.new + report.revised + report.deleted + report.duplicates)
    return report.plus(ReceiveReport(duplicates=repeated))


def layers(posts: Sequence[CleanPost]) -> list[list[CleanPost]]:
    """Split a batch so that each post occurs once in a layer and its changes keep their order.

    The same change twice in a batch is there once.
    """
    split: list[list[CleanPost]] = []
    depth: dict[tuple[int, str], int] = {}
    last: dict[tuple[int, str], str] = {}
    for post in posts:
        change = f"{post.deleted}{post.content_hash}"
        if last.get(post.key) == change:
            continue
        last[post.key] = change
        level = depth.get(post.key, -1) + 1
        depth[post.key] = level
        if level == len(split):
            split.append([])
        split[level].append(post)
    return split


def _file_until_done(
    layer: Sequence[CleanPost], facts: dict[int, ChannelFacts], received_at: datetime
) -> Sorted:
    """File a layer, again where another writer was faster or the database was busy."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return file_posts(layer, facts=facts, received_at=received_at)
        except (IntegrityError, OperationalError, ThreadsMoved) as error:
            # What was remembered may be what failed; ask the database for everything.
            author_memory.clear()
            ids.renew()
            if attempt == ATTEMPTS:
                raise Conflict(
                    f"{len(layer)} posts could not be filed after {ATTEMPTS} attempts "
                    f"({error}). They were not lost: the channel gives them again. If this "
                    "goes on, run levelhead doctor."
                ) from error
            log.warning("filing again", attempt=attempt, posts=len(layer), why=str(error))
            time.sleep(0.02 * 2**attempt)
    raise AssertionError("unreachable")


def _channel_facts(channel_ids: set[int]) -> dict[int, ChannelFacts]:
    channels = Channel.objects.select_related("agency").in_bulk(channel_ids)
    missing = channel_ids - channels.keys()
    if missing:
        raise Invalid(f"There is no channel {min(missing)}. Nothing was filed.")
    schedules = {c.agency_id: c.agency.office_schedule for c in channels.values()}
    return {
        channel_id: ChannelFacts(agency=channel.agency, schedule=schedules[channel.agency_id])
        for channel_id, channel in channels.items()
    }


def set_aside(*, channel_id: int, agency_id: int, place: str, reason: str, raw: str) -> bool:
    """Keep an item that could not be understood; gives whether it was new."""
    kept = clean_text(raw, ASIDE_LIMIT)
    digest = sha256(f"{place}\n{raw}".encode("utf-8", "surrogatepass")).hexdigest()
    _, created = SetAside.objects.get_or_create(
        channel_id=channel_id,
        digest=digest,
        defaults={
            "agency_id": agency_id,
            "place": place[:300],
            "reason": clean_text(reason, 2_000),
            "raw": kept,
            "raw_cut": len(raw) > ASIDE_LIMIT,
            "at": clock.now(),
        },
    )
    return created


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


def add_channel(
    *,
    agency_id: int,
    platform: str,
    name: str,
    settings: dict[str, object] | None = None,
    secrets: dict[str, str] | None = None,
    by: User | None = None,
) -> Channel:
    """Connect an account. Raises ConfigurationError for an unknown platform, Invalid for a name
    that is taken."""
    platform_info(platform)
    with transaction.atomic():
        if Channel.objects.filter(agency_id=agency_id, name=name).exists():
            raise Invalid(f"There is already a channel called {name!r}. Choose another name.")
        channel = Channel.objects.create(
            agency_id=agency_id,
            platform=platform,
            name=name,
            settings=settings or {},
            sealed_secrets=seal(secrets or {}),
            next_pull_at=clock.now(),
        )
        append_events(
            agency_id=agency_id,
            chain=DESK_CHAIN,
            at=clock.now(),
            events=[
                EventToRecord(
                    subject=f"channel:{channel.pk}",
                    action="person:channel:added",
                    actor=f"user:{by.pk}" if by else "system",
                    payload={"platform": platform, "name": name},
                )
            ],
        )
        announce(agency_id=agency_id, kind="channel.changed", payload={"channel": channel.pk})
    return channel


def note_success(channel: Channel, *, posts: int) -> None:
    """The channel answered as it should."""
    now = clock.now()
    was_failing = channel.failures > 0
    changes: dict[str, object] = {"last_success_at": now, "failures": 0}
    if posts:
        changes["last_post_at"] = now
    if was_failing:
        changes["last_error"] = ""
    with transaction.atomic():
        Channel.objects.filter(pk=channel.pk).update(**changes)
        if was_failing:
            announce(
                agency_id=channel.agency_id, kind="channel.changed", payload={"channel": channel.pk}
            )


def note_failure(channel: Channel, error: LevelheadError, *, signed_out: bool = False) -> None:
    """The channel failed: said where a person can see it."""
    changes: dict[str, object] = {
        "failures": channel.failures + 1,
        "last_error": clean_text(error.message, 2_000),
        "last_error_at": clock.now(),
    }
    if signed_out:
        changes["state"] = ChannelState.SIGNED_OUT
    with transaction.atomic():
        Channel.objects.filter(pk=channel.pk).update(**changes)
        announce(
            agency_id=channel.agency_id, kind="channel.changed", payload={"channel": channel.pk}
        )
    log.warning("channel failed", channel=channel.name, code=error.code, why=error.message)
