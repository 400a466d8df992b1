"""Calls signed with HMAC-SHA256 over time and body; posts in our own shape."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256

from levelhead.channels.domain import (
    Capability,
    ChannelAccount,
    FetchedPage,
    PlatformInfo,
)
from levelhead.connectors.file.mapping import Mapping as FieldMapping
from levelhead.connectors.file.mapping import read_item
from levelhead.kernel import clock
from levelhead.kernel.errors import BadSignature, ChannelGarbled, Invalid

info = PlatformInfo(
    platform="webhook",
    title="Signed webhook",
    capabilities=frozenset({Capability.RECEIVE}),
    text_limit=None,
    poll_seconds=None,
    required_secrets=("signing_key",),
)

SIGNATURE_HEADER = "x-levelhead-signature"
TIME_HEADER = "x-levelhead-time"
# A call that was caught and played again later is refused; clocks may differ by this.
LONGEST_SECONDS = 300


def sign(key: str, *, time: str, body: bytes) -> str:
    """The signature of a call: `sha256=` and the HMAC over time, a dot and the body."""
    return "sha256=" + hmac.new(key.encode(), time.encode() + b"." + body, sha256).hexdigest()


class WebhookConnector:
    """Verifies calls and reads posts out of them."""

    info = info

    def __init__(self, account: ChannelAccount) -> None:
        self._account = account
        self._key = account.secrets["signing_key"]

    def check(self) -> str:
        """There is nobody to ask: the other side calls us."""
        return self._account.name

    def close(self) -> None:
        """Nothing is held open."""

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> None:
        """Raise BadSignature unless the key's holder sent exactly this, now."""
        time = headers.get(TIME_HEADER, "")
        given = headers.get(SIGNATURE_HEADER, "")
        if not (time.isascii() and time.isdigit() and len(time) <= 12):
            raise BadSignature(
                f"The call has no usable {TIME_HEADER} header (seconds since 1970). Nothing of "
                "it was used."
            )
        if abs(clock.now().timestamp() - int(time)) > LONGEST_SECONDS:
            raise BadSignature(
                f"The call's time is more than {LONGEST_SECONDS} seconds from ours. Check both "
                "clocks. Nothing of it was used."
            )
        expected = sign(self._key, time=time, body=body)
        if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
            raise BadSignature("The call's signature does not fit its body. Nothing was used.")

    def parse(self, body: bytes) -> FetchedPage:
        """Posts of a call: `{"posts": [...]}`, or one post, in the fields of a file import."""
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ChannelGarbled(
                "A webhook call was not JSON. It was set aside; the other calls go on."
            ) from error
        items = told.get("posts") if isinstance(told, dict) and "posts" in told else [told]
        if not isinstance(items, list):
            raise ChannelGarbled('A webhook call has "posts" that is not a list; it was set aside.')
        posts, rejected = [], []
        for item in items:
            try:
                posts.append(
                    read_item(item, channel_id=self._account.channel_id, mapping=FieldMapping())
                )
            except Invalid as error:
                rejected.append((json.dumps(item)[:100_000], error.message))
        return FetchedPage(posts=tuple(posts), cursor=None, rejected=tuple(rejected))


def connect(account: ChannelAccount) -> WebhookConnector:
    """A connector for the account."""
    return WebhookConnector(account)
