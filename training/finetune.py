"""Fine-tune the encoder on all heads at once; the same examples and seed give the same weights."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from levelhead.analysis.encoder import (
    COLUMN_COUNT,
    COLUMNS,
    INFO_TYPES,
    STANCES,
    WIDTHS,
    Pieces,
)
from levelhead.analysis.heads import LABELS, SAFETY_HEADS
from training.minilm import WIDTH, Encoder, find_weights, load_encoder
from training.sources import OWN_SOURCES, Example, add_mentions

RATE = 1.5e-4
BATCH = 32
# Rows of the shared sets and of the phrasebook in each epoch, drawn anew.
SHARED_ROWS = 6000
SHARED_PARTS = {
    "davidson": 0.3,
    "crisislex_t6": 0.25,
    "crisislex_t26": 0.2,
    "disaster_response": 0.12,
    "sms_spam": 0.05,
    "bengaluru_civic": 0.03,
    "clinc150": 0.03,
    "banking77": 0.02,
}
PHRASES = 1000

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Row:
    """An example in pieces: what each head should say (-1 nothing known) and how much it counts."""

    pieces: list[int]
    split: int
    targets: list[int]
    weights: list[float]


def _index(names: Sequence[str], name: str | None) -> int:
    return -1 if name is None else names.index(name)


def _yes(value: bool | None) -> int:
    return -1 if value is None else int(value)


def _target(head: str) -> Callable[[Example], int]:
    if head in SAFETY_HEADS:
        return lambda e: -1 if e.safety is None else int(head in e.safety)
    targets: dict[str, Callable[[Example], int]] = {
        "label": lambda e: _index(LABELS, e.label),
        "reply": lambda e: _yes(e.reply),
        "urgency": lambda e: -1 if e.urgency is None else e.urgency,
        "hostility": lambda e: -1 if e.hostility is None else e.hostility,
        "crisis": lambda e: _yes(e.crisis),
        "offensive": lambda e: _yes(e.offensive),
        "claim": lambda e: _yes(e.claim),
        "stance": lambda e: _index(STANCES, e.stance),
        "sentiment": lambda e: -1 if e.sentiment is None else e.sentiment + 1,
        "info_type": lambda e: _index(INFO_TYPES, e.info_type),
    }
    return targets[head]


TARGETS = {head: _target(head) for head in WIDTHS}


def _weigh(head: str, example: Example, target: int) -> float:
    own = example.source in OWN_SOURCES
    if head == "label":
        return 2.0 * example.weight
    if head == "reply":
        return example.weight
    if head == "urgency":
        return 0.5 * example.weight
    if head in SAFETY_HEADS:
        # What the net looks for is rare; a find counts for eight posts without.
        return (1.0 if own else 0.15) * (4.0 if target else 0.5)
    return 1.0 if own else 0.3


def prepare(examples: Sequence[Example], pieces: Pieces) -> list[Row]:
    """Examples as the loop takes them."""
    cut = pieces.cut([e.text for e in examples], [e.parent for e in examples])
    rows = []
    for example, (ids, split) in zip(examples, cut, strict=True):
        targets = [TARGETS[head](example) for head in WIDTHS]
        weights = [
            _weigh(head, example, target) for head, target in zip(WIDTHS, targets, strict=True)
        ]
        rows.append(Row(ids, split, targets, weights))
    return rows


class Model(nn.Module):
    """The encoder with all heads on its mean vector."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.encoder = load_encoder(layers)
        # The vocabulary is kept as it is: words that our few thousand posts lack keep their sense.
        self.encoder.words.weight.requires_grad_(False)
        self.encoder.places.weight.requires_grad_(False)
        self.heads = nn.Linear(WIDTH, COLUMN_COUNT)
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.zeros_(self.heads.bias)

    def forward(self, ids: Tensor, kinds: Tensor, mask: Tensor) -> Tensor:
        """(b, COLUMN_COUNT) logits."""
        mean = self.encoder(ids, kinds, mask)
        return self.heads(functional.dropout(mean, 0.1, self.training))


def _stack(rows: Sequence[tuple[list[int], int]]) -> tuple[Tensor, Tensor, Tensor]:
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    kinds = torch.zeros_like(ids)
    mask = torch.zeros(len(rows), longest, dtype=torch.bool)
    for n, (pieces, split) in enumerate(rows):
        ids[n, : len(pieces)] = torch.tensor(pieces)
        kinds[n, split : len(pieces)] = 1
        mask[n, : len(pieces)] = True
    return ids, kinds, mask


def _batches(rows: Sequence[Row], choose: random.Random) -> Iterator[list[Row]]:
    """Batches of texts of like length, in any order."""
    order = list(range(len(rows)))
    choose.shuffle(order)
    batches = []
    for start in range(0, len(order), BATCH * 40):
        block = sorted(order[start : start + BATCH * 40], key=lambda n: len(rows[n].pieces))
        batches += [block[at : at + BATCH] for at in range(0, len(block), BATCH)]
    choose.shuffle(batches)
    for batch in batches:
        yield [rows[n] for n in batch]


