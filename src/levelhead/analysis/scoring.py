"""The fused pass: from encoded posts to one sum per head, compiled where numba can.

Weights are int8 and sums int32, so the compiled pass and the plain one agree to the bit and the
order of additions does not matter.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis import features, hashing, official_accounts
from levelhead.analysis.features import (
    FEATURE_SIZE,
    FOLDED_SIZE,
    HEAD_BYTES,
    PARENT_BYTES,
    PARENT_SALT,
    TAIL_BYTES,
)
from levelhead.analysis.hashing import hash_pair, hash_word

# Plain integers in and out, for the compiler as for the interpreter: nothing to type.
fold_plain: Any = features.fold
_emit_plain: Any = features.emit
_emit_flags_plain: Any = features.emit_flags

_log = logging.getLogger(__name__)

Int8s = NDArray[np.int8]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

# Enough slots that the chains of a few hundred trigger words stay short.
TRIGGER_SLOTS = 8192


@dataclass(frozen=True, kw_only=True, slots=True)
class Triggers:
    """Open-addressed table from the hash of a folded word to a bit per rule family."""

    # (TRIGGER_SLOTS,) hashes, 0 where free; and the bits beside them.
    keys: Int64s
    bits: Int64s


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """What the pass leaves for n posts and h heads."""

    # (n, h) weights times counts, added up.
    totals: Int32s
    # (n,) sum of squared counts: the length to divide by is its root.
    squares: Int64s
    # (n,) features.SEEN_* bits.
    flags: Int64s
    # (n,) trigger bits of the words seen.
    triggers: Int64s


def build_triggers(words: dict[str, int]) -> Triggers:
    """The table of folded words (see `fold_words`) and their bits; `a_b` is the pair a b."""
    keys = np.zeros(TRIGGER_SLOTS, dtype=np.int64)
    bits = np.zeros(TRIGGER_SLOTS, dtype=np.int64)
    for word, mask in sorted(words.items()):
        first, joined, second = word.encode().partition(b"_")
        h = hash_pair(first, second) if joined else hash_word(first)
        slot = h & (TRIGGER_SLOTS - 1)
        while keys[slot] not in (0, h):
            slot = (slot + 1) & (TRIGGER_SLOTS - 1)
        keys[slot] = h
        bits[slot] |= mask
    return Triggers(keys=keys, bits=bits)


def encode(text: str) -> bytes:
    """UTF-8 of the part that is looked at; what cannot be encoded becomes a question mark."""
    if len(text) > HEAD_BYTES:
        text = text[:HEAD_BYTES] + " " + text[-TAIL_BYTES:]
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = text.encode("utf-8", "replace")
    if len(data) > HEAD_BYTES + TAIL_BYTES + 1:
        data = data[:HEAD_BYTES] + b" " + data[-TAIL_BYTES:]
    return data


def encode_parent(text: str | None) -> bytes:
    """UTF-8 of the part of a parent's text that is looked at."""
    if not text:
        return b""
    return text[:PARENT_BYTES].encode("utf-8", "replace")[:PARENT_BYTES]


def fold_words(text: str) -> list[str]:
    """The folded tokens of `text`, as the pass sees them."""
    data = encode(text)
    out = bytearray(FOLDED_SIZE)
    length, _ = fold_plain(data, 0, len(data), out, [0] * FOLDED_SIZE)
    return bytes(out[:length]).decode("utf-8", "replace").split(" ")[1:-1]


def _find_compiler() -> Any:
    """A decorator that compiles, or None where that is not possible here."""
    try:
        import numba
    except (ImportError, OSError, RuntimeError) as error:
        _log.warning("numba cannot be used (%s); posts are scored by the slow path", error)
        return None
    if getattr(numba.config, "DISABLE_JIT", False):
        _log.warning("numba is switched off; posts are scored by the slow path")
        return None

    def compile_(function: Any) -> Any:
        try:
            return numba.njit(cache=True, nogil=True)(function)
        except RuntimeError:
            # No folder to keep the compiled code in: compile anew in each process.
            return numba.njit(nogil=True)(function)

    return compile_


