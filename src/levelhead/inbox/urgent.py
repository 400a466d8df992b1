"""Whom it concerns hears of a danger in the transaction in which it is filed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

# (agency, cases, when)
Listener = Callable[[int, Sequence[int], datetime], None]
_listeners: list[Listener] = []


def on_urgent(listener: Listener) -> None:
    """Have `listener` told of cases where a life may be at stake, in the same transaction."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_urgent(agency_id: int, case_ids: Sequence[int], at: datetime) -> None:
    """Tell of such cases; call it in the transaction that stores them."""
    if case_ids:
        for listener in _listeners:
            listener(agency_id, case_ids, at)
