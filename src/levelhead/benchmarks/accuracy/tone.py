"""Offensive language and spam."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from levelhead.benchmarks.accuracy.estimates import Values
from levelhead.benchmarks.accuracy.keywords import score_by_keyword
from levelhead.benchmarks.accuracy.parity import measure_dialect
from levelhead.benchmarks.accuracy.peers import KEYWORDS, TFIDF
from levelhead.benchmarks.accuracy.rows import Bench, Row, pick, pick_read
from levelhead.benchmarks.accuracy.verdicts import Verdict, hostility_of

OFFENSIVE_GOAL: Final = 0.80
_TWEETEVAL: Final = "macro-F1 RoBERTa-base .795, best .822 (trained on the set)"


def measure_tone(bench: Bench) -> Iterator[Row]:
    """Offensive language on three sets, with parity by dialect; spam on two."""
    davidson = bench.read("davidson")
    olid = bench.draw(bench.read("olid"), "olid", quick=800)
    sampled = bench.draw(davidson, "davidson", quick=700)
    learn = bench.draw(davidson, "davidson for TF-IDF", quick=4000)
    asked = {row["text"] for row in sampled}
    outside = bench.peers.fit(
        [row["text"] for row in learn], [int(row["class"] < 2) for row in learn]
    ) if learn else None  # fmt: skip
    if olid:
        texts = [row["text"] for row in olid]
        truth = np.array([row["subtask_a"] == "OFF" for row in olid])
        peers = bench.peers.score_offence(texts)
        peers[f"{TFIDF} on davidson"] = outside.score(texts) if outside else None
        views = bench.judge_texts(texts, "olid")
        yield from _measure_offensive(bench, "olid", truth, views, peers, goal=OFFENSIVE_GOAL,
                                      published=_TWEETEVAL)  # fmt: skip
        calm = [row for row in bench.read("olid") if row["subtask_a"] == "NOT"]
        yield from measure_dialect(bench, "olid", [row["text"] for row in calm])
    if sampled:
        texts = [row["text"] for row in sampled]
        truth = np.array([row["class"] < 2 for row in sampled])
        peers = bench.peers.score_offence(texts)
        if bench.quick:
            rest = [row for row in learn if row["text"] not in asked]
            model = bench.peers.fit(
                [row["text"] for row in rest], [int(row["class"] < 2) for row in rest]
            )
            peers[f"{TFIDF}, same set"] = model.score(texts) if model else None
        else:
            peers[f"{TFIDF}, same set"] = bench.peers.score_folds(texts, truth, seed=bench.seed)
        views = bench.judge_texts(texts, "davidson")
        seen = "seen in training; so has alt-profanity-check"
        yield from _measure_offensive(bench, "davidson", truth, views, peers, caveat=seen)
        calm = [row for row in davidson if row["class"] == 2]
        yield from measure_dialect(bench, "davidson", [row["text"] for row in calm], caveat=seen)
    yield from _measure_incivility(bench)
    yield from _measure_spam(bench)


def _measure_offensive(
    bench: Bench,
    name: str,
    truth: Values,
    views: Mapping[str, Sequence[Verdict]],
    peers: Mapping[str, Values | None],
    *,
    goal: float | None = None,
    published: str = "",
    caveat: str = "",
) -> Iterator[Row]:
    hostile = pick(views, hostility_of)
    read = pick_read(views, lambda reading: reading.offensive)
    if read:
        task = f"offensive, by `offensive` ({name})"
        yield bench.row(task, "macro-F1 at 1/2", truth, {**read, **peers},
                        published=published, caveat=caveat)  # fmt: skip
        yield bench.row(task, "AUC", truth, {**read, **peers}, caveat=caveat)
    task = f"offensive, by hostility ({name})"
    yield bench.row(task, "macro-F1 at 1/2", truth, {**hostile, **peers},
                    published=published, goal=goal, caveat=caveat)  # fmt: skip
    yield bench.row(task, "AUC", truth, {**hostile, **peers}, caveat=caveat)


def _measure_incivility(bench: Bench) -> Iterator[Row]:
    rows = bench.draw(bench.read("incivility"), "incivility", quick=500)
    if not rows:
        return
    texts = [row["text"] for row in rows]
    truth = np.array([str(row["uncivil"]).lower() in ("yes", "1", "true") for row in rows])
    views = bench.judge_texts(texts, "incivility")
    given = {
        **pick(views, hostility_of),
        **bench.peers.score_offence(texts),
        f"{TFIDF}, same set": bench.peers.score_folds(texts, truth, seed=bench.seed),
    }
    yield bench.row("uncivil to legislators, by hostility (incivility)", "AUC", truth, given)


def _measure_spam(bench: Bench) -> Iterator[Row]:
    sms = bench.read("sms_spam")
    fitted = bench.peers.fit(
        [row["text"] for row in sms], [int(row["label"] == "Spam") for row in sms]
    ) if sms else None  # fmt: skip
    rows = bench.read("youtube_spam")
    if rows:
        texts = [row["text"] for row in rows]
        truth = np.array([row["label"] == "spam" for row in rows])
        given = pick(bench.judge_texts(texts, "youtube_spam"), _spam)
        given[f"{TFIDF} on sms_spam"] = fitted.score(texts) if fitted else None
        given[KEYWORDS] = score_by_keyword("spam", texts)
        for measure in ("AUC", "macro-F1 at 1/2"):
            yield bench.row("spam (youtube_spam)", measure, truth, given)
    rows = bench.draw(sms, "sms_spam", quick=400)
    if rows:
        texts = [row["text"] for row in rows]
        truth = np.array([row["label"] == "Spam" for row in rows])
        given = pick(bench.judge_texts(texts, "sms_spam"), _spam)
        given[f"{TFIDF}, same set"] = bench.peers.score_folds(texts, truth, seed=bench.seed)
        given[KEYWORDS] = score_by_keyword("spam", texts)
        for measure in ("AUC", "macro-F1 at 1/2"):
            yield bench.row("spam (sms_spam)", measure, truth, given, caveat="seen in training",
                            published="accuracy .976 linear SVM (trained on the set)")  # fmt: skip


def _spam(one: Verdict) -> float:
    return float(one.assessment.safety["spam"])
