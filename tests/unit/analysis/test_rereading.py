"""The second stage: who is reread, what it adds, and what happens without its files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis import encoder as encoder_table
from levelhead.analysis import heads as head_table
from levelhead.analysis.assess import Assessor, load
from levelhead.analysis.domain import PostText
from levelhead.analysis.encoder import COLUMNS, Encoder, load_encoder
from levelhead.analysis.examples import load_examples
from levelhead.analysis.rereading import Rereader, choose_unsure, read_blend, spread
from levelhead.kernel.errors import ConfigurationError

POSTS = [
    PostText(text="When does the pool on Third Street open on Saturdays?"),
    PostText(text="ok"),
    PostText(
        text="@RivertonPD ur officer laughed at my mum when she reported the theft. Badge 4412."
    ),
    PostText(text="that's not what happened", parent_text="BREAKING: the dam has failed"),
    PostText(text="¿A qué hora abre la biblioteca?"),
]


@given(st.text(max_size=400), st.one_of(st.none(), st.text(max_size=100)))
@settings(max_examples=60, deadline=None)
def test_any_text_is_reread(text: str, parent: str | None) -> None:
    [found] = load().assess([PostText(text=text, parent_text=parent)], reread=1.0)
    assert sum(found.label_scores.values()) == pytest.approx(1.0, abs=1e-3)
    assert found.reading is not None
    assert -1 <= found.reading.sentiment <= 1
    assert 0 <= found.reading.claim <= 1
    assert (found.reading.stance is None) == (not parent)


def test_only_the_share_asked_for_is_reread() -> None:
    posts = POSTS * 10
    assert [a.reading for a in load().assess(posts)] == [None] * 50
    tenth = load().assess(posts, reread=0.1)
    assert sum(a.reading is not None for a in tenth) == 5
    whole = load().assess(posts, reread=1.0)
    assert all(a.reading is not None for a in whole)
    assert {a.model for a in whole} == {load_encoder().version}


def test_those_that_were_not_reread_keep_their_first_scores() -> None:
    cheap, mixed = load().assess(POSTS * 4), load().assess(POSTS * 4, reread=0.2)
    kept = [n for n, a in enumerate(mixed) if a.reading is None]
    assert len(kept) == 16
    assert [mixed[n] for n in kept] == [cheap[n] for n in kept]


def test_a_like_example_is_looked_for_where_it_is_asked_for() -> None:
    known = load_examples().texts[0]
    [bare] = load().assess([PostText(text=known)], reread=1.0)
    assert bare.reading is not None
    assert bare.reading.like is None
    [shown] = load().assess([PostText(text=known)], reread=1.0, likes=True)
    assert shown.reading is not None
    assert shown.reading.like is not None
    assert shown.reading.like.text == known


def test_the_least_sure_come_first() -> None:
    values = np.zeros((3, head_table.HEAD_COUNT), dtype=np.float32)
    values[:, head_table.SAFETY] = -9.0
    values[0, 0], values[1, 0], values[2, 0] = 9.0, 1.0, 5.0
    assert choose_unsure(values, 1) == [1]
    assert choose_unsure(values, 2) == [1, 2]
    values[1, 0] = 3.0
    values[0, head_table.SAFETY.start] = 0.0
    assert choose_unsure(values, 1) == [0]
    assert choose_unsure(values, 0) == []
    assert choose_unsure(values, 5) == [0, 1, 2]


def test_a_post_is_read_alike_alone_and_in_company() -> None:
    together = load().assess(POSTS * 5, reread=1.0)
    for n, post in enumerate(POSTS):
        [alone] = load().assess([post], reread=1.0)
        assert together[n].label is alone.label
        for name, score in alone.label_scores.items():
            assert together[n].label_scores[name] == pytest.approx(score, abs=1e-3)
        for head, score in alone.safety.items():
            assert together[n].safety[head] == pytest.approx(score, abs=1e-3)


def test_nobody_counts_what_is_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    read = "from levelhead.analysis.encoder import Encoder; Encoder().read(['hello'])"
    subprocess.run([sys.executable, "-c", read], check=True, env={**os.environ, "HOME": str(home)})
    assert [path for path in home.rglob("*") if "onnxruntime" in path.name.lower()] == []


def test_threads_give_the_same_as_one() -> None:
    texts = [post.text for post in POSTS] * 6
    one, two = Encoder().read(texts), Encoder(threads=2).read(texts)
    assert np.allclose(one[0], two[0], atol=1e-5)
    assert np.allclose(one[1], two[1], atol=1e-5)


def test_the_post_above_is_read_too() -> None:
    logits, _ = load_encoder().read(
        ["yes that is true", "yes that is true"], [None, "the dam failed"]
    )
    assert not np.allclose(logits[0], logits[1])


def test_a_blend_of_nothing_leaves_the_cheap_scores() -> None:
    blend = read_blend({})
    values = np.ones((1, head_table.HEAD_COUNT), dtype=np.float32)
    logits = np.full((1, encoder_table.COLUMN_COUNT), 7, dtype=np.float32)
    mixed = values * blend.cheap + spread(logits) * blend.encoder + blend.shift
    assert (mixed == values).all()


def test_spread_puts_each_head_in_its_place() -> None:
    logits = np.zeros((1, encoder_table.COLUMN_COUNT), dtype=np.float32)
    logits[0, COLUMNS["threat"]] = 3.0
    out = spread(logits)
    assert out[0, head_table.SAFETY.start] == 3.0
    assert out.sum() == 3.0


def test_without_its_files_the_encoder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make train"):
        Encoder(tmp_path)
    for name in ("encoder.onnx", "encoder.json", "tokenizer.json", "words.npz"):
        shutil.copy(encoder_table.FOLDER / name, tmp_path)
    notes = json.loads((tmp_path / "encoder.json").read_text())
    notes["columns"]["label"] = 11
    (tmp_path / "encoder.json").write_text(json.dumps(notes))
    with pytest.raises(ConfigurationError, match="another version"):
        Encoder(tmp_path)
    (tmp_path / "encoder.onnx").write_bytes(b"not a model")
    with pytest.raises(ConfigurationError):
        Encoder(tmp_path)


def test_cheap_scores_need_no_encoder(tmp_path: Path) -> None:
    shipped = load()
    assessor = Assessor(shipped.heads, shipped.net, Rereader())
    assert assessor.assess(POSTS)[0].reading is None


def test_the_models_are_small_enough_to_ship() -> None:
    assert encoder_table.MODEL_FILE.stat().st_size <= 25 * 2**20
    files = [path for path in encoder_table.FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40 * 2**20
