"""Which program a person acts through, so that the record can say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_through: ContextVar[str] = ContextVar("through", default="")


@contextmanager
def acting_through(program: str) -> Iterator[None]:
    """Every event put on the record within says `through`: such as "token:7"."""
    mark = _through.set(program)
    try:
        yield
    finally:
        _through.reset(mark)


def program_at_work() -> str:
    """What `acting_through` was given; empty where a person acts in the screens."""
    return _through.get()
