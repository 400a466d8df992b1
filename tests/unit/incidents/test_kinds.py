"""No template says what needs a fact, and each fits its fields and the shortest channel."""

from __future__ import annotations

import itertools

import pytest

from levelhead.channels.shapes import SHAPES
from levelhead.incidents.domain import CADENCE, PLACE_LIMIT, TITLE_LIMIT, IncidentKind
from levelhead.incidents.kinds import AUDIENCES, KindWords, kind_templates
from levelhead.ledger.domain import subjects_in
from levelhead.updates.domain import (
    LEAD_LIMIT,
    LINE_LIMIT,
    MOST_LINES,
    Audience,
    Frame,
    Words,
    compose,
)
from levelhead.updates.gate import unproven

CASES = list(itertools.product(IncidentKind, ("en", "es")))


def words_of(texts: KindWords, lang: str) -> Words:
    return Words(
        lang=lang, lead=texts.lead, unknown=texts.unknown, doing=texts.doing,
        actions=tuple((Audience(who), text) for who, text in texts.actions.items()),
    )  # fmt: skip


def test_the_audiences_are_those_of_updates() -> None:
    assert set(AUDIENCES) == {one.value for one in Audience}


@pytest.mark.parametrize(("kind", "lang"), CASES)
def test_it_says_nothing_that_needs_a_fact(kind: IncidentKind, lang: str) -> None:
    texts = kind_templates()[kind].in_language(lang)
    assert list(unproven(words_of(texts, lang), [])) == []
    assert not subjects_in(texts.headline)


def test_the_gate_would_catch_one_that_does() -> None:
    bad = Words(lang="en", lead="Nobody is hurt.", doing=("The suspect is in custody.",))
    assert len(list(unproven(bad, []))) == 2


@pytest.mark.parametrize(("kind", "lang"), CASES)
def test_it_fits_its_fields(kind: IncidentKind, lang: str) -> None:
    template = kind_templates()[kind]
    texts = template.in_language(lang)
    assert len(texts.headline) <= TITLE_LIMIT
    assert len(texts.sentence) <= TITLE_LIMIT
    assert len(texts.place) <= PLACE_LIMIT
    assert len(texts.lead) <= LEAD_LIMIT
    for lines in (texts.unknown, texts.doing, tuple(texts.actions.values())):
        assert 0 < len(lines) <= MOST_LINES
        assert all(len(line) <= LINE_LIMIT for line in lines)
    assert template.next_word <= CADENCE[template.level]


@pytest.mark.parametrize(("kind", "lang"), CASES)
def test_its_lead_and_an_instruction_fit_the_shortest_channels(
    kind: IncidentKind, lang: str
) -> None:
    texts = kind_templates()[kind].in_language(lang)
    frame = Frame(
        head="Última actualización, 12, 12:45 p.m.", next_word="Próxima antes de la 1:15 p.m.",
        link="https://riverton.example/public/riverton/", link_label="Todo:", unknown_label="?",
    )  # fmt: skip
    for shape in (SHAPES["x"], SHAPES["bluesky"]):
        text = compose(words_of(texts, lang), frame, shape.takes)
        assert text is not None, shape.title
        assert texts.lead in text
