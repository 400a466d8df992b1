"""What an approved answer must be like, and until when it may be offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.knowledge.domain import (
    LONGEST_REVIEW_DAYS,
    MOST_PARTS,
    MOST_QUESTIONS,
    PART,
    PART_LIMIT,
    SOURCE_LIMIT,
    TEXT_LIMIT,
    TITLE_LIMIT,
    AnswerFields,
    AnswerState,
    find_mistakes,
    find_parts,
    fold,
    is_stale,
    may_approve_own,
    review_date_fits,
)
from levelhead.replies.domain import find_unfilled

TODAY = date(2026, 3, 16)
GOOD = AnswerFields(
    title="Front desk hours",
    questions={"en": ("When does the front desk open?",)},
    texts={"en": "[[greeting]], the front desk is open from 8 to 5."},
    source="Directive 12",
    review_on=TODAY + timedelta(days=90),
)


def test_a_good_answer_has_no_mistakes() -> None:
    assert find_mistakes(GOOD) == {}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"title": ""}, {"title": "no_title"}),
        ({"title": "x" * (TITLE_LIMIT + 1)}, {"title": "too_long"}),
        ({"title": "desk \u202eyad"}, {"title": "hidden_characters"}),
        ({"title": "desk\x07"}, {"title": "hidden_characters"}),
        (
            {"questions": {"en": ("q",) * (MOST_QUESTIONS + 1)}},
            {"questions_en": "too_many_questions"},
        ),
        ({"questions": {"en": ("q" * 201,)}}, {"questions_en": "too_long"}),
        ({"questions": {"en": ("q\u2066",)}}, {"questions_en": "hidden_characters"}),
        ({"questions": {"es": ("q",)}}, {"text_es": "questions_only"}),
        ({"questions": {}, "texts": {}}, {"text_en": "no_text"}),
        ({"texts": {"en": "x" * (TEXT_LIMIT + 1)}}, {"text_en": "too_long"}),
        ({"texts": {"en": "[[greeting], hello"}}, {"text_en": "broken_part"}),
        ({"texts": {"en": "[[ ]] hello"}}, {"text_en": "broken_part"}),
        ({"texts": {"en": "[[gree\nting]] hello"}}, {"text_en": "broken_part"}),
        ({"texts": {"en": f"[[{'x' * (PART_LIMIT + 1)}]]"}}, {"text_en": "broken_part"}),
        (
            {"texts": {"en": " ".join(f"[[{n}]]" for n in range(MOST_PARTS + 1))}},
            {"text_en": "too_many_parts"},
        ),
        ({"source": ""}, {"source": "no_source"}),
        ({"source": "x" * (SOURCE_LIMIT + 1)}, {"source": "too_long"}),
        ({"review_on": None}, {"review_on": "no_date"}),
    ],
)
def test_each_mistake_is_named_at_its_field(
    change: dict[str, object], wrong: dict[str, str]
) -> None:
    assert find_mistakes(replace(GOOD, **change)) == wrong  # type: ignore[arg-type]


def test_the_review_day_itself_still_counts() -> None:
    approved = AnswerState.APPROVED
    assert not is_stale(approved, TODAY, TODAY)
    assert is_stale(approved, TODAY - timedelta(days=1), TODAY)
    assert not is_stale(AnswerState.DRAFT, TODAY - timedelta(days=1), TODAY)


def test_a_review_date_is_neither_past_nor_too_far() -> None:
    assert not review_date_fits(TODAY, TODAY)
    assert review_date_fits(TODAY + timedelta(days=1), TODAY)
    assert review_date_fits(TODAY + timedelta(days=LONGEST_REVIEW_DAYS), TODAY)
    assert not review_date_fits(TODAY + timedelta(days=LONGEST_REVIEW_DAYS + 1), TODAY)


def test_only_somebody_alone_approves_their_own() -> None:
    assert may_approve_own(1)
    assert not may_approve_own(2)


def test_parts_are_named_once_in_order() -> None:
    assert find_parts("[[b]] [[a]] [[b]]") == ["b", "a"]


def test_folding_finds_what_people_type() -> None:
    assert fold("  ¿Cuándo  ABRE la Alcaldía? ") == "¿cuando abre la alcaldia?"


@given(st.text(alphabet="[]ab \n", max_size=60))
def test_what_an_answer_may_hold_is_refused_at_sending_until_it_is_filled_in(text: str) -> None:
    wrong = find_mistakes(replace(GOOD, texts={"en": text}))
    if wrong:
        return
    assert bool(find_unfilled(text)) == bool(find_parts(text))
    assert find_unfilled(PART.sub("Dana", text)) == []
