"""Bluesky: mentions, replies and quotes come in, posts and replies go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from levelhead.channels.domain import Capability, ChannelAccount, PlatformInfo
from levelhead.channels.shapes import SHAPES

if TYPE_CHECKING:
    from levelhead.connectors.bluesky.connector import BlueskyConnector

info = PlatformInfo(
    platform="bluesky",
    title="Bluesky",
    capabilities=frozenset({Capability.RECEIVE, Capability.REPLY, Capability.POST}),
    text_limit=SHAPES["bluesky"].limit,
    counting=SHAPES["bluesky"].counting,
    threads=True,
    pictures=4,
    # One cheap request a second: a third of what a server allows per address (3,000 in 5 minutes).
    poll_seconds=1.0,
    required_settings=("service", "handle"),
    required_secrets=("app_password",),
)


def connect(account: ChannelAccount) -> BlueskyConnector:
    """A connector for the account; opens no connection yet.

    Raises ConfigurationError where a setting or secret is missing or cannot be used.
    """
    # Loaded here: whoever only reads `info` need not pay for an HTTP client.
    from levelhead.connectors.bluesky.connector import BlueskyConnector

    return BlueskyConnector(account)
