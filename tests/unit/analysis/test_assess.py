"""The assessor: shape and range for any text, determinism, batches, the slow path, models."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis import heads as head_table
from levelhead.analysis import scoring
from levelhead.analysis.assess import load
from levelhead.analysis.domain import Assessment, Label, PostText, SafetyHead
from levelhead.analysis.explain import explain
from levelhead.kernel.errors import ConfigurationError

ANY_TEXT = st.text(alphabet=st.characters(), max_size=300)
PHRASES = st.lists(
    st.sampled_from(
        ["i will", "kill", "you", "myself", "@a", "http://bit.ly/x", "555-010-2233", "ñ", "\x00",
         "\u202e", "fire", "house on fire", "free", "nudes", "a@b.example", "👍", "\n", "?!"]
    ),
    max_size=25,
).map(" ".join)  # fmt: skip


def check(post: PostText, assessment: Assessment) -> None:
    assert set(assessment.label_scores) == {label.value for label in Label}
    assert math.isclose(sum(assessment.label_scores.values()), 1.0, abs_tol=1e-4)
    assert assessment.label_scores[assessment.label] == max(assessment.label_scores.values())
    assert set(assessment.safety) == {head.value for head in SafetyHead}
    for value in (
        *assessment.label_scores.values(),
        *assessment.safety.values(),
        assessment.reply,
        assessment.hostility,
        assessment.crisis,
    ):
        assert 0.0 <= value <= 1.0
    assert assessment.urgency in (0, 1, 2, 3)
    for span in assessment.spans:
        assert 0 <= span.start < span.end <= len(post.text)
        assert assessment.safety[span.head] > 0
    assert len(assessment.lang) in (2, 3)
    assert assessment.model == load().version


@given(
    st.one_of(ANY_TEXT, PHRASES),
    st.one_of(st.none(), ANY_TEXT),
    st.one_of(st.none(), st.text(max_size=6)),
)
@settings(max_examples=200, deadline=None)
def test_any_text_gets_a_sound_assessment(text: str, parent: str | None, lang: str | None) -> None:
    post = PostText(text=text, parent_text=parent, lang=lang)
    assessment = load().assess([post])[0]
    check(post, assessment)
    for term, weight in explain(post, assessment):
        assert isinstance(term, str)
        assert weight > 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00" * 10,
        "\ud800",
        "\u202e\u2066",
        "🚓" * 40_000,
        "a" * 100_000,
        "kill myself " * 9_000,
    ],
)
def test_hostile_texts(text: str) -> None:
    post = PostText(text=text, parent_text=text)
    check(post, load().assess([post])[0])


def test_no_posts_no_assessments() -> None:
    assert load().assess([]) == []


def test_a_post_is_assessed_alike_alone_and_in_a_crowd() -> None:
    posts = [
        PostText(
            text=f"Pothole number {n} on Oak St {'!' * (n % 4)}", parent_text="x" * (n % 3) or None
        )
        for n in range(1500)
    ]
    together = load().assess(posts)
    assert len(together) == 1500
    for n in (0, 7, 1023, 1024, 1499):
        assert load().assess([posts[n]])[0] == together[n]


def test_slow_path_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [
        PostText(text="When does the pool open?"),
        PostText(text="I want to kill myself", parent_text="how are you"),
        PostText(text="¡Gracias, señor!", lang="es"),
        PostText(text=""),
    ]
    fast = load().assess(posts)
    monkeypatch.setattr(scoring, "_compile", None)
    assert not scoring.is_compiled()
    assert load().assess(posts) == fast


def test_without_a_compiler_it_says_so_once_and_works() -> None:
    script = (
        "import logging; logging.basicConfig()\n"
        "from levelhead.analysis.assess import load\n"
        "from levelhead.analysis.domain import PostText\n"
        "print(load().assess([PostText(text='When does the pool open?')])[0].label.value)\n"
    )
    source = str(Path(head_table.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    expected = load().assess([PostText(text="When does the pool open?")])[0].label.value
    assert done.stdout.strip() == expected
    assert done.stderr.count("slow path") == 1


def test_danger_comes_before_removal() -> None:
    post = PostText(text="I want to kill myself. my number is 555-010-2233, buy followers cheap")
    assessment = load().assess([post])[0]
    assert assessment.label is Label.EMERGENCY
    assert assessment.urgency == 3
    assert assessment.safety["self_harm"] >= 0.9
    assert {span.head for span in assessment.spans} >= {SafetyHead.SELF_HARM}


def test_the_end_of_a_long_post_is_watched() -> None:
    text = "so it goes " * 10_000 + "and I want to kill myself"
    assessment = load().assess([PostText(text=text)])[0]
    (span,) = (span for span in assessment.spans if span.head is SafetyHead.SELF_HARM)
    assert text[span.start : span.end] == "kill myself"


def test_a_parent_changes_the_scores() -> None:
    alone, below = load().assess(
        [PostText(text="yes please"), PostText(text="yes please", parent_text="Need a map?")]
    )
    assert alone.label_scores != below.label_scores


def test_explain_names_what_a_rule_found_first() -> None:
    post = PostText(text="Help, the building across the street is on fire")
    assessment = load().assess([post])[0]
    assert assessment.label is Label.EMERGENCY
    terms = explain(post, assessment)
    assert terms[0] == ("building across the street is on fire", 0.75)


def test_explain_names_words_as_written() -> None:
    post = PostText(text="¡Muchas GRACIAS, qué amables!")
    assessment = load().assess([post])[0]
    terms = [term for term, _ in explain(post, assessment)]
    assert terms
    assert all(term in post.text for term in terms)
    assert len(explain(post, assessment, limit=1)) == 1


def test_a_model_file_survives_writing(tmp_path: Path) -> None:
    path = tmp_path / "heads.npz"
    heads = load().heads
    head_table.save(heads, path)
    again = head_table.read(path)
    assert (again.weights == heads.weights).all()
    assert (again.scale == heads.scale).all()
    assert again.version == heads.version


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_broken_model_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "heads.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="make train"):
        head_table.read(path)
    with pytest.raises(ConfigurationError):
        head_table.read(tmp_path / "absent.npz")


def test_a_model_of_another_shape_is_refused(tmp_path: Path) -> None:
    heads = load().heads
    other = head_table.Heads(
        weights=np.zeros((1000, head_table.HEAD_COUNT), dtype=np.int8),
        scale=heads.scale,
        bias=heads.bias,
        version="x",
        urgency_from=(0.5, 0.5, 0.5),
        reply_rates=heads.reply_rates,
    )
    head_table.save(other, tmp_path / "heads.npz")
    with pytest.raises(ConfigurationError, match="another version"):
        head_table.read(tmp_path / "heads.npz")
