"""What Today shows: each post in one part, with a true count, its reason, and pages by key."""

from __future__ import annotations

import re
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.channels.models import Channel
from levelhead.commitments.actions import add_commitment
from levelhead.inbox.actions import place_of, tally_move
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.knowledge.actions import retire_answer
from levelhead.knowledge.models import Answer
from levelhead.today.domain import Section
from levelhead.today.queries import read_part, read_today
from tests.base import MONDAY
from tests.integration.knowledge.answering import Answering
from tests.integration.web.pages import PagesTestCase


class TodayTestCase(Answering, PagesTestCase):
    """Puts cases where a test wants them, with their tallies."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def place(
        self, queue: str, *, text: str = "", due: int | None = None, answer: Answer | None = None,
        rule: str = "triage/4-question-open", **fields: object,
    ) -> Case:  # fmt: skip
        """A case in a queue; `due` in minutes from now."""
        case = self.file_case(text=text or f"A post for {queue}", **fields)
        tally_move(place_of(case), (case.agency_id, "open", queue, case.label))
        case.state, case.queue, case.rule = "open", queue, rule
        case.due_at = None if due is None else clock.now() + timedelta(minutes=due)
        case.ack_due, case.answer, case.answer_due = case.due_at, answer, False
        case.answer_percent = 87 if answer else 0
        case.save()
        return case

    def order(self, section: str, **shown: int) -> list[int]:
        part = read_today(self.agency, self.alice, shown=shown).parts[section]
        return [row.case.pk for row in part.rows]

    def counts(self) -> dict[str, int]:
        today = read_today(self.agency, self.alice, shown={})
        return {name: part.count.n for name, part in today.parts.items()}


class TodayTests(TodayTestCase):
    def test_each_post_is_in_one_part_and_the_counts_are_true(self) -> None:
        desk = self.write_approved()
        for queue, number in (("now", 1), ("needs", 3), ("clause", 2), ("stand", 4)):
            for _ in range(number):
                self.place(queue, due=60)
        for _ in range(2):
            self.place("needs", answer=desk)
        self.place("needs", channel_id=self.other_channel.pk)
        assert self.counts() == {"needs": 4, "fits": 2, "clause": 2, "stand": 4}
        page = self.look("today")
        told = dict(re.findall(r'data-count-of="(\w+)">(\d+)<', page))
        assert told == {"needs": "4", "fits": "2", "clause": "2", "stand": "4"}
        assert len(self.case_ids(page)) == len(set(self.case_ids(page))) == 12

    def test_danger_comes_first_then_the_clock_then_what_has_none(self) -> None:
        later, none, soon = (
            self.place("needs", due=90), self.place("needs"), self.place("needs", due=-5),
        )  # fmt: skip
        danger = self.place("now", due=200)
        assert self.order("needs") == [danger.pk, soon.pk, later.pk, none.pk]

    def test_a_part_is_paged_by_key_without_gap_or_repetition(self) -> None:
        desk = self.write_approved()
        for n in range(70):
            self.place("now" if n % 10 == 0 else "needs", due=None if n % 7 == 0 else n // 2)
            self.place("stand")
            self.place("needs", answer=desk, due=None if n % 3 else n)
        for section, count in ((Section.NEEDS, 70), (Section.STAND, 70), (Section.FITS, 70)):
            seen: list[int] = []
            after = ""
            while True:
                part = read_part(self.agency, section, after=after)
                seen += [row.case.pk for row in part.rows]
                after = part.after
                if not after:
                    break
            assert len(seen) == len(set(seen)) == count, section
            assert seen[:40] == self.order(section, **{section: 40})

    def test_a_key_that_makes_no_sense_shows_the_beginning(self) -> None:
        self.place("needs", due=5)
        for key in ("x", "b_", "b_now_1", "a_" + "9" * 40, "b_2026-03-16_5", "\\u0000", "c_-1"):
            assert len(read_part(self.agency, Section.NEEDS, after=key).rows) == 1, key
        assert self.client.get(self.path("today-part", "needs") + "?after=%00").status_code == 200
        assert self.client.get(self.path("today-part", "nonsense")).status_code == 404
        assert (
            self.client.get(self.path("today") + "?shown=stand.x&shown=&shown=%00").status_code
            == 200
        )

    def test_every_row_says_why_it_is_there(self) -> None:
        desk = self.write_approved()
        self.place("needs", due=10)
        self.place("needs", answer=desk, rule="triage/4-question")
        self.place("clause", rule="triage/12-unsure-stand")
        self.place("stand", rule="triage/10-abuse")
        page = self.look("today")
        reasons = re.findall(r'class="today-why">([^<]*)<', page)
        assert len(reasons) == 4
        assert all(len(reason) > 15 for reason in reasons), reasons
        assert "Front desk hours" in page
        assert "87%" in page

    def test_what_may_break_a_clause_shows_the_place(self) -> None:
        text = "padding " * 60 + "I will kill you, officer Smith, tonight at your house."
        case = self.place("clause", text=text)
        page = self.look("today")
        row = page.split(f'id="today-row-{case.pk}"', 1)[1].split("</li>", 1)[0]
        assert '<mark class="sign">' in row
        assert "kill you" in re.sub("<[^>]+>", "", row)

    def test_the_row_opens_the_reply_with_its_answer(self) -> None:
        desk = self.write_approved()
        case = self.place("needs", text="When does the front desk open?", answer=desk)
        path = self.path("conversation", case.pk)
        assert f'href="{path}?answer={desk.pk}#reply-text"' in self.look("today")
        opened = self.client.get(f"{path}?answer={desk.pk}").content.decode()
        assert "[[greeting]], the front desk is open" in opened
        self.sign_in(self.victor)
        assert f"answer={desk.pk}" not in self.look("today")

    def test_an_answer_that_was_retired_is_not_shown_as_one_that_fits(self) -> None:
        desk = self.write_approved()
        self.place("needs", answer=desk)
        retire_answer(answer=desk, reason="old", by=self.bob, expected_version=1)
        page = self.look("today")
        assert "Answer that fits" not in page
        assert "not in use any more" in page

    def test_clocks_promises_and_channels_stand_beside(self) -> None:
        late = self.place("needs", due=-30)
        soon = self.place("needs", due=100)
        self.place("needs", due=300)
        add_commitment(
            case=late, what="Call Ms. Ortiz back", due_at=clock.now() + timedelta(hours=3),
            owner=self.alice, by=self.alice,
        )  # fmt: skip
        add_commitment(
            case=late, what="Paint the crossing", due_at=clock.now() + timedelta(days=9),
            owner=self.alice, by=self.alice,
        )  # fmt: skip
        Channel.objects.filter(pk=self.channel.pk).update(
            failures=3, last_success_at=MONDAY - timedelta(hours=1), last_error="503"
        )
        today = read_today(self.agency, self.alice, shown={})
        assert [case.pk for case in today.clocks] == [late.pk, soon.pk]
        assert [one.what for one in today.commitments] == ["Call Ms. Ortiz back"]
        page = self.look("today")
        assert "not proven since" in page
        assert "Paint the crossing" not in page

    def test_nothing_waiting_says_what_is_fine(self) -> None:
        page = self.look("today")
        assert "data-today-empty" in page
        assert "1 channel not proven yet" in page
        Channel.objects.update(last_success_at=MONDAY, last_post_at=MONDAY)
        page = self.look("today")
        assert "Nothing waits." in page
        assert "1 channel proven, last post" in page
        self.place("stand")
        assert "data-today-empty" not in self.look("today")

    def test_it_is_the_first_page(self) -> None:
        for path in ("/", "/riverton/"):
            response = self.client.get(path)
            assert response["Location"] == "/riverton/today/", path

    def test_members_only_and_each_agency_its_own(self) -> None:
        case = self.place("needs", text="Only for Riverton")
        for person in (self.bob, self.victor):
            self.sign_in(person)
            assert "Only for Riverton" in self.look("today")
        self.sign_in(self.charlie)
        assert self.client.get("/riverton/today/").status_code == 404
        assert self.client.get("/riverton/today/needs/").status_code == 404
        assert "Only for Riverton" not in self.client.get("/maple/today/").content.decode()
        assert str(case.pk) not in self.client.get("/maple/today/needs/").content.decode()
        self.client.logout()
        assert self.client.get("/riverton/today/").status_code == 302

    def test_a_strangers_words_are_inert(self) -> None:
        self.place(
            "needs", text='<script>alert(1)</script> \u202e "x"', author_name="<b>Eve</b>\u202e"
        )
        page = self.look("today")
        assert "<script>alert" not in page
        assert "<b>Eve" not in page
        assert "\u202e" not in page

    def test_the_questions_do_not_grow_with_the_posts(self) -> None:
        desk = self.write_approved()

        def fill(number: int) -> int:
            for _ in range(number):
                self.place("now", due=5)
                self.place("needs", due=30)
                self.place("needs", answer=desk)
                self.place("clause", text="I will kill you tonight")
                self.place("stand")
            self.look("today")
            with CaptureQueriesContext(connection) as asked:
                self.look("today")
            return len(asked)

        few = fill(8)
        assert fill(12) == few
        assert few <= 30, few

    def test_both_walks_use_their_index(self) -> None:
        desk = self.write_approved()
        for _ in range(3):
            self.place("needs", due=5)
            self.place("needs", answer=desk, due=5)
        with CaptureQueriesContext(connection) as asked:
            read_today(self.agency, self.alice, shown={})
        walks = [q["sql"] for q in asked if "answer_id IS" in q["sql"]]
        assert len(walks) >= 5
        if connection.vendor != "sqlite":
            return
        for sql in walks:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + sql)
                plan = " ".join(str(row[-1]) for row in cursor.fetchall())
            assert re.search("case_(needs|fits)_by_clock", plan), (sql, plan)
            assert "TEMP B-TREE" not in plan, (sql, plan)
