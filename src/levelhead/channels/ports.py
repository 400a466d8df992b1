"""What a connector offers. Each platform's package implements the ones it can.

A connector is built by `connect(account)` of its package and is used from one thread at a time.
All errors are `levelhead.kernel.errors.ChannelError`s; anything else is a bug in the connector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from levelhead.channels.domain import (
    FetchedPage,
    IncomingPost,
    OutgoingMessage,
    PlatformInfo,
    Receipt,
)


class Connector(Protocol):
    """An account on a platform."""

    info: PlatformInfo

    def check(self) -> str:
        """Prove that the account works; gives the account's own address or handle.

        Raises ChannelError.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Puller(Protocol):
    """A platform that is asked for what is new."""

    def fetch(self, cursor: str | None) -> FetchedPage:
        """What has come since `cursor`; None means from the beginning of what matters.

        Posts may come twice. Raises ChannelBusy, ChannelGarbled, ChannelRefused.
        """
        ...


@runtime_checkable
class Receiver(Protocol):
    """A platform that calls us (webhook)."""

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> None:
        """Raise BadSignature unless the platform sent exactly this. Headers in lower case."""
        ...

    def parse(self, body: bytes) -> FetchedPage:
        """What the call says. Raises ChannelGarbled where the body as a whole is unusable."""
        ...


@runtime_checkable
class Sender(Protocol):
    """A platform that takes posts from us."""

    def send(self, message: OutgoingMessage) -> Receipt:
        """Put it there. The same marker twice must not give two posts where the platform can tell.

        Raises ChannelBusy (not accepted, later), ChannelRefused (never), SendUnclear (look first).
        """
        ...

    def find(self, message: OutgoingMessage) -> Receipt | None:
        """Look for a message that may have been accepted; None where it is surely not there.

        Raises ChannelBusy or ChannelGarbled where that cannot be told now.
        """
        ...


@runtime_checkable
class ThreadReader(Protocol):
    """A platform that can be asked for single posts by id, for parents that we never saw."""

    def read(self, external_ids: Sequence[str]) -> tuple[IncomingPost, ...]:
        """Those of the posts that exist and are visible."""
        ...
