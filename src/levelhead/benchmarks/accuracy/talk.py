"""What people say to each other: stance toward a rumor, and conversations about to derail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from levelhead.analysis.assess import Assessor
from levelhead.analysis.conversation.domain import Turn
from levelhead.analysis.conversation.forecast import forecast, load_model
from levelhead.analysis.domain import CloseReading, PostText
from levelhead.benchmarks.accuracy.estimates import Values
from levelhead.benchmarks.accuracy.peers import TFIDF, VADER
from levelhead.benchmarks.accuracy.rows import CASCADE, Bench, Row
from levelhead.benchmarks.accuracy.sets import Row as Line
from levelhead.benchmarks.accuracy.sets import draw_rows
from levelhead.kernel.errors import ConfigurationError

STANCE_GOAL: Final = 0.55
DERAILMENT_GOAL: Final = 0.66
# A first post states the rumor itself; nothing above it can be denied.
_FIRST: Final = "support"
_ABOVE: Final = " __above__ "
_NOTHING_ABOVE: Final = " __first__"


def measure_talk(bench: Bench, assessor: Assessor) -> Iterator[Row]:
    """Both; only the cascade can do either."""
    yield from _measure_stance(bench)
    yield from _measure_derailment(bench, assessor)


def _measure_stance(bench: Bench) -> Iterator[Row]:
    everything = bench.read("rumoureval2019", repeats=True)
    texts = {str(row["id"]): row["text"] for row in everything}
    rows = [row for row in everything if "dup_of" not in row and row.get("stance")]
    if not rows:
        return
    if CASCADE not in bench.judges:
        bench.skip("Stance is read by the encoder alone: rumoureval2019 is left out.")
        return
    asked = draw_rows(rows, 700 if bench.quick else None, seed=f"{bench.seed} rumoureval2019")
    parents = [_find_parent(row, texts) for row in asked]
    posts = [PostText(text=r["text"], parent_text=p) for r, p in zip(asked, parents, strict=True)]
    followers = [row.get("author_followers") for row in asked]
    verdicts = bench.judge(posts, "rumoureval2019", followers)[CASCADE]
    truth = np.array([row["stance"] for row in asked])
    said = [_stance_of(one.assessment.reading) for one in verdicts]
    given: dict[str, Values | None] = {
        CASCADE: np.array(said),
        f"{TFIDF}, other events": _fit_stance(bench, asked, parents),
        "always comment": np.full(len(asked), "comment"),
    }
    threads = [row["thread_id"] for row in asked]
    published = "branchLSTM .493, BERT .617 (official test)"
    yield bench.row("stance (rumoureval2019)", "macro-F1", truth, given, groups=threads,
                    goal=STANCE_GOAL, published=published)  # fmt: skip
    places = np.flatnonzero([parent is not None for parent in parents])
    held = {who: None if v is None else v[places] for who, v in given.items()}
    yield bench.row("stance (rumoureval2019, answers alone)", "macro-F1", truth[places], held,
                    groups=[threads[n] for n in places])  # fmt: skip


def _find_parent(row: Line, texts: Mapping[str, str]) -> str | None:
    return texts.get(str(row["parent_id"])) if row.get("parent_id") else None


def _stance_of(reading: CloseReading | None) -> str:
    if reading is None or reading.stance is None:
        return _FIRST
    return max(reading.stance, key=reading.stance.__getitem__)


def _fit_stance(bench: Bench, rows: Sequence[Line], parents: Sequence[str | None]) -> Values | None:
    """Each event named by a model that was fitted on the other events."""
    joined = [
        row["text"] + (_ABOVE + parent if parent else _NOTHING_ABOVE)
        for row, parent in zip(rows, parents, strict=True)
    ]
    events = np.array([row["event"] for row in rows])
    said = np.full(len(rows), "comment", dtype=object)
    for event in Counter(events.tolist()):
        learn = np.flatnonzero(events != event).tolist()
        ask = np.flatnonzero(events == event).tolist()
        model = bench.peers.fit(
            [joined[n] for n in learn], [rows[n]["stance"] for n in learn], balanced=True
        )
        if model is None:
            return None
        said[ask] = model.name([joined[n] for n in ask])
    return said.astype(str)


def _measure_derailment(bench: Bench, assessor: Assessor) -> Iterator[Row]:
    rows = bench.draw(bench.read("derailment_cmv"), "derailment_cmv", quick=200)
    if not rows:
        return
    try:
        load_model()
    except ConfigurationError as error:
        bench.skip(f"No forecast is possible: derailment_cmv is left out. {error.message}")
        return
    bench.say(f"derailment_cmv: {len(rows):,} conversations")
    talks = [[Turn(text=text) for text in row["turns"]] for row in rows]
    found = forecast(talks, assessor=assessor)
    truth = np.array([bool(row["tgt"]) for row in rows])
    whole = ["\n".join(row["turns"]) for row in rows]
    last = [row["turns"][-1] if row["turns"] else "" for row in rows]
    scores: dict[str, Values | None] = {
        CASCADE: np.array([one.derails for one in found]),
        f"{TFIDF}, same set": bench.peers.score_folds(whole, truth, folds=5, seed=bench.seed),
        f"{VADER}, last turn": bench.peers.score_negative(last),
    }
    said = {who: None if v is None else v >= 0.5 for who, v in scores.items()}
    yield bench.row(
        "derailment (derailment_cmv)", "accuracy", truth, said, goal=DERAILMENT_GOAL,
        published="CRAFT .634 on this site's official test, .648 and RoBERTa-large .682 elsewhere",
    )  # fmt: skip
    yield bench.row("derailment (derailment_cmv)", "AUC", truth, scores)
