"""The forecast's weights, from our own conversations alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # type: ignore[import-untyped]

from levelhead.analysis.assess import Assessor
from levelhead.analysis.conversation.cues import load_cues
from levelhead.analysis.conversation.domain import Turn
from levelhead.analysis.conversation.forecast import make_features, name_features

VERSION = "conversation-2026.11"
# Inverse of the penalty; ten times as much is better on our own pairs and worse on others.
STRENGTH = 0.003
# Our pairs hold few open insults before the attack, and would teach that they mean nothing.
LEAST = {"insults": 0.05}

Floats = npt.NDArray[np.float64]


def read_conversations(folder: Path) -> list[dict[str, Any]]:
    """All of ours."""
    return [
        json.loads(line)
        for path in sorted((folder / "conversations").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def take_turns(row: dict[str, Any]) -> list[Turn]:
    """The turns of a row."""
    return [Turn(text=turn["text"], author=turn.get("author", "")) for turn in row["turns"]]


def fit_forecast(
    rows: Sequence[dict[str, Any]], assessor: Assessor, path: Path
) -> dict[str, float]:
    """Write the weights to `path`; how good they are on the conversations that were held back.

    A cue that warns may only warn and one that calms only calm, and all weights are held small:
    what tells our own pairs apart beyond that is how we write, and does not carry to other sites.
    For the same reason the encoder has no voice in it: fine-tuned on these pairs it was better on
    those held back, and no better than chance on another site's.
    """
    names = name_features()
    features = make_features([take_turns(row) for row in rows], assessor)
    targets = np.array([float(row["derails"]) for row in rows])
    split = np.array([row["split"] for row in rows])
    learn = split == "train"
    middle, spread = features[learn].mean(0), np.maximum(features[learn].std(0), 1e-3)
    scaled = (features - middle) / spread
    warns = {cue.id: cue.raises for cue in load_cues()}
    limits: list[tuple[float | None, float | None]] = [
        (LEAST.get(name.split(":")[0], 0.0), None)
        if warns.get(name.split(":")[0], True)
        else (None, 0.0)
        for name in names
    ]
    weights, bias = fit_limited(scaled[learn], targets[learn], limits)
    right = ((scaled[~learn] @ weights + bias > 0) == (targets[~learn] > 0)).mean()
    file = {
        "version": VERSION,
        "features": names,
        "middle": [round(float(v), 5) for v in middle],
        "spread": [round(float(v), 5) for v in spread],
        "weights": [round(float(v), 5) for v in weights],
        "bias": round(float(bias), 5),
    }
    path.write_text(json.dumps(file, indent=1) + "\n", encoding="utf-8")
    return {
        "n": int(learn.sum()),
        "held": int((~learn).sum()),
        "held_accuracy": round(float(right), 3),
    }


def fit_limited(
    features: Floats, targets: Floats, limits: Sequence[tuple[float | None, float | None]]
) -> tuple[Floats, float]:
    """Logistic regression with a strong penalty and weights within `limits`; weights and bias."""

    def loss(values: Floats) -> tuple[float, Floats]:
        z = features @ values[:-1] + values[-1]
        wrong = 1.0 / (1.0 + np.exp(-z)) - targets
        value = STRENGTH * (np.logaddexp(0, z) - targets * z).sum() + 0.5 * (values[:-1] ** 2).sum()
        slope = np.append(STRENGTH * (features.T @ wrong) + values[:-1], STRENGTH * wrong.sum())
        return float(value), slope

    start = np.zeros(features.shape[1] + 1)
    bounds = [*limits, (None, None)]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return found[:-1], float(found[-1])
