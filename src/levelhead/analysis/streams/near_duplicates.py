"""Posts that say nearly the same: MinHash in bands over a ring of the last posts.

Sixteen minima over words and word pairs, eight bands of two (Broder 1997; Leskovec et al., Mining
of Massive Datasets, ch. 3). Links, mentions, marks and case do not count. numba promotes uint32
products to 64 bits, so every step casts; tests pin signatures.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_log = logging.getLogger(__name__)

MINIMA: Final = 16
BANDS: Final = 8
# Posts are alike where so many of the minima agree: an estimated Jaccard similarity of 0.5.
ALIKE: Final = 8
# How much of a text is looked at, in bytes of UTF-8, and how many shingles of it.
TEXT_BYTES: Final = 1_200
MAX_SHINGLES: Final = 256
# How far a chain of posts in the same bucket is followed; bounds what hostile input can cost.
MAX_STEPS: Final = 32

_numbers = np.random.default_rng(5)
_FACTORS: Final = (_numbers.integers(1, 2**32, MINIMA, dtype=np.uint64) | 1).astype(np.uint32)
_TERMS: Final = _numbers.integers(0, 2**32, MINIMA, dtype=np.uint64).astype(np.uint32)

Uint32s = NDArray[np.uint32]
Int64s = NDArray[np.int64]


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` compiled, or as it is where this machine cannot compile."""
    try:
        import numba
    except (ImportError, OSError, RuntimeError) as error:
        _log.warning("Duplicates are searched without compiled code, slowly: %s", error)
        return function
    try:
        compiled: Callable[..., Any] = numba.njit(cache=True, nogil=True)(function)
    except (OSError, RuntimeError):
        # No place to keep compiled code: compile again in each process.
        compiled = numba.njit(nogil=True)(function)
    return compiled


def _cut_shingles(src, start, end, out):  # type: ignore[no-untyped-def]
    """Write hashes of the words and word pairs of `src[start:end]` into `out`; say how many.

    Plain integers cut to 32 bits, so that compiled and interpreted runs agree.
    """
    count = 0
    previous = 0
    i = start
    while i < end and count + 2 <= out.shape[0]:
        while i < end and (src[i] == 32 or (9 <= src[i] <= 13)):
            i += 1
        if i >= end:
            break
        skip = src[i] == 64  # @
        if i + 4 < end and src[i] == 104 and src[i + 1] == 116 and src[i + 2] == 116:
            skip = skip or src[i + 3] == 112  # http
        h = 2166136261
        length = 0
        while i < end and not (src[i] == 32 or (9 <= src[i] <= 13)):
            c = int(src[i])
            if 97 <= c <= 122 or 48 <= c <= 57 or c >= 128:
                h = ((h ^ c) * 16777619) & 0xFFFFFFFF
                length += 1
            i += 1
        if skip or length == 0:
            continue
        h = h ^ (h >> 15)
        # The mark that a repost begins with says nothing about what is reposted.
        if count == 0 and length == 2 and h == _RT_HASH:
            continue
        out[count] = h
        count += 1
        if previous != 0:
            pair = (((previous * 0x9E3779B1) & 0xFFFFFFFF) ^ h) & 0xFFFFFFFF
            out[count] = pair ^ (pair >> 13)
            count += 1
        previous = h
    return count


def _hash_plain(word: bytes) -> int:
    h = 2166136261
    for c in word:
        h = ((h ^ c) * 16777619) & 0xFFFFFFFF
    return h ^ (h >> 15)


_RT_HASH: Final = _hash_plain(b"rt")


def _sign_loop(src, offsets, factors, terms, signatures):  # type: ignore[no-untyped-def]
    """Fill `signatures` (n, MINIMA) for the texts between `offsets`."""
    shingles = np.empty(MAX_SHINGLES, np.uint32)
    for d in range(offsets.shape[0] - 1):
        count = _cut(src, offsets[d], offsets[d + 1], shingles)
        for j in range(factors.shape[0]):
            signatures[d, j] = np.uint32(0xFFFFFFFF)
        for k in range(count):
            h = shingles[k]
            for j in range(factors.shape[0]):
                x = np.uint32(np.uint32(h * factors[j]) + terms[j])
                x = np.uint32(x ^ (x >> np.uint32(16)))
                x = np.uint32(x * np.uint32(0x7FEB352D))
                if x < signatures[d, j]:
                    signatures[d, j] = x


