"""Public pages alone: their files by WSGI under granian, in processes that know no Django.

One for each core, up to four, with one thread each: an answer takes microseconds, and several
threads would only wait for each other (measured:
one gives half as many again as eight). What readers do here slows nobody at the desk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from levelhead.runtime.granian_tree import (
    KILL_SECONDS,
    allow_open_files,
    die_while_loading,
    fork_workers,
    report_when_listening,
    stop_with_lifeline,
)
from levelhead.runtime.lifeline import Lifeline
from levelhead.runtime.log_lines import GRANIAN_LOGS

BACKLOG = 4096
MOST_CONNECTIONS = 32_768
MOST_WORKERS = 4
_NOT_HERE = b"There is no such page.\n"


def serve(lifeline: Lifeline, *, host: str, port: int) -> None:
    """Serve public files until the lifeline ends."""
    allow_open_files()
    fork_workers()
    # Before there are several: only one of them would hear the word.
    if not lifeline.wait_for_go():
        return
    Granian(
        target="levelhead.publicpage.serving:PublicFiles",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=max(1, min(len(os.sched_getaffinity(0)), MOST_WORKERS)),
        blocking_threads=1,
        backlog=BACKLOG,
        backpressure=MOST_CONNECTIONS,
        workers_kill_timeout=KILL_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=GRANIAN_LOGS,
    ).serve(target_loader=partial(_load, lifeline, host, port), wrap_loader=False)


def _load(lifeline: Lifeline, host: str, port: int) -> Callable[..., Any]:
    """Runs in granian's worker."""
    die_while_loading()
    from levelhead.config.environment import read_environment
    from levelhead.publicpage.folder import public_folder
    from levelhead.publicpage.serving import PublicFiles

    environment = read_environment()
    stop_with_lifeline(lifeline)
    report_when_listening(lifeline, host, port)
    return PublicFiles(
        _not_here, public_folder(environment.data),
        base=environment.public_url, hub=environment.websub_hub,
    )  # fmt: skip


def _not_here(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response(
        "404 Not Found",
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(_NOT_HERE))),
            ("Cache-Control", "public, max-age=5"),
        ],
    )
    return [_NOT_HERE]