_compile = _find_compiler()
_jit: Any = _compile or (lambda function: function)
_fold = _jit(features.fold)
_emit = _jit(features.emit)
_emit_flags = _jit(features.emit_flags)


def _stamp_sources() -> int:
    """A number that changes with the text of the modules that the loops take in."""
    try:
        sources = [Path(str(module.__file__)) for module in (hashing, official_accounts, features)]
        return zlib.crc32(b"".join(source.read_bytes() for source in sources))
    except OSError:
        return 0


# numba keeps compiled code by the time of its own file alone, and the loops below hold the code of
# `features` in them. What a function closes over is part of the key, so they close over a number
# (never below 0) that changes with `features`; over functions they must not close, whose key
# differs in each process.


def _bind_collect(stamp: int) -> Any:
    def collect(  # type: ignore[no-untyped-def]
        src, offsets, parent, parents, keys, bits, mask, folded, origin, index, value, owner, d
    ):
        if stamp < 0:
            return 0, 0, 0
        length, flags = _fold(src, offsets[d], offsets[d + 1], folded, origin)
        k, triggers, tokens = _emit(folded, length, 0, 1, index, value, owner, 0, mask, keys, bits)
        has_parent = 0
        if parents[d + 1] > parents[d]:
            has_parent = 1
            length, _ = _fold(parent, parents[d], parents[d + 1], folded, origin)
            k, _, _ = _emit(
                folded, length, PARENT_SALT, 0, index, value, owner, k, mask, keys, bits
            )
        k = _emit_flags(flags, tokens, has_parent, index, value, owner, k, mask)
        return k, flags, triggers

    return _jit(collect)


def _bind_score(stamp: int) -> Any:
    def score(  # type: ignore[no-untyped-def]
        src, offsets, parent, parents, keys, bits, weights, totals, squares, seen, fired
    ):
        folded = np.empty(FOLDED_SIZE, dtype=np.uint8)
        origin = np.empty(FOLDED_SIZE, dtype=np.int32)
        index = np.empty(FEATURE_SIZE, dtype=np.int32)
        value = np.empty(FEATURE_SIZE, dtype=np.int32)
        owner = np.empty(FEATURE_SIZE, dtype=np.int32)
        if stamp < 0:
            return
        heads = weights.shape[1]
        mask = weights.shape[0] - 1
        sums = np.zeros(heads, dtype=np.int32)
        for d in range(len(offsets) - 1):
            k, flags, triggers = _collect_fast(
                src,
                offsets,
                parent,
                parents,
                keys,
                bits,
                mask,
                folded,
                origin,
                index,
                value,
                owner,
                d,
            )
            square = 0
            sums[:] = 0
            for f in range(k):
                row = index[f]
                count = value[f]
                square += count * count
                for q in range(heads):
                    sums[q] += np.int32(count) * np.int32(weights[row, q])
            totals[d, :] = sums
            squares[d] = square
            seen[d] = flags
            fired[d] = triggers

    return _jit(score)


def _bind_gather(stamp: int) -> Any:
    def gather(src, offsets, parent, parents, keys, bits, mask, ends, rows, counts):  # type: ignore[no-untyped-def]
        folded = np.empty(FOLDED_SIZE, dtype=np.uint8)
        origin = np.empty(FOLDED_SIZE, dtype=np.int32)
        index = np.empty(FEATURE_SIZE, dtype=np.int32)
        value = np.empty(FEATURE_SIZE, dtype=np.int32)
        owner = np.empty(FEATURE_SIZE, dtype=np.int32)
        if stamp < 0:
            return
        at = 0
        for d in range(len(offsets) - 1):
            k, _, _ = _collect_fast(
                src,
                offsets,
                parent,
                parents,
                keys,
                bits,
                mask,
                folded,
                origin,
                index,
                value,
                owner,
                d,
            )
            rows[at : at + k] = index[:k]
            counts[at : at + k] = value[:k]
            at += k
            ends[d + 1] = at

    return _jit(gather)


_stamp = _stamp_sources()
_collect_fast = _bind_collect(_stamp)
_score_fast = _bind_score(_stamp)
_gather_fast = _bind_gather(_stamp)


