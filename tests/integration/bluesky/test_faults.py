"""What a badly behaved platform does to the connector. The server here is a FAKE."""

from __future__ import annotations

import json
import socket
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from levelhead.channels.domain import IncomingKind, OutgoingMessage
from levelhead.connectors.bluesky import connect, info
from levelhead.connectors.bluesky.connector import BlueskyConnector
from levelhead.connectors.bluesky.reading import DELETIONS_EVERY
from levelhead.connectors.transport import MAX_BODY_BYTES, retry_after
from levelhead.kernel import clock
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelGarbled,
    ChannelRefused,
    ChannelSignedOut,
    ConfigurationError,
    SendUnclear,
)
from tests.integration.bluesky.conftest import account, message
from tests.integration.bluesky.fake_service import OWN_DID, SESSION, Answer, Asked, FakeService
from tests.integration.bluesky.payloads import CID, notification, uri, view

NOTIFICATIONS = "app.bsky.notification.listNotifications"
POSTS = "app.bsky.feed.getPosts"
FEED = "app.bsky.feed.getAuthorFeed"
THREAD = "app.bsky.feed.getPostThread"
GET_RECORD = "com.atproto.repo.getRecord"
PUT_RECORD = "com.atproto.repo.putRecord"
SIGN_IN = "com.atproto.server.createSession"
RENEW = "com.atproto.server.refreshSession"
MARKER = "3kaaaaaaaaa2a"

EXPIRED = Answer({"error": "ExpiredToken", "message": "Token has expired"}, status=400)
HALF = Answer(raw=b'HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{"notifications":[{"uri":"at')
NOTHING = Answer(raw=b"")
GARBAGE = Answer(b"<html>502 from somewhere</html>")
BROKEN = Answer({"error": "InternalServerError", "message": "Internal Server Error"}, status=500)


def _busy(**headers: str) -> Answer:
    body = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
    return Answer(body, status=429, headers={k.replace("_", "-"): v for k, v in headers.items()})


def _outgoing(**given: Any) -> OutgoingMessage:
    return message("The bridge opens at six.", marker=MARKER, **given)


def _found() -> Answer:
    return Answer({"uri": uri(MARKER, OWN_DID), "cid": CID, "value": {"text": "x"}})


