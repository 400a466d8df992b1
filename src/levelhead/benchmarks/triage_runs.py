"""`levelhead triage` run as somebody would run it: over a file, and line by line."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from levelhead.kernel.errors import ConfigurationError

_TRIAGE: Final = (sys.executable, "-c", "from levelhead.cli import main; main()", "triage")
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandRun:
    """One run of `levelhead triage` over a file."""

    answers: int
    # Share of the answers that say the encoder read the post.
    reread: float
    start_seconds: float
    seconds: float
    # Answers a second from the first ones on, without the start.
    rate: float


def run_triage(path: Path, share: str) -> CommandRun:
    """The command over a file of posts, as somebody would run it."""
    begun = time.perf_counter()
    first = last = 0.0
    first_answers = answers = reread = 0
    with (
        path.open("rb") as posts,
        subprocess.Popen(  # noqa: S603
            [*_TRIAGE, "--reread", share], stdin=posts, stdout=subprocess.PIPE
        ) as process,
    ):
        output = process.stdout
        if output is None:
            raise ConfigurationError("The command has no output.")
        rest = b""
        while chunk := output.read1(_READ_BYTES):  # type: ignore[attr-defined]
            last = time.perf_counter()
            answers += chunk.count(b"\n")
            if not first:
                first, first_answers = last, answers
            # What stands at the end of one piece may go on in the next.
            whole, _, rest = (rest + chunk).rpartition(b"\n")
            reread += whole.count(b'"reread":true')
    if process.returncode != 0 or answers < 2:
        raise ConfigurationError(f"`levelhead triage` ended with status {process.returncode}.")
    return CommandRun(
        answers=answers,
        reread=reread / answers,
        start_seconds=first - begun,
        seconds=last - begun,
        rate=(answers - first_answers) / max(1e-9, last - first),
    )


def ask_one_by_one(lines: Sequence[str], share: str) -> list[float]:
    """Seconds to each answer: the first from the start of the command, the others from asking."""
    times = []
    begun = time.perf_counter()
    with subprocess.Popen(  # noqa: S603
        [*_TRIAGE, "--reread", share], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise ConfigurationError("The command has no pipes.")
        for line in lines:
            process.stdin.write(line.encode())
            process.stdin.flush()
            if not process.stdout.readline():
                raise ConfigurationError("`levelhead triage` ended before it had answered.")
            now = time.perf_counter()
            times.append(now - begun)
            begun = now
        process.stdin.close()
    return times
