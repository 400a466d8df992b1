"""A row of the table, and what the tasks need to fill one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from levelhead.analysis.domain import PostText
from levelhead.analysis.encoder import Encoder
from levelhead.benchmarks.accuracy import sets
from levelhead.benchmarks.accuracy.estimates import (
    LOWER_IS_BETTER,
    Figure,
    Values,
    estimate,
)
from levelhead.benchmarks.accuracy.peers import Peers
from levelhead.benchmarks.accuracy.verdicts import Judge, Verdict

QUICK_DRAWS: Final = 200
# Names of the columns that are ours; every other is a peer's.
CASCADE, CHEAP = "cascade", "cheap"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One task, one measure, and everybody's figure for it."""

    task: str
    measure: str
    n: int
    cascade: Figure | None
    cheap: Figure | None
    instead: Mapping[str, Figure]
    # A published figure to compare with, in words.
    published: str = ""
    goal: float | None = None
    # What weakens the row, such as "seen in training".
    caveat: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        ours = self.cascade or self.cheap
        if self.goal is None or ours is None:
            return None
        lower = self.measure in LOWER_IS_BETTER
        # A figure that is not a number reaches nothing.
        return bool(ours.value <= self.goal if lower else ours.value >= self.goal)

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {**asdict(self), "instead": {k: asdict(v) for k, v in self.instead.items()},
                "holds": self.holds}  # fmt: skip


@dataclass(kw_only=True)
class Bench:
    """What a task may use: the data, both of our views, the peers, and somebody to tell."""

    data: Path
    corpus: Path
    # `cascade` is missing where the encoder's files are.
    judges: Mapping[str, Judge]
    peers: Peers
    encoder: Encoder | None = None
    quick: bool = False
    seed: int = 7
    say: Callable[[str], None] = lambda _: None
    skipped: list[str] = field(default_factory=list)
    _corpus: list[sets.LabelledPost] | None = None
    _sets: dict[tuple[str, bool], list[sets.Row]] = field(default_factory=dict)

    @property
    def corpus_posts(self) -> list[sets.LabelledPost]:
        """Our own corpus, read once."""
        if self._corpus is None:
            self._corpus = sets.read_corpus(self.corpus)
        return self._corpus

    def skip(self, sentence: str) -> None:
        """Note, and tell, what is left out."""
        if sentence not in self.skipped:
            self.skipped.append(sentence)
            self.say(sentence)

    def read(self, name: str, *, repeats: bool = False) -> list[sets.Row]:
        """A set; an absent one is noted as skipped, and empty."""
        rows = self._sets.get((name, repeats))
        if rows is None:
            rows = self._sets[name, repeats] = sets.read_rows(self.data, name, repeats=repeats)
        if not rows:
            self.skip(f"{name}.jsonl.gz is not in {self.data}: its rows are left out.")
        return rows

    def draw(
        self, rows: Sequence[sets.Row], name: str, *, quick: int, most: int | None = None
    ) -> list[sets.Row]:
        """At most `quick` rows in a quick run, else at most `most`."""
        return sets.draw_rows(rows, quick if self.quick else most, seed=f"{self.seed} {name}")

    def judge(
        self,
        posts: Sequence[PostText],
        what: str,
        followers: Sequence[int | None] | None = None,
    ) -> dict[str, list[Verdict]]:
        """What each of our views says of the posts."""
        self.say(f"{what}: {len(posts):,} posts")
        return {name: judge(posts, followers) for name, judge in self.judges.items()}

    def judge_texts(self, texts: Sequence[str], what: str) -> dict[str, list[Verdict]]:
        """The same for bare texts."""
        return self.judge([PostText(text=text) for text in texts], what)

    def row(
        self,
        task: str,
        measure: str,
        truth: Values,
        given: Mapping[str, Values | None],
        *,
        groups: Sequence[object] | None = None,
        published: str = "",
        goal: float | None = None,
        caveat: str = "",
    ) -> Row:
        """Everybody measured against the same truth; None stands for who cannot answer."""
        figures = {
            name: estimate(
                measure,
                truth,
                values,
                groups=groups,
                seed=self.seed,
                **({"draws": QUICK_DRAWS} if self.quick else {}),
            )
            for name, values in given.items()
            if values is not None and len(truth)
        }
        return Row(
            task=task,
            measure=measure,
            n=len(truth),
            cascade=figures.pop(CASCADE, None),
            cheap=figures.pop(CHEAP, None),
            instead=figures,
            published=published,
            goal=goal,
            caveat=caveat,
        )


def pick(
    views: Mapping[str, Sequence[Verdict]], get: Callable[[Verdict], Any]
) -> dict[str, Values | None]:
    """One value of every verdict, by view."""
    return {name: np.array([get(one) for one in found]) for name, found in views.items()}


def pick_read(
    views: Mapping[str, Sequence[Verdict]], get: Callable[[Any], float]
) -> dict[str, Values | None]:
    """One value of every close reading, of the view that has them."""
    found = views.get(CASCADE)
    if not found:
        return {}
    readings = [one.assessment.reading for one in found]
    if any(reading is None for reading in readings):
        return {}
    return {CASCADE: np.array([get(reading) for reading in readings])}
