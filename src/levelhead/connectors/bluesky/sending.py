"""Posts and replies go out, each once: the record's key follows from the message's marker."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC

from levelhead.analysis.lengths import count_bytes, count_graphemes
from levelhead.channels.domain import OutgoingMessage, OutgoingPicture, Receipt
from levelhead.channels.shapes import SHAPES
from levelhead.connectors.bluesky import mapping
from levelhead.connectors.bluesky.client import BlueskyClient
from levelhead.connectors.bluesky.reading import is_not_there
from levelhead.connectors.bluesky.richtext import Facet, find_facets
from levelhead.connectors.bluesky.transport import JsonObject, Upload
from levelhead.kernel.errors import ChannelGarbled, ChannelRefused, ChannelSignedOut, SendUnclear

MAX_GRAPHEMES = SHAPES["bluesky"].limit or 0
MAX_BYTES = SHAPES["bluesky"].counting.byte_limit or 0
_TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_MARKER = re.compile(r"[a-z0-9]{13}")
_PICTURES = "app.bsky.embed.images"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


class Sender:
    """Sends for one account."""

    def __init__(self, client: BlueskyClient) -> None:
        self._client = client

    def send(self, message: OutgoingMessage) -> Receipt:
        """Put it there; a second time gives the first one's receipt.

        Raises ChannelBusy (not accepted, later), ChannelRefused (never), SendUnclear (look first).
        """
        check_text(message.text)
        record = self._record(message)
        rkey = record_key(message.marker)
        try:
            answer = self._client.write(
                "com.atproto.repo.putRecord",
                {
                    "repo": self._client.did,
                    "collection": mapping.POST_COLLECTION,
                    "rkey": rkey,
                    "record": record,
                    # Only where there is none yet. (createRecord answers that with status 500.)
                    "swapRecord": None,
                },
            )
        except ChannelRefused as error:
            if error.data.get("error") != "InvalidSwap":
                raise
            receipt = self.find(message)
            if receipt is None:
                raise SendUnclear(
                    "Bluesky says that the post is there already, and does not show it. It is "
                    "looked up again before it is sent again."
                ) from error
            return receipt
        if answer.get("uri") != mapping.post_uri(self._client.did, rkey):
            raise SendUnclear(
                "Bluesky did not name the post that it accepted. It is looked up before it is "
                "sent again."
            )
        return self._receipt(rkey, answer)

    def find(self, message: OutgoingMessage) -> Receipt | None:
        """Look for a message that may have been accepted; None where it is surely not there.

        Raises ChannelBusy or ChannelGarbled where that cannot be told now.
        """
        rkey = record_key(message.marker)
        did = self._client.did
        try:
            answer = self._get_record(did, rkey)
        except ChannelSignedOut:
            raise
        except ChannelRefused as error:
            if error.data.get("error") == "RecordNotFound":
                return None
            raise ChannelGarbled(
                f"Bluesky does not say whether the post is there: {error.message}", **error.data
            ) from error
        if answer.get("uri") != mapping.post_uri(did, rkey):
            raise ChannelGarbled("Bluesky gave another record than the one asked for.")
        return self._receipt(rkey, answer)

    def _receipt(self, rkey: str, answer: JsonObject) -> Receipt:
        uri = mapping.post_uri(self._client.did, rkey)
        return Receipt(
            external_id=uri,
            url=mapping.web_address(uri, self._client.handle),
            raw=mapping.as_raw(answer),
        )

    def _record(self, message: OutgoingMessage) -> JsonObject:
        written = message.created_at.astimezone(UTC)
        record: JsonObject = {
            "$type": mapping.POST_COLLECTION,
            "text": message.text,
            "createdAt": written.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        if message.lang and _LANGUAGE.fullmatch(message.lang):
            record["langs"] = [message.lang]
        facets: list[Facet] = find_facets(message.text, self._resolve)
        if facets:
            record["facets"] = facets
        if message.pictures:
            record["embed"] = {
                "$type": _PICTURES,
                "images": [self._give(one) for one in message.pictures],
            }
        if message.parent_external_id is not None:
            record["reply"] = self._reply_references(message.parent_external_id)
        return record

    def _give(self, picture: OutgoingPicture) -> JsonObject:
        """Give a picture's bytes; the post refers to them."""
        answer = self._client.upload(
            "com.atproto.repo.uploadBlob",
            Upload(content=picture.content, content_type=picture.content_type),
        )
        blob = answer.get("blob")
        if not isinstance(blob, dict):
            raise ChannelGarbled("Bluesky took a picture without saying what to call it.")
        return {
            "alt": picture.alt,
            "image": blob,
            "aspectRatio": {"width": picture.width, "height": picture.height},
        }

    def _resolve(self, handle: str) -> str | None:
        """A handle's did; None where nobody has it: then it stays plain text."""
        try:
            answer = self._client.query("com.atproto.identity.resolveHandle", {"handle": handle})
        except ChannelSignedOut:
            raise
        except ChannelRefused:
            return None
        did = answer.get("did")
        return did if isinstance(did, str) and did.startswith("did:") else None

    def _reply_references(self, parent: str) -> JsonObject:
        """Address and version of the parent and of the first post of its thread."""
        if not mapping.is_post_uri(parent):
            raise ChannelRefused("What is to be answered is not a post on Bluesky.", parent=parent)
        answer = self._client.query("app.bsky.feed.getPosts", {"uris": [parent]})
        views = answer.get("posts")
        if not isinstance(views, list):
            raise ChannelGarbled("Bluesky's answer has no list of posts.")
        if not views:
            return self._references_from_record(parent)
        view = views[0]
        if not isinstance(view, dict) or view.get("uri") != parent:
            raise ChannelGarbled("Bluesky gave another post than the one asked for.")
        viewer = view.get("viewer")
        if isinstance(viewer, dict) and viewer.get("replyDisabled") is True:
            raise ChannelRefused(
                "The author does not let this account reply here; an answer would be hidden.",
                parent=parent,
            )
        return _references(parent, view.get("cid"), view.get("record"))

    def _references_from_record(self, parent: str) -> JsonObject:
        """The index does not have the post: too new, deleted, or hidden from us by a block."""
        did, rkey = mapping.split_uri(parent)
        try:
            answer = self._get_record(did, rkey)
        except ChannelSignedOut:
            raise
        except ChannelRefused as error:
            if is_not_there(error):
                raise ChannelRefused(
                    "The post to be answered is not there any more.", parent=parent
                ) from error
            raise
        return _references(parent, answer.get("cid"), answer.get("value"))

    def _get_record(self, did: str, rkey: str) -> JsonObject:
        return self._client.query(
            "com.atproto.repo.getRecord",
            {"repo": did, "collection": mapping.POST_COLLECTION, "rkey": rkey},
        )


