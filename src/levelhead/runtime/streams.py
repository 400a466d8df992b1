"""The live streams: a small ASGI app under granian, one process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from levelhead.runtime.granian_tree import (
    KILL_SECONDS,
    die_while_loading,
    fork_workers,
    report_when_listening,
    stop_with_lifeline,
)
from levelhead.runtime.lifeline import Lifeline
from levelhead.runtime.log_lines import GRANIAN_LOGS

# Above what the app itself takes, so that the app can say no in words.
MOST_CONNECTIONS = 2304


def serve(lifeline: Lifeline, *, host: str, port: int) -> None:
    """Serve streams until the lifeline ends."""
    fork_workers()
    Granian(
        target="levelhead.config.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=1,
        backlog=MOST_CONNECTIONS,
        backpressure=MOST_CONNECTIONS,
        workers_kill_timeout=KILL_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=GRANIAN_LOGS,
    ).serve(target_loader=partial(_load, lifeline, host, port), wrap_loader=False)


def _load(lifeline: Lifeline, host: str, port: int) -> Callable[..., Any]:
    """Runs in granian's worker."""
    die_while_loading()
    from levelhead.config.asgi import application

    if not lifeline.wait_for_go():
        raise SystemExit(0)
    # An open stream would keep granian waiting until it is killed.
    stop_with_lifeline(lifeline, first=application.close_soon)
    report_when_listening(lifeline, host, port)
    return application
