"""What a server may say besides the truth, by a FAKE server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from levelhead.connectors.mastodon.connector import MastodonConnector
from levelhead.connectors.mastodon.mapping import text_of
from levelhead.connectors.registry import connect, platform_info
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelGarbled,
    ChannelRefused,
    ConfigurationError,
    SendUnclear,
)
from tests.integration.mastodon.conftest import ME, FakeServer, account, message, status

OWN = "/api/v1/accounts/1/statuses"


def mention(number: int, inside: Any) -> dict[str, Any]:
    return {"id": str(number), "type": "mention", "status": inside}


def test_what_cannot_be_read_is_kept_aside_and_the_rest_comes(
    fake: FakeServer, connector: MastodonConnector
) -> None:
    strange: list[Any] = [
        None, [], {"id": "9"}, status(1, "x", visibility="direct"), status(2, "x", account=None),
        status(3, "x") | {"id": "../../etc"}, status(4, 7),  # type: ignore[arg-type]
    ]  # fmt: skip
    fake.answers["/api/v1/notifications"] = (
        200, {},
        [mention(50 - n, one) for n, one in enumerate([*strange, status(5, "<p>Good.</p>")])],
    )  # fmt: skip
    page = connector.fetch(None)
    assert [post.text for post in page.posts] == ["Good."]
    assert len(page.rejected) == len(strange)
    assert any("not public" in reason for _, reason in page.rejected)


def test_an_edit_comes_again_and_the_same_does_not(
    fake: FakeServer, connector: MastodonConnector
) -> None:
    fake.answers[OWN] = (200, {}, [status(5, "Old.", account=ME)])
    page = connector.fetch(None)
    assert [(post.text, post.from_agency) for post in page.posts] == [("Old.", True)]
    again = MastodonConnector(account(fake.url))
    assert again.fetch(page.cursor).posts == ()
    edited = status(5, "New.", account=ME, edited_at="2026-03-16T14:02:00.000Z")
    fake.answers[OWN] = (200, {}, [edited])
    again.close()
    later = MastodonConnector(account(fake.url))
    (post,) = later.fetch(page.cursor).posts
    assert post.text == "New."
    assert post.edited_at is not None
    later.close()


def test_answers_below_our_posts_come_without_a_mention(
    fake: FakeServer, connector: MastodonConnector
) -> None:
    fake.answers[OWN] = (200, {}, [status(5, "Ours.", account=ME, replies_count=1)])
    below = {"ancestors": [], "descendants": [status(6, "Theirs.", in_reply_to_id="5")]}
    fake.answers["/api/v1/statuses/5/context"] = (200, {}, below)
    posts = connector.fetch(None).posts
    assert [(post.text, post.parent_external_id) for post in posts] == [
        ("Ours.", None), ("Theirs.", "5"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((429, {"retry-after": "7"}, {"error": "Too many requests"}), ChannelBusy),
        ((503, {}, b"<h1>down</h1>"), ChannelBusy),
        ((200, {}, b'[{"id": "1"'), ChannelGarbled),
        ((200, {}, {"not": "a list"}), ChannelGarbled),
        ((302, {"location": "http://127.0.0.1:1/"}, b""), ChannelGarbled),
        ((422, {}, {"error": "no"}), ChannelRefused),
    ],
)
def test_reading_from_a_server_that_is_not_well(
    fake: FakeServer, connector: MastodonConnector, answer: Any, error: type[Exception]
) -> None:
    fake.answers["/api/v1/notifications"] = answer
    with pytest.raises(error) as caught:
        connector.fetch(None)
    if answer[0] == 429:
        assert caught.value.retry_after_seconds == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {}, {"error": "it broke"}), SendUnclear),
        ((200, {}, b"{"), SendUnclear),
        ((200, {}, {"id": "8"}), SendUnclear),
        ((200, {}, status(8, "Of somebody else.")), SendUnclear),
        ((429, {}, {"error": "slow down"}), ChannelBusy),
        ((422, {}, {"error": "Text too long"}), ChannelRefused),
    ],
)
def test_sending_to_a_server_that_is_not_well(
    fake: FakeServer, connector: MastodonConnector, answer: Any, error: type[Exception]
) -> None:
    fake.answers["/api/v1/statuses"] = answer
    with pytest.raises(error):
        connector.send(message("We open at 8."))


def test_every_attempt_carries_the_same_marker(
    fake: FakeServer, connector: MastodonConnector
) -> None:
    fake.answers["/api/v1/statuses"] = (200, {}, status(8, "We open at 8.", account=ME))
    sent = message("We open at 8.")
    connector.send(sent)
    connector.send(sent)
    keys = [heads["idempotency-key"] for method, _, heads, _ in fake.asked if method == "POST"]
    assert keys == [sent.marker, sent.marker]


@pytest.mark.parametrize(
    "answer", [(200, {}, {"error": "x"}), (403, {}, {"error": "x"}), (500, {}, b"")]
)
def test_find_never_guesses(fake: FakeServer, connector: MastodonConnector, answer: Any) -> None:
    fake.answers[OWN] = answer
    with pytest.raises((ChannelGarbled, ChannelBusy)):
        connector.find(message("We open at 8."))


def test_the_same_words_of_before_are_not_taken_for_it(
    fake: FakeServer, connector: MastodonConnector
) -> None:
    old = status(5, "<p>All clear.</p>", account=ME, created_at="2026-03-16T08:00:00.000Z")
    fake.answers[OWN] = (200, {}, [old])
    assert connector.find(message("All clear.")) is None
    passed_on = status(6, "<p>All clear.</p>", reblog=status(7, "All clear."))
    fake.answers[OWN] = (200, {}, [passed_on])
    assert connector.find(message("All clear.")) is None
    fake.answers[OWN] = (200, {}, [status(8, "<p>All&nbsp;<b>clear</b>.</p>", account=ME)])
    found = connector.find(message("All clear."))
    assert found is not None
    assert found.external_id == "8"


@pytest.mark.parametrize("cursor", ["", "no cursor", "[]", "{}", '{"version":1}', "9" * 5_000])
def test_a_place_that_cannot_be_read_begins_anew(connector: MastodonConnector, cursor: str) -> None:
    assert connector.fetch(cursor).cursor == connector.fetch(None).cursor


def test_words_of_a_status() -> None:
    content = (
        '<p>One &amp; two<br>three</p><p><a href="x"><span class="invisible">https://</span>'
        '<span class="ellipsis">riverton.example/a</span><span class="invisible">bc</span></a>'
        "</p><script>x</script>"
    )
    assert text_of(content).startswith("One & two\nthree\n\nhttps://riverton.example/abc")
    assert text_of("<" * 200_000) is not None


def test_the_account_must_be_whole() -> None:
    assert platform_info("mastodon").title == "Mastodon"
    whole = account("https://far.example")
    connect(whole).close()
    for settings in ({}, {"service": "http://far.example"}, {"service": "ftp://x"}):
        with pytest.raises(ConfigurationError):
            connect(type(whole)(
                channel_id=1, platform="mastodon", name="x",
                settings=settings, secrets={"access_token": "t"},
            ))  # fmt: skip
    assert json.dumps(dict(whole.settings))
