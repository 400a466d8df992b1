"""Two hundred ways in which two people can get into each other's way on one case."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from levelhead.channels.accounts import pool
from levelhead.connectors.memory import forget_platforms
from levelhead.kernel import clock
from levelhead.records.verify import verify_records
from tests.base import MONDAY, DeskTestCase
from tests.interleaving import ClientDesk, plan, told_of

RUNS = int(os.environ.get("LEVELHEAD_TEST_INTERLEAVINGS", "200"))
FIRST = int(os.environ.get("LEVELHEAD_TEST_SEED", "1"))


class InterleavingsTest(DeskTestCase):
    def test_no_answer_is_double_and_no_word_is_lost(self) -> None:
        sent, refused = 0, Counter[str]()
        for seed in range(FIRST, FIRST + RUNS):
            forget_platforms()
            pool.close()
            now = clock.ManualClock(MONDAY)
            with clock.use(now):
                case = self.file_case(text=f"When does the front desk open? {seed}")
                desk = ClientDesk(case, (self.alice, self.bob), now, whole_pages=seed % 10 == 0)
                steps = plan(seed)
                try:
                    desk.run(steps)
                except AssertionError as error:
                    pytest.fail(f"{error}\n{told_of(seed, steps)}")
                sent += len(desk.known.replies)
                refused += desk.known.refused
        # Plans that never get into each other's way would prove nothing.
        assert sent > RUNS // 2, sent
        assert refused["pen_held"] > RUNS // 20, refused
        assert refused["conflict"] > RUNS // 20, refused
        verdict = verify_records(self.agency.pk)
        assert verdict.holds
