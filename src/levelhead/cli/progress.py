"""A progress bar on standard error, for commands that take their time."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import click


class ClickBar:
    """Shows one step after the other; shows nothing where nobody looks."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> ClickBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def step(self, name: str, total: int) -> None:
        """Something begins that has so many bytes."""
        self._end()
        self._bar = click.progressbar(length=max(1, total), label=name, file=sys.stderr)
        self._bar.__enter__()

    def add(self, done: int) -> None:
        """So many more are done."""
        if self._bar is not None:
            self._bar.update(done)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
