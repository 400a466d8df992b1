"""A channel that holds what was imported; nothing is pulled and nothing leaves."""

from __future__ import annotations

from levelhead.channels.domain import Capability, ChannelAccount, PlatformInfo

info = PlatformInfo(
    platform="file",
    title="Imported file",
    capabilities=frozenset({Capability.RECEIVE}),
    text_limit=None,
    poll_seconds=None,
)


class FileConnector:
    """Stands for a file's posts; the import command reads them."""

    info = info

    def __init__(self, account: ChannelAccount) -> None:
        self._account = account

    def check(self) -> str:
        """A file needs no account."""
        return self._account.name

    def close(self) -> None:
        """Nothing is held open."""


def connect(account: ChannelAccount) -> FileConnector:
    """A connector for the account."""
    return FileConnector(account)
