"""The recorded day is sound, varied, and points at nobody real."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from levelhead.analysis.domain import Label
from levelhead.analysis.lengths import fits
from levelhead.channels.shapes import SHAPES
from levelhead.connectors.replay.mapping import read_line
from levelhead.demo.answers import load_answers
from levelhead.demo.streams import STREAM_NAMES, find_stream
from levelhead.kernel.errors import NotFound

DAY_SECONDS = 86_400
LINK = re.compile(r"(?i)\b(?:https?://|www\.)([^\s/\"?#:]+)")
# Also catches addresses and bare names such as "pay-here.com" in any of the endings in wide use.
BARE_HOST = re.compile(
    r"(?i)\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|gov|edu|us|io|co|info|xyz|ly|me|ru|tv|app|dev)\b"
)
PHONE = re.compile(r"\+?(?:\d{1,3}[-. ])?(?:\(?\d{3}\)?[-. ]?)?\b\d{3}[-. ]\d{4}\b")
LEAST_OF_EACH = {
    Label.EMERGENCY: 2,
    Label.PRESS: 3,
    Label.RECORDS: 4,
    Label.QUESTION: 40,
    Label.SERVICE: 20,
    Label.COMPLAINT: 10,
    Label.MISINFORMED: 10,
    Label.DISSENT: 40,
    Label.PRAISE: 20,
    Label.ABUSE: 30,
    Label.REMOVABLE: 7,
    Label.OTHER: 40,
}


def read_stream(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in find_stream(name).read_text("utf-8").splitlines()]


DAY = {name: read_stream(name) for name in STREAM_NAMES}
LINES = [item for items in DAY.values() for item in items]
# Lines that bring a post of their own: neither edits nor deletions.
POSTS = [item for item in LINES if "edit_of" not in item and "kind" not in item]


def own_posts(name: str) -> dict[str, dict[str, Any]]:
    items = [item for item in DAY[name] if "edit_of" not in item and "kind" not in item]
    by_id = {item["id"]: item for item in items}
    assert len(by_id) == len(items), "ids are unique in a channel"
    return by_id


@pytest.mark.parametrize("name", STREAM_NAMES)
def test_every_line_can_be_played_in_order(name: str) -> None:
    recorded = [read_line(line, 1) for line in find_stream(name).read_bytes().splitlines()]
    times = [entry.at_seconds for entry in recorded]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] < DAY_SECONDS


@pytest.mark.parametrize("name", STREAM_NAMES)
def test_threads_hold_together(name: str) -> None:
    by_id = own_posts(name)
    for item in by_id.values():
        root = item
        while parent_id := root.get("parent_id"):
            assert by_id[parent_id]["at_seconds"] < root["at_seconds"]
            root = by_id[parent_id]
        if root is item:
            assert "thread_id" not in item
        else:
            assert item["thread_id"] == root["id"]


@pytest.mark.parametrize("name", STREAM_NAMES)
def test_edits_and_deletions_follow_their_posts(name: str) -> None:
    by_id = own_posts(name)
    for item in DAY[name]:
        original = by_id[item.get("edit_of", item["id"])]
        if "edit_of" in item:
            assert item["id"] not in by_id
            assert item["posted_at_seconds"] == original["at_seconds"] < item["at_seconds"]
            assert item["text"] != original["text"]
            assert item["author"] == original["author"]
        elif "kind" in item:
            assert item["kind"] == "deleted"
            assert original["at_seconds"] < item["at_seconds"]


def test_residents_talk_with_each_other() -> None:
    deepest, answers_to_residents = 0, 0
    for name in STREAM_NAMES:
        by_id = own_posts(name)
        for item in by_id.values():
            depth = 1
            above = item
            while parent_id := above.get("parent_id"):
                above, depth = by_id[parent_id], depth + 1
            deepest = max(deepest, depth)
            parent = by_id.get(item.get("parent_id", ""))
            answers_to_residents += parent is not None and not parent.get("from_agency")
    assert deepest >= 6
    assert answers_to_residents >= 80


def test_there_is_enough_of_everything() -> None:
    assert len(POSTS) >= 260
    assert sum("edit_of" in item for item in LINES) >= 2
    assert sum(item.get("kind") == "deleted" for item in LINES) >= 2
    assert 8 <= sum(bool(item.get("from_agency")) for item in POSTS) <= 16
    labels = Counter(item["label"] for item in POSTS if not item.get("from_agency"))
    assert set(labels) == set(Label)
    for label, least in LEAST_OF_EACH.items():
        assert labels[label] >= least, label
    assert sum(item["lang"] == "es" for item in POSTS) >= 15
    assert len({item["author"] for item in POSTS}) >= 100


def test_nobody_says_the_same_in_the_same_words() -> None:
    texts = Counter(item["text"] for item in POSTS)
    assert texts.most_common(1)[0][1] == 1
    rumor = [
        item["text"]
        for item in POSTS
        if re.search(r"(?i)\bclosing the north precinct|north precinct closes", item["text"])
        and not item.get("from_agency")
    ]
    assert len(rumor) >= 8


def test_lengths_have_a_long_tail() -> None:
    lengths = sorted(len(item["text"]) for item in POSTS)
    assert lengths[0] <= 4
    assert 60 <= lengths[len(lengths) // 2] <= 180
    assert lengths[-1] >= 1_400
    for name in ("bluesky", "mastodon", "facebook"):
        shape = SHAPES[name]
        texts = [item.get("text", "") for item in DAY[name]]
        assert all(fits(text, shape.limit, shape.counting) for text in texts)


def test_the_day_is_awake_when_people_are() -> None:
    hours = Counter(item["at_seconds"] // 3_600 for item in POSTS)
    assert set(range(24)) - set(hours) <= {4}
    night = sum(hours[hour] for hour in (2, 3, 4, 5))
    assert night < sum(hours[hour] for hour in (10, 11, 12, 13)) / 5


@pytest.mark.parametrize("prank", ["<script>", "=HYPERLINK(", "\u202e", "DROP TABLE"])
def test_pranks_are_there(prank: str) -> None:
    assert any(prank in item["text"] for item in POSTS)


def sentences() -> list[str]:
    said = [value for item in LINES for value in item.values() if isinstance(value, str)]
    said += [text for answer in load_answers() for text in (answer.en, answer.es, answer.source)]
    return said


def is_reserved(host: str) -> bool:
    host = host.lower().rstrip(".,;:!)")
    return host.endswith(".example") or host == "example.com"


def test_no_link_and_no_address_leads_anywhere() -> None:
    for text in sentences():
        for host in LINK.findall(text):
            assert is_reserved(host), text
        for host in BARE_HOST.findall(text):
            assert is_reserved(host), text
        for address in re.findall(r"\S+@([\w.-]+\.\w+)", text):
            assert is_reserved(address), text


def test_no_telephone_rings_anywhere() -> None:
    found = [number.strip() for text in sentences() for number in PHONE.findall(text)]
    assert len(found) >= 10
    for number in found:
        assert re.fullmatch(r"555-01\d\d", number), number


@pytest.mark.parametrize(
    "text", ["call 212-555-0142", "(312) 555-0100", "867-5309", "1-800-555-0199"]
)
def test_the_search_for_numbers_finds_other_numbers(text: str) -> None:
    (number,) = PHONE.findall(text)
    assert not re.fullmatch(r"555-01\d\d", number.strip())


def test_only_packaged_streams_are_found() -> None:
    for name in ("", "../riverton", "day", "bluesky.jsonl"):
        with pytest.raises(NotFound):
            find_stream(name)
