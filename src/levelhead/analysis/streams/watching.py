"""Reads a stream post by post and says what bursts; what level that deserves is doctrine's."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from math import log
from typing import Final

from levelhead.analysis.streams.baselines import Share, WeekBaseline, surprise
from levelhead.analysis.streams.chorus import Chorus, Note, find_chorus, list_links, rank
from levelhead.analysis.streams.domain import Burst, Reader, StreamPost
from levelhead.analysis.streams.naming import name_topic
from levelhead.analysis.streams.near_duplicates import NearDuplicates
from levelhead.analysis.streams.signs import HOT, WARM, WITHOUT_MODEL, read_signs
from levelhead.analysis.streams.stream_clock import StreamClock
from levelhead.analysis.streams.term_table import FAST, HAZARD_MARK, TermTable
from levelhead.analysis.streams.terms import cut_terms
from levelhead.analysis.streams.vocabulary import TEXT_LIMIT, load_vocabulary

# What is kept of the past for looking at single posts.
RECENT: Final = 4096
RECENT_WARM: Final = 256
WINDOW: Final = 45 * 60.0
# A chorus this small is not looked at further.
CHORUS_LEAST: Final = 2.0
# Posts about one thing before volume alone is worth a word.
VOLUME_LEAST: Final = 10.0
VOLUME_SURPRISE: Final = 14.0
# In a flood a chorus is listened for once in so many seconds, or so many posts.
LISTEN_SECONDS: Final = 1.0
LISTEN_POSTS: Final = 8
# Look again when it has grown so much.
GROWTH: Final = 1.3
EXAMPLES: Final = 5
TOPIC_TERMS: Final = 12
TERMS_KEPT: Final = 6
# Topics under way: how many are kept, and how long after their last post.
MAX_TOPICS: Final = 64
TOPIC_SECONDS: Final = 12 * 3600.0
# How long single grave posts are remembered.
GRAVE_WINDOW: Final = 60 * 60.0
# Signs that are counted, those that make a single post worth a look, and those whose copies count
# too: an allegation passed on a hundred times is one voice and a hundred authors.
MARKS: Final = (
    *("danger", "negative", "press", "misconduct", "accused", "vigilante", "rumor", "official"),
    *("high_reach", "call", "peril"),
)
GRAVE: Final = frozenset({"danger", "press", "misconduct", "vigilante"})
SPREADING: Final = frozenset({"misconduct", "accused", "negative", "call", "peril"})


class Topic:
    """Something under way that later posts belong to."""

    __slots__ = ("count", "last", "looked", "number", "terms", "usual")

    def __init__(self, number: int, at: float) -> None:
        self.number = number
        self.terms: set[str] = set()
        self.last = at
        self.count = 0
        # `count` when it was last reported on.
        self.looked = 0
        # What was usual of its terms when it began: what has burst is soon not unusual any more.
        self.usual: dict[str, float] = {}


class StreamWatch:
    """Takes posts in the order of their arrival; gives the bursts that each one completes.

    Memory is bounded whatever comes: a ring of posts, a capped table of terms, capped topics.
    Not safe between threads.
    """

    def __init__(self, reader: Reader | None = None, *, ring: int = 1 << 16) -> None:
        self._reader = reader
        self._vocabulary = load_vocabulary()
        self._clock = StreamClock()
        self._duplicates = NearDuplicates(ring)
        self._table = TermTable()
        self._recent: deque[Note] = deque(maxlen=RECENT)
        self._warm: deque[Note] = deque(maxlen=RECENT_WARM)
        self._grave: deque[Note] = deque(maxlen=RECENT_WARM)
        self._week = WeekBaseline()
        self._negative = Share(prior=0.1, weight=100, fast=100, slow=20_000)
        self._topics: dict[int, Topic] = {}
        self._topic_number = 0
        self._whole_checked = 0.0
        self._whole_at = float("-inf")
        self._listened_at = float("-inf")
        self._unheard = 0
        # Posts of the last `take` that belong to a topic under way: id and the topic's key.
        self.joined: list[tuple[object, int]] = []

    def take(self, posts: Sequence[StreamPost]) -> list[Burst]:
        """The bursts that these posts complete, in order."""
        bursts: list[Burst] = []
        self.joined = []
        if not posts:
            return bursts
        texts = [post.text for post in posts]
        readings = self._reader(texts) if self._reader else [WITHOUT_MODEL] * len(texts)
        self._clock.prime(post.created_at for post in posts)
        clusters = self._duplicates.add(texts).tolist()
        for post, reading, cluster in zip(posts, readings, clusters, strict=True):
            terms, words = cut_terms(post.text)
            signs = read_signs(post, words, reading, self._vocabulary)
            marked = [HAZARD_MARK + hazard for hazard in signs.hazards]
            note = Note(
                at=self._clock.take(post.created_at),
                id=post.id,
                author=post.author,
                terms=frozenset(terms + marked),
                signs=signs,
                marks=tuple(mark for mark in MARKS if getattr(signs, mark)),
                cluster=cluster,
                text=post.text[:TEXT_LIMIT],
            )
            bursts += self._count(note)
            if note.topic:
                self.joined.append((note.id, note.topic))
        return bursts

    @property
    def now(self) -> datetime | None:
        """Stream time; None before any post had a time."""
        return self._clock.now

    def _count(self, note: Note) -> list[Burst]:
        at, signs = note.at, note.signs
        warm = signs.heat >= WARM
        self._table.count(note.terms, at, warm=warm)
        self._week.add(at)
        self._negative.add(float(signs.negative))
        self._recent.append(note)
        self._join_topic(note)
        bursts = []
        if warm:
            self._warm.append(note)
        while self._warm and self._warm[0].at < at - WINDOW:
            self._warm.popleft()
        while self._grave and self._grave[0].at < at - GRAVE_WINDOW:
            self._grave.popleft()
        if not GRAVE.isdisjoint(note.marks):
            self._grave.append(note)
            bursts += self._weigh_grave(note)
        if warm:
            bursts += self._hear_chorus(note)
        bursts += self._weigh_volume(note)
        bursts += self._weigh_whole(at)
        return bursts

    # Topics under way

    def _join_topic(self, note: Note) -> None:
        best, most = 0, 0.0
        for number, topic in self._topics.items():
            shared = topic.terms & note.terms
            # A hazard's mark alone is not enough to belong to the same event.
            score = sum(0.5 if term.startswith(HAZARD_MARK) else 1.0 for term in shared)
            if score > most:
                best, most = number, score
        if best and (most >= 1.5 or (most >= 1 and note.signs.heat >= WARM)):
            note.topic = best
            topic = self._topics[best]
            topic.count += 1
            topic.last = note.at

    def _open_topic(self, terms: Sequence[str], notes: Iterable[Note], at: float) -> Topic:
        own = Counter(note.topic for note in notes if note.topic)
        number = own.most_common(1)[0][0] if own else 0
        topic = self._topics.get(number)
        if topic is None:
            for old in [
                number for number, topic in self._topics.items() if topic.last < at - TOPIC_SECONDS
            ]:
                del self._topics[old]
            if len(self._topics) >= MAX_TOPICS:
                del self._topics[min(self._topics, key=lambda n: self._topics[n].last)]
            self._topic_number += 1
            number = self._topic_number
            topic = self._topics[number] = Topic(number, at)
        for note in notes:
            if not note.topic:
                note.topic = number
                topic.count += 1
        topic.terms.update(terms[: max(0, TOPIC_TERMS - len(topic.terms))])
        topic.last = at
        return topic

    # What bursts

    def _hear_chorus(self, note: Note) -> list[Burst]:
        topic = self._topics.get(note.topic)
        if topic is not None and topic.looked and topic.count < topic.looked * GROWTH:
            return []
        self._unheard += 1
        if note.at < self._listened_at + LISTEN_SECONDS and self._unheard < LISTEN_POSTS:
            return []
        self._listened_at, self._unheard = note.at, 0
        chorus = find_chorus(note, list(self._warm), self._table, note.at)
        if chorus.mass < CHORUS_LEAST or not chorus.terms:
            return []
        return [self._describe_chorus(chorus, note.at)]

    def _describe_chorus(self, chorus: Chorus, at: float) -> Burst:
        lead = set(chorus.terms[:3])
        about = [
            note
            for note in self._recent
            if note.at >= at - WINDOW and not lead.isdisjoint(note.terms)
        ]
        evidence = self._gather(about)
        evidence |= {
            "emergency": chorus.mass,
            "emergency_surprise": chorus.surprise,
            "emergency_expected": chorus.expected,
            "emergency_share": _share(about, lambda note: note.signs.heat >= WARM),
            "plain": float(len({n.cluster for n in chorus.notes if n.signs.heat >= HOT})),
            "anchors": float(sum(map(self._anchors, chorus.terms))),
            "earnest_share": 1 - _share(about, lambda note: note.signs.unreal),
            "originals": float(len({note.cluster for note in chorus.notes})),
        }
        topic = self._open_topic(chorus.terms, chorus.notes, at) if chorus.surprise > 6 else None
        if topic is not None:
            topic.looked = topic.count
        key = topic.number if topic is not None else 0
        return self._make(at, chorus.terms, about, chorus.notes, evidence, key=key)

    def _anchors(self, term: str) -> bool:
        """Whether `term` ties posts to one place or thing, as the name of a hazard does not."""
        return not term.startswith(HAZARD_MARK) and not self._vocabulary.look_up(term).hazards

    def _weigh_grave(self, note: Note) -> list[Burst]:
        links = set(list_links(note.terms, self._table, note.at))
        related = [
            other
            for other in self._grave
            if other is note or not (links or note.terms).isdisjoint(other.terms)
        ]
        # The first few are looked at one by one, then whenever they have grown.
        if not any(
            _is_step(sum(mark in other.marks for other in related))
            for mark in note.marks
            if mark in GRAVE
        ):
            return []
        evidence = self._gather(related)
        evidence["originals"] = float(len({other.cluster for other in related}))
        terms = sorted(note.terms, key=lambda term: (term not in links, term))
        return [self._make(note.at, terms, related, related, evidence, key=note.topic)]

    def _weigh_volume(self, note: Note) -> list[Burst]:
        bursts: list[Burst] = []
        # Sorted, so that the same stream always gives the same bursts.
        for term in sorted(note.terms):
            cell = self._table.cells.get(term)
            if cell is None or cell.fast < VOLUME_LEAST or cell.fast < cell.checked * GROWTH:
                continue
            expected, _ = self._table.expect(term, note.at)
            if surprise(cell.fast, expected) < VOLUME_SURPRISE:
                continue
            cell.checked = cell.fast
            if bursts:
                # One burst for a post is enough; its other terms were looked at with it.
                continue
            about = [
                other
                for other in self._recent
                if term in other.terms and other.at >= note.at - WINDOW
            ]
            counts = Counter(other_term for other in about for other_term in other.terms)
            shared = [
                name for name, count in rank(counts, 16) if count >= 0.3 * len(about) and count > 1
            ]
            # In a long burst its terms have become usual; they are its terms all the same.
            links = list_links(shared, self._table, note.at) or shared or [term]
            topic = self._topics.get(note.topic)
            if topic is None:
                topic = self._open_topic(links, about, note.at)
            evidence = self._gather(about)
            evidence |= {
                "emergency": 0.0,
                "emergency_share": _share(about, lambda other: other.signs.heat >= WARM),
                "originals": float(len({other.cluster for other in about})),
                "surprise": surprise(cell.fast, expected),
            }
            usual = self._expect([term], topic, note.at)
            bursts.append(
                self._make(
                    note.at,
                    links,
                    about,
                    about,
                    evidence,
                    usual=usual,
                    key=topic.number,
                )
            )
        return bursts

    def _weigh_whole(self, at: float) -> list[Burst]:
        total = self._table.total.fast
        if at < self._whole_at + 600 or total < VOLUME_LEAST:
            return []
        self._whole_at = at
        usual, stray = self._week.expect(at)
        if usual <= 0:
            return []
        hourly = total * 3600 / FAST
        rise = self._negative.recent - self._negative.usual
        grown = hourly > usual + 4 * stray and hourly >= 2 * usual
        if not grown and rise < 0.2:
            return []
        if total < self._whole_checked * GROWTH:
            return []
        self._whole_checked = total
        about = [note for note in self._recent if note.at >= at - FAST]
        evidence = self._gather(about) | {"negative_rise": rise, "strays": (hourly - usual) / stray}
        counts = Counter(term for note in about for term in note.terms)
        terms = list_links((term for term, _ in rank(counts, 40)), self._table, at)
        burst = self._make(
            at, terms, about, about[-EXAMPLES:], evidence, usual=usual * FAST / 3600, whole=True
        )
        return [burst]

    def _gather(self, notes: Sequence[Note]) -> dict[str, float]:
        """Figures about posts that belong together."""
        named = Counter(note.cluster for note in notes)
        known = {note.author for note in notes if note.author is not None}
        unknown = sum(note.author is None for note in notes)
        marked: dict[str, list[Note]] = {mark: [] for mark in MARKS}
        for note in notes:
            for mark in note.marks:
                marked[mark].append(note)
        largest = named.most_common(1)[0] if named else (0, 0)
        figures = {
            "authors": float(len(known)),
            "spread": float(len(known) + unknown),
            "negative_share": len(marked["negative"]) / len(notes) if notes else 0.0,
            "copies": float(largest[1]),
            "copies_share": largest[1] / len(notes) if notes else 0.0,
            "copy_authors": float(
                len({n.author for n in notes if n.cluster == largest[0] and n.author is not None})
            ),
        }
        for mark, found in marked.items():
            authors = _count_authors(found)
            # Copies of one text, and one author's posts, are one voice.
            figures[mark] = float(min(len({note.cluster for note in found}), authors))
            if mark in SPREADING:
                figures[f"{mark}_authors"] = float(authors)
        return figures

    def _make(
        self,
        at: float,
        terms: Sequence[str],
        about: Sequence[Note],
        telling: Sequence[Note],
        evidence: dict[str, float],
        *,
        usual: float | None = None,
        whole: bool = False,
        key: int = 0,
    ) -> Burst:
        if usual is None:
            lead = [term for term in terms[:3] if not term.startswith(HAZARD_MARK)] or terms[:1]
            usual = self._expect(lead, self._topics.get(key), at)
        posts = self._count_posts(terms, about, at)
        evidence["posts"] = float(posts)
        evidence["ratio"] = posts / max(usual, 1.0)
        if about:
            # Who wrote the posts that are kept no longer is not known; it is as varied.
            evidence["spread"] *= posts / len(about)
        examples: dict[int, object] = {}
        for note in sorted(telling, key=_weigh_example):
            examples.setdefault(note.cluster, note.id)
            if len(examples) == EXAMPLES:
                break
        return Burst(
            at=self._clock.now or datetime.fromtimestamp(at, UTC),
            topic=tuple(_pick_terms(terms)),
            call_it=partial(_name, list(terms), list(telling)),
            list_posts=partial(_list_ids, about),
            posts=posts,
            baseline=usual,
            examples=tuple(examples.values()),
            evidence=evidence,
            key=key,
            whole_stream=whole,
        )

    def _expect(self, terms: Sequence[str], topic: Topic | None, at: float) -> float:
        """Posts usual in the window."""
        most = 0.0
        for term in terms:
            expected, _ = self._table.expect(term, at)
            if topic is not None:
                if term in topic.usual or len(topic.usual) < 2 * TOPIC_TERMS:
                    topic.usual.setdefault(term, expected)
                expected = min(expected, topic.usual.get(term, expected))
            most = max(most, expected)
        # In three quarters of an hour more comes than in the decaying count.
        return most * WINDOW / FAST

    def _count_posts(self, terms: Sequence[str], about: Sequence[Note], at: float) -> int:
        """Posts in the window; in a flood, when the ring is shorter than it, by the count."""
        full = len(self._recent) == RECENT and self._recent[0].at > at - WINDOW
        cells = [self._table.cells.get(term) for term in terms[:1]] if full else []
        return max(len(about), *(int(cell.fast) for cell in cells if cell is not None), 0)


def _name(terms: Sequence[str], notes: Sequence[Note]) -> tuple[str, ...]:
    return name_topic(terms, [(note.text, note.cluster) for note in notes])


def _list_ids(notes: Sequence[Note]) -> tuple[object, ...]:
    return tuple(note.id for note in notes)


def _count_authors(notes: Sequence[Note]) -> int:
    """How many wrote them; one whose author is not known counts by itself."""
    known = {note.author for note in notes if note.author is not None}
    return len(known) + sum(note.author is None for note in notes)


def _is_step(number: int) -> bool:
    if number <= 8:
        return number > 0
    return int(log(number, GROWTH)) > int(log(number - 1, GROWTH))


def _weigh_example(note: Note) -> float:
    signs = note.signs
    plain = signs.danger + signs.misconduct + signs.peril + 0.5 * signs.call
    return -signs.heat - plain


def _pick_terms(terms: Sequence[str]) -> list[str]:
    """Terms that tell what it is; hazards only where there is nothing else."""
    chosen = [term for term in terms if not term.startswith(HAZARD_MARK)][:TERMS_KEPT]
    return chosen or [term.removeprefix(HAZARD_MARK) for term in terms][:TERMS_KEPT]


def _share(notes: Sequence[Note], holds: Callable[[Note], bool]) -> float:
    return sum(map(holds, notes)) / len(notes) if notes else 0.0
