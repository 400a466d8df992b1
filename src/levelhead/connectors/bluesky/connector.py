"""The channel's ports on Bluesky: reads, sends, looks up."""

from __future__ import annotations

from collections.abc import Sequence

from levelhead.channels.domain import (
    ChannelAccount,
    FetchedPage,
    IncomingPost,
    OutgoingMessage,
    PlatformInfo,
    Receipt,
)
from levelhead.connectors import bluesky
from levelhead.connectors.addresses import required, service_address
from levelhead.connectors.bluesky.client import BlueskyClient
from levelhead.connectors.bluesky.reading import Reader
from levelhead.connectors.bluesky.sending import Sender
from levelhead.connectors.bluesky.transport import Transport


class BlueskyConnector:
    """One account on Bluesky."""

    info: PlatformInfo = bluesky.info

    def __init__(self, account: ChannelAccount, *, transport: Transport | None = None) -> None:
        handle = required(account, "Bluesky", "handle", account.settings.get("handle"))
        app_password = required(
            account, "Bluesky", "app_password", account.secrets.get("app_password")
        )
        service = service_address(account, "Bluesky", "https://bsky.social")
        self._client = BlueskyClient(
            transport or Transport(service),
            handle=handle.strip().removeprefix("@"),
            app_password=app_password.strip(),
        )
        self._reader = Reader(self._client, channel_id=account.channel_id)
        self._sender = Sender(self._client)

    def check(self) -> str:
        """Prove that the account can sign in and read; gives its handle. Raises ChannelError."""
        self._client.query("app.bsky.notification.listNotifications", {"limit": 1})
        return f"@{self._client.handle}"

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def fetch(self, cursor: str | None) -> FetchedPage:
        """What has come since `cursor`; None means from the beginning of what matters."""
        return self._reader.fetch(cursor)

    def read(self, external_ids: Sequence[str]) -> tuple[IncomingPost, ...]:
        """Those of the posts that exist and are visible."""
        return self._reader.read(external_ids)

    def send(self, message: OutgoingMessage) -> Receipt:
        """Put it on the platform, once whatever happens."""
        receipt = self._sender.send(message)
        self._reader.expect_own_post()
        return receipt

    def find(self, message: OutgoingMessage) -> Receipt | None:
        """Look for a message that may have been accepted."""
        return self._sender.find(message)
