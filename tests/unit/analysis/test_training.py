"""The training recipe on a tiny set: the same seed, the same heads; sources as permitted."""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

from training import conversations, fit, sources, train  # noqa: E402
from training.accounts import name_official, name_private  # noqa: E402
from training.sources import Example  # noqa: E402

from levelhead.analysis import heads as head_table  # noqa: E402
from levelhead.analysis.heads import LABELS  # noqa: E402


def corpus_line(number: int, text: str, label: str, **more: object) -> str:
    return json.dumps(
        {
            "id": f"t-{number:04d}", "text": text, "label": label, "reply": label != "other",
            "urgency": 1, "hostility": 0, "safety": [], "crisis": False, "lang": "en",
            "split": "dev" if number % 5 == 0 else "train", **more,
        }
    )  # fmt: skip


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    lines = [corpus_line(n, f"thank you crew number {n} for the help", "praise") for n in range(30)]
    lines += [corpus_line(n, f"when does pool {n} open today?", "question") for n in range(30, 60)]
    lines += [corpus_line(n, f"my cat sleeps on box {n}", "other") for n in range(60, 90)]
    lines += [
        corpus_line(n, f"win prize {n} now", "removable", safety=["spam"]) for n in range(90, 110)
    ]
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [{"id": str(n), "text": f"win a free {n} tone", "label": "Spam"} for n in range(8)] + [
        {"id": f"h{n}", "text": f"see you at {n} then", "label": "Ham"} for n in range(8)
    ]
    rows.append({"id": "again", "text": "see you at 1 then", "label": "Ham", "dup_of": "h1"})
    with gzip.open(folder / "sms_spam.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


def test_same_seed_same_model(
    corpus: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = tmp_path / "phrases.txt"
    few.write_text("[praise yes 0 0]\nthank you {who}\n[slots]\nwho: crew | officer\n")
    monkeypatch.setattr(sources, "PHRASEBOOK", few)
    made = []
    for name in ("one.npz", "two.npz"):
        out = tmp_path / name
        code = train.main(
            [
                "--data",
                str(data),
                "--corpus",
                str(corpus),
                "--out",
                str(out),
                "--bits",
                "14",
                "--without-encoder",
            ]
        )
        assert code == 0
        made.append(head_table.read(out))
    first, second = made
    assert (first.weights == second.weights).all()
    assert (first.scale == second.scale).all()
    assert (first.bias == second.bias).all()
    assert first.notes == second.notes
    assert first.weights.any()
    assert '"corpus_dev"' in capsys.readouterr().out


def test_nothing_to_learn_from_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no posts in"):
        sources.read_corpus(tmp_path)


def test_repeats_and_unknown_labels_are_left_out(data: Path) -> None:
    rows = sources.read_rows(data, "sms_spam")
    assert len(rows) == 16
    assert sources.read_rows(data, "not_there") == []


def test_a_bad_corpus_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text(corpus_line(1, "x", "other", safety=["rude"]))
    with pytest.raises(ValueError, match=r"b\.jsonl:1.*rude"):
        sources.read_corpus(tmp_path)


def test_only_sets_that_may_ship_are_trained_on() -> None:
    may_ship = {
        "crisislex_t26", "crisislex_t6", "disaster_response", "davidson", "bengaluru_civic",
        "sms_spam", "clinc150", "banking77",
    }  # fmt: skip
    assert {name for name, _, _ in sources.SOURCES} <= may_ship


def test_phrases_are_filled_and_labelled() -> None:
    phrases = list(sources.write_phrases(seed=7))
    assert {example.label for example in phrases} == set(LABELS)
    assert not any("{" in example.text for example in phrases)
    assert phrases == list(sources.write_phrases(seed=7))
    assert [e.text for e in phrases] != [e.text for e in sources.write_phrases(seed=8)]
    threats = [e for e in phrases if e.safety == frozenset({"threat"})]
    assert threats
    assert all(example.hostility == 3 for example in threats)


def test_mentions_are_added_to_training_posts_alone() -> None:
    posts = [
        Example(text="pool?", source="corpus", label="question"),
        Example(text="pool?", source="corpus", label="question", split="test"),
        Example(text="@Pool when?", source="corpus", label="question"),
    ]
    (copy,) = sources.add_mentions(posts, seed=1)
    assert "pool?" in copy.text
    assert copy.text.count("@") >= 1


def test_names_of_many_kinds_are_made() -> None:
    choose = random.Random(3)
    official = {name_official(choose) for _ in range(200)}
    assert len(official) > 150
    assert not official & {name_private(choose) for _ in range(200)}
    assert all(re.fullmatch(r"@\w+", name) for name in official)


def test_temperature_softens_what_is_too_sure() -> None:
    logits = np.array([[8.0, 0.0], [0.0, 8.0]] * 50)
    targets = np.array([0, 1, 0, 0] * 25)
    assert fit.find_temperature(logits, targets, np.ones(100)) > 2


def test_recall_shift_puts_half_below_most_finds() -> None:
    texts = [f"buy cheap watches {n}" for n in range(20)] + [f"the road {n}" for n in range(180)]
    matrix = fit.make_matrix(texts, [None] * 200, 1 << 14)
    targets = np.array([1] * 20 + [0] * 180)
    ones = np.ones(200)
    shift = fit.find_recall_shift(matrix, targets, ones, ones > 0, np.arange(200), strength=15)
    fitted = fit.fit_head(matrix, targets, ones, classes=1, strength=15)
    found = fit.predict(fitted, matrix)[:, 0] + shift > 0
    assert found[:20].mean() >= 0.9
    assert found[20:].mean() <= 0.05


def test_quantising_keeps_the_weights() -> None:
    weights = np.random.default_rng(3).normal(size=(4096, 3))
    table, scale = fit.quantise(weights)
    assert table.dtype == np.int8
    assert np.abs(table * scale - weights).max() < 1.0
    assert np.median(np.abs(table * scale - weights)) < scale.max()


def test_a_weight_keeps_to_its_limit() -> None:
    features = np.array([[1.0, 1.0], [-1.0, -1.0]] * 50)
    targets = np.array([1.0, 0.0] * 50)
    weights, _ = conversations.fit_limited(features, targets, [(0.0, None), (None, 0.0)])
    assert weights[0] > 0
    assert weights[1] == 0


def test_labels_by_reading_join_texts_that_stay_where_they_are(tmp_path: Path) -> None:
    labels = tmp_path / "corpus" / "shared-labels"
    labels.mkdir(parents=True)
    row = {"label": "question", "reply": True, "urgency": 1, "hostility": 0, "reader": 1}
    (labels / "clinc150.jsonl").write_text(
        json.dumps({"id": "a", **row, "flags": "co", "share": 0.5})
        + "\n"
        + json.dumps({"id": "gone", **row, "flags": ""})
    )
    with gzip.open(tmp_path / "clinc150.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps({"id": "a", "text": "when do you open?"}))
    (found,) = sources.read_labelled(tmp_path, tmp_path / "corpus")
    assert (found.text, found.label, found.claim) == ("when do you open?", "question", True)
    assert found.offensive
    assert found.weight == sources.LABELLED_WEIGHT / 2
    assert sources.list_labelled(tmp_path / "corpus") == {"clinc150": {"a", "gone"}}
