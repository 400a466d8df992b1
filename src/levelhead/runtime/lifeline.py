"""A part's tie to its supervisor: told when to begin and when to stop, and tells how it goes.

Standard input is a pipe that only the supervisor holds open: one byte lets the part begin, its
end means stop. A supervisor that is killed cannot say so, but its end of the pipe closes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

# Exit status of a part that must not be started again: what is wrong needs a person.
REFUSED = 78
GO = b"g"


class Lifeline:
    """The part's ends of the two pipes."""

    def __init__(self, *, report_pipe: int | None) -> None:
        # A copy: granian's processes close standard input.
        self._stop_pipe = os.dup(0)
        self._report_pipe = report_pipe

    def report(self, word: str, more: str = "") -> None:
        """Tell the supervisor, in one line."""
        if self._report_pipe is None:
            return
        line = f"{word} {' '.join(more.split())}".strip()
        try:
            os.write(self._report_pipe, line.encode() + b"\n")
        except OSError:
            # Nobody listens any more; the end of the other pipe will stop us.
            self._report_pipe = None

    def wait_for_go(self) -> bool:
        """Wait until the part may begin; False where it is to stop instead."""
        return os.read(self._stop_pipe, 1) == GO

    def watch(self, on_end: Callable[[], None], *, grace_seconds: float) -> None:
        """Call `on_end` from a thread when it is time to stop.

        Ends the process by force where it is still there after the grace.
        """

        def wait() -> None:
            while os.read(self._stop_pipe, 64):
                pass
            timer = threading.Timer(grace_seconds, os._exit, args=(1,))
            timer.daemon = True
            timer.start()
            on_end()

        threading.Thread(target=wait, name="lifeline", daemon=True).start()
