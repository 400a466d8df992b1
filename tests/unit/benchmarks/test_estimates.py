"""Measures by hand, against scikit-learn, and their intervals."""

import math

import numpy as np
import pytest

from levelhead.benchmarks.accuracy.estimates import (
    auc,
    average_precision,
    calibration_error,
    draw_places,
    estimate,
    macro_f1,
    recall_at_precision,
    wilson,
)

TRUTH = np.array([True, False, True, False])


def test_rank_measures_by_hand():
    assert auc(TRUTH, np.array([0.9, 0.1, 0.4, 0.6])) == 0.75
    assert auc(TRUTH, np.zeros(4)) == 0.5
    assert math.isnan(auc(np.ones(3, dtype=bool), np.arange(3)))
    assert average_precision(TRUTH, np.array([0.9, 0.1, 0.4, 0.6])) == pytest.approx(5 / 6)
    # Equal scores are one step: everything is found at once.
    assert average_precision(TRUTH, np.zeros(4)) == 0.5
    assert recall_at_precision(TRUTH, np.array([0.9, 0.1, 0.4, 0.6]), precision=0.6) == 1.0
    assert recall_at_precision(TRUTH, np.array([0.9, 0.1, 0.4, 0.6]), precision=0.9) == 0.5
    assert recall_at_precision(TRUTH, np.array([0.1, 0.9, 0.1, 0.9]), precision=0.9) == 0.0


def test_macro_f1_counts_every_class_on_either_side():
    truth, given = np.array(["a", "a", "b"]), np.array(["a", "c", "b"])
    assert macro_f1(truth, given) == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_calibration_error_by_hand():
    truth = np.array([1, 0, 1, 1])
    assert calibration_error(truth, np.array([0.5, 0.5, 1.0, 1.0])) == 0.0
    assert calibration_error(truth, np.array([1.0, 1.0, 1.0, 1.0])) == 0.25


def test_the_same_as_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(3)
    for n in (5, 50, 400):
        truth = np.append(draw.random(n) < 0.3, [True, False])
        scores = np.round(draw.random(n + 2), 1)
        names, said = draw.choice(list("abc"), n), draw.choice(list("abcd"), n)
        assert auc(truth, scores) == pytest.approx(metrics.roc_auc_score(truth, scores))
        assert average_precision(truth, scores) == pytest.approx(
            metrics.average_precision_score(truth, scores)
        )
        assert macro_f1(names, said) == pytest.approx(
            metrics.f1_score(names, said, average="macro", zero_division=0.0)
        )


def test_a_share_of_few_has_bounds_and_of_many_none():
    assert wilson(0, 10) == (0.0, pytest.approx(0.2775, abs=1e-4))
    few = estimate("accuracy", np.ones(10), np.ones(10))
    assert (few.value, few.high) == (1.0, 1.0)
    assert few.low == pytest.approx(0.7225, abs=1e-4)
    many = estimate("accuracy", np.ones(3000), np.ones(3000))
    assert (many.low, many.high) == (None, None)


def test_recall_is_bounded_by_the_true_cases_alone():
    truth = np.array([True] * 4 + [False] * 2500)
    figure = estimate("recall", truth, truth)
    assert figure.value == 1.0
    assert figure.low == pytest.approx(0.51, abs=0.01)


def test_groups_stay_whole():
    places = draw_places(6, ["x", "x", "x", "y", "y", "y"], draws=50, seed=1)
    for drawn in places:
        assert set(np.bincount(drawn, minlength=6)[:3]) <= {0, 1, 2}
        assert len(set(np.bincount(drawn, minlength=6)[:3])) == 1
    truth, given = np.ones(2400), np.array([1] * 1200 + [0] * 1200)
    apart = estimate("accuracy", truth, given)
    together = estimate("accuracy", truth, given, groups=["x"] * 1200 + ["y"] * 1200)
    assert apart.low is None
    assert (together.low, together.high) == (0.0, 1.0)


def test_the_bounds_of_a_calibration_error_hold_its_value():
    draw = np.random.default_rng(5)
    chances = draw.random(300)
    figure = estimate("ECE", draw.random(300) < chances, chances)
    assert figure.low is not None
    assert figure.high is not None
    assert 0 <= figure.low < figure.value < figure.high
