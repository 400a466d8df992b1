"""Posts that say nearly the same, found as they are filed, so that one decision can do for all.

The memory is bounded: a ring of the last posts of the whole installation. A post is a copy of the
first one like it within its agency.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from levelhead.inbox.models import Case

if TYPE_CHECKING:
    from levelhead.analysis.streams.near_duplicates import NearDuplicates

# Posts that are compared with a new one. About 300 bytes each.
CAPACITY: Final = 1 << 15
# Posts that a new process reads again, so that it goes on where the last one stopped.
READ_AGAIN: Final = 4_000
# What a post must share with the first one of its words and word pairs. The ring is content with
# an estimated half, which is enough to follow a topic and too little to decide for it.
ALIKE: Final = 0.7
# Where so many of the 16 minima agree, nothing is left to be looked at closely.
SURELY_ALIKE: Final = 15
# Characters of a first post that are kept to be compared with.
KEPT: Final = 600
# What has fewer words is alike by accident: "When?" means something else in each conversation.
LEAST_WORDS: Final = 6
# Different first posts that one cluster of the ring may hold.
MOST_FIRSTS: Final = 8
_EDGES: Final = ".,;:!?…\"'()[]“”‘’«»¡¿*#"
_WORD: Final = re.compile(r"(?<!\S)(?!@|https?://)\S*\w\S*")


@dataclass(slots=True)
class _First:
    """The first of its kind in an agency."""

    post_id: int
    signature: Any  # (16,) uint32
    text: str
    # Whether its own case says that it has copies.
    marked: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A new post as far as copies matter."""

    agency_id: int
    post_id: int
    text: str


@dataclass(slots=True)
class Copies:
    """What was found in a batch; `CopyMemory.keep` it once the batch is committed."""

    # New post -> the first post that it says nearly the same as.
    cluster: dict[int, int] = field(default_factory=dict)
    # Older first posts that have a copy now, for the first time.
    first_copied: list[int] = field(default_factory=list)
    news: list[tuple[tuple[int, int], _First]] = field(default_factory=list)


class CopyMemory:
    """The last posts and which of them were the first of their kind. Bounded."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ring: NearDuplicates | None = None
        self._firsts: OrderedDict[tuple[int, int], list[_First]] = OrderedDict()

    def clear(self) -> None:
        """Forget all, as in tests; it is read again from the database."""
        with self._lock:
            self._ring = None
            self._firsts.clear()

    def warm(self) -> None:
        """Be ready before the first post comes: compiled, and with the last posts read."""
        from levelhead.analysis.streams.near_duplicates import NearDuplicates

        NearDuplicates(16).add(["Good morning to everybody here."])
        with self._lock:
            if self._ring is None:
                self._read_again()

    def find(self, posts: Sequence[Seen]) -> Copies:
        """The copies among new posts, in their order."""
        worth = [post for post in posts if _has_words(post.text)]
        if not worth:
            return Copies()
        with self._lock:
            if self._ring is None:
                self._read_again()
            return self._find(worth, {})

    def keep(self, found: Copies) -> None:
        """Remember what is committed."""
        with self._lock:
            self._keep(found)

    def _keep(self, found: Copies) -> None:
        for key, first in found.news:
            firsts = self._firsts.setdefault(key, [])
            self._firsts.move_to_end(key)
            known = next((one for one in firsts if one.post_id == first.post_id), None)
            if known is not None:
                known.marked = known.marked or first.marked
            elif len(firsts) < MOST_FIRSTS:
                firsts.append(first)
        while len(self._firsts) > CAPACITY:
            self._firsts.popitem(last=False)

    def _find(self, posts: Sequence[Seen], cluster_of: dict[int, int]) -> Copies:
        from levelhead.analysis.streams.near_duplicates import sign

        if self._ring is None:
            raise RuntimeError("The copies are looked for before the memory was filled.")
        texts = [post.text for post in posts]
        found = Copies()
        pending: dict[tuple[int, int], list[_First]] = {}
        for post, signature, number in zip(
            posts, sign(texts), self._ring.add(texts).tolist(), strict=True
        ):
            key = (post.agency_id, number)
            known = [*pending.get(key, ()), *self._firsts.get(key, ())]
            like = next((one for one in known if _alike(one, signature, post.text)), None)
            if like is None:
                first_id = cluster_of.get(post.post_id, post.post_id)
                first = _First(
                    first_id, signature.copy(), post.text[:KEPT], post.post_id in cluster_of
                )
                pending.setdefault(key, []).append(first)
                found.news.append((key, first))
            else:
                found.cluster[post.post_id] = like.post_id
                if not like.marked:
                    marked = _First(like.post_id, like.signature, like.text, True)
                    pending.setdefault(key, []).insert(0, marked)
                    found.news.append((key, marked))
                    found.first_copied.append(like.post_id)
        return found

    def _read_again(self) -> None:
        from levelhead.analysis.streams.near_duplicates import NearDuplicates

        self._ring = NearDuplicates(CAPACITY)
        rows = list(
            Case.objects.filter(post__from_agency=False)
            .order_by("-post_id")
            .values_list("agency_id", "post_id", "post__text", "cluster")[:READ_AGAIN]
        )
        worth = [row for row in reversed(rows) if _has_words(row[2])]
        posts = [Seen(row[0], row[1], row[2]) for row in worth]
        cluster_of = {row[1]: row[3] for row in worth if row[3] is not None}
        for start in range(0, len(posts), 500):
            self._keep(self._find(posts[start : start + 500], cluster_of))


def _alike(first: _First, signature: Any, text: str) -> bool:
    if int((first.signature == signature).sum()) >= SURELY_ALIKE:
        return True
    one, other = _shingles(first.text), _shingles(text[:KEPT])
    return len(one & other) >= ALIKE * len(one | other)


def _shingles(text: str) -> set[object]:
    """Words and pairs of words; links and mentions say nothing."""
    words = [word.casefold().strip(_EDGES) for word in _WORD.findall(text)]
    return {*words, *pairwise(words)}


def _has_words(text: str) -> bool:
    words = _WORD.finditer(text)
    return sum(1 for _, _word in zip(range(LEAST_WORDS), words, strict=False)) == LEAST_WORDS


copy_memory = CopyMemory()
