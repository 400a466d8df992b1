"""What corrections teach: a planted pattern is learned, everything else stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis import adapting
from levelhead.analysis.adapting import Adapter, Posts, Share, fit, group_alike, try_out
from levelhead.analysis.encoder import MEANING_WIDTH
from levelhead.analysis.examples import Examples
from levelhead.analysis.heads import LABELS, softmax
from levelhead.analysis.shipped import FEWEST
from levelhead.kernel.errors import Invalid

SERVICE, COMPLAINT = LABELS.index("service"), LABELS.index("complaint")
_draw = np.random.default_rng(3)
CENTRES = _draw.normal(size=(len(LABELS), MEANING_WIDTH)) / MEANING_WIDTH**0.5
# What the agency's own matter looks like: nothing of the shipped posts leans this way.
MATTER = _draw.normal(size=MEANING_WIDTH) / MEANING_WIDTH**0.5


def views_of(labels: np.ndarray, seed: int, lean: float = 0.0) -> np.ndarray:
    """Views around the centres of their labels, some leaning toward the planted matter."""
    noise = np.random.default_rng(seed).normal(size=(len(labels), MEANING_WIDTH))
    views = CENTRES[labels] + 0.6 * noise / MEANING_WIDTH**0.5 + lean * MATTER
    return (views / np.linalg.norm(views, axis=1, keepdims=True)).astype(np.float32)


def values_of(views: np.ndarray) -> np.ndarray:
    """What the cascade makes of them: the nearest centre, and rather sure of it."""
    centres = CENTRES / np.linalg.norm(CENTRES, axis=1, keepdims=True)
    return (10 * views @ centres.T).astype(np.float32)


def posts(labels: np.ndarray, said: np.ndarray, seed: int, lean: float = 0.0) -> Posts:
    views = views_of(labels, seed, lean)
    words = np.random.default_rng(seed).integers(0, 10**9, (len(labels), 6))
    texts = tuple(" ".join(f"w{n}" for n in row) for row in words.tolist())
    return Posts(texts=texts, views=views, values=values_of(views), labels=said)


def shipped(count: int = 360) -> Examples:
    labels = np.arange(count) % len(LABELS)
    views = views_of(labels, 7)
    return Examples(
        texts=tuple(f"example {n}" for n in range(count)),
        labels=labels.astype(np.int64),
        replies=labels > 3,
        views=views,
        label_values=values_of(views),
        held=np.arange(count) % 3 == 0,
    )


def planted(count: int, seed: int = 1) -> Posts:
    """Service reports of the planted matter that this agency calls complaints."""
    return posts(np.full(count, SERVICE), np.full(count, COMPLAINT), seed, lean=1.2)


def left(count: int = 120) -> Posts:
    labels = np.arange(count) % len(LABELS)
    found = posts(labels, labels, 5)
    return Posts(
        texts=found.texts, views=found.views, values=found.values,
        labels=found.values.argmax(axis=1),
    )  # fmt: skip


def test_a_planted_pattern_is_learned_and_the_rest_stays() -> None:
    outcome = try_out(planted(60), left(), shipped())
    assert outcome.shift is not None
    figures = outcome.figures
    assert figures is not None
    assert figures.corrections.before <= 6
    assert figures.corrections.after >= 54
    assert figures.by_label["complaint"] == figures.corrections
    assert figures.kept.lost <= 1
    assert figures.suite.count == 120
    assert figures.suite.after >= figures.suite.before - 1
    assert figures.grave.lost == 0
    fresh = planted(200, seed=99)
    adapter = Adapter(name="a-1", base="b", weights=outcome.shift[0], bias=outcome.shift[1])
    read = (fresh.values + adapter.shift(fresh.views)).argmax(axis=1)
    assert (read == COMPLAINT).mean() >= 0.9
    # Service reports of another matter are service reports still.
    others = posts(np.full(200, SERVICE), np.full(200, SERVICE), 12)
    before = (others.values.argmax(axis=1) == SERVICE).mean()
    after = ((others.values + adapter.shift(others.views)).argmax(axis=1) == SERVICE).mean()
    assert after >= before - 0.02


def test_the_same_corrections_teach_the_same() -> None:
    first, second = (try_out(planted(40), left(), shipped()) for _ in range(2))
    assert first.shift is not None
    assert second.shift is not None
    assert all(np.array_equal(a, b) for a, b in zip(first.shift, second.shift, strict=True))
    assert first.figures == second.figures


def test_too_few_corrections_teach_nothing() -> None:
    outcome = try_out(planted(FEWEST - 1), left(), shipped())
    assert (outcome.shift, outcome.figures, outcome.why_not) == (None, None, "few")


def test_copies_of_one_text_teach_nothing() -> None:
    many = planted(40)
    copies = Posts(
        texts=("The light on Elm Street is out again and again, fix it",) * 40,
        views=many.views, values=many.values, labels=many.labels,
    )  # fmt: skip
    assert try_out(copies, left(), shipped()).why_not == "alike"


def test_corrections_at_random_teach_nothing() -> None:
    labels = np.arange(60) % len(LABELS)
    said = np.random.default_rng(8).permutation(labels)
    outcome = try_out(posts(labels, said, 4), left(240), shipped())
    assert outcome.shift is None
    assert outcome.why_not == "no_gain"
    assert outcome.figures is not None


def test_copies_stand_in_one_fold() -> None:
    texts = ["Where is the pool on Third Street?", "where is the pool on third street", "👍", "👍"]
    groups = group_alike([*texts, "When do you open on Saturday mornings in May?"])
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert len(set(groups.tolist())) == 3
    folds = adapting._folds(np.repeat(np.arange(12), 4))
    assert all(len(set(folds[n * 4 : n * 4 + 4].tolist())) == 1 for n in range(12))
    assert sorted(set(folds.tolist())) == list(range(adapting.FOLDS))


@given(st.lists(st.text(max_size=60), max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_texts_are_grouped(texts: list[str]) -> None:
    groups = group_alike([*texts, *texts]).tolist()
    assert groups[: len(texts)] == groups[len(texts) :]


def test_a_fit_that_has_nothing_to_learn_moves_nothing() -> None:
    found = left(50)
    targets = softmax(found.values)
    weights = np.ones(50, dtype=np.float32)
    w, b = fit(found.views, found.values, targets, weights, 1.0)
    assert float(np.abs(w).max()) < 1e-5
    assert float(np.abs(b).max()) < 1e-5


def test_a_fit_reaches_the_lowest_point() -> None:
    some = planted(80)
    targets = np.zeros((80, len(LABELS)), dtype=np.float32)
    targets[:, COMPLAINT] = 1.0
    weights = np.ones(80, dtype=np.float32)
    w, b = fit(some.views, some.values, targets, weights, 1.0)
    x = np.hstack([some.views, np.ones((80, 1), dtype=np.float32)])
    both = np.vstack([w.T, b])
    slope = x.T @ (softmax(some.values + x @ both) - targets) + both
    start = x.T @ (softmax(some.values) - targets)
    assert float(np.abs(slope).max()) < 0.01 * float(np.abs(start).max())


def test_an_adapter_is_written_and_read_as_it_is() -> None:
    adapter = Adapter(
        name="riverton-3", base="x/1",
        weights=np.ones((len(LABELS), MEANING_WIDTH), dtype=np.float32),
        bias=np.zeros(len(LABELS), dtype=np.float32),
    )  # fmt: skip
    content = adapter.to_bytes()
    assert content == adapter.to_bytes()
    again = Adapter.from_bytes(content)
    assert (again.name, again.base) == ("riverton-3", "x/1")
    assert np.array_equal(again.weights, adapter.weights)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"x" * 500])
def test_a_damaged_adapter_is_refused(damage: bytes) -> None:
    with pytest.raises(Invalid):
        Adapter.from_bytes(damage)


def test_an_adapter_with_numbers_that_are_none_is_refused() -> None:
    weights = np.full((len(LABELS), MEANING_WIDTH), np.nan, dtype=np.float32)
    bad = Adapter(name="a", base="b", weights=weights, bias=np.zeros(12, dtype=np.float32))
    with pytest.raises(Invalid):
        Adapter.from_bytes(bad.to_bytes())


@given(st.binary(max_size=400))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(Invalid):
        Adapter.from_bytes(content)


def test_shares_count_what_changed() -> None:
    labels, before, after = np.array([1, 1, 2, 3]), np.array([1, 0, 0, 3]), np.array([1, 1, 0, 4])
    share = Share.of(labels, before, after)
    assert share == Share(count=4, before=2, after=2, gained=1, lost=1)
