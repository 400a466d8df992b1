"""Which sentence a finding stands in, so that one key can take it out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.replies.domain import find_sentence


@pytest.mark.parametrize(
    ("text", "words", "left"),
    [
        ("Thanks. Calm down. We are on it.", "Calm down", "Thanks. We are on it."),
        ("Calm down.", "Calm down", ""),
        ("Calm down! We are on it.", "Calm", "We are on it."),
        ("We are on it.\nHis cell is 555.\n— Kim", "555", "We are on it.\n— Kim"),
        ("We said: “calm down.” Sorry.", "calm", "Sorry."),
        ("One. Two and. three go on. Four.", "and. three", "One. Four."),
        ("Call 402.555.0100 now. Bye.", "402.555.0100", "Bye."),
    ],
)
def test_the_sentence_goes_whole(text, words, left):
    start = text.index(words)
    first, last = find_sentence(text, start, start + len(words))
    assert text[:first] + text[last:] == left


@given(st.text(alphabet="ab .!?\n”💀", max_size=60), st.data())
def test_the_place_is_always_within(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = find_sentence(text, start, end)
    assert 0 <= first <= start
    assert end <= last <= len(text)
