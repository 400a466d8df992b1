"""Letters that stand in for plain ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.analysis.assess import load
from levelhead.analysis.domain import PostText, SafetyHead
from levelhead.analysis.masking import unmask


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("𝐈 𝐰𝐢𝐥𝐥", "I will"),
        ("ⓘ ⓦⓘⓛⓛ", "i will"),
        ("🅺🅸🅻🅻", "KILL"),
        ("ｗｉｄｅ！", "wide!"),
        ("plain é 😀", "plain é 😀"),
        ("½ cup", "½ cup"),
    ],
)
def test_masked_letters_are_put_back(text: str, plain: str) -> None:
    assert unmask(text) == plain


@given(st.text(max_size=200))
def test_a_text_keeps_its_length(text: str) -> None:
    assert len(unmask(text)) == len(text)


@pytest.mark.parametrize("text", ["𝐈 𝐰𝐢𝐥𝐥 𝐤𝐢𝐥𝐥 𝐲𝐨𝐮", "ⓘ ⓦⓘⓛⓛ ⓚⓘⓛⓛ ⓨⓞⓤ"])
def test_a_masked_threat_is_found_where_it_stands(text: str) -> None:
    [found] = load().assess([PostText(text=text)])
    assert found.safety[SafetyHead.THREAT] > 0.5
    assert [(span.start, span.end) for span in found.spans] == [(0, len(text))]
