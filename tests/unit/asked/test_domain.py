"""Names, days and examples of what is asked often."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from levelhead.asked.domain import (
    DAYS,
    NAME_LIMIT,
    comes_back,
    count_days,
    days_in_order,
    name_of,
    place_example,
)
from levelhead.asked.grouping import find_words

TODAY = date(2026, 3, 16)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hi @cityhall. When does the pool open? Thanks!", "When does the pool open?"),
        ("¡Hola! ¿A qué hora abren? Gracias", "¿A qué hora abren?"),
        ("Subject: Pool\n\nthe pool, is it open", "Pool the pool, is it open"),
        ("https://x.example/a is it true?", "is it true?"),
        ("???", "???"),
        ("", ""),
    ],
)
def test_a_question_is_named_by_its_asking_sentence(text: str, name: str) -> None:
    assert name_of(text) == name


def test_a_long_question_is_cut_at_a_word() -> None:
    name = name_of("why " * 200 + "?")
    assert len(name) <= NAME_LIMIT
    assert name.endswith("why…")


def test_days_before_the_window_are_dropped() -> None:
    last = TODAY - timedelta(days=DAYS - 1)
    days = {(last - timedelta(days=1)).isoformat(): 7, last.isoformat(): 2, TODAY.isoformat(): 1}
    kept = count_days(days, TODAY)
    assert sum(kept.values()) == 3
    row = days_in_order(kept, TODAY)
    assert (len(row), row[0], row[-1]) == (DAYS, (last, 2), (TODAY, 1))


def test_it_comes_back_when_it_doubled() -> None:
    assert [comes_back(asked, 4) for asked in (4, 7, 8)] == [False, False, True]
    assert not comes_back(2, 0)


def test_examples_are_the_nearest_in_different_words() -> None:
    examples: list[list[object]] = []
    for found in ((1, 0.5, "a"), (2, 0.9, "b"), (3, 0.95, "b"), (4, 0.7, "c"), (5, 0.6, "d")):
        examples = place_example(examples, found)
    assert [one[0] for one in examples] == [2, 4, 5]


def test_words_of_asking_tell_nothing() -> None:
    assert find_words("Hello, where can I get help please?") == frozenset()
    assert find_words("@pool https://x.example ¿Cuándo abren la piscina?") == {"abren", "pisci"}
