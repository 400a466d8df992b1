"""What pages and streams share in how granian is started, watched and stopped."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable

from levelhead.runtime.lifeline import Lifeline

# Longer than a page takes; an open stream or a slow upload is cut.
KILL_SECONDS = 2


def fork_workers() -> None:
    """Have granian fork its worker, so that the worker has our pipes.

    Granian's first process holds no threads and no connections: forking it is safe.
    """
    multiprocessing.set_start_method("fork", force=True)


def allow_open_files() -> None:
    """As many as the system lets us: each reader of a public page is one."""
    with contextlib.suppress(ValueError, OSError):
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def die_while_loading() -> None:
    """In granian's worker, first of all: let a stop end it until granian listens for signals.

    A fork has the handlers of granian's first process, which would do nothing here.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def stop_with_lifeline(lifeline: Lifeline, *, first: Callable[[], None] | None = None) -> None:
    """In granian's worker: stop when the supervisor says so or is gone; call `first` before.

    The word goes to granian's first process, which ends its worker in order; where that process
    is gone too, this one ends by itself.
    """
    parent = os.getppid()
    main_thread = threading.main_thread().ident or 0

    def stop() -> None:
        if first is not None:
            first()
        # Again and again: a signal may be taken by another thread than the main one, which alone
        # acts on it and may sleep on (measured: about one stop in ten on a busy machine).
        while True:
            if os.getppid() == parent:
                os.kill(parent, signal.SIGTERM)
            time.sleep(0.1)
            signal.pthread_kill(main_thread, signal.SIGTERM)

    lifeline.watch(stop, grace_seconds=KILL_SECONDS + 0.3)


def report_when_listening(lifeline: Lifeline, host: str, port: int) -> None:
    """In granian's worker: tell the supervisor once calls are answered."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104

    def look() -> None:
        while True:
            try:
                socket.create_connection((reachable, port), timeout=1.0).close()
            except OSError:
                time.sleep(0.01)
            else:
                lifeline.report("ready")
                return

    threading.Thread(target=look, name="ready", daemon=True).start()
