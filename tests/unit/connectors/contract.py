"""What every connector promises: one suite, run on each of them.

Subclass ConnectorContract in a test module, name the class Test..., and give it a fixture `far`
that returns a FarSide: the platform as the test sees it, with hands to move things there.
"""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol

import pytest

from levelhead.channels.domain import (
    Capability,
    FetchedPage,
    IncomingKind,
    IncomingPost,
    OutgoingMessage,
    PlatformInfo,
    Receipt,
)
from levelhead.channels.ports import Puller, Sender
from levelhead.kernel.errors import ChannelBusy, ChannelError, ChannelGarbled, ChannelRefused

RAW_LIMIT_BYTES = 1_000_000
# More pages than any of the suites needs: a connector that never ends is caught, not waited for.
MAX_PAGES = 50


class FarSide(Protocol):
    """A platform with one account of ours on it."""

    channel_id: int

    def connect(self) -> Any:
        """A new connector for the same account, as after a restart."""

    def publish(self, texts: Sequence[str]) -> list[str]:
        """Residents' posts appear and can be fetched now; gives their external ids, in order."""

    def break_down(self) -> None:
        """From now on every operation that needs the platform fails."""


class ConnectorContract:
    """The promises. Attributes say what a platform cannot promise; the default is the most."""

    # Whether a fetch may give a post again that an earlier page already gave.
    may_repeat: ClassVar[bool] = False
    # Whether what we send is given by a later fetch as a post of the agency.
    own_posts_return: ClassVar[bool] = True
    # Cursors that this connector never wrote.
    strange_cursors: ClassVar[Sequence[str]] = ("", "no cursor of ours", "[]", "\x00", "9" * 5_000)
    # Whether a strange cursor must be refused, or may also be taken for the beginning.
    strange_cursor_is_refused: ClassVar[bool] = True

    @pytest.fixture
    def connector(self, far: FarSide) -> Any:
        connector = far.connect()
        yield connector
        connector.close()

    def test_says_what_the_platform_can_do(self, connector: Any) -> None:
        info = connector.info
        assert isinstance(info, PlatformInfo)
        assert info.platform
        assert info.title
        assert info.text_limit is None or info.text_limit > 0
        assert info.poll_seconds is None or info.poll_seconds > 0
        if Capability.RECEIVE in info.capabilities and info.poll_seconds is not None:
            assert isinstance(connector, Puller)
        if Capability.REPLY in info.capabilities:
            assert isinstance(connector, Sender)

    def test_check_gives_the_account(self, connector: Any) -> None:
        assert connector.check().strip()

    def test_close_may_be_called_twice(self, far: FarSide) -> None:
        connector = far.connect()
        connector.close()
        connector.close()

    def test_an_empty_platform_gives_an_empty_page(self, connector: Any) -> None:
        page = connector.fetch(None)
        assert page.posts == ()
        assert page.rejected == ()
        assert not page.more

    def test_gives_every_post_as_it_was_written(self, far: FarSide, connector: Any) -> None:
        texts = ["One.", "¿Dos? Sí: ñandú 🦝", "three\nlines\nhere", "<b>four</b> & =5+5"]
        ids = far.publish(texts)
        posts, _ = read_to_the_end(connector)
        assert [post.external_id for post in posts] == ids
        assert [post.text for post in posts] == texts

    def test_posts_are_well_formed(self, far: FarSide, connector: Any) -> None:
        far.publish([f"Post {number}" for number in range(20)])
        posts, _ = read_to_the_end(connector)
        assert len(posts) == 20
        for post in posts:
            check_post(post, far.channel_id)
            assert not post.from_agency

    def test_goes_on_where_it_was_after_a_restart(self, far: FarSide, connector: Any) -> None:
        first = far.publish(["before 1", "before 2"])
        posts, cursor = read_to_the_end(connector)
        assert [post.external_id for post in posts] == first
        connector.close()
        second = far.publish(["after 1", "after 2"])
        again = far.connect()
        posts, _ = read_to_the_end(again, cursor)
        again.close()
        found = [post.external_id for post in posts]
        if self.may_repeat:
            assert set(second) <= set(found) <= {*first, *second}
        else:
            assert found == second

    def test_any_cursor_can_be_used_again(self, far: FarSide, connector: Any) -> None:
        """A crash between fetching and filing asks for the same page a second time."""
        start = connector.fetch(None).cursor
        ids = far.publish(["a", "b", "c"])
        for _ in range(2):
            posts, _ = read_to_the_end(connector, start)
            assert [post.external_id for post in posts] == ids

    def test_an_idle_platform_gives_nothing_new(self, far: FarSide, connector: Any) -> None:
        ids = far.publish(["only this"])
        _, cursor = read_to_the_end(connector)
        for _ in range(3):
            page = connector.fetch(cursor)
            assert not page.more
            assert {post.external_id for post in page.posts} <= (
                set(ids) if self.may_repeat else set()
            )
            cursor = page.cursor

    def test_a_strange_cursor_is_no_bug(self, far: FarSide, connector: Any) -> None:
        far.publish(["here"])
        for cursor in self.strange_cursors:
            if self.strange_cursor_is_refused:
                with pytest.raises(ChannelError):
                    connector.fetch(cursor)
            else:
                try:
                    connector.fetch(cursor)
                except ChannelError:
                    continue

    def test_a_sent_message_is_found_with_the_same_receipt(
        self, far: FarSide, connector: Any
    ) -> None:
        message = reply_to(far.publish(["a question"])[0])
        receipt = connector.send(message)
        check_receipt(receipt)
        again = far.connect()
        found = again.find(message)
        again.close()
        assert found is not None
        check_receipt(found)
        assert found.external_id == receipt.external_id
        assert found.url == receipt.url

    def test_the_same_marker_gives_one_post(self, far: FarSide, connector: Any) -> None:
        message = reply_to(far.publish(["a question"])[0])
        first = connector.send(message)
        again = far.connect()
        second = again.send(message)
        again.close()
        assert second.external_id == first.external_id
        if self.own_posts_return:
            posts, _ = read_to_the_end(connector)
            mine = {post.external_id for post in posts if post.from_agency}
            assert mine == {first.external_id}

    def test_two_markers_with_the_same_text_give_two_posts(
        self, far: FarSide, connector: Any
    ) -> None:
        parent = far.publish(["a question"])[0]
        first = connector.send(reply_to(parent, marker="aaaaaaaaaaaa1"))
        second = connector.send(reply_to(parent, marker="aaaaaaaaaaaa2"))
        assert first.external_id != second.external_id

    def test_an_unknown_marker_is_not_found(self, far: FarSide, connector: Any) -> None:
        parent = far.publish(["a question"])[0]
        assert connector.find(reply_to(parent, marker="never00000000")) is None
        connector.send(reply_to(parent))
        assert connector.find(reply_to(parent, marker="never00000000")) is None

    def test_our_reply_comes_back_as_the_agencys(self, far: FarSide, connector: Any) -> None:
        if not self.own_posts_return:
            pytest.skip("this platform does not give our own posts")
        parent = far.publish(["a question"])[0]
        _, cursor = read_to_the_end(connector)
        receipt = connector.send(reply_to(parent))
        posts, _ = read_to_the_end(connector, cursor)
        mine = [post for post in posts if post.external_id == receipt.external_id]
        assert len(mine) == 1
        check_post(mine[0], far.channel_id)
        assert mine[0].from_agency
        assert mine[0].text == "Tuesday and Thursday, 1 to 4. – Alice"
        assert mine[0].parent_external_id == parent

    def test_a_text_over_the_limit_is_refused(self, far: FarSide, connector: Any) -> None:
        limit = connector.info.text_limit
        if limit is None:
            pytest.skip("this platform has no limit")
        parent = far.publish(["a question"])[0]
        message = reply_to(parent, text="x" * (limit + 1))
        with pytest.raises(ChannelRefused):
            connector.send(message)
        assert connector.find(message) is None
        check_receipt(connector.send(reply_to(parent, text="x" * limit)))

    def test_a_broken_platform_shows_as_an_error_of_the_channel(
        self, far: FarSide, connector: Any
    ) -> None:
        message = reply_to(far.publish(["a question"])[0])
        far.break_down()
        with pytest.raises(ChannelError):
            connector.check()
        with pytest.raises((ChannelBusy, ChannelGarbled, ChannelRefused)):
            connector.fetch(None)
        with pytest.raises(ChannelError):
            connector.send(message)
        with pytest.raises((ChannelBusy, ChannelGarbled, ChannelRefused)):
            connector.find(message)


