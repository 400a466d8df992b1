"""No reply leaves with a part in it that somebody forgot to fill in."""

from __future__ import annotations

import pytest

from levelhead.replies.domain import find_unfilled


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[[greeting]], we open at 8.", ["[[greeting]]"]),
        ("[[a]] and [[b]] and [[a]]", ["[[a]]", "[[b]]"]),
        ("[[ name  of the person ]]", ["[[name of the person]]"]),
        ("[[name of\nthe person]] hi", ["[[name of the person]]"]),
        ("[[greeting], we open at 8.", ["[[greeting]"]),
        ("greeting]], we open at 8.", ["]]"]),
        ("[[", ["[["]),
        ("[[]]", ["[[]]"]),
        ("see [[" + "x" * 5_000, ["[[" + "x" * 42]),
        ("Good morning Dana, we open at 8.", []),
        ("", []),
        ("[sic] see list[0] and a[b[0]] later (8-17)", ["]]"]),
        ("[1] and [2]", []),
    ],
)
def test_parts_and_halves_of_parts_are_found(text: str, found: list[str]) -> None:
    assert find_unfilled(text) == found


def test_a_long_hostile_text_takes_no_longer_than_it_is() -> None:
    assert find_unfilled("[" * 63_000)
    assert find_unfilled("[[" + "a" * 63_000 + "]]")
    assert len(find_unfilled("[[a]]" * 12_000)) == 1
