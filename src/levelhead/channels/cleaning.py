"""Cleaning what a platform sent: bounded, without unkeepable characters, with a usable time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from levelhead.channels.domain import IncomingKind, IncomingPost
from levelhead.inbox.domain import TOMBSTONE_HASH, CleanPost
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import RAW_LIMIT, clean_name, clean_text

ID_LIMIT = 500
URL_LIMIT = 2_000
# No platform that we read is older; a stamp before is a default or a mistake.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Clocks differ; more than this ahead is nonsense.
AHEAD = timedelta(days=1)
MOST_FOLLOWERS = 10**12


def clean_post(post: IncomingPost, *, received_at: datetime) -> CleanPost:
    """`post`, safe to keep. Raises Invalid where it has no usable id."""
    external_id = clean_name(post.external_id, ID_LIMIT + 1)
    if not external_id or len(external_id) > ID_LIMIT:
        raise Invalid(
            f"A post came with an id of {len(post.external_id)} characters; it needs 1 to "
            f"{ID_LIMIT}. It was set aside; nothing else was lost."
        )
    deleted = post.kind is IncomingKind.DELETED
    text = "" if deleted else clean_text(post.text)
    created_at, doubtful = _usable_time(post.created_at, received_at)
    edited_at, _ = _usable_time(post.edited_at, received_at)
    raw = post.raw if len(post.raw) <= RAW_LIMIT else post.raw[:RAW_LIMIT]
    raw = raw if raw.isascii() and "\x00" not in raw else clean_text(raw, RAW_LIMIT)
    return CleanPost(
        channel_id=post.channel_id,
        external_id=external_id,
        deleted=deleted,
        text=text,
        content_hash=TOMBSTONE_HASH if deleted else _content_hash(text),
        created_at=created_at,
        edited_at=edited_at if post.edited_at is not None else None,
        doubtful_time=doubtful,
        author_external_id=clean_name(
            post.author_external_id or post.author_handle or post.author_name or "", ID_LIMIT
        ),
        author_handle=clean_name(post.author_handle or ""),
        author_name=clean_name(post.author_name or ""),
        author_followers=_usable_count(post.author_followers),
        parent_external_id=clean_name(post.parent_external_id or "", ID_LIMIT),
        thread_external_id=clean_name(post.thread_external_id or "", ID_LIMIT),
        lang=clean_name(post.lang or "", 8),
        url=clean_name(post.url or "", URL_LIMIT),
        from_agency=post.from_agency,
        raw=raw,
        raw_hash=sha256(raw.encode()).hexdigest(),
    )


def _content_hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _usable_time(claimed: datetime | None, received_at: datetime) -> tuple[datetime, str]:
    """The time to file under, and the claim where it is not believed."""
    if claimed is None:
        return received_at, ""
    if claimed.tzinfo is None:
        claimed = claimed.replace(tzinfo=UTC)
    if claimed < EARLIEST or claimed > received_at + AHEAD:
        return received_at, claimed.isoformat()
    return claimed, ""


def _usable_count(count: int | None) -> int | None:
    if count is None or not 0 <= count <= MOST_FOLLOWERS:
        return None
    return count
