"""What a post is like: the cheap heads for all, the encoder for the unsure, the safety net."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from levelhead.analysis import heads as head_table
from levelhead.analysis import rereading, safety, scoring
from levelhead.analysis.adapting import Adapter
from levelhead.analysis.domain import (
    Assessment,
    CloseReading,
    Label,
    PostText,
    SafetyHead,
    Span,
)
from levelhead.analysis.encoder import MEANING_WIDTH
from levelhead.analysis.features import HEAD_BYTES, TAIL_BYTES
from levelhead.analysis.heads import LABELS, SAFETY_HEADS, Heads
from levelhead.analysis.language import choose_language
from levelhead.analysis.masking import unmask
from levelhead.analysis.rereading import Rereader
from levelhead.analysis.safety import Finding, SafetyNet

# So many posts are scored in one pass; more only costs memory.
BATCH = 1024

_LABEL_OF = tuple(Label(name) for name in LABELS)
_INDEX_OF = {name: number for number, name in enumerate(LABELS)}


@dataclass(kw_only=True, slots=True)
class Begun:
    """A batch between the cheap pass and what is made of it."""

    posts: Sequence[PostText]
    # Their texts in plain letters, as long as they were.
    texts: Sequence[str]
    # (n, HEAD_COUNT) logits.
    values: head_table.Floats
    sums: scoring.Sums
    # Those that the encoder reads, and its answer to come.
    places: list[int] = field(default_factory=list)
    reading: rereading.Reading | None = None
    # What each post's agency taught, where that fits the models; empty where nobody did.
    adapters: Sequence[Adapter | None] = ()


class Assessor:
    """The heads and the safety net, loaded. Safe to share between threads."""

    def __init__(self, heads: Heads, net: SafetyNet, rereader: Rereader | None = None) -> None:
        self.heads = heads
        self.net = net
        self.rereader = rereader

    @property
    def version(self) -> str:
        """What `Assessment.model` says of a post that the encoder was not asked about."""
        return self.heads.version

    def assess(
        self,
        posts: Sequence[PostText],
        *,
        reread: float = 0.0,
        adapters: Sequence[Adapter | None] = (),
        likes: bool = False,
    ) -> list[Assessment]:
        """One assessment for each post, in order. Any text will do; long ones are sampled.

        `reread` is the share of the posts, the least sure first, that the encoder reads as well
        (0 to 1); without one none is.

        `adapters` has for each post what its agency taught, or none; only posts that the encoder
        reads are shifted, and only by an adapter that was fitted on these models.

        With `likes` each reread post comes with the labelled example most like it, where one is.
        """
        begun = [
            self.begin(
                posts[start : start + BATCH],
                reread=reread,
                adapters=adapters[start : start + BATCH],
            )
            for start in range(0, len(posts), BATCH)
        ]
        return [item for batch in begun for item in self.finish(batch, likes=likes)]

    def begin(
        self,
        posts: Sequence[PostText],
        *,
        reread: float = 0.0,
        adapters: Sequence[Adapter | None] = (),
    ) -> Begun:
        """The cheap pass over at most BATCH posts; where the encoder has threads it reads on.

        Who has more to do meanwhile, such as the next batch, calls `finish` afterwards.
        """
        plain = [unmask(post.text) for post in posts]
        texts = [scoring.encode(text) for text in plain]
        parents = [scoring.encode_parent(post.parent_text) for post in posts]
        sums = scoring.score(texts, parents, self.heads.weights, self.net.triggers)
        values = head_table.logits(self.heads, sums.totals, sums.squares)
        begun = Begun(posts=posts, texts=plain, values=values, sums=sums)
        if self.rereader is not None and reread > 0:
            begun.places = rereading.choose_unsure(values, math.ceil(reread * len(posts)))
            begun.reading = self.rereader.begin([posts[n] for n in begun.places])
            if any(adapters):
                fits = self.rereader.fits
                begun.adapters = [a if a is not None and fits(a) else None for a in adapters]
        return begun

    def finish(self, begun: Begun, *, likes: bool = False) -> list[Assessment]:
        """The assessments of a batch that was begun, in order; `likes` as in `assess`."""
        posts, values, sums = begun.posts, begun.values, begun.sums
        readings: dict[int, CloseReading] = {}
        if self.rereader is not None and begun.reading is not None:
            readings = self.rereader.blend_in(
                values, begun.places, begun.reading, begun.adapters, likes=likes
            )
        label = head_table.softmax(values[:, head_table.LABEL])
        urgency = head_table.softmax(values[:, head_table.URGENCY])
        hostility = head_table.softmax(values[:, head_table.HOSTILITY])
        # Added by hand: a matrix product rounds differently for other batch sizes.
        levels = (hostility[:, 1] + hostility[:, 2] * 2 + hostility[:, 3] * 3) / 3
        language = head_table.softmax(values[:, head_table.LANGUAGE]).tolist()
        single = head_table.sigmoid(values)
        # The reply head alone leans on style; what is usual for the label steadies it.
        usual = (label * self.heads.reply_rates).sum(axis=1)
        replies = (single[:, head_table.REPLY] + usual) / 2
        # Probability of at least this step, for steps 1 to 3.
        at_least = urgency[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        steps = np.where(at_least >= np.array(self.heads.urgency_from), [1, 2, 3], 0).max(axis=1)
        best = label.argmax(axis=1).tolist()
        flags, fired = sums.flags.tolist(), sums.triggers.tolist()
        raised = _temper(single[:, head_table.SAFETY], spare=list(readings)).tolist()
        # The encoder's files are not touched unless it is asked.
        closer = self.rereader.version if self.rereader is not None and readings else ""
        models = [closer if n in readings else self.heads.version for n in range(len(posts))]
        for n, adapter in enumerate(begun.adapters):
            if adapter is not None and n in readings:
                models[n] = f"{closer}+{adapter.name}"
        assessments = []
        for n, (
            post, text, label_row, number, reply, step, hostile, crisis, safe, lang, seen, words,
        ) in enumerate(zip(
            posts,
            begun.texts,
            label.tolist(),
            best,
            replies.tolist(),
            steps.tolist(),
            levels.tolist(),
            single[:, head_table.CRISIS].tolist(),
            raised,
            language,
            flags,
            fired,
            strict=True,
        )):  # fmt: skip
            spans: tuple[Span, ...] = ()
            if findings := self._find(text, words, seen):
                spans = tuple(
                    span
                    for offset, part in findings
                    for span in safety.list_spans(part, offset=offset)
                )[: safety.MAX_SPANS]
                found = [finding for _, part in findings for finding in part]
                number, step, hostile = _raise(label_row, safe, found, number, step, hostile)
            assessments.append(
                Assessment(
                    label=_LABEL_OF[number],
                    label_scores=dict(zip(LABELS, label_row, strict=True)),
                    reply=reply,
                    urgency=step,
                    hostility=min(1.0, hostile),
                    crisis=crisis,
                    safety=dict(zip(SAFETY_HEADS, safe, strict=True)),
                    spans=spans,
                    lang=choose_language(lang, seen, post.lang),
                    model=models[n],
                    reading=readings.get(n),
                )
            )
        return assessments

    def read_closely(
        self, posts: Sequence[PostText]
    ) -> tuple[head_table.Floats, head_table.Floats]:
        """(n, 12) label logits of both stages and (n, MEANING_WIDTH) views, before any rule.

        Raises ConfigurationError where the encoder's files are missing.
        """
        rereader = self.rereader or Rereader()
        values, views = [], []
        for start in range(0, len(posts), BATCH):
            begun = self.begin(posts[start : start + BATCH])
            reading = rereader.begin(begun.posts)
            if reading is not None:
                found = rereader.read_labels(begun.values, reading)
                values.append(found[0])
                views.append(found[1])
        if not values:
            return np.zeros((0, len(LABELS)), np.float32), np.zeros((0, MEANING_WIDTH), np.float32)
        return np.concatenate(values), np.concatenate(views)

    def find_raising(self, text: str, label: str) -> list[tuple[int, int, float]]:
        """Where rules fire in `text` that raise `label`: (start, end, score)."""
        text = unmask(text)
        none = np.zeros((1, head_table.HEAD_COUNT), dtype=np.int8)
        sums = scoring.score([scoring.encode(text)], [b""], none, self.net.triggers)
        found = self._find(text, int(sums.triggers[0]), int(sums.flags[0]))
        return [
            (start + offset, end + offset, finding.rule.score)
            for offset, part in found
            for finding in part
            if finding.rule.raises == label
            for start, end in finding.places
        ]

    def _find(self, text: str, fired: int, flags: int) -> list[tuple[int, list[Finding]]]:
        """Findings with the offset of the part they are in; the same parts the pass looks at."""
        if len(text) <= HEAD_BYTES:
            findings = self.net.find(text, fired=fired, flags=flags)
            return [(0, findings)] if findings else []
        parts = ((0, text[:HEAD_BYTES]), (len(text) - TAIL_BYTES, text[-TAIL_BYTES:]))
        return [
            (offset, found)
            for offset, part in parts
            if (found := self.net.find(part, fired=fired, flags=flags))
        ]


# Heads that wake somebody: without a pattern beside them they only ask for a look.
_ALARMS = [SAFETY_HEADS.index(SafetyHead.THREAT), SAFETY_HEADS.index(SafetyHead.SELF_HARM)]


def _temper(safety_scores: np.ndarray, *, spare: list[int]) -> np.ndarray:
    """Keep an alarm head below one half until a pattern of the safety net supports it.

    Rows of `spare` were read by the encoder, which needs no such support.

    On texts of another kind than it was fitted on the bare head is often sure and wrong. Counted
    through triage, on 300 posts to other agencies the alerts fell from 24 to 7; of the 56 posts
    labelled emergency that raised an alert on the corpus' kept-back parts 50 still do, and the
    others ask the duty officer for a look. Whoever reads these two heads by themselves reads
    them from 0.3 (at 0.3: threat 11 of 20, self-harm 9 of 11 on those parts).
    """
    tempered = safety_scores.copy()
    tempered[:, _ALARMS] = np.minimum(safety_scores[:, _ALARMS] * 0.6, 0.49)
    tempered[spare] = safety_scores[spare]
    return tempered


def _raise(
    label_scores: list[float],
    safe: list[float],
    findings: Sequence[Finding],
    number: int,
    step: int,
    hostile: float,
) -> tuple[int, int, float]:
    """Let the rules raise what the heads said; changes the two lists, returns the rest."""
    floors: dict[str, float] = {}
    for finding in findings:
        rule = finding.rule
        if rule.head is not None:
            place = SAFETY_HEADS.index(rule.head.value)
            safe[place] = max(safe[place], rule.score)
            if rule.head is SafetyHead.THREAT:
                hostile = max(hostile, rule.score)
        if rule.raises:
            floors[rule.raises] = max(floors.get(rule.raises, 0.0), rule.score)
    # An emergency comes before anything else, so it is raised last.
    for name in ("removable", "emergency"):
        floor = floors.get(name, 0.0)
        place = _INDEX_OF[name]
        if floor > label_scores[place]:
            factor = (1.0 - floor) / max(1e-9, 1.0 - label_scores[place])
            label_scores[:] = [score * factor for score in label_scores]
            label_scores[place] = floor
    if floors:
        number = max(range(len(label_scores)), key=label_scores.__getitem__)
    if LABELS[number] == "emergency" and floors.get("emergency"):
        step = 3
    return number, step, hostile


@cache
def load() -> Assessor:
    """The assessor of this process: models read and compiled code warm on the first call.

    The encoder is read when it is first asked for.
    """
    assessor = Assessor(head_table.read(), safety.load_rules(), Rereader())
    assessor.assess([PostText(text="warm", parent_text="up")])
    return assessor
