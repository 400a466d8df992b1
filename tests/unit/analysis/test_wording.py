"""Texts as the encoder reads them: bounded, in one line, without links or emoji."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.analysis.wording import reword


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("@RivertonPD hello", "@ Riverton PD hello"),
        ("#StopTheNoise2024 now", "# Stop The Noise 2024 now"),
        ("see https://a.example/x?y=1 please", "see http please"),
        ("soooooo late", "sooo late"),
        ("a\n\nb\tc", "a b c"),
        ("thanks 🙏🙏🙏", "thanks person with folded hands"),
        ("hi 👍🏽", "hi thumbs up sign"),
        ("¿Dónde está?", "¿Dónde está?"),
        ("@a @b @c @d @e hello @f", "@ a @ b @ c hello @ f"),
        ("", ""),
    ],
)
def test_a_text_is_put_in_plain_words(text: str, wanted: str) -> None:
    assert reword(text) == wanted


@given(st.text(max_size=2000))
def test_any_text_is_bounded(text: str) -> None:
    words = reword(text)
    assert len(words) < 2000
    assert "\n" not in words


def test_100_kb_of_emoji_are_a_few_words() -> None:
    assert len(reword("🔥😡" * 25_000)) < 600
