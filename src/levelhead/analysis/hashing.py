"""The 32-bit hash of words (FNV-1a) that features, triggers and account names stand on."""

from __future__ import annotations

MASK32 = 0xFFFFFFFF
FNV_START = 0x811C9DC5
FNV_PRIME = 0x01000193
PAIR_PRIME = 0x9E3779B1
GRAM_PRIME = 0x85EBCA6B


def hash_word(folded: bytes) -> int:
    """The 32-bit hash of one folded token, as `emit` computes it before salt and mask."""
    h = FNV_START
    for byte in folded:
        h = ((h ^ byte) * FNV_PRIME) & MASK32
    return h


def hash_pair(first: bytes, second: bytes) -> int:
    """The 32-bit hash of two folded tokens in a row, as the trigger table holds it."""
    return ((hash_word(first) * PAIR_PRIME) & MASK32) ^ hash_word(second)
