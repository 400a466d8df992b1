"""Processes beside this one, for work that comes in long lists and keeps a core busy.

They are forked while the models are loaded and nothing runs in threads yet, so that they share
them and cost some milliseconds; where a system cannot do that, or has one core, there are none.
They end when the command does, however that comes about: nobody holds their pipe any more.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final, Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

# A whole batch of answers fits, so that who has answered need not wait to be read.
_PIPE_BYTES: Final = 1024 * 1024
# So many answers wait for an earlier one that is not there yet.
_MOST_WAITING: Final = 8
# More cores than this have nothing to do while one process reads and writes all lines.
_MOST: Final = 4


def count_spare_cores() -> int:
    """Cores beside the one that this process runs on, as far as they can be used."""
    if sys.platform != "linux":
        return 0
    return min(_MOST, len(os.sched_getaffinity(0))) - 1


class Crew(Generic[Question, Answer]):
    """Answers questions in order, here and in as many companions as there are `spare` cores.

    `answer` works in them as it was when the crew began; what it changes there stays there.
    """

    def __init__(self, answer: Callable[[Question], Answer], *, spare: int = 0) -> None:
        self._answer = answer
        self._row: deque[_Asked[Question] | _Answered[Answer]] = deque()
        self._idle = [_Companion(answer) for _ in range(spare)]

    def take(self, question: Question, *, more: bool) -> list[Answer]:
        """Take a question; returns the answers that are there, to this and earlier ones, in order.

        With `more` another question follows at once, and this one may be answered elsewhere
        meanwhile; without, all answers are waited for.
        """
        if more and self._idle and self._idle[-1].ask(question):
            self._row.append(_Asked(self._idle.pop(), question))
        else:
            self._row.append(_Answered(self._answer(question)))
        return self._collect(_MOST_WAITING) if more else self.rest()

    def rest(self) -> list[Answer]:
        """Wait for all answers that are still to come."""
        return self._collect(0)

    def _collect(self, most: int) -> list[Answer]:
        """The first answers that are ready, waiting until at most `most` are left."""
        ready = []
        while self._row:
            first = self._row[0]
            if isinstance(first, _Answered):
                ready.append(first.answer)
            elif len(self._row) > most or first.companion.has_answered():
                ready.append(self._hear(first))
            else:
                break
            self._row.popleft()
        return ready

    def _hear(self, asked: _Asked[Question]) -> Answer:
        heard = asked.companion.hear()
        if not heard:
            # It was killed, or could not do it; what is wrong then shows here.
            return self._answer(asked.question)
        self._idle.append(asked.companion)
        answer: Answer = heard[0]
        return answer


@dataclass(frozen=True, slots=True)
class _Asked(Generic[Question]):
    companion: _Companion
    question: Question


@dataclass(frozen=True, slots=True)
class _Answered(Generic[Answer]):
    answer: Answer


class _Companion:
    """A forked process that answers one question at a time."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("fork")
        theirs_in, self._ask = context.Pipe(duplex=False)
        self._hear, theirs_out = context.Pipe(duplex=False)
        for end in (self._ask, theirs_out):
            _widen(end)
        # What both share is not looked through by either, so that neither gets its own copy.
        gc.freeze()
        ours = (self._ask, self._hear)
        self.process = context.Process(
            target=_serve, args=(answer, theirs_in, theirs_out, ours), daemon=True
        )
        self.process.start()
        theirs_in.close()
        theirs_out.close()

    def ask(self, question: object) -> bool:
        """Hand over a question; false where nobody is there any more."""
        try:
            self._ask.send(question)
        except OSError:
            return False
        return True

    def has_answered(self) -> bool:
        """Whether `hear` need not wait."""
        return self._hear.poll()

    def hear(self) -> tuple[Any, ...]:
        """The answer, alone; nothing where the process died over the question."""
        try:
            return (self._hear.recv(),)
        except (OSError, EOFError):
            return ()


def _widen(end: Connection) -> None:
    with suppress(ImportError, OSError, AttributeError):
        import fcntl

        fcntl.fcntl(end.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _serve(
    answer: Callable[[Any], Any],
    questions: Connection,
    answers: Connection,
    others: tuple[Connection, ...],
) -> None:
    """Answer until nobody asks any more. Ctrl-C ends the command, and its end ends this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in others:
        end.close()
    # Who reads the command's answers must see their end when the command is gone.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nowhere, descriptor)
    with suppress(Exception):
        while True:
            answers.send(answer(questions.recv()))
    os._exit(0)
