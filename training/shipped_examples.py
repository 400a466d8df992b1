"""Which of our own posts ship beside the models, and what the models make of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from levelhead.analysis import examples as example_table
from levelhead.analysis import heads as head_table
from levelhead.analysis.encoder import Encoder
from levelhead.analysis.examples import Examples
from levelhead.analysis.heads import LABELS, Heads
from levelhead.analysis.rereading import read_blend, spread
from training.blending import score_cheaply
from training.sources import Example

# Of those that the models were trained on, at most so many of each label.
OF_EACH_LABEL = 150


def write_examples(
    examples: Sequence[Example], heads: Heads, encoder: Encoder, path: Path, *, seed: int
) -> int:
    """Write the test part of the corpus and some of its train part; how many."""
    choose = random.Random(f"{seed} shipped")  # noqa: S311 - not for secrets
    own = [e for e in examples if e.source == "corpus" and e.label and len(e.text) <= 400]
    # Copies with a mention before them would be shown with a name that nobody wrote.
    own = [e for e in own if e.weight == 1.0]
    kept = [e for e in own if e.split == "test"]
    for label in LABELS:
        found = [e for e in own if e.split == "train" and e.label == label]
        kept += choose.sample(found, min(OF_EACH_LABEL, len(found)))
    logits, views = encoder.read([e.text for e in kept], [e.parent for e in kept])
    blend = read_blend(encoder.notes)
    values = score_cheaply(heads, kept) * blend.cheap + spread(logits) * blend.encoder
    example_table.save(
        Examples(
            texts=tuple(e.text for e in kept),
            labels=np.array([LABELS.index(e.label or "") for e in kept]),
            replies=np.array([bool(e.reply) for e in kept]),
            views=views,
            label_values=values[:, head_table.LABEL],
            held=np.array([e.split == "test" for e in kept]),
        ),
        path,
    )
    return len(kept)
