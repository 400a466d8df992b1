"""Which account names look like a public body's or a help desk's, for the compiled pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis.hashing import FNV_PRIME, FNV_START, MASK32, hash_word

try:
    from numba.extending import register_jitable
except (ImportError, OSError, RuntimeError):  # `scoring` says so

    def register_jitable(function):  # type: ignore[no-untyped-def,no-redef]
        return function


# Parts of account names: `^` where only the start of the name counts.
_PARTS = (
    "police polic ^pd sheriff trooper mayor council senat ^sen ^rep ^gov congress speaker "
    "^potus whitehouse house ministr minister ^pmo ^hmo ^cmo ^cm ^cp alcald ayunta gobier "
    "policia munici cityof city ciudad county state town village dept depart office official "
    "public parks library school transit metro rail train transport bus airport air airways "
    "airline united jetblue delta flights support help care service customer assist water "
    "power energy electric fire rescue emergency ems health clinic 311 511 911 traffic roads "
    "highway dot court clerk permits tax irs usps post agency bureau authority commission "
    "bank telecom mobile wireless broadband store prosecut attorney general defen justice "
    "^dmv ^mta ^fema nws"
)
OFFICIAL_PARTS = tuple(_PARTS.split())
_PART_SLOTS = 1024
_LONGEST_PART = max(len(part.removeprefix("^")) for part in OFFICIAL_PARTS)


def _build_parts() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Open-addressed table of the hashes of OFFICIAL_PARTS, and 1 where only a start counts."""
    keys = np.zeros(_PART_SLOTS, dtype=np.int64)
    starts = np.zeros(_PART_SLOTS, dtype=np.int64)
    for part in OFFICIAL_PARTS:
        h = hash_word(part.removeprefix("^").encode())
        slot = h & (_PART_SLOTS - 1)
        while keys[slot] != 0:
            slot = (slot + 1) & (_PART_SLOTS - 1)
        keys[slot] = h
        starts[slot] = int(part.startswith("^"))
    return keys, starts


_PART_KEYS, _PART_STARTS = _build_parts()


@register_jitable
def is_official(src, start, end):  # type: ignore[no-untyped-def]
    """1 where the account name `src[start:end]` holds one of OFFICIAL_PARTS, else 0."""
    end = min(end, start + 40)
    for s in range(start, end):
        h = FNV_START
        for t in range(s, min(end, s + _LONGEST_PART)):
            c = int(src[t])
            if 65 <= c <= 90:
                c += 32
            h = ((h ^ c) * FNV_PRIME) & MASK32
            slot = h & (_PART_SLOTS - 1)
            while int(_PART_KEYS[slot]) != 0:
                if int(_PART_KEYS[slot]) == h and (int(_PART_STARTS[slot]) == 0 or s == start):
                    return 1
                slot = (slot + 1) & (_PART_SLOTS - 1)
    return 0