def _loss(logits: Tensor, rows: Sequence[Row]) -> Tensor:
    targets = torch.tensor([row.targets for row in rows])
    weights = torch.tensor([row.weights for row in rows])
    total = torch.zeros(())
    for place, (head, width) in enumerate(WIDTHS.items()):
        known = targets[:, place] >= 0
        if not known.any():
            continue
        said, wanted = logits[known, COLUMNS[head]], targets[known, place]
        if width == 1:
            each = functional.binary_cross_entropy_with_logits(
                said[:, 0], wanted.float(), reduction="none"
            )
        else:
            each = functional.cross_entropy(said, wanted, reduction="none", label_smoothing=0.05)
        total = total + (each * weights[known, place]).sum() / len(rows)
    return total


def _draw(examples: Sequence[Example], *, seed: int, epoch: int) -> list[Example]:
    """The examples of one epoch: all of our own, and a part of the others."""
    choose = random.Random(f"{seed} epoch {epoch}")  # noqa: S311 - not for secrets
    own = [e for e in examples if e.source in OWN_SOURCES]
    named = list(add_mentions([e for e in own if e.source == "corpus"], seed=seed * 100 + epoch))
    choose.shuffle(named)
    drawn = own + [replace(e, weight=1.4 * e.weight) for e in named[: len(named) // 2]]
    others: dict[str, list[Example]] = {}
    for example in examples:
        if example.source not in OWN_SOURCES:
            others.setdefault(example.source, []).append(example)
    for source, found in sorted(others.items()):
        most = PHRASES if source == "phrasebook" else int(SHARED_ROWS * SHARED_PARTS[source])
        choose.shuffle(found)
        drawn += found[:most]
    return drawn


def fine_tune(
    examples: Sequence[Example],
    *,
    seed: int,
    layers: int,
    epochs: int,
    after_epoch: Callable[[Model, int], None] | None = None,
) -> Model:
    """The model after `epochs` rounds over the train part of `examples`."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    learn = [e for e in examples if e.split == "train"]
    pieces = Pieces(find_weights() / "tokenizer.json")
    model = Model(layers)
    body = [p for p in model.encoder.parameters() if p.requires_grad]
    heads = list(model.heads.parameters())
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": RATE}, {"params": heads, "lr": 10 * RATE}], weight_decay=0.01
    )
    steps = epochs * (len(_draw(learn, seed=seed, epoch=0)) // BATCH + 45)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, step / (0.08 * steps)) * max(0.0, 1.0 - step / steps)
    )
    begun = time.monotonic()
    for epoch in range(epochs):
        rows = prepare(_draw(learn, seed=seed, epoch=epoch), pieces)
        choose = random.Random(f"{seed} order {epoch}")  # noqa: S311 - not for secrets
        model.train()
        total = count = 0.0
        for batch in _batches(rows, choose):
            inputs = _stack([(row.pieces, row.split) for row in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(*inputs)
            loss = _loss(logits.float(), batch)
            loss.backward()
            nn.utils.clip_grad_norm_(body + heads, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            schedule.step()
            total, count = total + loss.item(), count + 1
        took = time.monotonic() - begun
        print(f"epoch {epoch + 1}/{epochs}: loss {total / count:.3f}, {took:.0f} s", flush=True)  # noqa: T201
        if after_epoch:
            after_epoch(model, epoch)
    return model


def read(
    model: nn.Module, texts: Sequence[str], parents: Sequence[str | None] | None = None
) -> Floats:
    """The vectors that `model` gives for texts, in order."""
    cut = Pieces(find_weights() / "tokenizer.json").cut(texts, parents)
    order = sorted(range(len(cut)), key=lambda n: len(cut[n][0]))
    found: dict[int, Floats] = {}
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(order), 64):
            places = order[start : start + 64]
            values = model(*_stack([cut[n] for n in places])).float().numpy()
            found.update(zip(places, values, strict=True))
    return np.stack([found[n] for n in range(len(cut))])


def distil(texts: Sequence[str], *, seed: int, layers: int, epochs: int) -> Encoder:
    """The first published layers, taught to say what all six say of `texts`."""
    torch.manual_seed(seed)
    unique = list(dict.fromkeys(texts))
    wanted = functional.normalize(torch.from_numpy(read(load_encoder(6), unique)), dim=1)
    cut = Pieces(find_weights() / "tokenizer.json").cut(unique)
    student = load_encoder(layers)
    student.words.weight.requires_grad_(False)
    student.places.weight.requires_grad_(False)
    body = [p for p in student.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(body, lr=RATE, weight_decay=0.01)
    steps = epochs * (len(unique) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, step / (0.08 * steps)) * max(0.0, 1.0 - step / steps)
    )
    for epoch in range(epochs):
        choose = random.Random(f"{seed} distil {epoch}")  # noqa: S311 - not for secrets
        order = list(range(len(unique)))
        choose.shuffle(order)
        student.train()
        total = 0.0
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                said = student(*_stack([cut[n] for n in places]))
            loss = (1.0 - functional.cosine_similarity(said.float(), wanted[places])).mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            schedule.step()
            total += float(loss.detach()) * len(places)
        print(f"meaning {epoch + 1}/{epochs}: cosine {1 - total / len(unique):.3f}", flush=True)  # noqa: T201
    return student
