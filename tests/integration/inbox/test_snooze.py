"""Cases put aside: they come back by themselves, at the latest when their clock runs out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from levelhead.doctrine.schedule import Schedule
from levelhead.inbox import actions
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, Tally
from levelhead.inbox.sleeping import (
    list_presets,
    read_moment,
    snooze_case,
    wake_case,
    wake_due,
)
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from tests.base import MONDAY
from tests.integration.inbox.test_actions import assert_counted
from tests.integration.web.pages import PagesTestCase

HOUR = timedelta(hours=1)
SCHEDULE = Schedule.office("America/Chicago")


class SnoozeTest(PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(self.now))
        self.case = self.file_case(thread_external_id="thread", author_external_id="dana")
        Case.objects.filter(pk=self.case.pk).update(due_at=MONDAY + 4 * HOUR, queue="needs")
        Tally.objects.filter(agency=self.agency).update(queue="needs")
        self.case.refresh_from_db()

    def tearDown(self) -> None:
        assert_counted()
        assert verify_records().holds
        super().tearDown()

    def snooze(self, hours: float, **more: object) -> Case:
        given = {
            "case": self.case, "until": clock.now() + hours * HOUR, "by": self.alice,
            "expected_version": None, **more,
        }  # fmt: skip
        return snooze_case(**given)  # type: ignore[arg-type]

    def again(self) -> Case:
        return Case.objects.get(pk=self.case.pk)

    def after(self, hours: float) -> str:
        self.now.advance(hours * HOUR)
        wake_due()
        return self.again().state

    def because(self) -> str:
        return RecordEvent.objects.filter(action="system:case:woke").latest("id").payload

    def test_it_comes_back_at_its_time(self) -> None:
        self.snooze(2)
        assert self.case.pk not in self.case_ids(self.look("inbox"))
        assert self.case_ids(self.look("inbox", view="snoozed")) == [self.case.pk]
        assert self.after(1.9) == CaseState.SNOOZED
        assert self.after(0.2) == CaseState.OPEN
        assert '"time"' in self.because()
        again = self.again()
        assert (again.wake_at, again.snoozed_until) == (None, None)
        assert again.due_at == MONDAY + 4 * HOUR
        assert wake_due() == 0

    def test_it_comes_back_when_its_clock_runs_out(self) -> None:
        self.snooze(48)
        assert self.after(3.9) == CaseState.SNOOZED
        assert self.after(0.2) == CaseState.OPEN
        assert '"clock"' in self.because()

    def test_a_new_post_wakes_it(self) -> None:
        self.snooze(3)
        self.file_post(thread_external_id="another thread")
        self.file_post(thread_external_id="thread", from_agency=True)
        assert self.after(0) == CaseState.SNOOZED
        self.file_post(thread_external_id="thread", text="Still nobody?")
        assert self.after(0) == CaseState.OPEN
        assert '"post"' in self.because()

    def test_a_post_that_joins_two_threads_wakes_it(self) -> None:
        waiting = self.file_case(parent_external_id="the root", text="When do you open, then?")
        Case.objects.filter(pk=waiting.pk).update(due_at=None)
        snooze_case(case=waiting, until=MONDAY + HOUR, by=self.alice, expected_version=None)
        self.file_post(external_id="the root", text="A question to all")
        wake_due()
        assert Case.objects.get(pk=waiting.pk).state == CaseState.OPEN

    def test_other_words_of_its_author_wake_it(self) -> None:
        self.snooze(3)
        self.receive(
            self.incoming(
                external_id=self.case.post.external_id, text="When does the back desk open?"
            )
        )
        assert self.after(0) == CaseState.OPEN

    def test_what_cannot_be_put_aside(self) -> None:
        for hours in (-1, 0, 24 * 91):
            with pytest.raises(Invalid):
                self.snooze(hours)
        with pytest.raises(Conflict):
            self.snooze(1, expected_version=99)
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.snooze(1, by=person)
        self.now.advance(5 * HOUR)
        with pytest.raises(Invalid, match="has run out"):
            self.snooze(1)
        Case.objects.filter(pk=self.case.pk).update(queue="now", due_at=None)
        Tally.objects.filter(agency=self.agency, cases=1).update(queue="now")
        with pytest.raises(Invalid, match="life"):
            self.snooze(1)

    def test_a_person_wakes_it_and_a_second_time_is_refused(self) -> None:
        self.snooze(1)
        wake_case(case=self.case, by=self.bob, expected_version=None)
        assert self.again().state == CaseState.OPEN
        with pytest.raises(Invalid):
            wake_case(case=self.case, by=self.bob, expected_version=None)

    def test_whatever_is_done_to_it_ends_its_sleep(self) -> None:
        for act in (
            lambda: actions.close_case(
                case=self.case, reason="x", by=self.alice, expected_version=None
            ),
            lambda: actions.let_stand(cases=[self.again()], by=self.alice),
        ):
            self.snooze(1)
            act()
            assert self.again().wake_at is None
            actions.reopen_case(case=self.case, by=self.alice, expected_version=None)

    def test_the_page_offers_times_and_takes_it_back(self) -> None:
        page = self.look("conversation", self.case.pk)
        assert 'name="preset" value="hour"' in page
        assert 'name="preset" value="monday"' in page
        self.act("snooze", self.again(), preset="hour")
        assert self.again().snoozed_until == MONDAY + HOUR
        page = self.look("conversation", self.case.pk)
        assert "Undo: put aside" in page
        assert self.path("wake", self.case.pk) in page
        self.client.post(self.path("wake", self.case.pk))
        assert self.again().state == CaseState.OPEN
        self.act("snooze", self.again(), day="2026-03-17", at="09:30")
        assert self.again().snoozed_until == datetime(2026, 3, 17, 14, 30, tzinfo=UTC)
        for given in ({"day": "soon"}, {"day": "2026-03-18", "at": "25:00"}, {"preset": "x"}, {}):
            self.act("snooze", self.again(), status=400, **given)

    def test_the_plan_of_waking_reads_only_what_sleeps(self) -> None:
        with plan_of("UPDATE inbox_case") as plans:
            self.file_post(thread_external_id="thread")
        if connection.vendor == "sqlite":
            assert plans
            assert all("case_asleep_in" in plan or "case_by_waking" in plan for plan in plans)

    def test_random_sleep_never_outlasts_time_clock_or_a_post(self) -> None:
        rng = random.Random(20260316)
        for turn in range(60):
            case = self.file_case(
                thread_external_id=f"t{turn}", text=f"When do you open on day {turn}?"
            )
            due = clock.now() + rng.uniform(0.5, 30) * HOUR if rng.random() < 0.7 else None
            Case.objects.filter(pk=case.pk).update(due_at=due)
            until = clock.now() + rng.uniform(0.1, 40) * HOUR
            if case.queue == "now":
                continue
            snooze_case(case=case, until=until, by=self.alice, expected_version=None)
            limit = min(until, due) if due else until
            woken_by_post = False
            while True:
                self.now.advance(rng.uniform(0.1, 9) * HOUR)
                if rng.random() < 0.15:
                    self.file_post(thread_external_id=f"t{turn}", text=f"And {rng.random()}?")
                    woken_by_post = True
                wake_due()
                awake = Case.objects.get(pk=case.pk).state == CaseState.OPEN
                assert awake == (woken_by_post or clock.now() >= limit), turn
                if awake:
                    break


@contextmanager
def plan_of(beginning: str) -> Iterator[list[str]]:
    """How SQLite goes about the statements that begin so."""
    plans: list[str] = []

    def explain(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        ours = sql.replace('"', "").startswith(beginning) and "wake_at" in sql
        if ours and connection.vendor == "sqlite":
            raw = connection.connection.execute(
                "EXPLAIN QUERY PLAN " + sql.replace("%s", "?"), params
            )
            plans.append(" ".join(str(row[3]) for row in raw.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield plans


@pytest.mark.parametrize(
    ("local", "keys"),
    [
        # Monday morning, Monday noon, Friday evening, Saturday.
        (datetime(2026, 3, 16, 14, 20, tzinfo=UTC), ["hour", "afternoon", "morning", "monday"]),
        (datetime(2026, 3, 16, 19, 0, tzinfo=UTC), ["hour", "morning", "monday"]),
        (datetime(2026, 3, 20, 23, 0, tzinfo=UTC), ["monday"]),
        (datetime(2026, 3, 21, 15, 0, tzinfo=UTC), ["monday"]),
    ],
)
def test_presets_are_in_office_hours(local: datetime, keys: list[str]) -> None:
    presets = list_presets(SCHEDULE, local)
    assert [preset.key for preset in presets] == keys
    assert all(SCHEDULE.is_open(preset.at) and preset.at > local for preset in presets)


def test_presets_of_an_office_that_never_opens() -> None:
    days = frozenset(MONDAY.date() + timedelta(days=n) for n in range(3_700))
    closed = Schedule.office("UTC", holidays=days)
    assert [preset.key for preset in list_presets(closed, MONDAY)] == ["hour"]


@pytest.mark.parametrize("day", ["", "x", "2026-13-01", "99999-01-01", "2026-03-16\x00"])
def test_a_day_that_is_none(day: str) -> None:
    with pytest.raises(Invalid):
        read_moment(day, "", SCHEDULE)
