"""How near a post must be to an approved answer to fit it, learned from CLINC150 (CC BY 3.0)."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from levelhead.analysis.encoder import Encoder
from levelhead.analysis.retrieval import measure_closeness
from training.sources import read_rows

# Texts an answer has: from its bare title to a list of questions.
SIZES = (1, 2, 4, 8)


def fit_calibration(encoder: Encoder, data: Path, *, seed: int) -> list[float]:
    """[closeness, lead, shift]: from the train and validation parts; the test part is kept."""
    rows = read_rows(data, "clinc150")
    if not rows:
        return [12.0, 6.0, -7.0]
    choose = random.Random(f"{seed} answers")  # noqa: S311 - not for secrets
    known: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["split"] == "train":
            known[row["intent"]].append(row["text"])
    asked = [(r["text"], r["intent"]) for r in rows if r["split"] == "val"]
    asked = choose.sample(asked, min(600, len(asked)))
    asked += [(r["text"], None) for r in rows if r["split"] in ("oos_val", "oos_train")] * 3
    meanings = encoder.find_meanings([text for text, _ in asked])
    features, fits = [], []
    for size in SIZES:
        # A desk has some dozens of answers, not 150.
        intents = choose.sample(sorted(known), 60)
        texts = [(n, t) for n, i in enumerate(intents) for t in choose.sample(known[i], size)]
        owners = np.array([n for n, _ in texts])
        places = [np.flatnonzero(owners == n) for n in range(len(intents))]
        near = meanings @ encoder.find_meanings([text for _, text in texts]).T
        for row, (_, intent) in zip(near, asked, strict=True):
            closeness = measure_closeness(row, places)
            first, second = np.argsort(-closeness)[:2]
            features.append([closeness[first], closeness[first] - closeness[second]])
            fits.append(intent is not None and intents[first] == intent)
    model = LogisticRegression(C=100.0, max_iter=500).fit(np.array(features), fits)
    return [round(float(v), 4) for v in (*model.coef_[0], model.intercept_[0])]
