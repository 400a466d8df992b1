"""From Bluesky's JSON to incoming posts. Pure; nothing that comes in is trusted."""

from __future__ import annotations

import json
import re
from datetime import datetime

from levelhead.channels.domain import IncomingKind, IncomingPost
from levelhead.connectors.moments import moment_of
from levelhead.kernel.text import RAW_LIMIT, clean_name, clean_text

POST_COLLECTION = "app.bsky.feed.post"
POST_VIEW = "app.bsky.feed.defs#threadViewPost"

_POST_URI = re.compile(
    rf"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/{POST_COLLECTION}/([A-Za-z0-9._~:-]+)"
)
_HANDLE = re.compile(r"[A-Za-z0-9.-]{1,253}")
_MAX_URI = 512
_MAX_RAW = 5_000


class UnreadablePostError(ValueError):
    """The platform gave something that is not a post; the message says what is wrong."""


def split_uri(uri: object) -> tuple[str, str]:
    """Author's did and record key of a post's address. Raises UnreadablePostError."""
    if isinstance(uri, str) and len(uri) <= _MAX_URI and (found := _POST_URI.fullmatch(uri)):
        return found[1], found[2]
    raise UnreadablePostError("no address of a post")


def is_post_uri(uri: object) -> bool:
    """True for the permanent address of a post."""
    try:
        split_uri(uri)
    except UnreadablePostError:
        return False
    return True


def post_uri(did: str, rkey: str) -> str:
    """The address of a post."""
    return f"at://{did}/{POST_COLLECTION}/{rkey}"


def web_address(uri: str, handle: str | None = None) -> str:
    """Where a person can open the post."""
    did, rkey = split_uri(uri)
    named = handle and handle != "handle.invalid" and _HANDLE.fullmatch(handle)
    return f"https://bsky.app/profile/{handle if named else did}/post/{rkey}"


def read_post(view: object, *, channel_id: int, own_did: str) -> IncomingPost:
    """A post view, or a notification, which has the same fields. Raises UnreadablePostError."""
    if not isinstance(view, dict):
        raise UnreadablePostError("no object")
    uri = view.get("uri")
    did, _ = split_uri(uri)
    author, record = view.get("author"), view.get("record")
    if not isinstance(author, dict) or author.get("did") != did:
        raise UnreadablePostError("the author is not the one in the address")
    if not isinstance(record, dict):
        raise UnreadablePostError("no record")
    text = record.get("text")
    if not isinstance(text, str):
        raise UnreadablePostError("no text")
    parent, root = _reply_addresses(record)
    handle = _text_or_none(author.get("handle"))
    return IncomingPost(
        channel_id=channel_id,
        external_id=str(uri),
        text=clean_text(text),
        created_at=_moment(record.get("createdAt"), view.get("indexedAt")),
        author_external_id=did,
        author_handle=handle,
        author_name=_text_or_none(author.get("displayName")),
        parent_external_id=parent,
        # The first of a thread is its own thread, so that early replies find it.
        thread_external_id=root or str(uri),
        lang=_language(record.get("langs")),
        url=web_address(str(uri), handle),
        from_agency=did == own_did,
        raw=as_raw(view),
    )


def read_deletion(uri: str, *, channel_id: int) -> IncomingPost:
    """The post is not on the platform any more."""
    return IncomingPost(channel_id=channel_id, external_id=uri, kind=IncomingKind.DELETED)


def flatten_thread(thread: object, *, limit: int) -> list[object]:
    """The post views of a thread, parents before replies, at most `limit`; not recursive."""
    views: list[object] = []
    waiting = [thread]
    while waiting and len(views) < limit:
        node = waiting.pop()
        if not isinstance(node, dict) or not isinstance(node.get("post"), dict):
            continue  # deleted, blocked, or nothing we know
        views.append(node["post"])
        replies = node.get("replies")
        if isinstance(replies, list):
            waiting.extend(reversed(replies))
    return views


def indexed_at(view: object) -> str:
    """When the platform first saw the post: sortable text, UTC; empty where it does not say."""
    moment = moment_of(view.get("indexedAt")) if isinstance(view, dict) else None
    return "" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_raw(value: object) -> str:
    """JSON text in ASCII, as half a surrogate pair cannot be stored otherwise; bounded."""
    raw = json.dumps(value, separators=(",", ":"))
    if len(raw) <= RAW_LIMIT:
        return raw
    # Quoting doubles what is in quotes already.
    return json.dumps({"cut": raw[: RAW_LIMIT // 3]})


def as_rejected(value: object, error: UnreadablePostError) -> tuple[str, str]:
    """What is kept of an item that is not a post: its beginning, and the reason."""
    return as_raw(value)[:_MAX_RAW], str(error)


def _reply_addresses(record: dict[str, object]) -> tuple[str | None, str | None]:
    """Parent and root of a reply; a reply that names no proper parent is no reply."""
    reply = record.get("reply")
    if not isinstance(reply, dict):
        return None, None
    addresses = []
    for name in ("parent", "root"):
        reference = reply.get(name)
        uri = reference.get("uri") if isinstance(reference, dict) else None
        addresses.append(uri if is_post_uri(uri) else None)
    parent, root = addresses
    return parent, (root or parent if parent else None)


def _moment(claimed: object, seen: object) -> datetime | None:
    """When it was written: what its author claims, but never after the platform saw it."""
    moments = [moment for moment in map(moment_of, (claimed, seen)) if moment is not None]
    return min(moments, default=None)


def _language(langs: object) -> str | None:
    """The first language named, without its region."""
    first = langs[0] if isinstance(langs, list) and langs else None
    primary = first.split("-")[0].lower() if isinstance(first, str) else ""
    return primary if re.fullmatch(r"[a-z]{2,3}", primary) else None


def _text_or_none(value: object) -> str | None:
    return clean_name(value) or None if isinstance(value, str) else None
