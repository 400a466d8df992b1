"""The small transformer: reads what the cheap heads are unsure of, and gives texts a meaning."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis.heads import LABELS, SAFETY_HEADS
from levelhead.analysis.wording import PARENT_CHARACTERS, reword
from levelhead.kernel.errors import ConfigurationError

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

INFO_TYPES: Final = (
    "needs_help", "injured_or_dead", "damage", "caution", "missing", "offers", "sympathy", "other",
)  # fmt: skip
STANCES: Final = ("support", "deny", "query", "comment")

# Head and how many columns it has; one column is yes or no.
WIDTHS: Final[Mapping[str, int]] = {
    "label": len(LABELS),
    "reply": 1,
    "urgency": 4,
    "hostility": 4,
    "crisis": 1,
    **dict.fromkeys(SAFETY_HEADS, 1),
    "offensive": 1,
    "claim": 1,
    "stance": len(STANCES),
    "sentiment": 3,
    "info_type": len(INFO_TYPES),
}


def _lay_out() -> dict[str, slice]:
    columns: dict[str, slice] = {}
    start = 0
    for name, width in WIDTHS.items():
        columns[name] = slice(start, start + width)
        start += width
    return columns


COLUMNS: Final[Mapping[str, slice]] = _lay_out()
COLUMN_COUNT: Final = sum(WIDTHS.values())
MEANING_WIDTH: Final = 384

FOLDER: Final = Path(__file__).parent / "models"
MODEL_FILE: Final = FOLDER / "encoder.onnx"
# Layers that were not fine-tuned to the desk: what a text means, for finding answers.
MEANING_FILE: Final = FOLDER / "meaning.onnx"
# The vectors of the word pieces, which both stand on.
WORDS_FILE: Final = FOLDER / "words.npz"
TOKENIZER_FILE: Final = FOLDER / "tokenizer.json"
NOTES_FILE: Final = FOLDER / "encoder.json"

# Word pieces of a text with the post above it, and of the post above alone.
MAX_PIECES: Final = 64
MAX_PARENT_PIECES: Final = 20
# Texts of like length are run together; more at once is slower on a small cache.
MICRO_BATCH: Final = 8
# Small batches that run side by side.
THREADS: Final = 2
_BEGIN, _END = 101, 102


class Pieces:
    """Cuts texts into word pieces the way the encoder was trained on them."""

    def __init__(self, path: Path = TOKENIZER_FILE) -> None:
        # Its own threads would compete with the worker's.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def cut(
        self, texts: Sequence[str], parents: Sequence[str | None] | None = None
    ) -> list[tuple[list[int], int]]:
        """For each text its piece ids, and from which place on they are of the post above."""
        above = parents if parents is not None else [None] * len(texts)
        found = self._tokenizer.encode_batch_fast(
            [reword(text) for text in texts], add_special_tokens=False
        )
        parent_pieces: dict[int, list[int]] = {}
        places = [n for n, parent in enumerate(above) if parent]
        if places:
            wordings = [reword(above[n] or "")[:PARENT_CHARACTERS] for n in places]
            for n, pieces in zip(
                places,
                self._tokenizer.encode_batch_fast(wordings, add_special_tokens=False),
                strict=True,
            ):
                parent_pieces[n] = pieces.ids[:MAX_PARENT_PIECES]
        return [_join(pieces.ids, parent_pieces.get(n, [])) for n, pieces in enumerate(found)]


def _join(ids: list[int], parent: list[int]) -> tuple[list[int], int]:
    room = MAX_PIECES - 2 - (len(parent) + 1 if parent else 0)
    if len(ids) > room:
        # What a long post wants often stands at its end.
        tail = room // 4
        ids = ids[: room - tail] + ids[-tail:]
    joined = [_BEGIN, *ids, _END]
    split = len(joined)
    if parent:
        joined += [*parent, _END]
    return joined, split


def stack_pieces(cut: Sequence[tuple[list[int], int]]) -> tuple[Ids, Ids, Ids]:
    """Texts in pieces as the layers take them: ids, kinds (1 in the post above), mask; (b, s)."""
    longest = max(len(ids) for ids, _ in cut)
    ids = np.zeros((len(cut), longest), dtype=np.int64)
    kinds = np.zeros_like(ids)
    mask = np.zeros_like(ids)
    for n, (pieces, split) in enumerate(cut):
        ids[n, : len(pieces)] = pieces
        kinds[n, split : len(pieces)] = 1
        mask[n, : len(pieces)] = 1
    return ids, kinds, mask


class Encoder:
    """The ONNX model, loaded. Safe to share between threads.

    `threads` small batches run side by side; each runs on one core.
    """

    def __init__(self, folder: Path = FOLDER, *, threads: int = 1) -> None:
        self._crew = ThreadPoolExecutor(threads, "encoder") if threads > 1 else None
        # Where its files lie, and the examples that were read with it.
        self.folder = folder
        try:
            self.notes: Mapping[str, Any] = json.loads(
                (folder / NOTES_FILE.name).read_text(encoding="utf-8")
            )
            self.pieces = Pieces(folder / TOKENIZER_FILE.name)
            self._layers = open_session(folder / MODEL_FILE.name)
            with np.load(folder / WORDS_FILE.name, allow_pickle=False) as file:
                self._rows, self._step = file["rows"], file["step"]
        except Exception as error:
            raise ConfigurationError(
                "The encoder's files cannot be read. Run `make train` or install again.",
                path=str(folder),
            ) from error
        if self.notes.get("columns") != dict(WIDTHS):
            raise ConfigurationError(
                "The encoder's files are of another version of the program.", path=str(folder)
            )

    @property
    def version(self) -> str:
        """Such as "encoder-2026.11"."""
        return str(self.notes["version"])

    def read(
        self, texts: Sequence[str], parents: Sequence[str | None] | None = None
    ) -> tuple[Floats, Floats]:
        """Logits (n, COLUMN_COUNT) and views (n, MEANING_WIDTH) of norm 1.

        A view is where the fine-tuned layers put a text: near texts that the desk treats alike.
        """
        return self.begin(texts, parents)()

    def begin(
        self, texts: Sequence[str], parents: Sequence[str | None] | None = None
    ) -> Callable[[], tuple[Floats, Floats]]:
        """Begin to read; what is returned waits for the end, and gives what `read` gives."""
        return self._begin(texts, parents, self._layers, COLUMN_COUNT)

    def find_meanings(self, texts: Sequence[str]) -> Floats:
        """Meanings (n, MEANING_WIDTH) of norm 1: near for texts that ask or say alike."""
        return self._begin(texts, None, self._meaning, 0)()[1]

    @cached_property
    def _meaning(self) -> Any:
        # Only who looks for answers pays for it.
        return open_session(self.folder / MEANING_FILE.name)

    def _begin(
        self,
        texts: Sequence[str],
        parents: Sequence[str | None] | None,
        layers: Any,
        width: int,
    ) -> Callable[[], tuple[Floats, Floats]]:
        cut = self.pieces.cut(texts, parents)
        values = np.zeros((len(cut), width), dtype=np.float32)
        vectors = np.zeros((len(cut), MEANING_WIDTH), dtype=np.float32)
        # The longest first: the short ones then fill the end.
        order = sorted(range(len(cut)), key=lambda n: -len(cut[n][0]))
        batches = [order[at : at + MICRO_BATCH] for at in range(0, len(order), MICRO_BATCH)]

        def run(places: list[int]) -> None:
            found = self._run([cut[n] for n in places], layers)
            vectors[places] = found[0]
            if width:
                values[places] = found[1]

        # One batch goes no faster in a thread of its own.
        crew = self._crew if len(batches) > 1 else None
        waiting = [] if crew is None else [crew.submit(run, places) for places in batches]

        def finish() -> tuple[Floats, Floats]:
            if crew is None:
                for places in batches:
                    run(places)
            for future in waiting:
                future.result()
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            return values, np.asarray(vectors / np.maximum(norms, 1e-9), dtype=np.float32)

        return finish

    def _run(self, cut: Sequence[tuple[list[int], int]], layers: Any) -> list[Floats]:
        ids, kinds, mask = stack_pieces(cut)
        words = self._rows[ids].astype(np.float32)
        words *= self._step[ids][:, :, None]
        found: list[Floats] = layers.run(None, {"words": words, "kinds": kinds, "mask": mask})
        return found


def open_session(model: Path | bytes) -> Any:
    """An ONNX model, ready to run on one core and quiet."""
    # Before the import: the library counts its uses and keeps them to be sent to its makers.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Kept memory would make nothing faster here, and costs the worker 18 MB.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    # A thread that spins takes the core from the pages.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model),
        options,
        providers=["CPUExecutionProvider"],
        # Fused, this norm keeps the int8 product from being used.
        disabled_optimizers=["SkipLayerNormFusion"],
    )


@cache
def load_encoder() -> Encoder:
    """The encoder of this process, read once."""
    return Encoder(threads=min(THREADS, os.cpu_count() or 1))
