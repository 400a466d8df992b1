"""Questions that are the same one, and what makes a crisis."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.doctrine.escalation import QUESTIONS, THREATS, is_crisis
from levelhead.issues.domain import group_questions
from levelhead.topics.domain import fill_hours, name_of, same_subject, words_of

NO = dict.fromkeys(QUESTIONS, False)


def test_a_crisis_stops_work_and_threatens_something() -> None:
    assert not is_crisis(NO)
    assert not is_crisis(NO | {"business_stops": True, "leadership_needed": True})
    for threat in THREATS:
        assert not is_crisis(NO | {threat: True, "leadership_needed": True})
        assert is_crisis(NO | {threat: True, "business_stops": True})


def test_the_same_question_in_other_words_counts_together() -> None:
    asked = [
        (1, "How much does the drone program cost?"),
        (2, "When is the meeting?"),
        (3, "So how much will the drone program cost us every year, really?"),
        (4, "What is the cost of the drones program"),
        (5, "¿Cuánto cuesta el programa de drones?"),
    ]
    found = group_questions(asked)
    assert (found[0].asked, found[0].post_id) == (3, 1)
    assert {question.asked for question in found[1:]} == {1}


def test_questions_without_words_are_left_out() -> None:
    assert group_questions([(1, "???"), (2, ""), (3, "is it?"), (4, "\u202e")]) == []


@given(st.lists(st.text(max_size=60), max_size=30))
def test_every_question_is_counted_at_most_once(texts: list[str]) -> None:
    found = group_questions(list(enumerate(texts)), most=100)
    assert sum(question.asked for question in found) <= len(texts)
    assert len({question.post_id for question in found}) == len(found)


def test_many_long_questions_are_quick() -> None:
    asked = [(n, f"word{n} " * 5_000) for n in range(300)]
    started = time.perf_counter()
    group_questions(asked)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["drone program"], ["drone"], True),
        (["drone program"], ["program of drone"], True),
        (["drone program"], ["summer program"], False),
        (["drone"], ["bus"], False),
        ([], ["bus"], False),
    ],
)
def test_topics_are_the_same_where_they_share_their_words(
    one: list[str], other: list[str], same: bool
) -> None:
    assert same_subject(words_of(one), words_of(other)) is same
    assert same_subject(words_of(other), words_of(one)) is same


def test_a_name_stays_short() -> None:
    assert name_of(["drone program", "Elm"]) == "drone program, Elm"
    assert len(name_of(["x" * 500])) <= 200
    assert len(name_of(["word"] * 500)) <= 200


def test_no_hour_is_left_out() -> None:
    now = datetime(2026, 3, 16, 14, 20, tzinfo=UTC)
    hour = now.replace(minute=0)
    rows = fill_hours({hour: 3, hour - timedelta(hours=90): 5}, until=now, hours=4)
    assert [count for _, count in rows] == [0, 0, 0, 3]
    assert rows[-1][0] == hour