def reply_to(
    parent: str,
    *,
    marker: str = "3k7qmarker001",
    text: str = "Tuesday and Thursday, 1 to 4. – Alice",
) -> OutgoingMessage:
    """A reply that fits every platform."""
    return OutgoingMessage(
        marker=marker,
        text=text,
        parent_external_id=parent,
        thread_external_id=parent,
        lang="en",
        created_at=datetime.now(UTC),
    )


def read_to_the_end(
    connector: Any, cursor: str | None = None
) -> tuple[list[IncomingPost], str | None]:
    """All posts from the cursor on, and the cursor after them."""
    posts: list[IncomingPost] = []
    for _ in range(MAX_PAGES):
        page = connector.fetch(cursor)
        check_page(page)
        posts += page.posts
        cursor = page.cursor
        if not page.more:
            return posts, cursor
    raise AssertionError(f"The connector still has more after {MAX_PAGES} pages.")


def check_page(page: FetchedPage) -> None:
    """What every page is."""
    assert isinstance(page, FetchedPage)
    assert isinstance(page.posts, tuple)
    assert page.cursor is None or isinstance(page.cursor, str)
    ids = [post.external_id for post in page.posts]
    assert len(ids) == len(set(ids))
    for raw, reason in page.rejected:
        assert isinstance(raw, str)
        assert reason


def check_post(post: IncomingPost, channel_id: int) -> None:
    """What every post is, however hostile its content."""
    assert type(post) is IncomingPost
    assert post.channel_id == channel_id
    assert isinstance(post.kind, IncomingKind)
    assert isinstance(post.external_id, str)
    assert post.external_id
    for text in (
        post.text,
        post.external_id,
        post.author_external_id,
        post.author_handle,
        post.author_name,
        post.parent_external_id,
        post.thread_external_id,
        post.lang,
        post.url,
    ):
        assert text is None or isinstance(text, str)
        (text or "").encode()
    assert post.text is not None
    if post.created_at is not None:
        assert post.created_at.utcoffset() is not None
        assert abs(post.created_at - datetime.now(UTC)) < timedelta(days=400_000)
    assert post.author_followers is None or (
        type(post.author_followers) is int and post.author_followers >= 0
    )
    assert type(post.from_agency) is bool
    check_raw(post.raw)


def check_receipt(receipt: Receipt) -> None:
    """What every receipt is."""
    assert type(receipt) is Receipt
    assert isinstance(receipt.external_id, str)
    assert receipt.external_id.strip(string.whitespace)
    assert receipt.url is None or receipt.url.startswith("https://")
    check_raw(receipt.raw)


def check_raw(raw: str) -> None:
    """JSON text of bounded size that can be stored."""
    json.loads(raw, parse_constant=_no_constant)
    assert len(raw.encode()) <= RAW_LIMIT_BYTES


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")
