"""Hot posts that speak of the same thing: found from the newest one outward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from levelhead.analysis.streams.baselines import surprise
from levelhead.analysis.streams.domain import Signs
from levelhead.analysis.streams.signs import HOT
from levelhead.analysis.streams.term_table import TermTable

# A term links posts where it comes this many times as often as usual, and at least twice.
LINK_RATIO: Final = 3.0
LINK_LEAST: Final = 1.5
# So many of the most frequent linking terms explain a chorus.
COVER: Final = 6
# What it costs, in nats, that any of the terms of a post might have been the one that links.
CHOICE_COST: Final = 2.5
LEAST_EXPECTED: Final = 0.02
# What another copy of the same words adds, from another author and from the same.
COPY_WEIGHT: Final = 0.5
OWN_COPY_WEIGHT: Final = 0.1
# One author saying it again in other words.
AGAIN_WEIGHT: Final = 0.3


@dataclass(slots=True, eq=False)
class Note:
    """What is kept of a post for a while."""

    at: float
    id: object
    author: str | None
    # Terms, and hazards with HAZARD_MARK before them.
    terms: frozenset[str]
    signs: Signs
    # Names of the signs that hold, to count by.
    marks: tuple[str, ...]
    cluster: int
    # Its beginning as it was written, to name topics with.
    text: str
    # Number of the topic it was counted to; 0 for none.
    topic: int = 0


@dataclass(slots=True)
class Chorus:
    """Hot posts that share terms that are rare otherwise."""

    notes: list[Note]
    # Linking terms, the most frequent first.
    terms: list[str]
    # Heat added up, copies and repeated authors counting less.
    mass: float
    # How much of it was to be expected, and how surprising that is (nats), less what it costs to
    # have chosen the terms.
    expected: float
    surprise: float


def weigh(notes: Iterable[Note]) -> float:
    """How many of `notes` are hot; warm ones, copies and repeated authors count in part."""
    mass = 0.0
    clusters: Counter[int] = Counter()
    authors: Counter[str] = Counter()
    said: set[tuple[int, str]] = set()
    for note in notes:
        weight = min(1.0, note.signs.heat / HOT)
        if note.author is not None:
            if (note.cluster, note.author) in said:
                weight *= OWN_COPY_WEIGHT
            elif clusters[note.cluster]:
                weight *= COPY_WEIGHT
            elif authors[note.author]:
                weight *= AGAIN_WEIGHT ** min(3, authors[note.author])
            authors[note.author] += 1
            said.add((note.cluster, note.author))
        elif clusters[note.cluster]:
            weight *= COPY_WEIGHT
        # The tenth copy tells less than the second.
        if clusters[note.cluster] > 3:
            weight *= 3 / clusters[note.cluster]
        clusters[note.cluster] += 1
        mass += weight
    return mass


def rank(counts: Counter[str], limit: int | None = None) -> list[tuple[str, int]]:
    """The most frequent terms with their counts, always in the same order.

    Terms of a post come out of a set, whose order differs from run to run; ties may not.
    """
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def list_links(terms: Iterable[str], table: TermTable, at: float) -> list[str]:
    """Those of `terms` that come far more often than usual."""
    links = []
    for term in terms:
        cell = table.cells.get(term)
        if cell is None or cell.fast < LINK_LEAST:
            continue
        expected, _ = table.expect(term, at)
        if cell.fast >= LINK_RATIO * expected:
            links.append(term)
    return links


def find_chorus(newest: Note, hot: Sequence[Note], table: TermTable, at: float) -> Chorus:
    """The posts of `hot` that are linked with `newest`, at most three steps away."""
    links_of: dict[str, bool] = {}

    def links(note: Note) -> list[str]:
        unknown = [term for term in note.terms if term not in links_of]
        found = set(list_links(unknown, table, at))
        for term in unknown:
            links_of[term] = term in found
        return [term for term in note.terms if links_of[term]]

    reached = [newest]
    left = [note for note in hot if note is not newest]
    terms = set(links(newest))
    for _ in range(3):
        near = [note for note in left if not terms.isdisjoint(note.terms)]
        if not near:
            break
        left = [note for note in left if terms.isdisjoint(note.terms)]
        reached += near
        for note in near:
            terms.update(links(note))
    return _condense(reached, terms, table, at)


def _condense(notes: list[Note], terms: set[str], table: TermTable, at: float) -> Chorus:
    """The part of `notes` that the fewest and most surprising terms hold together."""
    left = sorted(notes, key=lambda note: note.at)
    chosen: list[str] = []
    held: list[Note] = []
    expected = 0.0
    best = Chorus(left[-1:], [], weigh(left[-1:]), 1.0, 0.0)
    while left and len(chosen) < COVER:
        counts = Counter(term for note in left for term in note.terms if term in terms)
        if not counts:
            break
        term = max(counts, key=lambda term: (counts[term], term))
        chosen.append(term)
        held += [note for note in left if term in note.terms]
        left = [note for note in left if term not in note.terms]
        expected += max(LEAST_EXPECTED, table.expect(term, at)[1])
        mass = weigh(held)
        found = surprise(mass, expected) - CHOICE_COST * (len(chosen) - 1)
        if found > best.surprise or not best.terms:
            best = Chorus(list(held), list(chosen), mass, expected, found)
    # Other terms that its posts share name it better than those that hold it together.
    counts = Counter(term for note in best.notes for term in note.terms if term in terms)
    best.terms = [term for term, count in rank(counts) if count > 1] or best.terms
    return best
