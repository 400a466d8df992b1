"""The forecast's weights, from our own conversations alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.model_selection import GroupKFold, cross_val_predict  # type: ignore[import-untyped]

from levelhead.analysis.assess import Assessor
from levelhead.analysis.conversation.domain import Turn
from levelhead.analysis.conversation.forecast import make_features, name_features
from levelhead.analysis.encoder import Encoder

VERSION = "conversation-2026.11"
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)


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
    rows: Sequence[dict[str, Any]], assessor: Assessor, encoder: Encoder, path: Path
) -> dict[str, float]:
    """Write the weights to `path`; how good they are across folds of pairs.

    The encoder's own columns are left out: it has seen these conversations, so it would look
    better here than it is. Its weight is set to what keeps it one voice among several.
    """
    learn = [row for row in rows if row["split"] == "train"]
    names = name_features()
    features = make_features([take_turns(row) for row in learn], assessor, encoder)
    targets = np.array([row["derails"] for row in learn])
    pairs = np.unique([row["pair"] for row in learn], return_inverse=True)[1]
    middle, spread = features.mean(0), np.maximum(features.std(0), 1e-3)
    scaled = (features - middle) / spread
    read = [n for n, name in enumerate(names) if name.startswith("encoder:")]
    own = np.delete(scaled, read, axis=1)
    best, best_right = STRENGTHS[0], 0.0
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=500)
        said = cross_val_predict(model, own, targets, groups=pairs, cv=GroupKFold(10))
        right = float((said == targets).mean())
        if right > best_right + 1e-9:
            best, best_right = strength, right
    model = LogisticRegression(C=best, max_iter=500).fit(own, targets)
    weights = np.zeros(len(names))
    weights[[n for n in range(len(names)) if n not in read]] = model.coef_[0]
    file = {
        "version": VERSION,
        "features": names,
        "middle": [round(float(v), 5) for v in middle],
        "spread": [round(float(v), 5) for v in spread],
        "weights": [round(float(v), 5) for v in weights],
        "bias": round(float(model.intercept_[0]), 5),
    }
    path.write_text(json.dumps(file, indent=1) + "\n", encoding="utf-8")
    return {"n": len(learn), "folds_accuracy": round(best_right, 3), "strength": best}
