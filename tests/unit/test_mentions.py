"""Whom a note names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from levelhead.inbox.mentions import MOST, Colleague, find_mentions

PEOPLE = [
    Colleague(id=1, name="Alice Ortiz", handle="alice", email="alice@example.org"),
    Colleague(id=2, name="Alice Ortiz-Lee", handle="alice.lee", email="alice.lee@example.org"),
    Colleague(id=3, name="José Núñez", handle="jose", email="jose@example.org"),
    Colleague(id=4, name="Sam Reed", handle="sam", email="sam@one.example"),
    Colleague(id=5, name="Sam Reed", handle="sreed", email="sreed@example.org"),
]


def named(text: str) -> list[tuple[str, tuple[int, ...], bool]]:
    return [
        (text[one.start : one.end], one.people, one.desk) for one in find_mentions(text, PEOPLE)
    ]


def test_full_names_handles_and_addresses() -> None:
    assert named("Ask @Alice Ortiz, or @jose.") == [
        ("@Alice Ortiz", (1,), False),
        ("@jose", (3,), False),
    ]
    assert named("(@alice.lee@example.org)") == [("@alice.lee@example.org", (2,), False)]
    assert named("@JOSÉ NÚÑEZ?") == [("@JOSÉ NÚÑEZ", (3,), False)]


def test_the_longest_name_counts() -> None:
    assert named("@Alice Ortiz-Lee knows") == [("@Alice Ortiz-Lee", (2,), False)]
    assert named("@alice.lee knows") == [("@alice.lee", (2,), False)]


def test_what_goes_on_is_another_word() -> None:
    assert named("@alicelee, @alice_x, @alice-x, @alice.x and @alice@else.org") == []
    # The end of a sentence is none, nor is that of the note.
    assert named("Call @alice") == [("@alice", (1,), False)]
    assert named("Call @alice.\nNow") == [("@alice", (1,), False)]


def test_an_address_names_nobody() -> None:
    assert named("Write to desk@alice.example or x@sam") == []
    assert named("@@alice") == []


def test_those_who_share_a_name_are_both_named() -> None:
    assert named("@Sam Reed") == [("@Sam Reed", (4, 5), False)]


def test_the_desk_in_both_languages() -> None:
    for word in ("desk", "Shift", "mesa", "TURNO"):
        assert named(f"@{word}: look") == [(f"@{word}", (), True)]


def test_names_are_bounded() -> None:
    assert len(named("@alice " * 500)) == MOST


@given(st.text(alphabet="@alice ortz.-\nẞßİ", max_size=200))
def test_places_are_in_order_and_in_the_text(text: str) -> None:
    at = 0
    for one in find_mentions(text, PEOPLE):
        assert at <= one.start < one.end <= len(text)
        assert text[one.start] == "@"
        at = one.end
