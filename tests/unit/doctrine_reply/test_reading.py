"""Sentences, folding, quotes and links of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.doctrine.reply.reading import Reading, make_plain


def sentences(text):
    reading = Reading(text)
    return [text[a:b] for a, b in reading.sentences]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Sgt. Lee will call. Thank you.", ["Sgt. Lee will call.", "Thank you."]),
        ("Come at 5 p.m. Friday to St. Mary's.", ["Come at 5 p.m. Friday to St. Mary's."]),
        ("It ends at 5 p.m. Bring water.", ["It ends at 5 p.m.", "Bring water."]),
        ("It costs $3.50 a day! Really?", ["It costs $3.50 a day!", "Really?"]),
        ("Thanks 🙏 We fixed it 👍 today.", ["Thanks 🙏", "We fixed it 👍 today."]),
        ("La Sra. Díaz llamó. ¿Puede venir?", ["La Sra. Díaz llamó.", "¿Puede venir?"]),
        ("One\nTwo\n\n— Ana", ["One", "Two", "— Ana"]),
        ("Wait... what? Ok", ["Wait...", "what?", "Ok"]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("See riverton.gov/a.b for U.S. rules.", ["See riverton.gov/a.b for U.S. rules."]),
        ("", []),
        ("🙏🙏", []),
    ],
)
def test_sentences_survive_abbreviations_and_emoji(text, parts):
    assert sentences(text) == parts


@given(st.text(max_size=300))
def test_folding_keeps_every_place(text):
    assert len(make_plain(text)) == len(text)
    reading = Reading(text)
    assert len(reading.bare) == len(text)
    last = 0
    for start, end in reading.sentences:
        assert last <= start < end <= len(text)
        last = end


def test_folding_makes_quotes_and_accents_plain():
    assert make_plain("“Ñandú’s İ” Ａ") == '"nandu\'s i" a'


def test_quoted_words_are_known():
    text = "The paper wrote “he is guilty” today."
    start = text.index("guilty")
    assert Reading(text).is_quoted((start, start + 6))
    assert not Reading(text).is_quoted((0, 3))


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Thank you for your note about the road", "en"),
        ("Gracias por su nota sobre la calle", "es"),
        ("El Camino Real is closed at La Paz", "und"),
        ("OK", "und"),
    ],
)
def test_the_language_is_a_vote_of_small_words(text, lang):
    assert Reading(text).lang == lang
