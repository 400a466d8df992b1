"""From a channel's row to its connector."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from threading import Lock

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


class ConnectorPool:
    """Connectors that stay connected between pulls. Bounded; each is used by one at a time."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._lock = Lock()
        self._idle: OrderedDict[str, Connector] = OrderedDict()

    def take(self, channel: Channel) -> tuple[str, Connector]:
        """A connector for the channel as it is configured now."""
        account = account_of(channel)
        key = sha256(
            json.dumps(
                [account.channel_id, dict(account.settings), dict(account.secrets)],
                sort_keys=True, default=str,
            ).encode()
        ).hexdigest()  # fmt: skip
        with self._lock:
            connector = self._idle.pop(key, None)
        return key, connector or connect(account)

    def give_back(self, key: str, connector: Connector) -> None:
        """Keep a connector that works for the next time."""
        with self._lock:
            self._idle[key] = connector
            old = self._idle.popitem(last=False)[1] if len(self._idle) > self._limit else None
        if old is not None:
            old.close()

    def close(self) -> None:
        """Close all."""
        with self._lock:
            idle, self._idle = list(self._idle.values()), OrderedDict()
        for connector in idle:
            connector.close()


pool = ConnectorPool()