def is_compiled() -> bool:
    """Whether posts are scored by compiled code in this process."""
    return _compile is not None


def _join(encoded: Sequence[bytes]) -> tuple[NDArray[np.uint8], Int64s]:
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=offsets[1:])
    # One byte more, so that there is something to point at when all texts are empty.
    return np.frombuffer(b"".join(encoded) + b" ", dtype=np.uint8), offsets


def _empty_sums(count: int, heads: int) -> Sums:
    return Sums(
        totals=np.empty((count, heads), dtype=np.int32),
        squares=np.empty(count, dtype=np.int64),
        flags=np.empty(count, dtype=np.int64),
        triggers=np.empty(count, dtype=np.int64),
    )


def score_compiled(
    texts: Sequence[bytes], parents: Sequence[bytes], weights: Int8s, triggers: Triggers
) -> Sums:
    """Sums of `weights` (rows a power of two, heads) over the features of each text."""
    src, offsets = _join(texts)
    above, aboves = _join(parents)
    sums = _empty_sums(len(texts), weights.shape[1])
    _score_fast(
        src, offsets, above, aboves, triggers.keys, triggers.bits, weights,
        sums.totals, sums.squares, sums.flags, sums.triggers,
    )  # fmt: skip
    return sums


def collect_plain(
    text: bytes, parent: bytes, mask: int, triggers: Triggers
) -> tuple[list[int], list[int], list[int], int, int]:
    """Rows, counts, owners, flags and triggers of one text, by the interpreter."""
    size = 5 * (3 * (len(text) + len(parent)) + 64) + 64
    folded = bytearray(FOLDED_SIZE)
    origin = [0] * FOLDED_SIZE
    index, value, owner = [0] * size, [0] * size, [0] * size
    length, flags = fold_plain(text, 0, len(text), folded, origin)
    k, fired, tokens = _emit_plain(
        folded, length, 0, 1, index, value, owner, 0, mask, triggers.keys, triggers.bits
    )
    if parent:
        length, _ = fold_plain(parent, 0, len(parent), folded, origin)
        k, _, _ = _emit_plain(
            folded, length, PARENT_SALT, 0, index, value, owner, k, mask,
            triggers.keys, triggers.bits,
        )  # fmt: skip
    k = _emit_flags_plain(flags, tokens, int(bool(parent)), index, value, owner, k, mask)
    return index[:k], value[:k], owner[:k], flags, fired


def score_plain(
    texts: Sequence[bytes], parents: Sequence[bytes], weights: Int8s, triggers: Triggers
) -> Sums:
    """The same as `score_compiled`, without a compiler, about a hundred times slower."""
    sums = _empty_sums(len(texts), weights.shape[1])
    for d, (text, parent) in enumerate(zip(texts, parents, strict=True)):
        rows, counts, _, flags, fired = collect_plain(text, parent, weights.shape[0] - 1, triggers)
        values = np.array(counts, dtype=np.int32)
        sums.totals[d] = values @ weights[rows].astype(np.int32)
        sums.squares[d] = int(np.dot(values, values))
        sums.flags[d] = flags
        sums.triggers[d] = fired
    return sums


def score(
    texts: Sequence[bytes], parents: Sequence[bytes], weights: Int8s, triggers: Triggers
) -> Sums:
    """By the compiled pass where there is one."""
    if is_compiled():
        return score_compiled(texts, parents, weights, triggers)
    return score_plain(texts, parents, weights, triggers)


def gather_features(
    texts: Sequence[bytes], parents: Sequence[bytes], row_count: int
) -> tuple[Int64s, Int32s, Int32s]:
    """All features as a sparse matrix for training: (ends (n + 1,), rows, counts)."""
    src, offsets = _join(texts)
    above, aboves = _join(parents)
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    # Measured: at most 5 features for a byte of text; a parent has no grams.
    size = 5 * (len(src) + len(above)) + 64 * len(texts)
    rows, counts = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    none = build_triggers({})
    _gather_fast(
        src, offsets, above, aboves, none.keys, none.bits, row_count - 1, ends, rows, counts
    )
    return ends, rows[: ends[-1]], counts[: ends[-1]]
