"""Companions answer in order, and what they cannot do is done here."""

import os
import signal
import time

import pytest

from levelhead.cli.side_by_side import Crew, count_spare_cores

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def test_answers_come_in_order_whoever_is_slow():
    def square(number):
        time.sleep(0.02 if number % 3 else 0.001)
        return number * number, os.getpid()

    crew = Crew(square, spare=2)
    answers = [answer for n in range(30) for answer in crew.take(n, more=True)]
    answers += crew.rest()
    assert [answer for answer, _ in answers] == [n * n for n in range(30)]
    assert len({worker for _, worker in answers}) == 3


def test_without_more_the_answer_is_there_at_once():
    crew = Crew(lambda text: text.upper(), spare=1)
    assert crew.take("a", more=False) == ["A"]
    assert crew.take("b", more=True) + crew.take("c", more=False) == ["B", "C"]
    assert crew.rest() == []


def test_none_beside_it_is_a_crew_too():
    crew = Crew(lambda number: (number, os.getpid()))
    assert crew.take(1, more=True) == [(1, os.getpid())]


def test_a_companion_that_is_killed_costs_no_answer():
    here = os.getpid()

    def work(number):
        if number == 2 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    crew = Crew(work, spare=2)
    answers = [answer for n in range(1, 9) for answer in crew.take(n, more=True)]
    assert answers + crew.rest() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_what_a_companion_cannot_do_is_said_here():
    def work(number):
        if number == 0:
            raise ValueError("not that one")
        return number

    crew = Crew(work, spare=1)
    with pytest.raises(ValueError, match="not that one"):
        [*crew.take(0, more=True), *crew.rest()]


def test_questions_and_answers_of_any_size():
    crew = Crew(lambda data: data * 2, spare=1)
    big = b"x" * 3_000_000
    answers = [a for _ in range(4) for a in crew.take(big, more=True)] + crew.rest()
    assert [len(answer) for answer in answers] == [6_000_000] * 4


def test_spare_cores_are_beside_this_one():
    assert 0 <= count_spare_cores() < (os.cpu_count() or 1)
