"""Labelled posts of our own that ship with the models: to show what a post is like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis.domain import Label, SimilarExample
from levelhead.analysis.heads import LABELS
from levelhead.kernel.errors import ConfigurationError

Floats = NDArray[np.float32]

MODEL_FILE: Final = Path(__file__).parent / "models" / "examples.npz"
# Under this cosine a text is not like another in any way worth showing.
LIKE_FROM: Final = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Invented posts with their labels, and what the models make of them."""

    texts: tuple[str, ...]
    # (n,) places in LABELS.
    labels: NDArray[np.int64]
    # (n,) whether the agency should reply.
    replies: NDArray[np.bool_]
    # (n, MEANING_WIDTH) of norm 1: where the encoder puts them.
    views: Floats
    # (n, 12) label logits, both stages of the cascade together.
    label_values: Floats
    # (n,) true for posts that no model was trained on: the built-in suite.
    held: NDArray[np.bool_]


def find_similar(views: Floats, examples: Examples) -> list[SimilarExample | None]:
    """For each view of norm 1 the labelled post most like it; None where nothing is like it."""
    near = views @ examples.views.T
    return [
        SimilarExample(
            text=examples.texts[n],
            label=Label(LABELS[examples.labels[n]]),
            similarity=round(float(row[n]), 3),
        )
        if row[n] >= LIKE_FROM
        else None
        for row, n in zip(near, near.argmax(axis=1).tolist(), strict=True)
    ]


def save(examples: Examples, path: Path) -> None:
    """Write the file: plain arrays; views as int8, which costs a hundredth of a cosine."""
    step = max(1e-6, float(np.abs(examples.views).max()) / 127)
    blob = [text.encode() for text in examples.texts]
    np.savez_compressed(
        path,
        text=np.frombuffer(b"".join(blob), dtype=np.uint8),
        ends=np.cumsum([len(part) for part in blob], dtype=np.int64),
        labels=examples.labels.astype(np.int8),
        replies=examples.replies,
        views=np.rint(examples.views / step).astype(np.int8),
        label_values=examples.label_values.astype(np.float16),
        held=examples.held,
    )


@cache
def load_examples(path: Path = MODEL_FILE) -> Examples:
    """The shipped examples, read once; ConfigurationError where they are missing or broken."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            blob, ends = file["text"].tobytes(), file["ends"].tolist()
            views = file["views"].astype(np.float32)
            views /= np.maximum(np.linalg.norm(views, axis=1, keepdims=True), 1e-9)
            return Examples(
                texts=tuple(blob[a:b].decode() for a, b in zip([0, *ends[:-1]], ends, strict=True)),
                labels=file["labels"].astype(np.int64),
                replies=file["replies"],
                views=views,
                label_values=file["label_values"].astype(np.float32),
                held=file["held"],
            )
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise ConfigurationError(
            f"The model file {path.name} cannot be read. Run `make train` or install again.",
            path=str(path),
        ) from error
