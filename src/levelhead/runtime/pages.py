"""The pages: Django by WSGI under granian, one process with threads."""

from __future__ import annotations

from collections.abc import Callable
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

# On SQLite more would wait for each other; a page takes a few milliseconds.
THREADS = 8
# Connections that wait to be taken; the system may allow fewer.
BACKLOG = 4096
# Open connections, most of them idle: a browser keeps six, and a public page has many readers.
MOST_CONNECTIONS = 16_384


def serve(lifeline: Lifeline, *, host: str, port: int) -> None:
    """Serve pages until the lifeline ends."""
    allow_open_files()
    fork_workers()
    Granian(
        target="levelhead.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=1,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        backpressure=MOST_CONNECTIONS,
        workers_kill_timeout=KILL_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=GRANIAN_LOGS,
    ).serve(target_loader=partial(_load, lifeline, host, port), wrap_loader=False)


def _load(lifeline: Lifeline, host: str, port: int) -> Callable[..., Any]:
    """Runs in granian's worker: loads Django beside the other parts, then waits for its turn."""
    die_while_loading()
    from levelhead.config.settings import ENVIRONMENT, STATIC_ROOT

    # Collected files may lie there; whitenoise warns of a folder that is missing.
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    from levelhead.config.wsgi import application
    from levelhead.ops.counting import CountedRequests
    from levelhead.publicpage.folder import public_folder
    from levelhead.publicpage.serving import PublicFiles

    if not lifeline.wait_for_go():
        raise SystemExit(0)
    from django.urls import get_resolver

    # The first page need not wait for every view to be imported.
    _ = get_resolver().url_patterns
    stop_with_lifeline(lifeline)
    report_when_listening(lifeline, host, port)
    return CountedRequests(
        PublicFiles(
            application,
            public_folder(ENVIRONMENT.data),
            base=ENVIRONMENT.public_url,
            hub=ENVIRONMENT.websub_hub,
        )
    )
