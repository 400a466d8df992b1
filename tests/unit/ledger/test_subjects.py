"""Sentences that need two people and sentences that do not: the rules know them apart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from levelhead.ledger.domain import TWO_PEOPLE, FactSubject, subjects_in

FILE = Path(__file__).parent / "sentences.txt"


def read_sentences() -> list[tuple[frozenset[FactSubject], str]]:
    """What each sentence says, and the sentence."""
    rows = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        names, sentence = line.split(" | ", 1)
        said = frozenset(FactSubject(name) for name in names.split(",") if name != "-")
        # Signs that nobody sees are written by their number.
        for code in ("200b", "00ad", "00a0", "2003", "2060"):
            sentence = sentence.replace(f"\\u{code}", chr(int(code, 16)))
        rows.append((said, sentence))
    return rows


SENTENCES = read_sentences()


@pytest.mark.parametrize(("said", "sentence"), SENTENCES)
def test_a_sentence_says_what_it_says(said: frozenset[FactSubject], sentence: str) -> None:
    assert subjects_in(sentence) == said


def test_precision_and_recall_of_every_subject() -> None:
    right, found, wanted = Counter[str](), Counter[str](), Counter[str]()
    for said, sentence in SENTENCES:
        read = subjects_in(sentence)
        right.update(read & said)
        found.update(read)
        wanted.update(said)
    for subject in TWO_PEOPLE:
        precision, recall = right[subject] / found[subject], right[subject] / wanted[subject]
        assert precision >= 0.95, f"{subject}: precision {precision:.3f}"
        assert recall >= 0.97, f"{subject}: recall {recall:.3f} of {wanted[subject]}"


def test_the_list_is_long_enough_and_has_both_languages() -> None:
    assert len(SENTENCES) >= 250
    assert sum(1 for said, _ in SENTENCES if not said) >= 100
