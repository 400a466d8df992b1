"""The desk's own decisions: label, reply, urgency, sentiment, the safety heads, calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from levelhead.analysis.domain import PostText
from levelhead.analysis.heads import SAFETY_HEADS
from levelhead.benchmarks.accuracy.estimates import Values
from levelhead.benchmarks.accuracy.keywords import label_by_keyword, score_by_keyword
from levelhead.benchmarks.accuracy.parity import measure_languages
from levelhead.benchmarks.accuracy.peers import KEYWORDS, TFIDF, VADER, TextModel
from levelhead.benchmarks.accuracy.rows import Bench, Row, pick, pick_read
from levelhead.benchmarks.accuracy.sets import LabelledPost, read_labelled
from levelhead.benchmarks.accuracy.verdicts import Verdict

_READERS: Final = "two readers agree: label .934, reply .975"
_BAD: Final = frozenset({"complaint", "dissent", "abuse"})
_GOALS: Final = {"label": 0.80, "reply": 0.90}
THREAT_RECALL: Final = 0.90


def measure_desk(bench: Bench) -> Iterator[Row]:
    """All of it; what has no data is noted and left out."""
    parts: list[tuple[str, list[LabelledPost]]] = []
    corpus = bench.corpus_posts
    if not corpus:
        bench.skip(
            f"There is no corpus in {bench.corpus}: its rows, and models fitted on it, are left "
            "out. Name its folder with --corpus."
        )
    labelled = read_labelled(bench.corpus, bench.data) if corpus else []
    # What somebody also labelled for training is no test.
    seen = {post.text for post in labelled if post.split == "train"}
    desk = [_read_desk(row) for row in bench.read("desk_dev") if row["text"] not in seen]
    if desk:
        parts.append(("desk_dev", desk))
    held = [post for post in corpus if post.split == "test"]
    if held:
        parts.append(("corpus, test part", held))
    public = [post for post in labelled if post.split == "test"]
    if public:
        parts.append(("public posts we labelled, test part", public))
    learn = [post for post in (*corpus, *labelled) if post.split == "train"]
    models = _fit(bench, learn) if learn else {}
    for name, posts in parts:
        asked = [PostText(text=post.text, parent_text=post.parent_text) for post in posts]
        views = bench.judge(asked, name)
        yield from _measure_part(bench, name, posts, views, models)
        if name == "desk_dev":
            yield from _measure_sentiment(bench, posts, views)
        elif posts is held:
            yield from _measure_urgency(bench, name, posts, views)
            yield from _measure_safety(bench, name, posts, views)
            yield from measure_languages(bench, name, posts, views)


def _read_desk(row: Mapping[str, Any]) -> LabelledPost:
    return LabelledPost(
        text=row["text"],
        labels=tuple(row["labels"]),
        replies=tuple(reply == "yes" for reply in row["reply"]),
    )


def _fit(bench: Bench, learn: Sequence[LabelledPost]) -> dict[str, TextModel]:
    bench.say(f"TF-IDF + logistic regression: {len(learn):,} posts of our own labels")
    texts = [post.text for post in learn]
    found = {
        "label": bench.peers.fit(texts, [post.labels[0] for post in learn]),
        "reply": bench.peers.fit(texts, [post.replies[0] for post in learn]),
    }
    return {name: model for name, model in found.items() if model is not None}


def _measure_part(
    bench: Bench,
    name: str,
    posts: Sequence[LabelledPost],
    views: Mapping[str, Sequence[Verdict]],
    models: Mapping[str, TextModel],
) -> Iterator[Row]:
    texts = [post.text for post in posts]
    groups = [post.thread for post in posts] if name != "desk_dev" else None
    yes = np.ones(len(posts), dtype=bool)
    desk = name == "desk_dev"
    told: dict[str, Sequence[Any] | None] = {
        **{view: [one.label for one in found] for view, found in views.items()},
        TFIDF: models["label"].name(texts).tolist() if "label" in models else None,
        KEYWORDS: [label_by_keyword(text) for text in texts],
    }
    right: dict[str, Values | None] = {
        who: None if said is None else _is_one_of(said, [post.labels for post in posts])
        for who, said in told.items()
    }
    yield bench.row(
        f"label ({name})", "accuracy", yes, right, groups=groups,
        published=_READERS if desk else "", goal=_GOALS["label"] if desk else None,
    )  # fmt: skip
    told = {
        **{view: [one.reply for one in found] for view, found in views.items()},
        TFIDF: models["reply"].name(texts).tolist() if "reply" in models else None,
        KEYWORDS: (score_by_keyword("reply", texts) > 0).tolist(),
    }
    right = {
        who: None if said is None else _is_one_of(said, [post.replies for post in posts])
        for who, said in told.items()
    }
    yield bench.row(
        f"reply ({name})", "accuracy", yes, right, groups=groups,
        goal=_GOALS["reply"] if desk else None,
    )  # fmt: skip
    yield from _measure_calibration(bench, name, posts, views)


def _is_one_of(said: Sequence[Any], allowed: Sequence[tuple[Any, ...]]) -> Values:
    return np.array([one in some for one, some in zip(said, allowed, strict=True)], dtype=bool)


def _measure_calibration(
    bench: Bench,
    name: str,
    posts: Sequence[LabelledPost],
    views: Mapping[str, Sequence[Verdict]],
) -> Iterator[Row]:
    """How far the chances are from what comes true; of the heads, before the rules."""
    # The truth differs by view here: whether that view's first choice is right.
    by_view = {}
    for view, found in views.items():
        best = [one.assessment.label.value for one in found]
        chance = np.array([one.assessment.label_scores[label] for one, label
                           in zip(found, best, strict=True)])  # fmt: skip
        truth = _is_one_of(best, [post.labels for post in posts])
        by_view[view] = bench.row(f"label ({name})", "ECE", truth, {view: chance})
    yield _join(by_view)
    # A post whose readers differ on the reply has no truth to be held to.
    sure = np.array([len(set(post.replies)) == 1 for post in posts])
    truth = np.array([post.replies[0] for post in posts])[sure]
    chances = pick(views, lambda one: one.assessment.reply)
    held = {view: values[sure] for view, values in chances.items() if values is not None}
    yield bench.row(f"reply ({name})", "ECE", truth, held)


def _join(by_view: Mapping[str, Row]) -> Row:
    """Rows of one task that were measured view by view, as one."""
    first, *rest = by_view.values()
    cascade = next((row.cascade for row in (first, *rest) if row.cascade), None)
    cheap = next((row.cheap for row in (first, *rest) if row.cheap), None)
    return Row(
        task=first.task, measure=first.measure, n=first.n, cascade=cascade, cheap=cheap, instead={}
    )


def _measure_urgency(
    bench: Bench,
    name: str,
    posts: Sequence[LabelledPost],
    views: Mapping[str, Sequence[Verdict]],
) -> Iterator[Row]:
    truth = np.array([post.urgency for post in posts])
    groups = [post.thread for post in posts]
    given = pick(views, lambda one: int(one.assessment.urgency))
    usual = np.full(len(posts), np.bincount(truth).argmax())
    always: dict[str, Values | None] = {"always the commonest": usual}
    yield bench.row(f"urgency 0-3 ({name})", "accuracy", truth, given | always, groups=groups)
    now: dict[str, Values | None] = {
        view: values == 3 for view, values in given.items() if values is not None
    }
    words = np.array([label_by_keyword(post.text) == "emergency" for post in posts])
    now[KEYWORDS] = words
    for measure in ("recall", "precision"):
        yield bench.row(f"urgency 3, within minutes ({name})", measure, truth == 3, now)


def _score_head(head: str, one: Verdict) -> float:
    return float(one.assessment.safety[head])


def _measure_safety(
    bench: Bench,
    name: str,
    posts: Sequence[LabelledPost],
    views: Mapping[str, Sequence[Verdict]],
) -> Iterator[Row]:
    for head in SAFETY_HEADS:
        truth = np.array([head in post.safety for post in posts])
        if not truth.any():
            continue
        scores = pick(views, partial(_score_head, head))
        fired: dict[str, Values | None] = {
            view: values >= 0.5 for view, values in scores.items() if values is not None
        }
        task = f"{head} from 1/2 ({name}, {int(truth.sum())} true)"
        yield bench.row(task, "recall", truth, fired)
        yield bench.row(task, "precision", truth, fired)
        if head == "threat":
            yield bench.row(
                f"{head}, best threshold ({name}, {int(truth.sum())} true)",
                "recall at precision .60", truth, scores, goal=THREAT_RECALL,
                caveat="threshold picked here",
            )  # fmt: skip


def _measure_sentiment(
    bench: Bench, posts: Sequence[LabelledPost], views: Mapping[str, Sequence[Verdict]]
) -> Iterator[Row]:
    """Praise against complaint, dissent and abuse: which is nearer to +1."""
    good = np.array([set(post.labels) == {"praise"} for post in posts])
    bad = np.array([set(post.labels) <= _BAD for post in posts])
    places = np.flatnonzero(good | bad)
    if not good.any() or not bad.any():
        return
    given = pick(views, _lean) | pick_read(views, lambda reading: reading.sentiment)
    given[VADER] = bench.peers.feel([post.text for post in posts])
    held = {who: None if values is None else values[places] for who, values in given.items()}
    task = "sentiment: praise over criticism (desk_dev)"
    yield bench.row(task, "AUC", good[places], held)
    signs = {who: None if values is None else values > 0 for who, values in held.items()}
    yield bench.row(task, "macro-F1", good[places], signs)


def _lean(one: Verdict) -> float:
    scores = one.assessment.label_scores
    return float(scores["praise"] - sum(scores[name] for name in _BAD))
