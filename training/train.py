"""Rebuild every model file: `python -m training.train --data DIR [--corpus corpus] [--seed 7]`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from levelhead.analysis import encoder as encoder_table
from levelhead.analysis import examples as example_table
from levelhead.analysis import heads as head_table
from levelhead.analysis import safety
from levelhead.analysis.assess import Assessor
from levelhead.analysis.conversation import forecast as forecast_table
from levelhead.analysis.heads import HEAD_COUNT, LABELS, LANGUAGES, SAFETY_HEADS, Heads
from levelhead.analysis.rereading import Rereader
from training import fit, measure
from training.sources import Example, read_examples

VERSION = "heads-2026.11"
ENCODER_VERSION = "encoder-2026.11"
ROW_BITS = 18
# Layers that give a text its meaning, for finding answers, and texts that they learn it from.
MEANING_LAYERS = 3
MEANING_TEXTS = 10000
# Texts that say how wide the values between the layers reach.
RANGE_TEXTS = 2000
# From how much probability on an urgency of 1, 2, 3 or more it is taken (misses cost more).
URGENCY_FROM = (0.5, 0.4, 0.35)
# The shared sets are nearly all English; each language should count about alike.
LANGUAGE_WEIGHTS = {"en": 0.05, "es": 1.0, "und": 0.7}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One head: its columns, and what an example says about it."""

    name: str
    first: int
    classes: int
    # Inverse of the regularisation, for rows of length 1.
    strength: float
    target: Callable[[Example], int | None]
    weight: Callable[[Example], float]


def _weight(example: Example) -> float:
    return example.weight


def _full(example: Example) -> float:
    return 1.0 if example.source in ("corpus", "phrasebook") else 0.3


def _label(example: Example) -> int | None:
    return None if example.label is None else LABELS.index(example.label)


