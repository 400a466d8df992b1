"""Which words of a post speak for the label it got, for the screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from levelhead.analysis import features, scoring
from levelhead.analysis import heads as head_table
from levelhead.analysis.assess import Assessor, load
from levelhead.analysis.domain import Assessment, PostText, SafetyHead
from levelhead.analysis.heads import LABELS, SAFETY_HEADS
from levelhead.analysis.masking import unmask

_SIGNS = {features.MENTION: "@", features.LINK: "link", features.MAIL: "e-mail"}
# A term stands for the label where it adds more than this to the label's lead.
LEAST = 0.02


def explain(
    post: PostText,
    assessment: Assessment,
    limit: int = 5,
    *,
    head: SafetyHead | None = None,
    assessor: Assessor | None = None,
) -> list[tuple[str, float]]:
    """Terms of the post and how much each adds to the label's lead over the next one.

    Strongest first, words as they stand in the post. Where a rule raised the label, what it found
    comes first, with the rule's score. With `head` the terms are those that raise this head, which
    is what a decision by it needs. Only the part of the post that was assessed is looked at.
    """
    assessor = assessor or load()
    if head is None:
        found = assessor.find_raising(post.text, assessment.label.value)
    else:
        score = assessment.safety.get(head.value, 0.0)
        found = [(span.start, span.end, score) for span in assessment.spans if span.head is head]
    terms = [(post.text[start:end], score) for start, end, score in _part(found)]
    heads = assessor.heads
    data = scoring.encode(unmask(post.text))
    rows, counts, owners, _, _ = scoring.collect_plain(
        data, b"", heads.weights.shape[0] - 1, assessor.net.triggers
    )
    table = heads.weights[rows].astype(np.float64)
    if head is None:
        ours = LABELS.index(assessment.label.value)
        others = [name for name in assessment.label_scores if name != assessment.label.value]
        rival = LABELS.index(max(others, key=lambda name: assessment.label_scores[name]))
        lead = table[:, ours] * float(heads.scale[ours])
        lead -= table[:, rival] * float(heads.scale[rival])
    else:
        ours = head_table.SAFETY.start + SAFETY_HEADS.index(head.value)
        lead = table[:, ours] * float(heads.scale[ours])
    values = np.array(counts, dtype=np.float64)
    lead *= values / max(1.0, float(np.sqrt(np.dot(values, values))))
    by_owner: dict[int, float] = defaultdict(float)
    for owner, part in zip(owners, lead.tolist(), strict=True):
        by_owner[owner] += part
    by_word: dict[str, float] = defaultdict(float)
    for owner, word in _find_words(data).items():
        by_word[word] += by_owner.get(owner, 0.0)
    strongest = sorted(by_word.items(), key=lambda item: (-item[1], item[0]))
    shown = " ".join(term for term, _ in terms)
    terms += [
        (word, round(weight, 3))
        for word, weight in strongest
        if weight > LEAST and word not in shown
    ]
    return terms[:limit]


def _part(places: Sequence[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """The longest of places that overlap, in order of the text: one thing is said once."""
    kept: list[tuple[int, int, float]] = []
    for start, end, score in sorted(places, key=lambda place: place[0] - place[1]):
        if all(end <= a or start >= b for a, b, _ in kept):
            kept.append((start, end, score))
    return sorted(kept)


def _find_words(data: bytes) -> dict[int, str]:
    """Offset of each folded token to the word as it was written."""
    folded = bytearray(features.FOLDED_SIZE)
    origin = [0] * features.FOLDED_SIZE
    length, _ = scoring.fold_plain(data, 0, len(data), folded, origin)
    words = {}
    at = 0
    while at < length:
        if folded[at] == 32:
            at += 1
            continue
        stop = folded.index(32, at)
        if folded[at] in _SIGNS:
            word = _SIGNS[folded[at]]
        elif origin[stop] == origin[at]:
            word = chr(folded[at])  # a mark: the blank after it comes from the same place
        else:
            word = data[origin[at] : origin[stop]].decode("utf-8", "ignore").strip(" \t\n\r-_/")
        if any(character.isalnum() for character in word) or word in ("?", "!", "¿", "¡", "@"):
            words[at] = word
        at = stop
    return words
