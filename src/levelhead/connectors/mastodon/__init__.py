"""Mastodon, and servers that speak its interface: mentions come in, posts and replies go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from levelhead.channels.domain import Capability, ChannelAccount, PlatformInfo
from levelhead.channels.shapes import SHAPES

if TYPE_CHECKING:
    from levelhead.connectors.mastodon.connector import MastodonConnector

info = PlatformInfo(
    platform="mastodon",
    title="Mastodon",
    capabilities=frozenset({Capability.RECEIVE, Capability.REPLY, Capability.POST}),
    text_limit=SHAPES["mastodon"].limit,
    counting=SHAPES["mastodon"].counting,
    threads=True,
    pictures=4,
    # Servers allow 300 requests in 5 minutes; a pull takes one, now and then up to five.
    poll_seconds=3.0,
    required_settings=("service",),
    required_secrets=("access_token",),
)


def connect(account: ChannelAccount) -> MastodonConnector:
    """A connector for the account; opens no connection yet.

    Raises ConfigurationError where a setting or secret is missing or cannot be used.
    """
    # Loaded here: whoever only reads `info` need not pay for an HTTP client.
    from levelhead.connectors.mastodon.connector import MastodonConnector

    return MastodonConnector(account)
