"""The chain of records: what an event is and how it is linked. Pure.

Each event's hash covers its own content and the hash of the event before it in the same chain, so
that a change, a removal or an insertion anywhere shows. An agency has one chain for its desk and
one for each channel's intake: chains do not wait for each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

FIRST_HASH = "0" * 64
DESK_CHAIN = "desk"


def channel_chain(channel_id: int) -> str:
    """The name of the chain that takes a channel's intake."""
    return f"channel:{channel_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventToRecord:
    """A change of state, to be put on the record."""

    # What changed: "post:17", "case:17", "agency:2".
    subject: str
    # "source:subject:action", such as "channel:post:received" or "person:case:assigned".
    action: str
    # Who did it: "user:5", "channel:3", "system".
    actor: str
    # JSON-able. Content of posts goes in as hashes: the row that holds it may one day be purged.
    payload: Mapping[str, object] = field(default_factory=dict)


# json.dumps builds an encoder at every call unless it gets only defaults; one for all is twice
# as fast.
_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
).encode


def canonical_payload(payload: Mapping[str, object]) -> str:
    """The one text form of a payload: sorted keys, no blanks, UTF-8."""
    return _encode(payload)


def time_text(at: datetime) -> str:
    """The one text form of a time: UTC, microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link_hash(
    *,
    chain: str,
    agency_id: int,
    seq: int,
    subject: str,
    action: str,
    actor: str,
    at: str,
    payload: str,
    previous_hash: str,
) -> str:
    """The hash of one event: SHA-256 over its fields, each with its length before it.

    The lengths keep two different events from giving the same bytes.
    """
    digest = hashlib.sha256()
    parts = [chain, str(agency_id), str(seq), subject, action, actor, at, payload, previous_hash]
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    digest.update(b"".join(b"%d:%b," % (len(part), part) for part in encoded))
    return digest.hexdigest()