class TestReading:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry_after": "7"}, 7.0),
            ({"retry_after": "-3"}, 0.0),
            ({"retry_after": "1e999"}, None),
            ({"retry_after": "nan"}, None),
            ({"retry_after": "soon"}, None),
            ({"retry_after": "99999999"}, 86_400.0),
            ({}, None),
        ],
    )
    def test_busy_platform(
        self, fake: FakeService, faked: BlueskyConnector, headers: Any, seconds: float | None
    ) -> None:
        fake.on(NOTIFICATIONS, _busy(**headers))
        with pytest.raises(ChannelBusy) as caught:
            faked.fetch(None)
        assert caught.value.retry_after_seconds == seconds
        assert not caught.value.permanent

    def test_reset_time_is_used_where_there_is_no_retry_after(self) -> None:
        noon = datetime(2026, 3, 16, 12, tzinfo=UTC)
        with clock.use(clock.ManualClock(noon)):
            assert retry_after({"ratelimit-reset": str(int(noon.timestamp()) + 90)}) == 90
            assert retry_after({"retry-after": "Mon, 16 Mar 2026 12:00:30 GMT"}) == 30
            assert retry_after({"ratelimit-reset": "?"}) is None

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (BROKEN, ChannelBusy),
            (Answer(b"bad gateway", status=502), ChannelBusy),
            (GARBAGE, ChannelGarbled),
            (HALF, ChannelBusy),
            (NOTHING, ChannelBusy),
            (Answer(raw=b"\x16\x03\x01 not http\r\n\r\n"), ChannelBusy),
            (Answer([1]), ChannelGarbled),
            (Answer(None), ChannelGarbled),
            (Answer(b'{"notifications": [], "x": NaN}'), ChannelGarbled),
            (Answer(b"[" * 200_000), ChannelGarbled),
            (Answer(b'{"notifications":' + b"9" * 10_000 + b"}"), ChannelGarbled),
            (Answer({"notifications": "none"}), ChannelGarbled),
            (Answer({}), ChannelGarbled),
            (Answer(b'{"x":"' + b"y" * MAX_BODY_BYTES + b'"}'), ChannelGarbled),
            (Answer(b"{}", headers={"content-encoding": "gzip"}), ChannelGarbled),
            (Answer({}, status=302, headers={"location": "http://127.0.0.1:1/"}), ChannelGarbled),
            (Answer(raw=b"HTTP/1.1 204 No Content\r\n\r\n"), ChannelGarbled),
            (Answer({"error": "InvalidRequest", "message": "no"}, status=400), ChannelRefused),
            (Answer({"error": 5, "message": ["x"]}, status=404), ChannelRefused),
        ],
    )
    def test_every_bad_answer_is_an_error_of_the_channel(
        self, fake: FakeService, faked: BlueskyConnector, answer: Answer, error: type[Exception]
    ) -> None:
        fake.on(NOTIFICATIONS, answer)
        with pytest.raises(error) as caught:
            faked.fetch(None)
        assert type(caught.value) is error
        # It was a spell: afterwards everything goes on.
        fake.on(NOTIFICATIONS, {"notifications": [notification()]})
        assert [post.text for post in faked.fetch(None).posts] == [view()["record"]["text"]]

    def test_silent_platform_does_not_hold_the_thread(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        release = threading.Event()
        fake.on(NOTIFICATIONS, Answer({}, wait=release))
        with pytest.raises(ChannelBusy, match="no whole answer"):
            faked.fetch(None)
        release.set()

    def test_dripping_platform_does_not_hold_the_thread(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        # Each byte comes in time; the whole would take 5 s.
        fake.on(NOTIFICATIONS, Answer(b"{" + b" " * 98 + b"}", drip_seconds=0.05))
        with pytest.raises(ChannelBusy, match="no end after"):
            faked.fetch(None)

    def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        connector = BlueskyConnector(account(f"http://127.0.0.1:{port}", "riverton.test"))
        with pytest.raises(ChannelBusy, match="cannot be reached"):
            connector.fetch(None)
        with pytest.raises(ChannelBusy, match="cannot be reached"):
            connector.send(_outgoing())
        connector.close()

    def test_items_of_wrong_types_are_kept_aside_and_the_rest_is_used(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        broken = notification("3kbbbbbbbbb2b")
        broken["record"] = 7
        fake.on(NOTIFICATIONS, {"notifications": [None, 5, broken, notification()], "cursor": 3})
        page = faked.fetch(None)
        assert [post.external_id for post in page.posts] == [uri("3kaaaaaaaaa2a")]
        assert sorted(reason for _, reason in page.rejected) == [
            "no object",
            "no object",
            "no record",
        ]
        assert not page.more

    def test_likes_of_a_server_without_the_filter_are_left_out(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        fake.on(NOTIFICATIONS, {"notifications": [notification(reason="like"), notification()]})
        assert len(faked.fetch(None).posts) == 1

    def test_full_post_is_used_where_the_platform_gives_it(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        fake.on(NOTIFICATIONS, {"notifications": [notification()]})
        fake.on(POSTS, {"posts": [{**view(), "likeCount": 3}]})
        assert json.loads(faked.fetch(None).posts[0].raw)["likeCount"] == 3

    @pytest.mark.parametrize("bad", [BROKEN, GARBAGE, HALF, _busy(retry_after="60")])
    def test_mentions_come_even_where_everything_else_fails(
        self, fake: FakeService, faked: BlueskyConnector, bad: Answer
    ) -> None:
        fake.on(NOTIFICATIONS, {"notifications": [notification()]})
        for nsid in (POSTS, FEED, THREAD, GET_RECORD):
            fake.on(nsid, bad)
        cursor = None
        seen = []
        for _ in range(12):
            page = faked.fetch(cursor)
            cursor = page.cursor
            seen += [post.external_id for post in page.posts]
        assert seen == [uri("3kaaaaaaaaa2a")]

    def test_same_page_for_ever_ends(self, fake: FakeService, faked: BlueskyConnector) -> None:
        page = [notification(f"3k{number:011d}") for number in range(100)]
        fake.on(NOTIFICATIONS, {"notifications": page, "cursor": "again"})
        self._must_end(faked, posts=100, pages=3)

    def test_same_page_under_ever_new_marks_ends(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        page = [notification(f"3k{number:011d}") for number in range(100)]

        def answer(_: Asked) -> Answer:
            return Answer({"notifications": page, "cursor": str(len(fake.asked))})

        fake.on(NOTIFICATIONS, answer)
        self._must_end(faked, posts=100, pages=3)

    def test_endless_list_ends(self, fake: FakeService, faked: BlueskyConnector) -> None:
        def answer(asked: Asked) -> Answer:
            number = int(asked.params.get("cursor", ["0"])[0])
            at = f"2026-03-{16 - number // 24:02d}T{23 - number % 24:02d}:00:00.000Z"
            item = notification(f"3k{number:011d}", at=at)
            return Answer({"notifications": [item], "cursor": str(number + 1)})

        fake.on(NOTIFICATIONS, answer)
        self._must_end(faked, posts=10, pages=10)

    @staticmethod
    def _must_end(faked: BlueskyConnector, *, posts: int, pages: int) -> None:
        cursor, seen = None, set()
        asked, more = 0, True
        while more and asked < 50:
            page = faked.fetch(cursor)
            cursor, more, asked = page.cursor, page.more, asked + 1
            seen |= {post.external_id for post in page.posts}
        assert len(seen) == posts
        assert asked <= pages
        assert len(cursor or "") < 30_000

    def test_backlog_is_read_to_where_it_was_left(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        items = [
            notification(
                f"3k{number:011d}", at=f"2026-03-16T14:{number // 60:02d}:{number % 60:02d}Z"
            )
            for number in range(450)
        ]
        available = items[:0]

        def answer(asked: Asked) -> Answer:
            start = int(asked.params.get("cursor", ["0"])[0])
            page = available[::-1][start : start + 100]
            return Answer({"notifications": page, "cursor": str(start + 100)})

        fake.on(NOTIFICATIONS, answer)
        start = faked.fetch(None)
        assert not start.more
        cursor = start.cursor
        available = items
        seen: list[str] = []
        while True:
            page = faked.fetch(cursor)
            cursor = page.cursor
            seen += [post.external_id for post in page.posts]
            if not page.more:
                break
        assert sorted(seen) == [item["uri"] for item in items]

    def test_time_stamp_from_the_future_hides_nothing(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        ahead = notification("3kbbbbbbbbb2b", at="2999-01-01T00:00:00Z")
        fake.on(NOTIFICATIONS, {"notifications": [ahead]})
        cursor = faked.fetch(None).cursor
        now = clock.now().isoformat()
        fake.on(NOTIFICATIONS, {"notifications": [ahead, notification(at=now)]})
        assert [post.external_id for post in faked.fetch(cursor).posts] == [uri("3kaaaaaaaaa2a")]

    def test_cursor_stays_bounded(self, fake: FakeService, faked: BlueskyConnector) -> None:
        cursor, seen = None, 0
        for hour in range(10):
            items = [
                notification(
                    f"3k{hour:02d}{number:09d}", at=f"2026-03-16T{hour:02d}:00:{number:02d}Z"
                )
                for number in range(60)
            ]
            fake.on(NOTIFICATIONS, {"notifications": items})
            page = faked.fetch(cursor)
            cursor = page.cursor
            seen += len(page.posts)
        assert seen == 600
        assert len(cursor or "") < 25_000

    def test_deletion_is_confirmed_and_the_post_does_not_come_back(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        def confirm(asked: Asked) -> Answer:
            if asked.params["rkey"] == ["3kaaaaaaaaa2a"]:
                return Answer({"error": "RecordNotFound", "message": "gone"}, status=400)
            return Answer({"uri": uri("3kbbbbbbbbb2b"), "cid": CID, "value": {}})

        fake.on(GET_RECORD, confirm)
        # getPosts shows neither: one is deleted, the other hidden from us by a block.
        fake.on(NOTIFICATIONS, {"notifications": [notification(), notification("3kbbbbbbbbb2b")]})
        cursor, deleted, posts = None, [], 0
        for _ in range(3 * DELETIONS_EVERY):
            page = faked.fetch(cursor)
            cursor = page.cursor
            deleted += [p.external_id for p in page.posts if p.kind is IncomingKind.DELETED]
            posts += sum(p.kind is IncomingKind.POST for p in page.posts)
        assert deleted == [uri("3kaaaaaaaaa2a")]
        assert posts == 2
        assert fake.count(GET_RECORD) == 2


class TestSession:
    def test_expired_token_is_renewed_and_the_request_repeated(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        fake.in_turn(NOTIFICATIONS, EXPIRED, Answer({"notifications": [notification()]}))
        fake.on(RENEW, {**SESSION, "accessJwt": "access-2", "refreshJwt": "refresh-2"})
        assert len(faked.fetch(None).posts) == 1
        renewed = next(asked for asked in fake.asked if asked.nsid == RENEW)
        assert renewed.token == "refresh-1"
        assert fake.asked[-1].token == "access-2"
        assert fake.count(SIGN_IN) == 1

    def test_where_renewing_fails_the_app_password_is_used(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        fake.in_turn(NOTIFICATIONS, EXPIRED, Answer({"notifications": []}))
        fake.on(RENEW, EXPIRED)
        faked.fetch(None)
        assert fake.count(SIGN_IN) == 2

    def test_revoked_password_is_said_and_never_tried_again(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        wrong = {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}
        fake.in_turn(SIGN_IN, Answer(SESSION), Answer(wrong, status=401))
        fake.on(NOTIFICATIONS, EXPIRED)
        fake.on(RENEW, EXPIRED)
        for _ in range(3):
            with pytest.raises(ChannelSignedOut, match="make a new app password") as caught:
                faked.fetch(None)
            assert caught.value.permanent
        with pytest.raises(ChannelSignedOut):
            faked.send(_outgoing())
        assert fake.count(SIGN_IN) == 2

    def test_token_that_is_never_accepted_does_not_loop(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        fake.on(NOTIFICATIONS, EXPIRED)
        fake.on(RENEW, SESSION)
        with pytest.raises(ChannelSignedOut):
            faked.fetch(None)
        assert fake.count(NOTIFICATIONS) == 2

    @pytest.mark.parametrize("answer", [BROKEN, _busy()])
    def test_busy_sign_in_is_no_sign_out(
        self, fake: FakeService, faked: BlueskyConnector, answer: Answer
    ) -> None:
        fake.in_turn(SIGN_IN, answer, Answer(SESSION))
        with pytest.raises(ChannelBusy):
            faked.fetch(None)
        faked.fetch(None)

    @pytest.mark.parametrize(
        "session",
        [{}, {**SESSION, "accessJwt": 5}, {**SESSION, "did": "x"}, {**SESSION, "refreshJwt": "é"}],
    )
    def test_session_of_wrong_types(
        self, fake: FakeService, faked: BlueskyConnector, session: dict[str, Any]
    ) -> None:
        fake.on(SIGN_IN, session)
        with pytest.raises(ChannelGarbled):
            faked.fetch(None)

    def test_password_is_in_no_message(self, fake: FakeService, faked: BlueskyConnector) -> None:
        fake.on(SIGN_IN, Answer({"error": "AuthenticationRequired"}, status=401))
        with pytest.raises(ChannelSignedOut) as caught:
            faked.check()
        assert "river-town" not in str(caught.value.as_json())


class TestSending:
    @pytest.mark.parametrize(
        "answer",
        [
            BROKEN,
            Answer(b"", status=502),
            HALF,
            NOTHING,
            GARBAGE,
            Answer({}),
            Answer({"uri": 1}),
            Answer({"uri": uri("3kbbbbbbbbb2b", OWN_DID), "cid": CID}),
        ],
    )
    def test_whatever_may_have_been_accepted_is_unclear(
        self, fake: FakeService, faked: BlueskyConnector, answer: Answer
    ) -> None:
        fake.on(PUT_RECORD, answer)
        with pytest.raises(SendUnclear):
            faked.send(_outgoing())
        assert fake.count(PUT_RECORD) == 1

    def test_no_answer_in_time_is_unclear(self, fake: FakeService, faked: BlueskyConnector) -> None:
        release = threading.Event()
        fake.on(PUT_RECORD, Answer({}, wait=release))
        with pytest.raises(SendUnclear):
            faked.send(_outgoing())
        release.set()

    def test_slow_down_means_not_accepted(self, fake: FakeService, faked: BlueskyConnector) -> None:
        fake.on(PUT_RECORD, _busy(retry_after="30"))
        with pytest.raises(ChannelBusy) as caught:
            faked.send(_outgoing())
        assert caught.value.retry_after_seconds == 30

    def test_refused(self, fake: FakeService, faked: BlueskyConnector) -> None:
        fake.on(PUT_RECORD, Answer({"error": "InvalidRequest", "message": "bad"}, status=400))
        with pytest.raises(ChannelRefused, match="bad"):
            faked.send(_outgoing())

    def test_there_already_gives_its_receipt(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        fake.on(PUT_RECORD, Answer({"error": "InvalidSwap", "message": "was"}, status=400))
        fake.on(GET_RECORD, _found())
        receipt = faked.send(_outgoing())
        assert receipt.external_id == uri(MARKER, OWN_DID)
        assert receipt.url == f"https://bsky.app/profile/riverton.test/post/{MARKER}"

    def test_there_already_and_not_shown_is_unclear(
        self, fake: FakeService, faked: BlueskyConnector
    ) -> None:
        fake.on(PUT_RECORD, Answer({"error": "InvalidSwap", "message": "was"}, status=400))
        fake.on(GET_RECORD, Answer({"error": "RecordNotFound", "message": "none"}, status=400))
        with pytest.raises(SendUnclear):
            faked.send(_outgoing())

    def test_expired_token_while_sending(self, fake: FakeService, faked: BlueskyConnector) -> None:
        accepted = Answer({"uri": uri(MARKER, OWN_DID), "cid": CID})
        fake.in_turn(PUT_RECORD, EXPIRED, accepted)
        fake.on(RENEW, SESSION)
        assert faked.send(_outgoing()).external_id == uri(MARKER, OWN_DID)

    def test_what_is_sent(self, fake: FakeService, faked: BlueskyConnector) -> None:
        fake.on(PUT_RECORD, {"uri": uri(MARKER, OWN_DID), "cid": CID})
        with clock.use(clock.ManualClock(datetime(2026, 3, 16, 14, 20, tzinfo=UTC))):
            faked.send(_outgoing())
        assert fake.asked[-1].body == {
            "repo": OWN_DID,
            "collection": "app.bsky.feed.post",
            "rkey": MARKER,
            "record": {
                "$type": "app.bsky.feed.post",
                "text": "The bridge opens at six.",
                "createdAt": "2026-03-16T14:20:00.000Z",
                "langs": ["en"],
            },
            "swapRecord": None,
        }

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (BROKEN, ChannelBusy),
            (_busy(), ChannelBusy),
            (GARBAGE, ChannelGarbled),
            (Answer({"uri": "other"}), ChannelGarbled),
            (Answer({"error": "InvalidRequest", "message": "?"}, status=400), ChannelGarbled),
        ],
    )
    def test_find_never_guesses(
        self, fake: FakeService, faked: BlueskyConnector, answer: Answer, error: type[Exception]
    ) -> None:
        fake.on(GET_RECORD, answer)
        with pytest.raises(error):
            faked.find(_outgoing())

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (BROKEN, ChannelBusy),
            (Answer({"posts": {}}), ChannelGarbled),
            (Answer({"posts": [view("3kccccccccc2c")]}), ChannelGarbled),
            (Answer({"posts": [{**view(), "cid": None}]}), ChannelGarbled),
        ],
    )
    def test_parent_that_cannot_be_read_stops_before_anything_is_sent(
        self, fake: FakeService, faked: BlueskyConnector, answer: Answer, error: type[Exception]
    ) -> None:
        fake.on(POSTS, answer)
        with pytest.raises(error):
            faked.send(_outgoing(parent=uri("3kaaaaaaaaa2a")))
        assert fake.count(PUT_RECORD) == 0

    def test_parent_of_another_platform_is_refused(self, faked: BlueskyConnector) -> None:
        with pytest.raises(ChannelRefused, match="not a post on Bluesky"):
            faked.send(_outgoing(parent="https://elsewhere.example/1"))


class TestSettings:
    @pytest.mark.parametrize(
        "service",
        [
            "",
            "bsky.social",
            "http://bsky.social",
            "ftp://x",
            "https://u:p@x.org",
            "https://[",
            "https://x:y",
        ],
    )
    def test_service_must_be_encrypted(self, service: str) -> None:
        with pytest.raises(ConfigurationError, match="Riverton"):
            connect(account(service, "riverton.test"))

    @pytest.mark.parametrize(("handle", "password"), [("", "x"), ("x.test", " ")])
    def test_handle_and_password_are_needed(self, handle: str, password: str) -> None:
        with pytest.raises(ConfigurationError):
            connect(account("https://bsky.social", handle, password))

    def test_poll_is_fast_enough_and_polite(self) -> None:
        assert info.poll_seconds == 1.0
