"""The in-memory twin of a connector: all ports, and failures on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from levelhead.channels.domain import (
    Capability,
    ChannelAccount,
    FetchedPage,
    IncomingKind,
    IncomingPost,
    OutgoingMessage,
    PlatformInfo,
    Receipt,
)
from levelhead.connectors.memory.platform import (
    Failure,
    MemoryPlatform,
    Operation,
    SimulatedBugError,
    error_of,
)
from levelhead.kernel.errors import (
    BadSignature,
    ChannelGarbled,
    ChannelRefused,
    SendUnclear,
)

SIGNATURE_HEADER: Final = "x-memory-signature"
PAGE_SIZE: Final = 100

info = PlatformInfo(
    platform="memory",
    title="In memory (tests)",
    capabilities=frozenset({Capability.RECEIVE, Capability.REPLY, Capability.POST}),
    text_limit=1_000,
    poll_seconds=0.05,
    threads=True,
    pictures=4,
)

# Platforms by name, for accounts that are connected by their settings alone.
_platforms: dict[str, MemoryPlatform] = {}


def platform_of(account: ChannelAccount) -> MemoryPlatform:
    """The platform of the account: the one named in its setting "world", else its own."""
    name = str(account.settings.get("world") or f"channel {account.channel_id}")
    return _platforms.setdefault(name, MemoryPlatform())


def forget_platforms() -> None:
    """Begin anew, between tests."""
    _platforms.clear()


def connect(account: ChannelAccount) -> MemoryConnector:
    """A connector for the account."""
    return MemoryConnector(account, platform_of(account))


class MemoryConnector:
    """An account on a platform in memory; implements every port."""

    def __init__(
        self, account: ChannelAccount, platform: MemoryPlatform, *, page_size: int = PAGE_SIZE
    ) -> None:
        self.info = info
        self.platform = platform
        self._account = account
        self._page_size = page_size

    def check(self) -> str:
        self._begin("check")
        return self._account.name

    def close(self) -> None:
        """There is nothing to let go of."""

    def fetch(self, cursor: str | None) -> FetchedPage:
        failure = self._begin("fetch")
        start = self._read_cursor(cursor)
        if failure is Failure.REPEATED:
            start = max(0, start - self._page_size)
        posts = self._page_from(start)
        end = start + len(posts)
        if failure is Failure.SAME_PAGE:
            return FetchedPage(posts=posts, cursor=cursor, more=True)
        if failure is Failure.HALF and posts:
            whole, cut = posts[: len(posts) // 2], posts[len(posts) // 2]
            half = cut.raw[: len(cut.raw) // 2]
            return FetchedPage(
                posts=whole,
                cursor=str(start + len(whole)),
                more=True,
                rejected=((half, "the answer stops in the middle"),),
            )
        return FetchedPage(posts=posts, cursor=str(end), more=end < len(self.platform.events))

    def send(self, message: OutgoingMessage) -> Receipt:
        failure = self._begin("send")
        if failure is Failure.UNCLEAR_LOST:
            raise SendUnclear("The connection ended before an answer came.")
        limit = self.info.text_limit
        if not message.text.strip() or not self.info.takes(message.text):
            raise ChannelRefused(f"A message has 1 to {limit} characters here.", limit=limit)
        receipt = self.platform.accept(message, self._account.channel_id, self._account.name)
        if failure is Failure.UNCLEAR_ACCEPTED:
            raise SendUnclear("The connection ended before an answer came.")
        return receipt

    def find(self, message: OutgoingMessage) -> Receipt | None:
        self._begin("find")
        if message.marker not in self.platform.sent:
            return None
        return self.platform.receipt(message.marker)

    def read(self, external_ids: Sequence[str]) -> tuple[IncomingPost, ...]:
        self._begin("read")
        found = (self.platform.current(external_id) for external_id in external_ids)
        return tuple(
            replace(post, channel_id=self._account.channel_id) for post in found if post is not None
        )

    def sign(self, body: bytes) -> str:
        """The signature that the platform would put in SIGNATURE_HEADER."""
        key = self._account.secrets.get("signing_key", "")
        return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> None:
        self._begin("verify")
        given = headers.get(SIGNATURE_HEADER, "")
        if not self._account.secrets.get("signing_key") or not hmac.compare_digest(
            given.encode(errors="replace"), self.sign(body).encode()
        ):
            raise BadSignature("The signature does not fit the body; nothing of it was used.")

    def parse(self, body: bytes) -> FetchedPage:
        """`{"posts": [{"id", "text", "created_at", "author", "parent_id", "deleted"}]}`."""
        self._begin("parse")
        try:
            items = json.loads(body)["posts"]
            if not isinstance(items, list):
                raise TypeError("posts is not a list")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ChannelGarbled(f"The call's body cannot be used: {error!r}.") from error
        posts, rejected = [], []
        for item in items:
            try:
                posts.append(self._read_item(item))
            except (KeyError, TypeError, ValueError) as error:
                rejected.append((json.dumps(item), repr(error)))
        return FetchedPage(posts=tuple(posts), cursor=None, rejected=tuple(rejected))

    def _begin(self, operation: Operation) -> Failure | None:
        """Count the call; raise what fails at once, give what the operation must act out."""
        failure = self.platform.take_failure(operation)
        match failure:
            case Failure.BUSY | Failure.GARBLED | Failure.REFUSED | Failure.SIGNED_OUT:
                raise error_of(failure)
            case Failure.BUG:
                raise SimulatedBugError("a mistake in the connector")
        return failure

    def _page_from(self, start: int) -> tuple[IncomingPost, ...]:
        posts: list[IncomingPost] = []
        ids: set[str] = set()
        for event in self.platform.events[start : start + self._page_size]:
            if event.external_id in ids:
                # An edit or a deletion goes on a page after its post's.
                break
            ids.add(event.external_id)
            posts.append(replace(event, channel_id=self._account.channel_id))
        return tuple(posts)

    def _read_cursor(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 18:
            raise ChannelRefused("The platform does not know this cursor.")
        return min(int(cursor), len(self.platform.events))

    def _read_item(self, item: Any) -> IncomingPost:
        if not isinstance(item, dict):
            raise TypeError("a post is an object")
        created_at = item.get("created_at")
        deleted = item.get("deleted") is True
        if not isinstance(item["id"], str) or not isinstance(item.get("text", ""), str):
            raise TypeError("id and text are texts")
        return IncomingPost(
            channel_id=self._account.channel_id,
            external_id=item["id"],
            kind=IncomingKind.DELETED if deleted else IncomingKind.POST,
            text="" if deleted else item["text"],
            created_at=datetime.fromisoformat(created_at) if created_at else None,
            author_external_id=item.get("author"),
            author_handle=item.get("author"),
            parent_external_id=item.get("parent_id"),
            raw=json.dumps(item),
        )
