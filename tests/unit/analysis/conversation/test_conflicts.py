"""What a text says against confirmed facts: found where it stands, and silence elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis.conversation.conflicts import MAX_CONFLICTS, find_conflicts

DIFFER = [
    ("I heard 5 people are dead at the school", "Two people were killed.", "number.dead"),
    ("no one was killed", "Two people were killed.", "number.dead"),
    ("hay 4 muertos", "Hay 2 muertos.", "number.dead"),
    ("3 shooters inside", "One suspect acted alone.", "number.suspects"),
    ("1,200 acres burned", "The fire has burned 300 acres.", "number.acres"),
    ("the meeting is at 9 pm", "The meeting starts at 7 p.m. in the hall.", "number.time"),
    ("the bridge on Elm is closed", "The Elm Street bridge is open.", "open_or_closed"),
    ("the bridge isn't open", "The Elm Street bridge is open.", "open_or_closed"),
    ("shooter still at large!!", "The suspect is in custody.", "caught_or_at_large"),
    ("water is NOT safe to drink", "Tap water is safe to drink.", "safe_or_not"),
    ("el agua está contaminada", "El agua del grifo es segura.", "safe_or_not"),
    ("power is still out on 5th", "Power is restored everywhere.", "working_or_out"),
]
AGREE = [
    ("two people were killed", "Two people were killed."),
    ("the library is closed", "The Elm Street bridge is open."),
    ("is the bridge closed?", "The Elm Street bridge is open."),
    ("¿está cerrado el puente?", "El puente está abierto."),
    ("they caught the shooter", "The suspect is in custody."),
    ("so sad, praying for everyone", "Two people were killed."),
    ("call me at 5", "Two people were killed."),
    ("the meeting is at 7pm", "The meeting starts at 7 p.m. in the hall."),
    ("", "Two people were killed."),
]


@pytest.mark.parametrize(("text", "fact", "rule"), DIFFER)
def test_a_text_that_says_otherwise_is_pointed_at(text: str, fact: str, rule: str) -> None:
    found = find_conflicts(text, ["The park has trees.", fact])
    assert [(c.fact, c.rule) for c in found] == [(1, rule)]
    assert text[found[0].start : found[0].end].strip()
    assert set(found[0].why) == {"en", "es"}


@pytest.mark.parametrize(("text", "fact"), AGREE)
def test_what_agrees_or_asks_is_left_alone(text: str, fact: str) -> None:
    assert find_conflicts(text, [fact]) == []


def test_without_facts_nothing_conflicts() -> None:
    assert find_conflicts("5 dead", []) == []


def test_what_is_found_is_bounded() -> None:
    facts = [f"{n} people dead." for n in range(3, 40)]
    assert len(find_conflicts("2 dead. " * 50, facts)) == MAX_CONFLICTS


@given(st.text(max_size=400), st.lists(st.text(max_size=80), max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(text: str, facts: list[str]) -> None:
    for conflict in find_conflicts(text, facts):
        assert 0 <= conflict.start < conflict.end <= len(text)
        assert conflict.fact < len(facts)
