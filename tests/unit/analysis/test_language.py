"""Which language a post is in."""

from __future__ import annotations

import pytest

from levelhead.analysis import features
from levelhead.analysis.assess import load
from levelhead.analysis.domain import PostText
from levelhead.analysis.language import choose_language, guess_by_words, read_hint


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("When does the library open on Sunday?", "en"),
        ("The bus was late again and nobody told us", "en"),
        ("¿A qué hora abre la biblioteca el domingo?", "es"),
        ("El camión llegó tarde otra vez y nadie nos avisó", "es"),
        ("gracias por la ayuda", "es"),
        ("", "und"),
        ("https://a.example/x 🚓🚓", "und"),
        ("12345", "und"),
    ],
)
def test_language_of_a_post(text: str, lang: str) -> None:
    assert load().assess([PostText(text=text)])[0].lang == lang


@pytest.mark.parametrize(
    ("hint", "code"),
    [
        ("es-MX", "es"),
        ("EN", "en"),
        (None, None),
        ("", None),
        ("x", None),
        ("spa", None),
        ("1!", None),
    ],
)
def test_platform_hint(hint: str | None, code: str | None) -> None:
    assert read_hint(hint) == code


def test_hint_settles_doubt_but_does_not_overrule() -> None:
    letters = features.SEEN_LETTER
    assert choose_language([0.45, 0.45, 0.1], letters, None) == "und"
    assert choose_language([0.45, 0.45, 0.1], letters, "es") == "es"
    assert choose_language([0.95, 0.03, 0.02], letters, "es") == "en"
    assert choose_language([0.2, 0.2, 0.6], letters, "pt") == "pt"
    assert choose_language([0.9, 0.1, 0.0], 0, "ru") == "ru"
    assert choose_language([0.9, 0.1, 0.0], 0, None) == "und"


def test_guess_by_small_words() -> None:
    assert guess_by_words(["the", "bus", "is", "late"]) == "en"
    assert guess_by_words(["la", "calle", "esta", "muy", "mal"]) == "es"
    assert guess_by_words(["voce", "nao", "tem"]) == "pt"
    assert guess_by_words(["zzz"]) == "und"
