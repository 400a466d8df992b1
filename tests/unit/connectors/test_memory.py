from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from levelhead.channels.domain import ChannelAccount, IncomingKind, IncomingPost
from levelhead.channels.ports import Puller, Receiver, Sender, ThreadReader
from levelhead.connectors import memory
from levelhead.connectors.memory import MemoryConnector, MemoryPlatform, SimulatedBugError
from levelhead.kernel.errors import (
    BadSignature,
    ChannelBusy,
    ChannelGarbled,
    ChannelRefused,
    ChannelSignedOut,
    SendUnclear,
)

from .contract import ConnectorContract, check_post, read_to_the_end, reply_to

ACCOUNT = ChannelAccount(
    channel_id=7, platform="memory", name="desk", secrets={"signing_key": "k1"}
)


def resident(external_id: str, text: str) -> IncomingPost:
    return IncomingPost(
        channel_id=0,
        external_id=external_id,
        text=text,
        created_at=datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
        author_external_id="resident",
        raw=json.dumps({"id": external_id, "text": text}),
    )


class MemoryFarSide:
    channel_id = ACCOUNT.channel_id

    def __init__(self) -> None:
        self.platform = MemoryPlatform()

    def connect(self) -> MemoryConnector:
        return MemoryConnector(ACCOUNT, self.platform, page_size=3)

    def publish(self, texts: Sequence[str]) -> list[str]:
        ids = [f"p{len(self.platform.events) + offset}" for offset in range(len(texts))]
        for external_id, text in zip(ids, texts, strict=True):
            self.platform.publish(resident(external_id, text))
        return ids

    def break_down(self) -> None:
        self.platform.fail_next("garbled", times=1_000)


@pytest.fixture
def far() -> MemoryFarSide:
    return MemoryFarSide()


class TestMemoryContract(ConnectorContract):
    pass


@pytest.fixture
def connector(far: MemoryFarSide) -> MemoryConnector:
    return far.connect()


def test_implements_every_port(connector: MemoryConnector) -> None:
    for port in (Puller, Receiver, Sender, ThreadReader):
        assert isinstance(connector, port)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ("busy", ChannelBusy),
        ("garbled", ChannelGarbled),
        ("refused", ChannelRefused),
        ("signed_out", ChannelSignedOut),
        ("bug", SimulatedBugError),
    ],
)
def test_fails_once_and_only_where_it_was_told_to(
    far: MemoryFarSide, connector: MemoryConnector, failure: str, error: type[Exception]
) -> None:
    far.platform.fail_next(failure, on="fetch")
    assert connector.check() == "desk"
    with pytest.raises(error):
        connector.fetch(None)
    assert connector.fetch(None).posts == ()


def test_unclear_accepted_is_on_the_platform(
    far: MemoryFarSide, connector: MemoryConnector
) -> None:
    message = reply_to("p0")
    far.platform.fail_next("unclear_accepted")
    with pytest.raises(SendUnclear):
        connector.send(message)
    found = connector.find(message)
    assert found is not None
    assert connector.send(message) == found
    assert len(far.platform.sent) == 1


def test_unclear_lost_is_not_on_the_platform(
    far: MemoryFarSide, connector: MemoryConnector
) -> None:
    message = reply_to("p0")
    far.platform.fail_next("unclear_lost")
    with pytest.raises(SendUnclear):
        connector.send(message)
    assert connector.find(message) is None


def test_half_a_page_loses_nothing(far: MemoryFarSide, connector: MemoryConnector) -> None:
    ids = far.publish(["a", "b", "c", "d"])
    far.platform.fail_next("half")
    page = connector.fetch(None)
    assert [post.external_id for post in page.posts] == ids[:1]
    assert len(page.rejected) == 1
    assert page.more
    rest, _ = read_to_the_end(connector, page.cursor)
    assert [post.external_id for post in rest] == ids[1:]


def test_the_same_page_for_ever_does_not_move(
    far: MemoryFarSide, connector: MemoryConnector
) -> None:
    far.publish(["a"])
    far.platform.fail_next("same_page", times=2)
    first, second = connector.fetch(None), connector.fetch(None)
    assert first == second
    assert first.more
    assert first.cursor is None


def test_a_repeated_page_comes_before_the_next(
    far: MemoryFarSide, connector: MemoryConnector
) -> None:
    ids = far.publish(["a", "b", "c", "d"])
    first = connector.fetch(None)
    far.platform.fail_next("repeated")
    again = connector.fetch(first.cursor)
    assert again.posts == first.posts
    assert [post.external_id for post in connector.fetch(again.cursor).posts] == ids[3:]


def test_a_send_failure_cannot_be_planned_for_a_fetch(far: MemoryFarSide) -> None:
    with pytest.raises(ValueError, match="can only happen on send"):
        far.platform.fail_next("unclear_lost", on="fetch")


def test_an_edit_and_a_deletion_come_on_later_pages(
    far: MemoryFarSide, connector: MemoryConnector
) -> None:
    far.publish(["first words"])
    far.platform.publish(resident("p0", "better words"))
    far.platform.delete("p0")
    posts, _ = read_to_the_end(connector)
    assert [(post.kind, post.text) for post in posts] == [
        (IncomingKind.POST, "first words"),
        (IncomingKind.POST, "better words"),
        (IncomingKind.DELETED, ""),
    ]
    assert connector.read(["p0", "unknown"]) == ()


def test_reads_the_newest_state_by_id(far: MemoryFarSide, connector: MemoryConnector) -> None:
    far.publish(["first words"])
    far.platform.publish(resident("p0", "better words"))
    (post,) = connector.read(["p0"])
    check_post(post, far.channel_id)
    assert post.text == "better words"


def test_a_call_is_used_only_with_its_signature(connector: MemoryConnector) -> None:
    body = json.dumps({"posts": [{"id": "h1", "text": "hi"}, {"id": 5}, "x"]}).encode()
    with pytest.raises(BadSignature):
        connector.verify(headers={}, body=body)
    headers = {memory.SIGNATURE_HEADER: connector.sign(body)}
    connector.verify(headers=headers, body=body)
    with pytest.raises(BadSignature):
        connector.verify(headers=headers, body=body + b" ")
    page = connector.parse(body)
    assert [post.text for post in page.posts] == ["hi"]
    assert len(page.rejected) == 2
    with pytest.raises(ChannelGarbled):
        connector.parse(b'{"posts"')


def test_accounts_meet_on_a_platform_by_its_name() -> None:
    memory.forget_platforms()
    account = ChannelAccount(
        channel_id=1, platform="memory", name="a", settings={"world": "shared"}
    )
    memory.platform_of(account).publish(resident("p", "seen"))
    assert [post.text for post in memory.connect(account).fetch(None).posts] == ["seen"]
    memory.forget_platforms()
    assert memory.connect(account).fetch(None).posts == ()
