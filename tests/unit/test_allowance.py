"""The bucket: what was saved up, what comes in, and never more than that."""

from __future__ import annotations

from levelhead.inbox.allowance import Allowance


def test_what_is_saved_is_spent_and_comes_back_with_time() -> None:
    now = [0.0]
    allowance = Allowance(10, 40, monotonic=lambda: now[0])
    assert allowance.take(25) == 25
    assert allowance.take(25) == 15
    assert allowance.take(5) == 0
    now[0] = 1.0
    assert allowance.take(25) == 10
    now[0] = 1000.0
    assert allowance.take(100) == 40


def test_none_is_allowed_where_none_is_given() -> None:
    assert Allowance(0, 0).take(10) == 0
    assert Allowance(10, 10).take(0) == 0
