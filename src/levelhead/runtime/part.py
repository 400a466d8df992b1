"""One part of the tree as its own process: `python -m levelhead.runtime.part ROLE`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from levelhead.kernel.errors import LevelheadError
from levelhead.runtime.lifeline import REFUSED, Lifeline

# Role -> module with `serve(lifeline, host=, port=)`. Loaded only in the process that needs it.
_MODULES = {
    "web": "levelhead.runtime.pages",
    "stream": "levelhead.runtime.streams",
    "worker": "levelhead.runtime.worker",
    "public": "levelhead.runtime.public_files",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part until its lifeline ends; gives the exit status."""
    parser = argparse.ArgumentParser(prog="levelhead.runtime.part")
    parser.add_argument("role", choices=sorted(_MODULES))
    parser.add_argument("--report-pipe", type=int)
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--prepare", action="store_true")
    given = parser.parse_args(arguments)
    lifeline = Lifeline(report_pipe=given.report_pipe)
    try:
        if given.prepare:
            _prepare(lifeline)
        serve = importlib.import_module(_MODULES[given.role]).serve
        serve(lifeline, host=given.host, port=given.port)
    except LevelheadError as error:
        lifeline.report("refused", error.message)
        return REFUSED
    return 0


def _prepare(lifeline: Lifeline) -> None:
    from levelhead.config.boot import start_django

    start_django(migrate=False)
    from django.db import connections

    from levelhead.runtime.preparing import prepare_database

    steps = prepare_database()
    # What comes next may fork: no connection is taken along.
    connections.close_all()
    lifeline.report("prepared", str(len(steps)))


if __name__ == "__main__":
    sys.exit(main())
