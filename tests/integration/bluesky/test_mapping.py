"""From Bluesky's JSON to incoming posts; payloads written after the lexicon."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from levelhead.channels.domain import IncomingKind
from levelhead.connectors.bluesky import mapping
from levelhead.kernel.text import RAW_LIMIT
from tests.integration.bluesky.fake_service import OWN_DID
from tests.integration.bluesky.payloads import RESIDENT_DID, uri, view


def _read(given: Any) -> Any:
    return mapping.read_post(given, channel_id=7, own_did=OWN_DID)


def test_every_field_of_a_first_post() -> None:
    post = _read(view())
    assert post.channel_id == 7
    assert post.external_id == uri("3kaaaaaaaaa2a")
    assert post.kind is IncomingKind.POST
    assert post.text == "When does the bridge open again?"
    assert post.created_at == datetime(2026, 3, 16, 14, 20, tzinfo=UTC)
    assert post.author_external_id == RESIDENT_DID
    assert post.author_handle == "dana.test"
    assert post.author_name == "Dana R."
    assert post.parent_external_id is None
    assert post.thread_external_id == post.external_id
    assert post.lang == "en"
    assert post.url == "https://bsky.app/profile/dana.test/post/3kaaaaaaaaa2a"
    assert not post.from_agency
    assert json.loads(post.raw) == view()


def test_reply_names_parent_and_thread() -> None:
    post = _read(view("3kbbbbbbbbb2b", parent=uri("3kaaaaaaaaa2b"), root=uri("3kaaaaaaaaa2a")))
    assert post.parent_external_id == uri("3kaaaaaaaaa2b")
    assert post.thread_external_id == uri("3kaaaaaaaaa2a")


def test_own_post_is_the_agencys() -> None:
    assert _read(view(did=OWN_DID)).from_agency


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2100-01-01T00:00:00Z", datetime(2026, 3, 16, 14, 20, tzinfo=UTC)),
        ("2026-03-16T09:00:00-05:00", datetime(2026, 3, 16, 14, 0, tzinfo=UTC)),
        ("yesterday", datetime(2026, 3, 16, 14, 20, tzinfo=UTC)),
        ("2026-03-16T09:00:00", datetime(2026, 3, 16, 14, 20, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", datetime(2026, 3, 16, 14, 20, tzinfo=UTC)),
        (None, datetime(2026, 3, 16, 14, 20, tzinfo=UTC)),
        (12, datetime(2026, 3, 16, 14, 20, tzinfo=UTC)),
    ],
)
def test_claimed_time_is_believed_only_until_the_platform_saw_it(
    claimed: object, expected: datetime
) -> None:
    assert _read(view(createdAt=claimed)).created_at == expected


def test_no_time_at_all() -> None:
    given = view(createdAt="?")
    del given["indexedAt"]
    assert _read(given).created_at is None


@pytest.mark.parametrize("langs", [None, [], [3], ["english"], "en", [""], ["<b>"]])
def test_language_that_is_none(langs: object) -> None:
    assert _read(view(langs=langs)).lang is None


@pytest.mark.parametrize(
    "reply", [None, 1, [], {}, {"parent": None}, {"parent": {"uri": "https://x"}, "root": "y"}]
)
def test_reply_without_a_proper_parent_is_a_first_post(reply: object) -> None:
    post = _read(view(reply=reply))
    assert post.parent_external_id is None
    assert post.thread_external_id == post.external_id


@pytest.mark.parametrize("handle", ["../../evil", "a b", "handle.invalid", "", None, 'x"onclick'])
def test_web_address_never_carries_a_strange_handle(handle: object) -> None:
    given = view()
    given["author"]["handle"] = handle
    assert _read(given).url == f"https://bsky.app/profile/{RESIDENT_DID}/post/3kaaaaaaaaa2a"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (None, "no object"),
        ([], "no object"),
        ({}, "address"),
        ({**view(), "uri": "at://did:plc:x/app.bsky.feed.like/3k"}, "address"),
        ({**view(), "uri": uri("3k" + "a" * 600)}, "address"),
        ({**view(), "author": None}, "author"),
        ({**view(), "author": {"did": OWN_DID}}, "author"),
        ({**view(), "record": "text"}, "record"),
        (view(text=None), "text"),  # type: ignore[arg-type]
        (view(text=["a"]), "text"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_post_is_said_to_be_none(broken: object, why: str) -> None:
    with pytest.raises(mapping.UnreadablePostError, match=why):
        _read(broken)


def test_half_characters_and_nulls_can_be_stored() -> None:
    post = _read(view(text="a\ud800b\x00c"))
    assert post.text == "a\ufffdb\ufffdc"
    post.raw.encode()


def test_raw_is_bounded_and_still_json() -> None:
    post = _read(view(text="x", extra='"' * RAW_LIMIT))
    assert len(post.raw) <= RAW_LIMIT
    assert json.loads(post.raw)["cut"].startswith('{"uri"')


def test_thread_is_flattened_in_order_past_gaps_and_without_recursion() -> None:
    deep: dict[str, Any] = {"post": view("3kzzzzzzzzz2z")}
    for number in range(5_000):
        deep = {"post": view(f"3k{number:011d}"), "replies": [None, {"notFound": True}, deep]}
    views = mapping.flatten_thread(deep, limit=10_000)
    assert len(views) == 5_001
    assert views[0] == view("3k00000004999")
    assert len(mapping.flatten_thread(deep, limit=100)) == 100
