"""What a post is about, and whether a reply comes back to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from levelhead.doctrine.reply.reading import Reading, Span
from levelhead.doctrine.reply.rulebook import Concern
from levelhead.doctrine.reply.stems import TOKEN, number_of, stem

# Of a long post, this much is read for what it is about.
MAX_CHARACTERS: Final = 5_000
# Longest text of a draft that is searched for the terms.
MAX_REPLY_CHARACTERS: Final = 20_000
MAX_TERMS: Final = 8
MAX_QUESTIONS: Final = 5
_SHORTEST_TERM: Final = 3


class Kind(StrEnum):
    """What a post wants."""

    QUESTION = "question"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    STATEMENT = "statement"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Term:
    """A word that a post is about."""

    word: str
    stem: str
    groups: frozenset[int]


@dataclass(frozen=True, slots=True)
class Point:
    """One question or complaint of a post."""

    span: Span
    terms: tuple[Term, ...]
    # Number of the focus in Concern.focus; None where it asks for nothing of a known kind.
    focus: int | None
    # Whether the terms stand in the point itself, and not only around it.
    own_terms: bool = True


@dataclass(frozen=True, slots=True)
class PostConcern:
    """What a post is about: its kind, and its points, questions first."""

    kind: Kind
    points: tuple[Point, ...]


def read_concern(post: Reading, words: Concern) -> PostConcern:
    """What the post is about."""
    text = post.bare[:MAX_CHARACTERS]
    sentences = [span for span in post.sentences if span[0] < MAX_CHARACTERS]
    asked = [span for span in sentences if _is_question(post, span, words)]
    if asked:
        kind = Kind.QUESTION
    elif words.praise.search(text) and not any(
        mark in text for mark in ("why", "but ", "however", "pero ", "por que")
    ):
        kind = Kind.PRAISE
    elif words.complaint.search(text) or "n't" in text:
        kind = Kind.COMPLAINT
    elif len(post.words) >= 3:
        kind = Kind.STATEMENT
    else:
        kind = Kind.NOTHING
    if kind in (Kind.PRAISE, Kind.NOTHING):
        return PostConcern(kind, ())
    if not asked:
        whole = (0, min(len(post.text), MAX_CHARACTERS))
        return PostConcern(kind, (Point(whole, _read_terms(post, [whole], words), None),))
    points = []
    for span in asked[:MAX_QUESTIONS]:
        # "Why?" alone asks about what stands before it.
        own = _read_terms(post, [span], words)
        terms = own or _read_terms(post, sentences, words)
        points.append(Point(span, terms, _read_focus(post, span, words), bool(own)))
    return PostConcern(kind, tuple(points))


def _is_question(post: Reading, span: Span, words: Concern) -> bool:
    sentence = post.text[span[0] : span[1]]
    if "?" in sentence[-4:]:
        return True
    if "¿" in sentence:
        return True
    # Without its mark, only what begins as a question and is short.
    start = words.questions.match(post.bare, span[0])
    return start is not None and len(sentence) < 120 and "!" not in sentence


def _read_focus(post: Reading, span: Span, words: Concern) -> int | None:
    sentence = post.bare[span[0] : span[1]]
    best: tuple[int, int] | None = None
    for number, (asks, _) in enumerate(words.focus):
        found = asks.search(sentence)
        # The first question word decides; "how much" wins over "how" by its place in the list.
        if found and (best is None or found.start() < best[0]):
            best = (found.start(), number)
    return None if best is None else best[1]


def _read_terms(post: Reading, spans: Iterable[Span], words: Concern) -> tuple[Term, ...]:
    """The words that say what the spans are about: names and known subjects first."""
    weights: dict[str, float] = {}
    first: dict[str, str] = {}
    for start, end in spans:
        for found in TOKEN.finditer(post.bare, start, min(end, MAX_CHARACTERS)):
            word = found[0].removesuffix("'s")
            if len(word) < _SHORTEST_TERM or word in words.empty or number_of(word) is not None:
                continue
            if word.replace("'", "") in words.empty:
                continue
            root = stem(word)
            weight = 1.0 + (word in words.synonyms) + 0.1 * min(len(word), 10)
            if found.start() > start and post.text[found.start()].isupper():
                weight += 0.5
            weights[root] = weights.get(root, 0.0) + weight
            first.setdefault(root, word)
    best = sorted(weights, key=lambda root: -weights[root])[:MAX_TERMS]
    return tuple(
        Term(first[root], root, words.synonyms.get(first[root], frozenset())) for root in best
    )


def find_unanswered(concern: PostConcern, draft: Reading, words: Concern) -> list[Point]:
    """The points that the draft neither names nor answers; those that name nothing are left out."""
    text = draft.plain[:MAX_REPLY_CHARACTERS]
    stems: set[str] = set()
    groups: set[int] = set()
    for token in TOKEN.findall(text):
        word = token.removesuffix("'s")
        stems.add(stem(word))
        groups |= words.synonyms.get(word, frozenset())
    starts = {root[:6] for root in stems if len(root) >= 6}
    missing = []
    for point in concern.points:
        if not point.terms:
            continue
        if any(
            term.groups & groups
            or term.stem in stems
            or (len(term.stem) >= 6 and term.stem[:6] in starts)
            for term in point.terms
        ):
            continue
        if point.focus is not None and words.focus[point.focus][1].search(text):
            continue
        missing.append(point)
    return missing
