"""Against a REAL Bluesky network; residents use the platform's own SDK."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from atproto import client_utils, models  # type: ignore[import-untyped]

from levelhead.channels.domain import IncomingKind
from levelhead.channels.ports import Puller as PullerPort
from levelhead.channels.ports import Sender, ThreadReader
from levelhead.connectors.bluesky.connector import BlueskyConnector
from levelhead.connectors.bluesky.sending import record_key
from levelhead.kernel.errors import ChannelBusy, ChannelRefused, ChannelSignedOut, SendUnclear
from tests.integration.bluesky.conftest import CHANNEL, MakePerson, Person, Puller, account, message
from tests.integration.updates.drawing import outgoing, photograph, street_map
from tests.services.cutting_proxy import proxy_to

pytestmark = pytest.mark.services


def _mention(resident: Person, agency: Person, text: str) -> Any:
    words = client_utils.TextBuilder().mention(f"@{agency.handle}", agency.did).text(f" {text}")
    return resident.client.send_post(words)


def _reply(person: Person, text: str, *, to: Any, root: Any) -> Any:
    reference = models.AppBskyFeedPost.ReplyRef(
        parent=models.create_strong_ref(to), root=models.create_strong_ref(root)
    )
    return person.client.send_post(text, reply_to=reference)


def test_connector_offers_the_three_ports(connector: BlueskyConnector) -> None:
    assert isinstance(connector, PullerPort)
    assert isinstance(connector, Sender)
    assert isinstance(connector, ThreadReader)


def test_check_names_the_account(connector: BlueskyConnector, agency: Person) -> None:
    assert connector.check() == f"@{agency.handle}"


def test_mention_is_seen_within_two_seconds(
    connector: BlueskyConnector, agency: Person, resident: Person
) -> None:
    puller = Puller(connector)
    puller.pull()
    posted = _mention(resident, agency, "when does the bridge open?")
    began = time.monotonic()
    seen = puller.until(lambda post: post.external_id == posted.uri, seconds=5)
    assert time.monotonic() - began < 2
    assert seen.channel_id == CHANNEL
    assert seen.text == f"@{agency.handle} when does the bridge open?"
    assert seen.author_external_id == resident.did
    assert seen.author_handle == resident.handle
    assert seen.parent_external_id is None
    assert seen.thread_external_id == posted.uri
    assert seen.created_at is not None
    assert not seen.from_agency
    assert posted.uri in seen.raw
    # Seen once, however often we ask.
    for _ in range(12):
        puller.pull()
    assert [post.external_id for post in puller.posts].count(posted.uri) == 1


def test_reply_quote_and_own_post_come_with_their_thread(
    connector: BlueskyConnector, agency: Person, resident: Person
) -> None:
    own = agency.client.send_post("The bridge is closed until Friday.")
    puller = Puller(connector)
    seen = puller.until(lambda post: post.external_id == own.uri, seconds=10, pause=0.2)
    assert seen.from_agency
    reply = _reply(resident, "And the detour?", to=own, root=own)
    quote = resident.client.send_post(
        "Again?", embed=models.AppBskyEmbedRecord.Main(record=models.create_strong_ref(own))
    )
    seen = puller.until(lambda post: post.external_id == reply.uri, seconds=2, pause=0.2)
    assert seen.parent_external_id == own.uri
    assert seen.thread_external_id == own.uri
    seen = puller.until(lambda post: post.external_id == quote.uri, seconds=2, pause=0.2)
    assert seen.parent_external_id is None
    assert seen.thread_external_id == quote.uri


def test_reply_deeper_than_notifications_reach_is_found(
    connector: BlueskyConnector, agency: Person, resident: Person, make_person: MakePerson
) -> None:
    neighbour = make_person("lee")
    own = agency.client.send_post("Council meets on Tuesday.")
    last = own
    for number in range(9):
        speaker = (resident, neighbour)[number % 2]
        last = _reply(speaker, f"word {number}", to=last, root=own)
    puller = Puller(connector)
    seen = puller.until(lambda post: post.external_id == last.uri, seconds=20, pause=0.1)
    assert seen.text == "word 8"
    assert seen.thread_external_id == own.uri
    assert seen.parent_external_id != own.uri
    texts = [post.text for post in puller.posts if post.author_external_id != agency.did]
    assert sorted(texts) == [f"word {number}" for number in range(9)]


def test_reading_goes_on_after_a_restart(
    connector: BlueskyConnector, agency: Person, resident: Person, bluesky_service: dict[str, Any]
) -> None:
    puller = Puller(connector)
    first = _mention(resident, agency, "one")
    puller.until(lambda post: post.external_id == first.uri, seconds=5, pause=0.2)
    second = _mention(resident, agency, "two")
    time.sleep(0.5)
    again = BlueskyConnector(account(bluesky_service["pds"], agency.handle))
    after = Puller(again)
    after.cursor = puller.cursor
    after.until(lambda post: post.external_id == second.uri, seconds=5, pause=0.2)
    assert first.uri not in [post.external_id for post in after.posts]
    again.close()


def test_deletion_is_noticed_and_a_block_is_not_taken_for_one(
    connector: BlueskyConnector, agency: Person, resident: Person, make_person: MakePerson
) -> None:
    blocker = make_person("kim")
    deleted = _mention(resident, agency, "never mind")
    blocked = _mention(blocker, agency, "bye")
    puller = Puller(connector)
    puller.until(lambda post: post.external_id == deleted.uri, seconds=5, pause=0.2)
    puller.until(lambda post: post.external_id == blocked.uri, seconds=5, pause=0.2)
    resident.client.delete_post(deleted.uri)
    blocker.client.app.bsky.graph.block.create(
        blocker.did,
        models.AppBskyGraphBlock.Record(
            subject=agency.did, created_at=blocker.client.get_current_time_iso()
        ),
    )
    time.sleep(0.5)
    gone = puller.until(lambda post: post.kind is IncomingKind.DELETED, seconds=10, pause=0.1)
    assert gone.external_id == deleted.uri
    for _ in range(25):
        puller.pull()
    deletions = [post.external_id for post in puller.posts if post.kind is IncomingKind.DELETED]
    assert deletions == [deleted.uri]
    assert [post.external_id for post in puller.posts].count(deleted.uri) == 2


def test_reply_is_on_the_network_once_with_its_thread_links_and_mention(
    connector: BlueskyConnector, agency: Person, resident: Person
) -> None:
    root = resident.client.send_post("Potholes everywhere")
    nested = _reply(resident, f"@{agency.handle} see?", to=root, root=root)
    text = f"Thank you @{resident.handle}. Report it at https://riverton.example/roads, día y noche"
    outgoing = message(text, parent=nested.uri)
    receipt = connector.send(outgoing)
    assert connector.send(outgoing).external_id == receipt.external_id
    assert [record["uri"] for record in agency.records()] == [receipt.external_id]
    deadline = time.monotonic() + 5
    while not (found := resident.client.get_posts([receipt.external_id]).posts):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    record = found[0].record
    assert record.text == text
    assert record.langs == ["en"]
    assert record.reply.parent.uri == nested.uri
    assert record.reply.parent.cid == nested.cid
    assert record.reply.root.uri == root.uri
    assert record.reply.root.cid == root.cid
    marked = {
        text.encode()[facet.index.byte_start : facet.index.byte_end].decode(): facet.features[0]
        for facet in record.facets
    }
    assert marked["https://riverton.example/roads"].uri == "https://riverton.example/roads"
    assert marked[f"@{resident.handle}"].did == resident.did
    assert receipt.url == (
        f"https://bsky.app/profile/{agency.handle}/post/{record_key(outgoing.marker)}"
    )


def test_answer_lost_after_acceptance_is_found_and_never_doubled(
    agency: Person, resident: Person, bluesky_service: dict[str, Any]
) -> None:
    question = resident.client.send_post("Is the pool open?")
    outgoing = message("It is, until eight.", parent=question.uri)
    with proxy_to(bluesky_service["pds"]) as proxy:
        connector = BlueskyConnector(account(proxy.url, agency.handle))
        assert connector.find(outgoing) is None
        proxy.cut = "com.atproto.repo.putRecord"
        with pytest.raises(SendUnclear):
            connector.send(outgoing)
        assert proxy.dropped == [200]
        proxy.cut = ""
        receipt = connector.find(outgoing)
        assert receipt is not None
        assert connector.send(outgoing).external_id == receipt.external_id
        connector.close()
    assert [record["uri"] for record in agency.records()] == [receipt.external_id]


def test_same_marker_with_another_text_keeps_the_first(
    connector: BlueskyConnector, agency: Person
) -> None:
    first = connector.send(message("First.", marker="0same0marker0"))
    second = connector.send(message("Second.", marker="0same0marker0"))
    assert second.external_id == first.external_id
    assert [record["value"]["text"] for record in agency.records()] == ["First."]


def test_length_is_counted_as_the_network_counts(connector: BlueskyConnector) -> None:
    # Families, flags, skin tones, combining marks, Hangul by parts: each one grapheme.
    cluster = "👨‍👩‍👧🇺🇸👍🏽e\u0301\u1112\u1161\u11ab"
    connector.send(message(cluster * 55 + "x" * 25))
    with pytest.raises(ChannelRefused, match="Shorten it by 1"):
        connector.send(message(cluster * 55 + "x" * 26))


def test_reply_to_a_deleted_post_is_refused(
    connector: BlueskyConnector, agency: Person, resident: Person
) -> None:
    posted = resident.client.send_post("oops")
    resident.client.delete_post(posted.uri)
    time.sleep(0.5)
    with pytest.raises(ChannelRefused, match="not there any more"):
        connector.send(message("Hello", parent=posted.uri))
    assert agency.records() == []


def test_reply_where_the_author_allows_none_is_refused(
    connector: BlueskyConnector, agency: Person, resident: Person
) -> None:
    posted = resident.client.send_post("Just saying.")
    key = posted.uri.rsplit("/", 1)[-1]
    resident.client.app.bsky.feed.threadgate.create(
        resident.did,
        models.AppBskyFeedThreadgate.Record(
            post=posted.uri, allow=[], created_at=resident.client.get_current_time_iso()
        ),
        key,
    )
    time.sleep(0.5)
    with pytest.raises(ChannelRefused, match="does not let this account reply"):
        connector.send(message("Hello", parent=posted.uri))
    assert agency.records() == []


def test_read_gives_those_that_exist(connector: BlueskyConnector, resident: Person) -> None:
    posted = resident.client.send_post("A parent that was never seen")
    time.sleep(0.5)
    missing = f"at://{resident.did}/app.bsky.feed.post/3kaaaaaaaaa2a"
    found = connector.read([missing, posted.uri, posted.uri, "https://not.one"])
    assert [post.text for post in found] == ["A parent that was never seen"]


def test_revoked_app_password_is_said_and_not_tried_again(
    agency: Person, bluesky_service: dict[str, Any]
) -> None:
    password = agency.app_password("desk")
    connector = BlueskyConnector(account(bluesky_service["pds"], agency.handle, password))
    assert connector.check() == f"@{agency.handle}"
    agency.client.com.atproto.server.revoke_app_password({"name": "desk"})
    fresh = BlueskyConnector(account(bluesky_service["pds"], agency.handle, password))
    for _ in range(2):
        with pytest.raises(ChannelSignedOut, match="app password"):
            fresh.check()
    connector.close()
    fresh.close()


def test_a_post_of_our_own_is_there_once_comes_back_and_is_answered(
    connector: BlueskyConnector, agency: Person, resident: Person
) -> None:
    words = message("Missed trash? Call 311; the truck comes back within two days.")
    first = connector.send(words)
    assert connector.send(words).external_id == first.external_id
    found = connector.find(words)
    assert found is not None
    assert found.external_id == first.external_id
    puller = Puller(connector)
    own = puller.until(lambda post: post.external_id == first.external_id, seconds=10, pause=0.2)
    assert own.from_agency
    assert (own.text, own.parent_external_id) == (words.text, None)
    shown = resident.client.get_posts([first.external_id]).posts[0]
    reply = _reply(resident, "And on Oak Street?", to=shown, root=shown)
    seen = puller.until(lambda post: post.external_id == reply.uri, seconds=10, pause=0.2)
    assert seen.parent_external_id == first.external_id
    assert not seen.from_agency
    assert [post.external_id for post in puller.posts].count(first.external_id) == 1


def test_pictures_are_there_with_what_they_show(
    agency: Person, bluesky_service: dict[str, Any]
) -> None:
    said = replace(
        message("Elm Street is closed."),
        pictures=(
            outgoing(street_map(), "Map: Elm Street is closed. 🗺️"),
            outgoing(photograph(3000, 2000), "The bridge, under water"),
        ),
    )
    with proxy_to(bluesky_service["pds"]) as proxy:
        connector = BlueskyConnector(account(proxy.url, agency.handle))
        # An answer that is lost while a picture is given: nothing was said yet.
        connector.check()
        proxy.cut = "com.atproto.repo.uploadBlob"
        with pytest.raises(ChannelBusy):
            connector.send(said)
        proxy.cut = "com.atproto.repo.putRecord"
        with pytest.raises(SendUnclear):
            connector.send(said)
        proxy.cut = ""
        receipt = connector.find(said)
        assert receipt is not None
        connector.close()
    (record,) = agency.records()
    images = record["value"]["embed"]["images"]
    assert [one["alt"] for one in images] == [one.alt for one in said.pictures]
    assert [one["image"]["mimeType"] for one in images] == ["image/png", "image/jpeg"]
    assert images[1]["aspectRatio"] == {"width": 2000, "height": 1333}
