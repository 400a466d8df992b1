"""The second stage of the cascade: which posts the encoder reads, and how both views add up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis import heads as head_table
from levelhead.analysis.adapting import Adapter
from levelhead.analysis.domain import CloseReading, PostText, SimilarExample
from levelhead.analysis.encoder import COLUMNS, INFO_TYPES, STANCES, Encoder, load_encoder
from levelhead.analysis.examples import MODEL_FILE as EXAMPLES_FILE
from levelhead.analysis.examples import find_similar, load_examples
from levelhead.analysis.heads import HEAD_COUNT, SAFETY_HEADS, sigmoid, softmax
from levelhead.analysis.shipped import base_of

Floats = NDArray[np.float32]

# How much a safety head that may go either way counts against an unsure label.
_GREY = 2.0
# Where in the columns of the cheap heads each blended head stands.
PLACES = {
    "label": head_table.LABEL,
    "reply": slice(head_table.REPLY, head_table.REPLY + 1),
    "urgency": head_table.URGENCY,
    "hostility": head_table.HOSTILITY,
    "crisis": slice(head_table.CRISIS, head_table.CRISIS + 1),
    **{
        name: slice(head_table.SAFETY.start + n, head_table.SAFETY.start + n + 1)
        for n, name in enumerate(SAFETY_HEADS)
    },
}
BLENDED_HEADS = tuple(PLACES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Blend:
    """How the two views add up, per column of the heads: a * cheap + b * encoder + c."""

    cheap: Floats
    encoder: Floats
    shift: Floats


def read_blend(notes: Mapping[str, Any]) -> Blend:
    """From `blend` in the encoder's notes: head to [a, b, c]; a head without one stays cheap."""
    cheap = np.ones(HEAD_COUNT, dtype=np.float32)
    encoder = np.zeros(HEAD_COUNT, dtype=np.float32)
    shift = np.zeros(HEAD_COUNT, dtype=np.float32)
    for head, (a, b, c) in notes.get("blend", {}).items():
        place = PLACES[head]
        cheap[place], encoder[place], shift[place] = a, b, c
    return Blend(cheap=cheap, encoder=encoder, shift=shift)


def spread(logits: Floats) -> Floats:
    """The encoder's (n, COLUMN_COUNT) in the columns of the cheap heads; zero where it is mute."""
    out = np.zeros((len(logits), HEAD_COUNT), dtype=np.float32)
    for head, place in PLACES.items():
        out[:, place] = logits[:, COLUMNS[head]]
    return out


def choose_unsure(values: Floats, most: int) -> list[int]:
    """At most `most` rows of the cheap logits, the least sure first."""
    if most <= 0:
        return []
    if most >= len(values):
        return list(range(len(values)))
    doubt = 1.0 - softmax(values[:, head_table.LABEL]).max(axis=1)
    grey = sigmoid(values[:, head_table.SAFETY])
    doubt += _GREY * (grey * (1.0 - grey)).max(axis=1)
    chosen = np.argpartition(-doubt, most)[:most]
    return [int(n) for n in np.sort(chosen)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Posts that the encoder is reading."""

    # Waits for its logits and views.
    read: Callable[[], tuple[Floats, Floats]]
    # Which of them have a post above.
    above: list[bool]


class Rereader:
    """The encoder and how its view is blended with the cheap one; read when first needed."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        self._given = encoder

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder; ConfigurationError where its files are missing."""
        return self._given or load_encoder()

    @cached_property
    def blend(self) -> Blend:
        """From the encoder's notes."""
        return read_blend(self.encoder.notes)

    @property
    def version(self) -> str:
        """What `Assessment.model` says of a post that was reread."""
        return self.encoder.version

    def begin(self, posts: Sequence[PostText]) -> Reading | None:
        """Let the encoder read `posts`; it goes on in its own threads where it has some."""
        if not posts:
            return None
        above = [post.parent_text for post in posts]
        read = self.encoder.begin([post.text for post in posts], above)
        return Reading(read=read, above=[bool(parent) for parent in above])

    def blend_in(
        self,
        values: Floats,
        places: Sequence[int],
        reading: Reading,
        adapters: Sequence[Adapter | None] = (),
        *,
        likes: bool = False,
    ) -> dict[int, CloseReading]:
        """Wait for the encoder; blend its view into rows `places` of `values`, in place.

        `adapters` has one that fits, or none, for each row of `values`. Returns what it adds, by
        row; with `likes` the labelled example most like it as well, which takes a while to find.
        """
        logits, views = reading.read()
        self._add_up(values, places, logits)
        for k, n in enumerate(places if adapters else ()):
            if (adapter := adapters[n]) is not None:
                values[n, head_table.LABEL] += adapter.shift(views[k : k + 1])[0]
        like: list[SimilarExample | None] = [None] * len(places)
        if likes:
            like = find_similar(views, load_examples(self.encoder.folder / EXAMPLES_FILE.name))
        return dict(zip(places, describe(logits, reading.above, like), strict=True))

    def read_labels(self, values: Floats, reading: Reading) -> tuple[Floats, Floats]:
        """Wait for the encoder, which reads all rows: (n, 12) label logits of both, and views."""
        logits, views = reading.read()
        self._add_up(values, range(len(values)), logits)
        return values[:, head_table.LABEL].copy(), views

    def _add_up(self, values: Floats, places: Sequence[int], logits: Floats) -> None:
        rows, blend = list(places), self.blend
        values[rows] = values[rows] * blend.cheap + spread(logits) * blend.encoder + blend.shift

    def fits(self, adapter: Adapter) -> bool:
        """Whether it was fitted on these models; beside others it means nothing."""
        return adapter.base == base_of(self.encoder.folder)


def describe(
    logits: Floats, above: Sequence[bool], like: Sequence[SimilarExample | None]
) -> list[CloseReading]:
    """What the encoder alone knows; `above` says which texts had a post above them."""
    single = sigmoid(logits)
    offensive = single[:, COLUMNS["offensive"]][:, 0].tolist()
    claim = single[:, COLUMNS["claim"]][:, 0].tolist()
    stance = softmax(logits[:, COLUMNS["stance"]]).tolist()
    feeling = softmax(logits[:, COLUMNS["sentiment"]])
    sentiment = (feeling[:, 2] - feeling[:, 0]).tolist()
    kind = logits[:, COLUMNS["info_type"]].argmax(axis=1).tolist()
    return [
        CloseReading(
            offensive=offensive[n],
            claim=claim[n],
            stance=dict(zip(STANCES, stance[n], strict=True)) if above[n] else None,
            sentiment=sentiment[n],
            info_type=INFO_TYPES[kind[n]],
            like=like[n],
        )
        for n in range(len(logits))
    ]
