"""Under which name a reply goes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.replies.signing import (
    Signer,
    SignHow,
    added_signature,
    find_strange,
    is_signed,
    make_signature,
)

ANA = Signer(name="Ana Ruiz", chosen=False, agency="Riverton Police")
OFFICER = Signer(name="Officer 212", chosen=True, agency="Riverton Police")


@pytest.mark.parametrize(
    ("how", "template", "signer", "signature"),
    [
        (SignHow.NONE, "", ANA, ""),
        (SignHow.FIRST, "", ANA, "— Ana"),
        (SignHow.FIRST, "", OFFICER, "— Officer 212"),
        (SignHow.INITIALS, "", ANA, "^AR"),
        (SignHow.INITIALS, "", OFFICER, "^O2"),
        (SignHow.OWN, "— {first}, {agency}", ANA, "— Ana, Riverton Police"),
        (SignHow.OWN, "{name} ({initials})", ANA, "Ana Ruiz (AR)"),
        (SignHow.FIRST, "", Signer(name=" ", chosen=False, agency=""), ""),
    ],
)
def test_signatures(how: SignHow, template: str, signer: Signer, signature: str) -> None:
    assert make_signature(how, template, signer) == signature


@pytest.mark.parametrize(
    "text",
    ["At 8. — Ana", "At 8. -Ana", "At 8. ^AR", "At 8. /AR", "At 8. – Ana Ruiz", "At 8.\nAna",
     "At 8. — Ana R.", "At 8. ~ ana", "At 8.\n— Ana Ruiz, Riverton"],
)  # fmt: skip
def test_a_typed_signature_is_not_doubled(text: str) -> None:
    assert added_signature(text, "— Ana", ANA) == ""


@pytest.mark.parametrize(
    "text", ["At 8.", "Ask for Ana", "At 8 - 9, ask Bo", "At 8. — Bo", "Call the AR", "Well-Ana's"]
)
def test_a_sentence_is_no_signature(text: str) -> None:
    assert added_signature(text, "— Ana", ANA) == " — Ana"


def test_it_stands_on_its_own_line_where_there_are_lines() -> None:
    assert added_signature("At 8.\nBring your card.", "^AR", ANA) == "\n^AR"
    assert added_signature("   ", "^AR", ANA) == ""


@given(st.text(max_size=60))
def test_adding_it_twice_adds_it_once(text: str) -> None:
    for signature in ("— Ana", "^AR", "— Ana, Riverton Police"):
        added = added_signature(text, signature, ANA)
        if added:
            assert is_signed(text + added, signature, ANA)
            assert added_signature(text + added, signature, ANA) == ""


def test_strange_placeholders_are_named() -> None:
    assert find_strange("— {first}, {agency}") == []
    assert find_strange("{badge} {first}") == ["{badge}"]
    assert find_strange("{first") == ["{"]
