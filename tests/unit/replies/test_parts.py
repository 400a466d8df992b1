"""Where a long answer is cut."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from levelhead.channels.shapes import SHAPES
from levelhead.replies.parts import MOST_PARTS, Trouble, cut_for, cut_text

THREADED = [shape for shape in SHAPES.values() if shape.threads]
# What must never be cut, and words around it.
WHOLE = (
    "https://riverton.example.gov/records/form?id=12", "(555) 010-7788", "555 010 7788 ext. 12",
    "+1 555-010-7788", "Monday, March 16, 2026", "16 de marzo de 2026", "el 3 de mayo", "5 miles",
    "10 p.m.", "8 a.m. to 5 p.m.", "3 to 5 days", "$5 million", "200 personas", "call 911",
    "llame al 911", "text us at 888", "“Riverton Safety Center”", '"Casa del Río"', "Ms. Ortiz",
    "Sgt. Lee", "Room 12", "Highway 61", "🇺🇸🇲🇽", "👨‍👩‍👧‍👦",
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "the",
        "desk",
        "opens",
        "early.",
        "Bring",
        "a",
        "form,",
        "please;",
        "Is",
        "it?",
        "Sí.",
        "ñandú",
    ]
)
GAPS = st.sampled_from([" ", " ", " ", "\n", "\n\n", "  "])
TEXTS = st.lists(st.tuples(st.one_of(WORDS, st.sampled_from(WHOLE)), GAPS), max_size=160).map(
    lambda pairs: "".join(word + gap for word, gap in pairs).strip()
)


def squeezed(text: str) -> str:
    return "".join(re.sub(r"(?m)^[ \t]*---[ \t]*$", "", text).split())


def check(text: str, cut, shape, numbered: bool) -> None:
    assert len(cut.parts) <= MOST_PARTS
    at = 0
    for number, part in enumerate(cut.parts, 1):
        body = text[part.start : part.end]
        assert not text[at : part.start].strip(" \t\n-")
        assert body == body.strip()
        at = part.end
        if cut.trouble is None:
            assert shape.takes(part.text)
            count = len(cut.parts)
            assert part.text == (f"{body} {number}/{count}" if numbered and count > 1 else body)
    if cut.trouble is None:
        assert not text[at:].strip(" \t\n-")
        assert squeezed("".join(text[p.start : p.end] for p in cut.parts)) == squeezed(text)


@given(TEXTS, st.sampled_from(THREADED), st.booleans())
def test_parts_fit_and_joined_give_the_text_back(text: str, shape, numbered: bool) -> None:
    cut = cut_text(text, fits=shape.takes, numbered=numbered)
    check(text, cut, shape, numbered)
    # A cut is where blanks are, and never in what belongs together.
    places = [(a.end, b.start) for a, b in zip(cut.parts, cut.parts[1:], strict=False)]
    for whole in WHOLE:
        for found in re.finditer(re.escape(whole), text):
            for end, start in places:
                assert not found.start() < end < found.end(), whole
                assert not found.start() < start < found.end(), whole


@given(
    st.text(max_size=2_500)
    | st.text(alphabet="ab 1.\n-水。\u0301\u200d🇺👍\u202e\u00a0", max_size=2_500),
    st.sampled_from(THREADED),
    st.booleans(),
)
@example("---", THREADED[0], True)
@example("---\n---\na\n---", THREADED[0], True)
@example("a" * 301, THREADED[0], False)
@example("", THREADED[0], False)
def test_any_text_at_all(text: str, shape, numbered: bool) -> None:
    cut = cut_text(text, fits=shape.takes, numbered=numbered)
    if cut.trouble is None:
        at = 0
        for part in cut.parts:
            assert shape.takes(part.text)
            assert not text[at : part.start].replace("-", "").strip()
            at = part.end
        assert not text[at:].replace("-", "").strip()
    else:
        assert not shape.takes(text) or "---" in text


def test_paragraphs_then_sentences_then_words() -> None:
    first, second = "One sentence here. " * 8, "Another paragraph. " * 9
    cut = cut_text(f"{first.strip()}\n\n{second.strip()}", fits=lambda text: len(text) <= 200)
    assert [part.text for part in cut.parts] == [first.strip(), second.strip()]
    cut = cut_text("aa bb. Cc dd ee ff", fits=lambda text: len(text) <= 13)
    assert [part.text for part in cut.parts] == ["aa bb.", "Cc dd ee ff"]
    cut = cut_text("aa bb cc dd ee ff", fits=lambda text: len(text) <= 9)
    assert [part.text for part in cut.parts] == ["aa bb cc", "dd ee ff"]


def test_a_persons_own_line_cuts_and_is_not_sent() -> None:
    cut = cut_text("One.\n---\nTwo.\n  ---  \nThree -- and --- so.", fits=lambda text: True)
    assert [part.text for part in cut.parts] == ["One.", "Two.", "Three -- and --- so."]
    assert [p.text for p in cut_text("a\n----\nb", fits=lambda _: True).parts] == ["a\n----\nb"]


def test_a_signature_does_not_stand_alone() -> None:
    text = "The water main on Elm broke at six. A crew is there. — Dana R."
    cut = cut_text(text, fits=lambda words: len(words) <= 54)
    assert [part.text for part in cut.parts] == [
        "The water main on Elm broke at six.", "A crew is there. — Dana R.",
    ]  # fmt: skip


def test_scripts_without_blanks_are_cut_between_signs() -> None:
    shape = SHAPES["bluesky"]
    cut = cut_text("窓口は八時に開きます。" * 60, fits=shape.takes)
    assert cut.trouble is None
    assert all(part.text.endswith("。") for part in cut.parts)


def test_what_does_not_go_says_why() -> None:
    def fits(text: str) -> bool:
        return len(text) <= 100

    assert cut_text("word " * 130, fits=fits).trouble is Trouble.TOO_MANY
    assert len(cut_text("word " * 130, fits=fits).parts) == MOST_PARTS
    assert cut_text("ok " + "x" * 101, fits=fits).trouble is Trouble.TOO_LONG
    assert cut_text("See https://a.gov/" + "x" * 101, fits=fits).trouble is Trouble.TOO_LONG
    assert cut_text("a\n---\n" * 7, fits=fits).trouble is Trouble.TOO_MANY


def test_no_threads_no_cuts() -> None:
    text = "One.\n---\nTwo."
    assert [part.text for part in cut_for(text, takes=lambda _: True, threads=False).parts] == [
        text
    ]
    assert cut_for(text, takes=lambda _: False, threads=False).trouble is Trouble.TOO_LONG


@pytest.mark.parametrize(
    "text",
    ["a b " * 25_000, "x" * 100_000, "水" * 100_000, "1 2 " * 25_000, '"' * 100_000,
     "— a " * 25_000, "-\n---\n" * 16_000, " " * 100_000 + "x",
     "call a b " * 11_000, "A. " * 33_000],
)  # fmt: skip
def test_a_hundred_thousand_characters_take_no_time(text: str) -> None:
    shape = SHAPES["bluesky"]
    begun = time.process_time()
    cut = cut_text(text, fits=shape.takes, numbered=True)
    assert time.process_time() - begun < 4
    assert len(cut.parts) <= MOST_PARTS
