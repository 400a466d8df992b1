"""The linear heads: which columns they have, and the file they are kept in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis.domain import Label, SafetyHead
from levelhead.analysis.scoring import Int8s, Int64s
from levelhead.kernel.errors import ConfigurationError

LABELS: Final = tuple(label.value for label in Label)
SAFETY_HEADS: Final = tuple(head.value for head in SafetyHead)
LANGUAGES: Final = ("en", "es", "und")

# Columns of the weight table.
LABEL = slice(0, 12)
REPLY = 12
URGENCY = slice(13, 17)
HOSTILITY = slice(17, 21)
CRISIS = 21
SAFETY = slice(22, 28)
LANGUAGE = slice(28, 31)
HEAD_COUNT = 32

MODEL_FILE = Path(__file__).parent / "models" / "heads.npz"

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Heads:
    """Weights of all heads over the hashed features."""

    # (rows, HEAD_COUNT), rows a power of two.
    weights: Int8s
    # (HEAD_COUNT,) what one step of a weight is worth, temperature included.
    scale: Floats
    # (HEAD_COUNT,)
    bias: Floats
    # Such as "heads-2026.11".
    version: str
    # From how much probability on a step of urgency (1, 2, 3) or above it is taken.
    urgency_from: tuple[float, float, float]
    # (12,) how often a post of each label is answered in public.
    reply_rates: Floats
    # Thresholds and measures of the training, as JSON types.
    notes: Mapping[str, object] = field(default_factory=dict)


def logits(heads: Heads, totals: NDArray[np.int32], squares: Int64s) -> Floats:
    """(n, HEAD_COUNT) from the sums of the pass; an empty text gets the bias alone."""
    length = np.sqrt(np.maximum(squares, 1)).astype(np.float32)
    return np.asarray(totals * heads.scale / length[:, None] + heads.bias, dtype=np.float32)


def softmax(values: Floats) -> Floats:
    """Over the last axis."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), dtype=np.float32)


def sigmoid(values: Floats) -> Floats:
    """Without overflow for any float32."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -60, 60))), dtype=np.float32)


def save(heads: Heads, path: Path) -> None:
    """Write the model file: a zip of plain arrays, never a pickle."""
    meta = json.dumps(
        {
            "version": heads.version,
            "labels": LABELS,
            "safety": SAFETY_HEADS,
            "languages": LANGUAGES,
            "urgency_from": heads.urgency_from,
            "reply_rates": [round(float(rate), 4) for rate in heads.reply_rates],
            "notes": heads.notes,
        },
        sort_keys=True,
    )
    # Byte planes compress better head by head, so the table is kept transposed.
    np.savez_compressed(
        path,
        weights=np.ascontiguousarray(heads.weights.T),
        scale=heads.scale,
        bias=heads.bias,
        meta=np.frombuffer(meta.encode(), dtype=np.uint8),
    )


def read(path: Path = MODEL_FILE) -> Heads:
    """The heads in `path`; ConfigurationError where the file is missing or does not fit."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            meta = json.loads(file["meta"].tobytes())
            weights = np.ascontiguousarray(file["weights"].T)
            scale, bias = file["scale"], file["bias"]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise ConfigurationError(
            f"The model file {path.name} cannot be read. Run `make train` or install again.",
            path=str(path),
        ) from error
    rows = weights.shape[0]
    if (
        weights.dtype != np.int8
        or weights.shape[1:] != (HEAD_COUNT,)
        or rows & (rows - 1)
        or scale.shape != (HEAD_COUNT,)
        or bias.shape != (HEAD_COUNT,)
        or tuple(meta["labels"]) != LABELS
        or tuple(meta["safety"]) != SAFETY_HEADS
        or len(meta.get("reply_rates", ())) != len(LABELS)
    ):
        raise ConfigurationError(
            f"The model file {path.name} is of another version of the program.", path=str(path)
        )
    one, two, three = meta["urgency_from"]
    return Heads(
        weights=weights,
        scale=scale.astype(np.float32),
        bias=bias.astype(np.float32),
        version=meta["version"],
        urgency_from=(float(one), float(two), float(three)),
        reply_rates=np.array(meta["reply_rates"], dtype=np.float32),
        notes=meta["notes"],
    )
