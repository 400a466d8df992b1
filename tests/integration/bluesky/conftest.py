"""Accounts on the real network, and a fake server for faults."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from atproto import Client  # type: ignore[import-untyped]

from levelhead.channels.domain import ChannelAccount, IncomingPost, OutgoingMessage
from levelhead.connectors.bluesky.connector import BlueskyConnector
from levelhead.connectors.bluesky.transport import Transport
from levelhead.kernel import clock
from tests.integration.bluesky.fake_service import FakeService, serve
from tests.services.fixtures import bluesky_service

__all__ = ["bluesky_service"]

PASSWORD = "river-town-bridge"
CHANNEL = 7


def account(service: str, handle: str, password: str = PASSWORD) -> ChannelAccount:
    """A channel's account."""
    return ChannelAccount(
        channel_id=CHANNEL,
        platform="bluesky",
        name="Riverton",
        settings={"service": service, "handle": handle},
        secrets={"app_password": password},
    )


def message(text: str, *, marker: str = "", parent: str | None = None) -> OutgoingMessage:
    """Something to send, with a marker of its own."""
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    return OutgoingMessage(
        marker=marker or "".join(secrets.choice(alphabet) for _ in range(13)),
        text=text,
        parent_external_id=parent,
        lang="en",
        created_at=clock.now(),
    )


@pytest.fixture
def fake() -> Iterator[FakeService]:
    """A FAKE server, scripted by the test."""
    with serve() as service:
        yield service


@pytest.fixture
def faked(fake: FakeService) -> Iterator[BlueskyConnector]:
    """The connector, speaking to the fake server; short of patience."""
    transport = Transport(fake.url, connect_seconds=1, read_seconds=0.4, answer_seconds=0.8)
    connector = BlueskyConnector(account(fake.url, "riverton.test"), transport=transport)
    yield connector
    connector.close()


class Person:
    """An account on the real network, used through the platform's own SDK."""

    def __init__(self, service: dict[str, Any], name: str) -> None:
        self.service = service
        self.handle = f"{name}-{secrets.token_hex(4)}.test"
        self.client = Client(base_url=f"{service['pds']}/xrpc")
        made = httpx.post(
            f"{service['pds']}/xrpc/com.atproto.server.createAccount",
            json={"email": f"{self.handle}@mail.test", "handle": self.handle, "password": PASSWORD},
        ).json()
        self.did: str = made["did"]
        self._sign_in()

    def close(self) -> None:
        """Let go of connections."""
        self.client.request._client.close()

    def _sign_in(self) -> None:
        # The AppView hears of a new account a moment later; the SDK asks for the profile at once.
        deadline = time.monotonic() + 10
        while True:
            try:
                self.client.login(self.handle, PASSWORD)
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def records(self) -> list[dict[str, Any]]:
        """All posts in the account's own repository."""
        answer = httpx.get(
            f"{self.service['pds']}/xrpc/com.atproto.repo.listRecords",
            params={"repo": self.did, "collection": "app.bsky.feed.post", "limit": 100},
        )
        found: list[dict[str, Any]] = answer.json()["records"]
        return found

    def app_password(self, name: str) -> str:
        """A new app password."""
        made = self.client.com.atproto.server.create_app_password({"name": name})
        return str(made.password)


MakePerson = Callable[[str], Person]


@pytest.fixture
def make_person(bluesky_service: dict[str, Any]) -> Iterator[MakePerson]:
    """Makes accounts on the real network."""
    people: list[Person] = []

    def make(name: str) -> Person:
        people.append(Person(bluesky_service, name))
        return people[-1]

    yield make
    for person in people:
        person.close()


@pytest.fixture(scope="session")
def resident(bluesky_service: dict[str, Any]) -> Iterator[Person]:
    """Somebody who lives in Riverton, the same in all tests: making an account takes a second."""
    person = Person(bluesky_service, "dana")
    yield person
    person.close()


@pytest.fixture
def agency(make_person: MakePerson) -> Person:
    """Riverton's own account."""
    return make_person("riverton")


@pytest.fixture
def connector(bluesky_service: dict[str, Any], agency: Person) -> Iterator[BlueskyConnector]:
    """The connector on Riverton's account."""
    made = BlueskyConnector(account(bluesky_service["pds"], agency.handle))
    yield made
    made.close()


class Puller:
    """Pulls as the product does: every second, or at once where there is more."""

    def __init__(self, connector: BlueskyConnector) -> None:
        self.connector = connector
        self.cursor: str | None = None
        self.posts: list[IncomingPost] = []

    def pull(self) -> list[IncomingPost]:
        """One pull's posts."""
        page = self.connector.fetch(self.cursor)
        assert not page.rejected
        assert page.cursor is not None
        json.loads(page.cursor)
        self.cursor = page.cursor
        self.posts += page.posts
        return list(page.posts)

    def until(
        self, wanted: Callable[[IncomingPost], bool], *, seconds: float, pause: float = 1.0
    ) -> IncomingPost:
        """Pull until such a post has come; fails after the time."""
        deadline = time.monotonic() + seconds
        while True:
            self.pull()
            for post in self.posts:
                if wanted(post):
                    return post
            assert time.monotonic() < deadline, f"not seen within {seconds} s"
            time.sleep(pause)
