"""Against a REAL server that speaks Mastodon's interface: read, answer, send once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from levelhead.channels.domain import IncomingPost
from levelhead.connectors.mastodon.connector import MastodonConnector
from levelhead.kernel.errors import ChannelBusy, ChannelRefused, ChannelSignedOut, SendUnclear
from tests.integration.mastodon.conftest import CHANNEL, account, message
from tests.integration.updates.drawing import outgoing, street_map
from tests.services.cutting_proxy import proxy_to
from tests.services.fediverse import Resident

pytestmark = pytest.mark.services


@pytest.fixture
def agency(snac_service: dict[str, Any]) -> Resident:
    return Resident(snac_service, "riverton")


@pytest.fixture
def dana(snac_service: dict[str, Any]) -> Resident:
    return Resident(snac_service, "dana")


@pytest.fixture
def connector(agency: Resident) -> Iterator[MastodonConnector]:
    made = MastodonConnector(account(agency.url, agency.token))
    yield made
    made.close()


def fetch_until(
    connector: MastodonConnector, text: str, cursor: str | None = None
) -> tuple[IncomingPost, str | None]:
    """The post with this text, and the place behind it; the server takes seconds to tell."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        page = connector.fetch(cursor)
        cursor = page.cursor
        for post in page.posts:
            if text in post.text:
                return post, cursor
        time.sleep(0.3)
    raise AssertionError(f"{text!r} did not come")


def test_the_account_proves_itself(connector: MastodonConnector, agency: Resident) -> None:
    assert connector.check().startswith(f"@{agency.name}")


def test_a_question_comes_in_and_is_answered_where_it_was_asked(
    connector: MastodonConnector, agency: Resident, dana: Resident
) -> None:
    said = agency.post("The fair is open until nine.")
    asked = dana.post(f"@{agency.handle} is the lobby open on Saturday?", parent=said["id"])
    post, cursor = fetch_until(connector, "open on Saturday")
    assert (post.channel_id, post.external_id) == (CHANNEL, asked["id"])
    assert post.parent_external_id == said["id"]
    assert not post.from_agency
    assert dana.name in (post.author_handle or "")
    assert post.created_at is not None

    receipt = connector.send(message("Yes, from 8 to noon. — Alice", parent=post.external_id))
    (answer,) = [one for one in agency.own() if one["id"] == receipt.external_id]
    assert answer["in_reply_to_id"] == asked["id"]
    # Whom it answers hears of it, because the name is in it.
    assert f"@{dana.name}" in answer["content"]
    # A new process goes on where this one was; our own answer comes back as the agency's.
    again = MastodonConnector(account(agency.url, agency.token))
    own, cursor = fetch_until(again, "from 8 to noon", cursor)
    assert own.from_agency
    assert own.parent_external_id == asked["id"]
    assert not any("Saturday" in one.text for one in again.fetch(cursor).posts)
    again.close()


def test_sent_once_although_the_answer_was_lost(agency: Resident) -> None:
    with proxy_to(agency.url) as proxy:
        connector = MastodonConnector(account(proxy.url, agency.token))
        warned = message("Mill Street is closed. https://riverton.example/1 Next word at 9:30.")
        assert connector.find(warned) is None
        connector.check()
        proxy.cut = "/statuses"
        with pytest.raises(SendUnclear):
            connector.send(warned)
        assert proxy.dropped
        proxy.cut = ""
        receipt = connector.find(warned)
        assert receipt is not None
        (there,) = [one for one in agency.own() if "Mill Street" in one["content"]]
        assert there["id"] == receipt.external_id
        # Other words, or the same below another post, are another message.
        assert connector.find(message("Mill Street is open.")) is None
        assert connector.find(message(warned.text, parent=there["id"])) is None
        # Said again much later it is not the one that was said before.
        assert connector.find(
            message(warned.text).__class__(
                marker="a" * 13, text=warned.text,
                created_at=warned.created_at.replace(year=warned.created_at.year + 1),
            )
        ) is None  # fmt: skip
        connector.close()


def test_what_is_not_there_is_refused_and_nothing_is_sent(
    connector: MastodonConnector, agency: Resident
) -> None:
    before = len(agency.own())
    with pytest.raises(ChannelRefused, match="not there any more"):
        connector.send(message("Yes.", parent="1795446657000000000000000000000000000000ff"))
    assert len(agency.own()) == before
    assert connector.read(["1795446657000000000000000000000000000000ff", "../../x"]) == ()


def test_a_token_that_is_not_accepted_is_said_and_not_tried_again(agency: Resident) -> None:
    connector = MastodonConnector(account(agency.url, "0" * 32))
    for _ in range(2):
        with pytest.raises(ChannelSignedOut, match="make a new token"):
            connector.fetch(None)
    connector.close()


def test_pictures_are_there_with_what_they_show(agency: Resident) -> None:
    said = replace(
        message("Elm Street is closed."),
        pictures=(outgoing(street_map(), "Map: Elm Street is closed."),),
    )
    with proxy_to(agency.url) as proxy:
        connector = MastodonConnector(account(proxy.url, agency.token))
        connector.check()
        proxy.cut = "/media"
        with pytest.raises(ChannelBusy):
            connector.send(said)
        assert not agency.own()
        proxy.cut = "/statuses"
        with pytest.raises(SendUnclear):
            connector.send(said)
        proxy.cut = ""
        assert connector.find(said) is not None
        connector.close()
    (there,) = agency.own()
    (picture,) = there["media_attachments"]
    assert (picture["type"], picture["description"]) == ("image", "Map: Elm Street is closed.")
