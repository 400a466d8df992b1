"""Posts in Bluesky's form, written after its lexicon."""

from __future__ import annotations

from typing import Any

RESIDENT_DID = "did:plc:residentresidentresident"
CID = "bafyreigq3exe2m23sojzoachuyucow4vu7eyatati4uy6scr4ixt6xwlhi"


def uri(rkey: str, did: str = RESIDENT_DID) -> str:
    """The address of a post."""
    return f"at://{did}/app.bsky.feed.post/{rkey}"


def view(
    rkey: str = "3kaaaaaaaaa2a",
    *,
    text: str = "When does the bridge open again?",
    did: str = RESIDENT_DID,
    at: str = "2026-03-16T14:20:00.000Z",
    parent: str | None = None,
    root: str | None = None,
    replies: int = 0,
    **record: Any,
) -> dict[str, Any]:
    """A post view (app.bsky.feed.defs#postView)."""
    reply = {}
    if parent:
        reply = {
            "reply": {
                "parent": {"uri": parent, "cid": CID},
                "root": {"uri": root or parent, "cid": CID},
            }
        }
    return {
        "uri": uri(rkey, did),
        "cid": CID,
        "author": {"did": did, "handle": "dana.test", "displayName": "Dana R."},
        "record": {
            "$type": "app.bsky.feed.post",
            "text": text,
            "createdAt": at,
            "langs": ["en-US"],
            **reply,
            **record,
        },
        "replyCount": replies,
        "indexedAt": at,
    }


def notification(rkey: str = "3kaaaaaaaaa2a", *, reason: str = "mention", **given: Any) -> Any:
    """A notification (app.bsky.notification.listNotifications#notification)."""
    return {**view(rkey, **given), "reason": reason, "isRead": False}
