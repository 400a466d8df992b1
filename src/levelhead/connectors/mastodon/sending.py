"""Posts and replies go out, each once: the server is told the message's marker, and looked at."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Final

from levelhead.analysis.lengths import fits
from levelhead.channels.domain import OutgoingMessage, OutgoingPicture, Receipt
from levelhead.channels.shapes import SHAPES
from levelhead.connectors.mastodon import mapping
from levelhead.connectors.mastodon.client import MastodonClient
from levelhead.connectors.moments import moment_of
from levelhead.connectors.transport import JsonObject, Upload
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelGarbled,
    ChannelRefused,
    ChannelSignedOut,
    SendUnclear,
)

SHAPE: Final = SHAPES["mastodon"]
_NOT_FOUND = 404
# Their clock and ours may differ so much.
_CLOCKS_DIFFER: Final = timedelta(seconds=30)
_PAGE = 40
_PAGES = 5
# Large pictures are made ready while we wait: at most so often, with such pauses.
_READY_TRIES: Final = 20
_READY_SECONDS: Final = 0.5
_MEDIA_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_HANDLE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}(@[A-Za-z0-9.:-]{1,253})?")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


class Sender:
    """Sends for one account."""

    def __init__(self, client: MastodonClient) -> None:
        self._client = client

    def send(self, message: OutgoingMessage) -> Receipt:
        """Put it there. Servers that know the marker from the last hour give the first receipt.

        Raises ChannelBusy (not accepted, later), ChannelRefused (never), SendUnclear (look first).
        """
        check_text(message.text)
        body = self._body(message)
        if message.pictures:
            body["media_ids"] = [self._give(one) for one in message.pictures]
        # Asked for before: afterwards a failure would not mean that nothing was sent.
        own_id = self._client.account_id
        answer = self._client.post(
            "api/v1/statuses", body, headers={"Idempotency-Key": message.marker}
        )
        account = answer.get("account")
        named = isinstance(account, dict) and account.get("id") == own_id
        if not named or not mapping.is_id(answer.get("id")):
            raise SendUnclear(
                "Mastodon did not name the post that it accepted. It is looked up before it is "
                "sent again."
            )
        return _receipt(answer)

    def find(self, message: OutgoingMessage) -> Receipt | None:
        """Look for a message that may have been accepted; None where it is surely not there.

        There is no field for our marker: it is the account's own post with these words, below the
        same post, from no earlier than the message. Raises ChannelBusy or ChannelGarbled where
        that cannot be told now.
        """
        since = message.created_at - _CLOCKS_DIFFER
        path = f"api/v1/accounts/{self._client.account_id}/statuses"
        before: dict[str, str] = {}
        for _page in range(_PAGES):
            try:
                statuses = self._client.list(path, {"limit": _PAGE, **before})
            except ChannelSignedOut:
                raise
            except ChannelRefused as error:
                raise ChannelGarbled(
                    f"Mastodon does not say whether the post is there: {error.message}",
                    **error.data,
                ) from error
            for status in statuses:
                if isinstance(status, dict) and _is_it(status, message):
                    moment = moment_of(status.get("created_at"))
                    if moment is not None and moment >= since and mapping.is_id(status.get("id")):
                        return _receipt(status)
            last = statuses[-1] if statuses else None
            if not isinstance(last, dict) or not mapping.is_id(last.get("id")):
                return None
            moment = moment_of(last.get("created_at"))
            if len(statuses) < _PAGE or (moment is not None and moment < since):
                return None
            before = {"max_id": str(last["id"])}
        raise ChannelGarbled(
            "Mastodon gave more posts of the account than can be looked through for this one."
        )

    def _body(self, message: OutgoingMessage) -> JsonObject:
        body: JsonObject = {"status": message.text, "visibility": "public"}
        if message.lang and _LANGUAGE.fullmatch(message.lang):
            body["language"] = message.lang
        if message.parent_external_id is not None:
            parent = self._parent(message.parent_external_id)
            body["in_reply_to_id"] = message.parent_external_id
            body["visibility"] = parent["visibility"]
            body["status"] = self._addressed(message.text, parent)
        return body

    def _give(self, picture: OutgoingPicture) -> str:
        """Give a picture's bytes and its words; the post refers to them once they are ready."""
        answer = self._client.upload(
            "api/v2/media",
            Upload(
                content=picture.content, content_type=picture.content_type, form_field="file",
                fields={"description": picture.alt},
                file_name=f"picture.{picture.content_type.partition('/')[2]}",
            ),
        )  # fmt: skip
        media_id = answer.get("id")
        if not isinstance(media_id, str) or not _MEDIA_ID.fullmatch(media_id):
            raise ChannelGarbled("Mastodon took a picture without saying what to call it.")
        for _try in range(_READY_TRIES):
            # Without an address the server still works on it.
            if answer.get("url") is not None:
                return media_id
            time.sleep(_READY_SECONDS)
            answer = self._client.get(f"api/v1/media/{media_id}")
        raise ChannelBusy("Mastodon still works on a picture; the post is sent again later.")

    def _parent(self, parent: str) -> JsonObject:
        if not mapping.is_id(parent):
            raise ChannelRefused("What is to be answered is not a post on Mastodon.", parent=parent)
        try:
            status = self._client.get(f"api/v1/statuses/{parent}")
        except ChannelSignedOut:
            raise
        except ChannelRefused as error:
            if error.data.get("status") != _NOT_FOUND:
                raise
            raise ChannelRefused(
                "The post to be answered is not there any more.", parent=parent
            ) from error
        if status.get("visibility") not in mapping.PUBLIC:
            raise ChannelRefused(
                "The post to be answered is not public: answer it on the platform.", parent=parent
            )
        return status

    def _addressed(self, text: str, parent: JsonObject) -> str:
        """With the name of whom it answers, who would not hear of it otherwise."""
        account = parent.get("account")
        name = account.get("acct") if isinstance(account, dict) else None
        if not isinstance(account, dict) or not isinstance(name, str):
            return text
        own = account.get("id") == self._client.account_id
        if own or not _HANDLE.fullmatch(name) or f"@{name}".lower() in text.lower():
            return text
        addressed = f"@{name} {text}"
        return addressed if fits(addressed, SHAPE.limit, SHAPE.counting) else text


def check_text(text: str) -> None:
    """Raise ChannelRefused where Mastodon would not take the text."""
    if not text.strip():
        raise ChannelRefused("There is nothing to send: the text is empty.")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ChannelRefused("The text holds half a character that cannot be sent.")
    if not fits(text, SHAPE.limit, SHAPE.counting):
        raise ChannelRefused(
            f"The text is longer than the {SHAPE.limit} characters that Mastodon takes. Shorten "
            "it.",
            limit=SHAPE.limit,
        )


def _receipt(status: JsonObject) -> Receipt:
    return Receipt(
        external_id=str(status["id"]),
        url=mapping.web_address(status.get("url")),
        raw=mapping.as_raw(status),
    )


def _is_it(status: JsonObject, message: OutgoingMessage) -> bool:
    content = status.get("content")
    if not isinstance(content, str) or status.get("reblog") is not None:
        return False
    below = status.get("in_reply_to_id")
    if (below if mapping.is_id(below) else None) != message.parent_external_id:
        return False
    # Servers make links, marks and lines of their own of it; the letters stay, in their order.
    said, meant = _letters(mapping.text_of(content)), _letters(message.text)
    return said == meant or (message.parent_external_id is not None and said.endswith(meant))


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
