"""Whether errors fall alike on dialects and languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from levelhead.benchmarks.accuracy.rows import Bench, Row, pick, pick_read
from levelhead.benchmarks.accuracy.sets import LabelledPost, draw_texts
from levelhead.benchmarks.accuracy.verdicts import Verdict, hostility_of, threat_of

# Features of African American English that can be seen in writing (after the descriptions by
# Green, Rickford and others). Words alone do not make a dialect: this sorts posts, not people,
# and misses most. Slurs and reclaimed words are left out on purpose, so is what is spelt like
# something else ("Dem", "DA" in politics).
_FEATURES: Final = (
    ("habitual be", r"(?:he|she|it|we|they|dey|you|people|folks|girls|dudes|boys) "
                    r"(?:always |really |still |just )?be \w+in[g’']?"),
    ("ain't", r"ain[’']?t"),
    ("future gon, finna", r"(?:gon[’']?|gone (?:be|get|have|make|do|go|tell|say|learn|see)|finna|"
                          r"bouta|boutta|tryna)"),
    ("remote been, done", r"(?:been (?:had|knew|did)|done (?:got|went|lost|told|did|came|forgot|"
                          r"said|had))"),
    ("no copula", r"(?:he|she|we|they|dey) (?:mad|ugly|crazy|fine|cute|gettin|talkin|doin|lookin|"
                  r"actin)"),
    ("th as d or f", r"(?:dat|dis|dey|dere|(?-i:da)|wif|mouf|nuffin|nuttin|sumn|sum'n)"),
)  # fmt: skip
# A group of fewer posts says nothing.
_MIN_GROUP: Final = 20
QUICK_GROUP: Final = 150
WHOLE_GROUP: Final = 2_000
_AAE: Final = re.compile(
    r"(?<![\w'’])(?:" + "|".join(pattern for _, pattern in _FEATURES) + r")(?![\w'’])",
    re.IGNORECASE,
)


def shows_aae(text: str) -> bool:
    """Whether a feature of African American English can be seen in the text."""
    return _AAE.search(text) is not None


def measure_dialect(
    bench: Bench, name: str, calm: Sequence[str], *, caveat: str = ""
) -> Iterator[Row]:
    """Alarms at posts that readers did not find offensive, with and without those features."""
    marked = [text for text in calm if shows_aae(text)]
    others = [text for text in calm if not shows_aae(text)]
    for group, found in (("AAE features", marked), ("other posts", others)):
        most = QUICK_GROUP if bench.quick else WHOLE_GROUP
        texts = draw_texts(found, most, seed=f"{bench.seed} {name} {group}")
        if len(texts) < _MIN_GROUP:
            bench.skip(f"Only {len(texts)} inoffensive posts of {name} are {group}: left out.")
            continue
        views = bench.judge_texts(texts, f"parity, {name}, {group}")
        for head, scores in (
            ("hostility", pick(views, hostility_of) | bench.peers.score_offence(texts)),
            ("offensive", pick_read(views, lambda reading: reading.offensive)),
            ("threat", pick(views, threat_of)),
        ):
            fired = {who: v >= 0.5 for who, v in scores.items() if v is not None}
            if fired:
                yield bench.row(
                    f"parity, {head} at inoffensive posts: {group} ({name})", "false alarms",
                    np.zeros(len(texts), dtype=bool), fired, caveat=caveat,
                )  # fmt: skip


def measure_languages(
    bench: Bench,
    name: str,
    posts: Sequence[LabelledPost],
    views: Mapping[str, Sequence[Verdict]],
) -> Iterator[Row]:
    """The same posts by language: wrong labels, and alarms where there is nothing."""
    right = {
        view: np.array([one.label in post.labels for one, post in zip(found, posts, strict=True)])
        for view, found in views.items()
    }
    for lang, word in (("en", "English"), ("es", "Spanish")):
        inside = np.array([post.lang == lang for post in posts])
        if not inside.any():
            continue
        yield bench.row(
            f"parity, label: {word} ({name})", "errors",
            np.ones(int(inside.sum()), dtype=bool), {v: r[inside] for v, r in right.items()},
        )  # fmt: skip
        civil = inside & np.array([(post.hostility or 0) < 2 for post in posts])
        calm = inside & np.array(["threat" not in post.safety for post in posts])
        for head, places, scores in (
            ("hostility", civil, pick(views, hostility_of)),
            ("threat", calm, pick(views, threat_of)),
        ):
            yield bench.row(
                f"parity, {head} where there is none: {word} ({name})", "false alarms",
                np.zeros(int(places.sum()), dtype=bool),
                {v: values[places] >= 0.5 for v, values in scores.items() if values is not None},
            )  # fmt: skip
