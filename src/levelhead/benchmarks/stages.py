"""Where the time goes: functions of the product, timed from outside while they run."""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch


class StageTimes:
    """Seconds spent in each stage; a stage inside another counts for itself only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[float] = []

    def wrap(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, timed under the name of its stage."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            begun = time.perf_counter()
            self._open.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.perf_counter() - begun
                inner = self._open.pop()
                self.seconds[stage] = self.seconds.get(stage, 0.0) + whole - inner
                if self._open:
                    self._open[-1] += whole

        return timed


@contextmanager
def timed(places: dict[str, str]) -> Iterator[StageTimes]:
    """Time the functions at `places` ("module:name" -> stage) during the block."""
    times = StageTimes()
    with ExitStack() as stack:
        for place, stage in places.items():
            holder, name = _find(place)
            stack.enter_context(
                patch.object(holder, name, times.wrap(stage, getattr(holder, name)))
            )
        yield times


@contextmanager
def without(places: list[str]) -> Iterator[None]:
    """Do nothing at `places` ("module:name") during the block."""
    with ExitStack() as stack:
        for place in places:
            holder, name = _find(place)
            stack.enter_context(patch.object(holder, name, lambda *_a, **_k: 0))
        yield


def _find(place: str) -> tuple[Any, str]:
    """What holds the function, and its name there: "module:function" or "module:Class.method"."""
    module_name, path = place.split(":")
    *classes, name = path.split(".")
    holder: Any = importlib.import_module(module_name)
    for part in classes:
        holder = getattr(holder, part)
    return holder, name
