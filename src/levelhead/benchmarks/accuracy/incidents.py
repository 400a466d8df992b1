"""Is it about an emergency under way; and is it a complaint."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from levelhead.benchmarks.accuracy.estimates import Values
from levelhead.benchmarks.accuracy.keywords import score_by_keyword
from levelhead.benchmarks.accuracy.peers import KEYWORDS, TFIDF, VADER, TextModel
from levelhead.benchmarks.accuracy.rows import Bench, Row, pick
from levelhead.benchmarks.accuracy.sets import Row as Line
from levelhead.benchmarks.accuracy.sets import list_labelled_ids
from levelhead.benchmarks.accuracy.verdicts import Verdict

CRISIS_GOAL: Final = 0.90
COMPLAINT_GOAL: Final = 0.60
# Rumours of the other events are about a concert, a painting, a president's health.
_INCIDENTS: Final = frozenset({"sydneysiege", "ferguson", "charliehebdo", "germanwings-crash"})
_SAME_EVENT: Final = {
    "2013_Alberta_Floods": "2013_Alberta_floods",
    "2013_Boston_Bombings": "2013_Boston_bombings",
    "2013_Queensland_Floods": "2013_Queensland_floods",
}
# Rows of each event that the peer is fitted on; more adds minutes and no points.
_FIT_EACH: Final = 2_000
_IMPORTED: Final = "in-domain F1 .848, RoBERTa"


def measure_incidents(bench: Bench) -> Iterator[Row]:
    """Crisis relevance on events seen and unseen, then complaints."""
    t6, t26 = bench.read("crisislex_t6"), bench.read("crisislex_t26")
    learn = _sample_training(bench, t6, t26)
    whole = _fit(bench, learn) if learn else None
    yield from _measure_unseen(bench, whole)
    yield from _measure_messages(bench)
    yield from _measure_known_events(bench, t6, learn)
    yield from _measure_complaints(bench)


def _crisis(one: Verdict) -> float:
    return float(one.assessment.crisis)


def _sample_training(
    bench: Bench, t6: Sequence[Line], t26: Sequence[Line]
) -> list[tuple[str, str, bool]]:
    """(event, text, about it) for the peer, some of every event."""
    by_event: dict[str, list[Line]] = {}
    for row in (*t6, *t26):
        if row.get("informativeness") != "Not applicable":
            by_event.setdefault(row["event"], []).append(row)
    learn = []
    for event, rows in sorted(by_event.items()):
        for row in bench.draw(rows, f"{event} for TF-IDF", quick=200, most=_FIT_EACH):
            about = row["label"] == "on-topic" if "label" in row else _is_related(row)
            learn.append((event, row["text"], about))
    return learn


def _is_related(row: Line) -> bool:
    return str(row["informativeness"]) != "Not related"


def _fit(bench: Bench, learn: Sequence[tuple[str, str, bool]]) -> TextModel | None:
    bench.say(f"TF-IDF + logistic regression: {len(learn):,} posts about crises or not")
    return bench.peers.fit([text for _, text, _ in learn], [int(about) for *_, about in learn])


def _measure_unseen(bench: Bench, whole: TextModel | None) -> Iterator[Row]:
    """First posts of threads about four incidents against two sets about none."""
    about = [
        (row["event"], row["text"])
        for row in (*bench.read("rumoureval2019"), *bench.read("pheme_rumour_sources"))
        if row["event"] in _INCIDENTS and row.get("is_source", True)
    ]
    plain = [
        (f"{name} {row['id']}", row["text"])
        for name in ("olid", "complaints_acl19")
        for row in bench.draw(bench.read(name), f"{name} without incidents", quick=250, most=2000)
    ]
    if not about or not plain:
        return
    if bench.quick:
        about = random.Random(f"{bench.seed} incidents").sample(about, min(500, len(about)))  # noqa: S311
    groups = [group for group, _ in (*about, *plain)]
    texts = [text for _, text in (*about, *plain)]
    truth = np.array([True] * len(about) + [False] * len(plain))
    given = pick(bench.judge_texts(texts, "incidents against none"), _crisis)
    given |= _ask_crisis_peers(texts, whole)
    task = "crisis, unseen events (rumoureval+pheme against olid+complaints)"
    yield bench.row(task, "AUC", truth, given, groups=groups, goal=CRISIS_GOAL,
                    published=_IMPORTED)  # fmt: skip
    yield bench.row(task, "macro-F1 at 1/2", truth, given, groups=groups)


def _ask_crisis_peers(texts: Sequence[str], model: TextModel | None) -> dict[str, Values | None]:
    return {
        f"{TFIDF} on CrisisLex": model.score(texts) if model else None,
        KEYWORDS: score_by_keyword("crisis", texts),
    }


def _measure_messages(bench: Bench) -> Iterator[Row]:
    """The validation part of disaster_response, less what we read and labelled ourselves."""
    rows = bench.read("disaster_response")
    # What stands under another id in the training part is no test either.
    labelled = list_labelled_ids(bench.corpus, "disaster_response")
    known = {row["text"] for row in rows if row["split"] == "train"}
    rows = [row for row in rows if row["related"] != 2]
    learn = [row for row in rows if row["split"] == "train"]
    asked = [
        row for row in rows
        if row["split"] == "validation" and row["id"] not in labelled and row["text"] not in known
    ]  # fmt: skip
    asked = bench.draw(asked, "disaster_response", quick=500)
    if not asked:
        return
    learn = bench.draw(learn, "disaster_response for TF-IDF", quick=2500)
    model = bench.peers.fit([r["text"] for r in learn], [int(r["related"] == 1) for r in learn])
    texts = [row["text"] for row in asked]
    truth = np.array([row["related"] == 1 for row in asked])
    given = pick(bench.judge_texts(texts, "disaster_response"), _crisis)
    given[f"{TFIDF}, same set"] = model.score(texts) if model else None
    given[KEYWORDS] = score_by_keyword("crisis", texts)
    for measure in ("AUC", "macro-F1 at 1/2"):
        yield bench.row("crisis (disaster_response, validation part)", measure, truth, given,
                        caveat="training has its other part")  # fmt: skip


def _measure_known_events(
    bench: Bench, t6: Sequence[Line], learn: Sequence[tuple[str, str, bool]]
) -> Iterator[Row]:
    """Each event of CrisisLexT6; the peer is fitted without it, ours was not."""
    for event in sorted({row["event"] for row in t6}):
        rows = bench.draw([r for r in t6 if r["event"] == event], event, quick=100, most=1000)
        texts = [row["text"] for row in rows]
        truth = np.array([row["label"] == "on-topic" for row in rows])
        if truth.all() or not truth.any():
            continue
        out = {event, _SAME_EVENT.get(event, event)}
        model = _fit(bench, [one for one in learn if one[0] not in out])
        given = pick(bench.judge_texts(texts, event), _crisis)
        given |= {
            f"{TFIDF}, other events": model.score(texts) if model else None,
            KEYWORDS: score_by_keyword("crisis", texts),
        }
        yield bench.row(f"crisis ({event})", "AUC", truth, given, caveat="seen in training")


def _measure_complaints(bench: Bench) -> Iterator[Row]:
    rows = bench.draw(bench.read("complaints_acl19"), "complaints_acl19", quick=700)
    if not rows:
        return
    texts = [row["text"] for row in rows]
    truth = np.array([int(row["complaint"]) == 1 for row in rows])
    inside = np.array([not str(row["domain"]).startswith("random") for row in rows])
    learn = [post for post in bench.corpus_posts if post.split == "train"]
    model = bench.peers.fit(
        [post.text for post in learn],
        [int(post.labels[0] in ("complaint", "service")) for post in learn],
    ) if learn else None  # fmt: skip
    given = pick(bench.judge_texts(texts, "complaints_acl19"), _complains)
    given |= {
        f"{TFIDF} on our corpus": model.score(texts) if model else None,
        VADER: bench.peers.score_negative(texts),
        KEYWORDS: score_by_keyword("complaint", texts),
    }
    for name, places in (("all", np.arange(len(rows))), ("without random_*", np.where(inside)[0])):
        if not len(places):
            continue
        held = {who: None if v is None else v[places] for who, v in given.items()}
        always: dict[str, Values | None] = {"by chance": np.zeros(len(places))}
        task = f"complaint (complaints_acl19, {name})"
        yield bench.row(
            task, "AP", truth[places], held | always,
            # Half of what stays without them are complaints, which no inbox has.
            goal=COMPLAINT_GOAL if name == "all" else None,
            published="up to .79 F1 (trained on the set)",
        )  # fmt: skip
        yield bench.row(task, "AUC", truth[places], held)


def _complains(one: Verdict) -> float:
    scores = one.assessment.label_scores
    return float(scores["complaint"] + scores["service"])
