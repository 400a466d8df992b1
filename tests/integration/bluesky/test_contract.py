"""What every connector promises, kept against a REAL Bluesky network."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest
from atproto import models  # type: ignore[import-untyped]

from levelhead.connectors.bluesky.connector import BlueskyConnector
from tests.integration.bluesky.conftest import CHANNEL, Person, account
from tests.services.cutting_proxy import CuttingProxy, proxy_to
from tests.unit.connectors.contract import ConnectorContract

pytestmark = pytest.mark.services


class RealNetwork:
    """Riverton's account and one resident on the network."""

    channel_id = CHANNEL

    def __init__(self, agency: Person, resident: Person, proxy: CuttingProxy) -> None:
        self._agency = agency
        self._resident = resident
        self._proxy = proxy

    def connect(self) -> BlueskyConnector:
        return BlueskyConnector(account(self._proxy.url, self._agency.handle))

    def publish(self, texts: Sequence[str]) -> list[str]:
        uris = []
        for text in texts:
            # The mention need not be visible: the texts stay as the suite wrote them.
            post = self._resident.client.send_post(text, facets=[self._mention()])
            uris.append(post.uri)
        deadline = time.monotonic() + 10
        while not set(uris) <= self._notified():
            assert time.monotonic() < deadline, "the network did not index the posts"
            time.sleep(0.05)
        return uris

    def break_down(self) -> None:
        self._proxy.broken = True

    def _mention(self) -> Any:
        return models.AppBskyRichtextFacet.Main(
            index=models.AppBskyRichtextFacet.ByteSlice(byte_start=0, byte_end=1),
            features=[models.AppBskyRichtextFacet.Mention(did=self._agency.did)],
        )

    def _notified(self) -> set[str]:
        answer = self._agency.client.app.bsky.notification.list_notifications({"limit": 100})
        return {item.uri for item in answer.notifications}


@pytest.fixture
def far(bluesky_service: dict[str, Any], agency: Person, resident: Person) -> Iterator[RealNetwork]:
    with proxy_to(bluesky_service["pds"]) as proxy:
        yield RealNetwork(agency, resident, proxy)


class TestBlueskyKeepsTheContract(ConnectorContract):
    # The network's index has our own posts a moment after it took them, not at once.
    own_posts_return: ClassVar[bool] = False
    strange_cursor_is_refused: ClassVar[bool] = False
