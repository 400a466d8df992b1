"""From a channel's row to its connector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from levelhead.channels.domain import ChannelAccount
from levelhead.channels.models import Channel
from levelhead.channels.ports import Connector
from levelhead.channels.secrets import unseal
from levelhead.connectors.registry import connect


def account_of(channel: Channel) -> ChannelAccount:
    """What the connector needs, with secrets decrypted."""
    return ChannelAccount(
        channel_id=channel.pk,
        platform=channel.platform,
        name=channel.name,
        settings=channel.settings,
        secrets=unseal(channel.sealed_secrets),
    )


@contextmanager
def connected(channel: Channel) -> Iterator[Connector]:
    """A connector for the block. Raises ConfigurationError or ChannelError."""
    connector = connect(account_of(channel))
    try:
        yield connector
    finally:
        connector.close()
