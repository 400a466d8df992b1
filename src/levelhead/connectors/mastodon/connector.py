"""The channel's ports on Mastodon: reads, sends, looks up."""

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
from levelhead.connectors import mastodon
from levelhead.connectors.addresses import required, service_address
from levelhead.connectors.mastodon.client import MastodonClient
from levelhead.connectors.mastodon.reading import Reader
from levelhead.connectors.mastodon.sending import Sender
from levelhead.connectors.transport import Transport


class MastodonConnector:
    """One account on a server that speaks Mastodon's interface."""

    info: PlatformInfo = mastodon.info

    def __init__(self, account: ChannelAccount, *, transport: Transport | None = None) -> None:
        service = service_address(account, "Mastodon", "https://mastodon.social")
        token = required(account, "Mastodon", "access_token", account.secrets.get("access_token"))
        self._client = MastodonClient(
            transport or Transport(service, title="Mastodon", reuses=False),
            access_token=token.strip(),
        )
        self._reader = Reader(self._client, channel_id=account.channel_id)
        self._sender = Sender(self._client)

    def check(self) -> str:
        """Prove that the token works; gives the account's handle. Raises ChannelError."""
        self._client.list("api/v1/notifications", {"limit": 1})
        return f"@{self._client.handle}"

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def fetch(self, cursor: str | None) -> FetchedPage:
        """What has come since `cursor`; None means from the newest that the server keeps."""
        return self._reader.fetch(cursor)

    def read(self, external_ids: Sequence[str]) -> tuple[IncomingPost, ...]:
        """Those of the posts that exist and are public."""
        return self._reader.read(external_ids)

    def send(self, message: OutgoingMessage) -> Receipt:
        """Put it on the platform."""
        receipt = self._sender.send(message)
        self._reader.expect_own_post()
        return receipt

    def find(self, message: OutgoingMessage) -> Receipt | None:
        """Look for a message that may have been accepted."""
        return self._sender.find(message)