def _sign_plain(src, offsets, factors, terms, signatures):  # type: ignore[no-untyped-def]
    """The same as `_sign_loop` with numpy in place of the inner loops."""
    shingles = np.empty(MAX_SHINGLES, np.uint32)
    for d in range(offsets.shape[0] - 1):
        count = _cut_one(src, int(offsets[d]), int(offsets[d + 1]), shingles)
        if count == 0:
            signatures[d] = 0xFFFFFFFF
            continue
        x = shingles[:count, None] * factors + terms
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x7FEB352D)
        signatures[d] = x.min(axis=0)


def _file_loop(signatures, stored, clusters, heads, links, count, found):  # type: ignore[no-untyped-def]
    """Find for each signature the cluster it belongs to, and store it; say the new count.

    `heads` (BANDS, buckets) and `links` (capacity, BANDS) hold running numbers of posts; a number
    that has left the ring ends its chain.
    """
    bands = heads.shape[0]
    mask = heads.shape[1] - 1
    capacity = stored.shape[0]
    minima = signatures.shape[1]
    rows = minima // bands
    buckets = np.empty(bands, np.int64)
    for d in range(signatures.shape[0]):
        best = -1
        agreeing = ALIKE - 1
        empty = True
        for j in range(minima):
            if signatures[d, j] != 0xFFFFFFFF:
                empty = False
        for b in range(bands):
            h = (b * 0x9E37) & 0xFFFFFFFF
            for r in range(rows):
                h = ((h ^ int(signatures[d, b * rows + r])) * 0x85EBCA6B) & 0xFFFFFFFF
                h = h ^ (h >> 13)
            buckets[b] = h & mask
        if not empty:
            for b in range(bands):
                at = heads[b, buckets[b]]
                steps = 0
                while at >= 0 and at > count - capacity and steps < MAX_STEPS:
                    slot = at % capacity
                    same = 0
                    for j in range(minima):
                        if stored[slot, j] == signatures[d, j]:
                            same += 1
                    if same > agreeing:
                        agreeing = same
                        best = clusters[slot]
                        if same == minima:
                            break
                    at = links[slot, b]
                    steps += 1
                if agreeing == minima:
                    break
        slot = count % capacity
        clusters[slot] = best if best >= 0 else count
        found[d] = clusters[slot]
        for j in range(minima):
            stored[slot, j] = signatures[d, j]
        for b in range(bands):
            if empty:
                links[slot, b] = -1
            else:
                links[slot, b] = heads[b, buckets[b]]
                heads[b, buckets[b]] = count
        count += 1
    return count


_cut_one: Callable[..., int] = _cut_shingles
_cut = _compiled(_cut_shingles)
_sign = _compiled(_sign_loop)
_file = _compiled(_file_loop)
if _sign is _sign_loop:
    _sign = _sign_plain


def pack(texts: Sequence[str]) -> tuple[NDArray[np.uint8], Int64s]:
    """All texts in lower case in one array of bytes, and where each begins and ends."""
    # A character is at most four bytes; what is cut off would not be looked at.
    parts = [text[:TEXT_BYTES].lower().encode(errors="replace")[:TEXT_BYTES] for text in texts]
    offsets = np.fromiter(accumulate(map(len, parts), initial=0), np.int64, len(parts) + 1)
    return np.frombuffer(b"".join(parts), np.uint8), offsets


def sign(texts: Sequence[str]) -> Uint32s:
    """(n, MINIMA) uint32: the minima of each text; all ones where it has no word."""
    src, offsets = pack(texts)
    signatures = np.empty((len(texts), MINIMA), np.uint32)
    _sign(src, offsets, _FACTORS, _TERMS, signatures)
    return signatures


class NearDuplicates:
    """Gives posts that say nearly the same the same cluster id, among the last `capacity`.

    Memory is fixed: about 300 bytes for each place in the ring. Not safe between threads.
    """

    def __init__(self, capacity: int = 1 << 16) -> None:
        buckets = 1 << max(4, (2 * capacity - 1).bit_length())
        self.capacity = capacity
        # Running number of the next post.
        self.count = 0
        self._stored = np.zeros((capacity, MINIMA), np.uint32)
        self._clusters = np.full(capacity, -1, np.int64)
        self._heads = np.full((BANDS, buckets), -1, np.int64)
        self._links = np.full((capacity, BANDS), -1, np.int64)

    def add(self, texts: Sequence[str]) -> Int64s:
        """(n,) cluster ids: the running number of the first post of each text's cluster.

        A text without a word is a cluster of its own.
        """
        found = np.empty(len(texts), np.int64)
        if not texts:
            return found
        tables = self._stored, self._clusters, self._heads, self._links
        self.count = int(_file(sign(texts), *tables, self.count, found))
        return found
