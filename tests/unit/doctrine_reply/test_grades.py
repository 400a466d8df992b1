"""How hard a text reads."""

import pytest

from levelhead.doctrine.reply.grades import count_syllables, grade_of, grade_text
from levelhead.doctrine.reply.reading import read_text

ENGLISH = {
    "the": 1, "water": 2, "closed": 1, "wanted": 2, "houses": 2, "people": 2, "police": 2,
    "officer": 3, "area": 3, "video": 3, "create": 2, "safe": 1, "safely": 2, "immediately": 5,
    "residents": 3, "evacuate": 4, "investigation": 5, "street": 1, "fire": 1, "little": 2,
    "going": 2, "being": 2, "science": 2, "idea": 3, "radio": 3, "community": 4, "used": 1,
}  # fmt: skip
SPANISH = {
    "calle": 2, "agua": 2, "policia": 3, "ciudad": 2, "que": 1, "guerra": 2, "aereo": 4,
    "informacion": 4, "hoy": 1, "puede": 2, "residentes": 4, "leer": 2, "noticia": 3,
}  # fmt: skip


def test_english_syllables_are_right_most_of_the_time():
    wrong = {
        w: count_syllables(w, "en") for w, n in ENGLISH.items() if count_syllables(w, "en") != n
    }
    assert len(wrong) <= 2, wrong


@pytest.mark.parametrize(("word", "count"), SPANISH.items())
def test_spanish_syllables(word, count):
    assert count_syllables(word, "es") == count


def test_the_formulas_are_the_published_ones():
    # 100 words, 5 sentences, 150 syllables.
    assert grade_of(100, 5, 150, "en") == pytest.approx(0.39 * 20 + 11.8 * 1.5 - 15.59)
    assert grade_of(100, 5, 200, "es") == pytest.approx(206.835 - 62.3 * 2 - 20)


def test_the_hardest_sentence_is_named():
    text = "We are here. Comprehensive administrative investigations necessitate deliberation."
    grade = grade_text(read_text(text), "en")
    assert text[slice(*grade.hardest)].startswith("Comprehensive")
    assert grade.words == 8
    assert grade_text(read_text("555-0100"), "en") is None
