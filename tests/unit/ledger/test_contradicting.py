"""What contradicts what: measured on pairs of our own, half of them fine."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelhead.ledger.contradicting import Kind, find_contradictions

FILE = Path(__file__).parent / "pairs.txt"


def read_pairs() -> list[tuple[bool, str, str]]:
    """Whether they contradict each other, what stands, what would be said."""
    rows = [
        line.split(" | ")
        for line in FILE.read_text(encoding="utf-8").splitlines()
        if line.startswith(("x |", "= |"))
    ]
    return [(mark.strip() == "x", stands, said) for mark, stands, said in rows]


PAIRS = read_pairs()


def test_precision_and_recall() -> None:
    found = [(wanted, bool(find_contradictions(said, [stands]))) for wanted, stands, said in PAIRS]
    right = sum(wanted and seen for wanted, seen in found)
    assert right / sum(seen for _, seen in found) >= 0.97
    assert right / sum(wanted for wanted, _ in found) >= 0.97


def test_the_list_is_long_enough_and_half_of_it_is_fine() -> None:
    fine = sum(1 for wanted, _, _ in PAIRS if not wanted)
    assert len(PAIRS) >= 80
    assert 0.4 <= fine / len(PAIRS) <= 0.6


@pytest.mark.parametrize(
    ("stands", "said", "kind"),
    [
        ("Three people are injured.", "Five people are injured.", Kind.NUMBER),
        ("Nobody is in custody.", "The suspect is in custody.", Kind.CUSTODY),
        ("Parents meet their children at the gym.", "Parents meet their children at the library.",
         Kind.PLACE),
        ("Reunification starts at 2:30 p.m.", "Reunification starts at 4 p.m.", Kind.TIME),
    ],
)  # fmt: skip
def test_it_says_what_they_do_not_agree_about(stands: str, said: str, kind: Kind) -> None:
    assert kind in {one.kind for one in find_contradictions(said, [stands])}


def test_disguised_letters_hide_no_contradiction() -> None:
    assert find_contradictions("The suspect is in c\u200bustоdy.", ["Nobody is in custody."])
