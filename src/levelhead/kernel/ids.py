"""Identifiers that sort by time and need no round trip to the database."""

from __future__ import annotations

import os
import secrets
import threading
import time

# 2026-01-01T00:00:00Z. 41 bits of milliseconds last until 2095.
EPOCH_MILLISECONDS = 1_767_225_600_000
NODE_BITS = 12
SEQUENCE_BITS = 10
_SEQUENCE_LIMIT = 1 << SEQUENCE_BITS


class IdSource:
    """Gives 63-bit integers that grow: milliseconds, then writer, then sequence.

    The wall clock may jump back; the ids of one source never do. Two sources that drew the same
    writer number can meet: the primary key refuses the second, and the write is tried again
    after `renew`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._sequence = 0
        self._pid = 0
        self._node = 0
        self.renew()

    def renew(self) -> None:
        """Draw another writer number, as after a fork or a collision."""
        self._pid = os.getpid()
        self._node = secrets.randbelow(1 << NODE_BITS)

    def take(self, count: int = 1) -> list[int]:
        """`count` new ids, ascending."""
        with self._lock:
            if self._pid != os.getpid():
                self.renew()
            moment = max(self._last, time.time_ns() // 1_000_000 - EPOCH_MILLISECONDS)
            if moment > self._last:
                self._last, self._sequence = moment, 0
            ids = []
            for _ in range(count):
                if self._sequence == _SEQUENCE_LIMIT:
                    self._last, self._sequence = self._last + 1, 0
                ids.append(
                    (self._last << (NODE_BITS + SEQUENCE_BITS))
                    | (self._node << SEQUENCE_BITS)
                    | self._sequence
                )
                self._sequence += 1
            return ids


_source = IdSource()


def new_id() -> int:
    """One new id."""
    return _source.take(1)[0]


def new_ids(count: int) -> list[int]:
    """`count` new ids, ascending."""
    return _source.take(count)


def renew() -> None:
    """Draw another writer number for this process."""
    _source.renew()