def check_text(text: str) -> None:
    """Raise ChannelRefused where Bluesky would not take the text."""
    if not text.strip():
        raise ChannelRefused("There is nothing to send: the text is empty.")
    graphemes = count_graphemes(text)
    if graphemes > MAX_GRAPHEMES:
        raise ChannelRefused(
            f"The text has {graphemes} characters; Bluesky takes {MAX_GRAPHEMES}. "
            f"Shorten it by {graphemes - MAX_GRAPHEMES}.",
            length=graphemes,
            limit=MAX_GRAPHEMES,
        )
    size = count_bytes(text)
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ChannelRefused("The text holds half a character that cannot be sent.")
    if size > MAX_BYTES:
        raise ChannelRefused(
            f"The text takes {size:,} bytes; Bluesky takes {MAX_BYTES:,}. Shorten it.",
            bytes=size,
            limit=MAX_BYTES,
        )


def record_key(marker: str) -> str:
    """The same record key for the same marker, in the platform's form (a TID).

    A marker that is one is used as it is. 36 ** 13 markers do not fit into 2 ** 63 keys: of a
    million others, two meet with a probability of 5e-8.
    """
    if not _MARKER.fullmatch(marker):
        raise ChannelRefused("The message's marker is not 13 of a-z and 0-9.", marker=marker)
    if _TID.fullmatch(marker):
        return marker
    number = int.from_bytes(hashlib.sha256(marker.encode()).digest()[:8]) >> 1
    return "".join(_TID_ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def _references(parent: str, cid: object, record: object) -> JsonObject:
    own = {"uri": parent, "cid": cid}
    if not isinstance(cid, str) or not isinstance(record, dict):
        raise ChannelGarbled("Bluesky gave the post to be answered without its version.")
    reply = record.get("reply")
    root = reply.get("root") if isinstance(reply, dict) else None
    if (
        isinstance(root, dict)
        and mapping.is_post_uri(root.get("uri"))
        and isinstance(root.get("cid"), str)
    ):
        return {"parent": own, "root": {"uri": root["uri"], "cid": root["cid"]}}
    return {"parent": own, "root": own}