def _yes(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _language(example: Example) -> int | None:
    return None if example.lang is None else LANGUAGES.index(example.lang)


def _has(head: str) -> Callable[[Example], int | None]:
    def target(example: Example) -> int | None:
        if example.safety is None:
            return None
        return int(head in example.safety)

    return target


def _rare(head: str) -> Callable[[Example], float]:
    """What the net looks for is rare: each find counts for many posts without."""

    def weight(example: Example) -> float:
        own = example.source in ("corpus", "phrasebook")
        found = example.safety is not None and head in example.safety
        return (1.0 if own else 0.05) * (30.0 if found else 1.0)

    return weight


def list_tasks() -> list[Task]:
    """All heads in the order of their columns."""
    tasks = [
        Task(name="label", first=0, classes=12, strength=12, target=_label, weight=_weight),
        Task(
            name="reply", first=head_table.REPLY, classes=1, strength=30,
            target=lambda e: _yes(e.reply), weight=_weight,
        ),
        Task(
            name="urgency", first=13, classes=4, strength=15,
            target=lambda e: e.urgency, weight=_weight,
        ),
        Task(
            name="hostility", first=17, classes=4, strength=10,
            target=lambda e: e.hostility, weight=_full,
        ),
        Task(
            name="crisis", first=head_table.CRISIS, classes=1, strength=5,
            target=lambda e: _yes(e.crisis), weight=_full,
        ),
    ]  # fmt: skip
    for number, head in enumerate(SAFETY_HEADS):
        tasks.append(
            Task(
                name=head, first=22 + number, classes=1, strength=60,
                target=_has(head), weight=_rare(head),
            )
        )  # fmt: skip
    tasks.append(
        Task(
            name="lang",
            first=28,
            classes=3,
            strength=50,
            target=_language,
            weight=lambda example: LANGUAGE_WEIGHTS[example.lang or "und"],
        )
    )
    return tasks


def train(examples: Sequence[Example], *, row_bits: int = ROW_BITS) -> Heads:
    """Fit, calibrate on the corpus's dev part, quantise. The same examples, the same heads."""
    rows = 1 << row_bits
    table = np.zeros((rows, HEAD_COUNT))
    bias = np.zeros(HEAD_COUNT)
    temperatures: dict[str, float] = {}
    counts: dict[str, int] = {}
    shifts: dict[str, float] = {}
    matrix = fit.make_matrix([e.text for e in examples], [e.parent for e in examples], rows)
    for task in list_tasks():
        targets = [task.target(example) for example in examples]
        learn = [n for n, e in enumerate(examples) if targets[n] is not None and e.split == "train"]
        check = [n for n, e in enumerate(examples) if targets[n] is not None and e.split == "dev"]
        wanted = np.array([targets[n] or 0 for n in learn], dtype=np.int64)
        fitted = fit.fit_head(
            matrix[learn],
            wanted,
            np.array([task.weight(examples[n]) for n in learn]),
            classes=task.classes,
            strength=task.strength,
        )
        shift = 0.0
        if task.name in SAFETY_HEADS:
            shift = fit.find_recall_shift(
                matrix[learn],
                wanted,
                np.array([task.weight(examples[n]) for n in learn]),
                np.array([examples[n].source == "corpus" for n in learn]),
                # A copy with a mention before it ends like its original.
                np.array([zlib.crc32(examples[n].text[-40:].encode()) for n in learn]),
                strength=task.strength,
            )
        # A net's half is where its threshold is; a temperature would draw all posts towards it.
        temperature = 1.0
        if task.name not in SAFETY_HEADS:
            temperature = fit.find_temperature(
                fit.predict(fitted, matrix[check]),
                np.array([targets[n] or 0 for n in check], dtype=np.int64),
                np.array([task.weight(examples[n]) for n in check]),
            )
        columns = slice(task.first, task.first + task.classes)
        table[:, columns] = fitted.weights / temperature
        bias[columns] = (fitted.bias + shift) / temperature
        temperatures[task.name], counts[task.name] = round(temperature, 4), len(learn)
        shifts[task.name] = round(shift, 4)
        done = f"{len(learn)} examples, temperature {temperature:.2f}, shift {shift:.2f}"
        print(f"{task.name}: {done}", flush=True)  # noqa: T201
    asked = np.zeros(len(LABELS))
    answered = np.zeros(len(LABELS))
    for example in examples:
        if example.split == "train" and example.label is not None and example.reply is not None:
            asked[LABELS.index(example.label)] += example.weight
            answered[LABELS.index(example.label)] += example.weight * example.reply
    weights, scale = fit.quantise(table)
    return Heads(
        weights=weights,
        scale=scale,
        bias=bias.astype(np.float32),
        version=VERSION,
        urgency_from=URGENCY_FROM,
        reply_rates=(answered / np.maximum(asked, 1e-9)).astype(np.float32),
        notes={"temperature": temperatures, "examples": counts, "shift": shifts},
    )


def train_encoder(
    examples: Sequence[Example], folder: Path, *, seed: int, layers: int, epochs: int
) -> None:
    """Fine-tune the encoder, teach the layers of meaning, and export both as int8."""
    # Here, not above: only this needs torch.
    from training import export, finetune
    from training.minilm import find_weights

    model = finetune.fine_tune(examples, seed=seed, layers=layers, epochs=epochs)
    texts = [e.text for e in examples if e.split == "train" and e.source != "phrasebook"]
    meaning = finetune.distil(
        texts[:: max(1, len(texts) // MEANING_TEXTS)], seed=seed, layers=MEANING_LAYERS, epochs=2
    )
    state = {
        f"{part}.{name}": value.detach().numpy()
        for part, module in (
            ("encoder", model.encoder), ("encoder_heads", model.heads), ("meaning", meaning),
        )
        for name, value in module.state_dict().items()
    }  # fmt: skip
    own = [e for e in examples if e.split == "train" and e.source == "corpus"]
    sample = _stack_inputs(own[:: max(1, len(own) // RANGE_TEXTS)], state["encoder.words.weight"])
    export.export(state, "encoder", folder / encoder_table.MODEL_FILE.name, sample)
    export.export(state, "meaning", folder / encoder_table.MEANING_FILE.name, sample)
    export.export_words(state["encoder.words.weight"], folder / encoder_table.WORDS_FILE.name)
    shutil.copyfile(find_weights() / "tokenizer.json", folder / encoder_table.TOKENIZER_FILE.name)
    notes = {
        "version": ENCODER_VERSION,
        "columns": dict(encoder_table.WIDTHS),
        "layers": layers,
        "epochs": epochs,
        "seed": seed,
    }
    _write_notes(folder, notes)


def _stack_inputs(
    examples: Sequence[Example], words: npt.NDArray[np.float32]
) -> list[dict[str, npt.NDArray[Any]]]:
    """Texts as the exported layers take them, some at a time."""
    from training.minilm import find_weights

    pieces = encoder_table.Pieces(find_weights() / "tokenizer.json")
    cut = pieces.cut([e.text for e in examples], [e.parent for e in examples])
    stacked = []
    for start in range(0, len(cut), 16):
        ids, kinds, mask = encoder_table.stack_pieces(cut[start : start + 16])
        stacked.append({"words": words[ids], "kinds": kinds, "mask": mask})
    return stacked


def _write_notes(folder: Path, notes: Mapping[str, object]) -> None:
    path = folder / encoder_table.NOTES_FILE.name
    path.write_text(json.dumps(notes, indent=1) + "\n", encoding="utf-8")


def fit_together(
    examples: Sequence[Example],
    heads: Heads,
    folder: Path,
    *,
    data: Path,
    corpus: Path,
    seed: int,
) -> None:
    """What needs both stages: how they add up, when an answer fits, examples, the forecast."""
    from training import blending, conversations, fitting_answers, shipped_examples

    encoder = encoder_table.Encoder(folder, threads=2)
    notes = dict(encoder.notes)
    notes["blend"] = blending.fit_blends(heads, encoder, examples)
    notes["retrieval"] = fitting_answers.fit_calibration(encoder, data, seed=seed)
    _write_notes(folder, notes)
    encoder = encoder_table.Encoder(folder, threads=2)
    shipped_examples.write_examples(
        examples, heads, encoder, folder / example_table.MODEL_FILE.name, seed=seed
    )
    rows = conversations.read_conversations(corpus)
    if rows:
        assessor = Assessor(heads, safety.load_rules())
        fit = conversations.fit_forecast(rows, assessor, folder / forecast_table.MODEL_FILE.name)
        print(f"forecast: {fit}", flush=True)  # noqa: T201


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, train, save, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the shared sets")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=head_table.MODEL_FILE)
    parser.add_argument("--bits", type=int, default=ROW_BITS, help="rows of the table, as 2**n")
    parser.add_argument("--limit", type=int, help="rows of each shared set, for a quick try")
    parser.add_argument("--layers", type=int, default=4, help="layers of the encoder")
    parser.add_argument("--epochs", type=int, default=3, help="rounds of the encoder")
    parser.add_argument("--without-encoder", action="store_true", help="the linear heads alone")
    parser.add_argument("--keep-encoder", action="store_true", help="fit it to new heads")
    parser.add_argument("--keep-heads", action="store_true", help="train the encoder alone")
    parser.add_argument("--report", type=Path, help="write the measures here as JSON")
    options = parser.parse_args(arguments)
    examples = read_examples(options.data, options.corpus, seed=options.seed, limit=options.limit)
    if options.keep_heads:
        heads = head_table.read(options.out)
    else:
        heads = train(examples, row_bits=options.bits)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        head_table.save(heads, options.out)
    folder = options.out.parent
    if not options.without_encoder:
        if not options.keep_encoder:
            train_encoder(
                examples, folder,
                seed=options.seed, layers=options.layers, epochs=options.epochs,
            )  # fmt: skip
        fit_together(
            examples, heads, folder,
            data=options.data, corpus=options.corpus, seed=options.seed,
        )  # fmt: skip
    rereader = None
    if not options.without_encoder:
        rereader = Rereader(encoder_table.Encoder(folder, threads=2))
    assessor = Assessor(heads, safety.load_rules(), rereader)
    report = {"seed": options.seed, "version": heads.version}
    for name, share in (("cheap", 0.0), ("cascade", 1.0)):
        if share == 0.0 or rereader is not None:
            report[name] = measure.measure(assessor, examples, options.data, reread=share)
    if not options.keep_heads:
        report["crisis_unseen_events"] = measure.measure_unseen_events(examples, strength=5)
    print(json.dumps(report, indent=1))  # noqa: T201
    if options.report:
        options.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
