"""A clock stands still only for a reason, by a person; it goes on by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from levelhead.clocks.actions import pause_clock, resume_by_themselves, resume_clock
from levelhead.clocks.domain import WaitingOn
from levelhead.clocks.models import ClockMark, ClockPause
from levelhead.inbox.models import Case
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from tests.integration.clocks.ticking import COMPLAINT, DANGER, QUESTION, ClockTestCase, local


class PauseTest(ClockTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.case = self.file_case(text=QUESTION, author_external_id="dana")

    def pause(self, case: Case | None = None, **given: object) -> Case:
        return pause_clock(
            **{
                "case": case or self.case, "waiting_on": WaitingOn.AUTHOR, "note": "Which street?",
                "until": local(20, 12), "by": self.alice, "expected_version": None, **given,
            }  # type: ignore[arg-type]
        )  # fmt: skip

    def actions(self) -> list[str]:
        return list(
            RecordEvent.objects.filter(action__contains=":clock:")
            .order_by("id")
            .values_list("action", flat=True)
        )

    def test_a_paused_clock_has_no_due_time_and_says_why(self) -> None:
        self.wait(hours=1)
        self.pause()
        case = self.fresh(self.case)
        assert case.due_at is None
        assert (case.waiting_on, case.paused_at) == ("author", local(16, 10, 20))
        page = self.look("conversation", case.pk)
        assert "Stands still: waiting on the author" in page
        assert "Which street?" in page
        assert "waits on the author" in self.look("inbox")
        assert self.actions() == ["person:clock:paused"]

    def test_the_time_that_was_left_is_left_afterwards(self) -> None:
        # Three of four hours are left at 10:20; it goes on at Wednesday, 15:00.
        self.wait(hours=1)
        self.pause()
        self.go_to(local(18, 15))
        resume_clock(case=self.fresh(self.case), by=self.bob, expected_version=None)
        assert self.fresh(self.case).due_at == local(19, 9)
        # 6 h 40 on Monday, 9 on Tuesday, 7 on Wednesday.
        assert ClockPause.objects.get().lasted == timedelta(hours=22, minutes=40)

    def test_pauses_add_up_and_nights_do_not_count(self) -> None:
        # 13:20 is due. From 17:00 to 8:00 nothing passes, paused or not.
        for start, end in ((local(16, 10), local(16, 11)), (local(16, 12), local(17, 8, 30))):
            self.go_to(start)
            self.pause(self.fresh(self.case))
            self.go_to(end)
            resume_clock(case=self.fresh(self.case), by=self.alice, expected_version=None)
        # One hour, then 5 h on Monday and half an hour on Tuesday: 13:20 + 6.5 office hours.
        assert self.fresh(self.case).due_at == local(17, 10, 50)
        assert "Stood still for 6 h 30 min" in self.look("conversation", self.case.pk)

    def test_both_clocks_of_a_complaint_stand_still(self) -> None:
        case = self.file_case(text=COMPLAINT)
        self.answer(case, holding=True)
        self.pause(self.fresh(case), waiting_on=WaitingOn.RESEARCH)
        self.go_to(local(17, 9, 20))
        resume_clock(case=self.fresh(case), by=self.alice, expected_version=None)
        case = self.fresh(case)
        # A day of nine hours stood still; the close of Wednesday becomes that of Thursday.
        assert case.due_at == local(19, 17)
        assert case.ack_due == local(16, 13, 20), "it was met before"

    def test_it_goes_on_when_the_author_writes_again(self) -> None:
        self.pause()
        other = self.incoming(
            text="Same here.",
            author_external_id="luis",
            parent_external_id=self.case.post.external_id,
        )
        self.receive(other)
        assert resume_by_themselves() == 0, "somebody else wrote"
        self.wait(hours=2)
        self.receive(
            self.incoming(text="Elm Street.", author_external_id="dana",
                          parent_external_id=self.case.post.external_id)
        )  # fmt: skip
        # The worker was away for an hour; the pause ended when the author wrote.
        self.wait(hours=1)
        assert resume_by_themselves() == 1
        assert resume_by_themselves() == 0
        case = self.fresh(self.case)
        assert case.due_at == local(16, 15, 20)
        assert ClockPause.objects.get().resumed_by == "author_wrote"
        assert self.actions()[-1] == "system:clock:resumed"
        assert verify_records().holds

    def test_research_does_not_end_by_what_the_author_writes(self) -> None:
        self.pause(waiting_on=WaitingOn.RESEARCH)
        self.wait(hours=1)
        self.receive(
            self.incoming(text="Elm Street.", author_external_id="dana",
                          parent_external_id=self.case.post.external_id)
        )  # fmt: skip
        assert resume_by_themselves() == 0

    def test_it_goes_on_at_its_date(self) -> None:
        self.pause(until=local(17, 8))
        self.go_to(local(17, 7, 59))
        assert resume_by_themselves() == 0
        self.go_to(local(17, 8, 30))
        assert resume_by_themselves() == 1
        assert self.fresh(self.case).due_at == local(17, 12)
        assert ClockPause.objects.get().resumed_at == local(17, 8)

    def test_an_answer_ends_the_pause_and_is_in_time(self) -> None:
        self.pause()
        self.go_to(local(18, 9))
        self.answer(self.fresh(self.case))
        assert ClockPause.objects.get().resumed_by == "answered"
        assert not ClockMark.objects.get().late

    def test_what_cannot_be_paused(self) -> None:
        for given, said in (
            ({"until": None}, "at the latest"),
            ({"until": local(16, 9)}, "at the latest"),
            ({"until": local(16, 9).replace(year=2027)}, "at most 190 days"),
            ({"note": "x" * 501}, "at most 500"),
        ):
            with pytest.raises(Invalid, match=said):
                self.pause(**given)
        with pytest.raises(Invalid, match="in danger"):
            self.pause(self.file_case(text=DANGER))
        self.pause()
        with pytest.raises(Invalid, match="already"):
            self.pause(self.fresh(self.case))
        resume_clock(case=self.fresh(self.case), by=self.alice, expected_version=None)
        with pytest.raises(Invalid, match="runs already"):
            resume_clock(case=self.fresh(self.case), by=self.alice, expected_version=None)
        self.go_to(local(17, 16))
        with pytest.raises(Invalid, match="has run out"):
            self.pause(self.fresh(self.case), until=local(20, 12))
        assert ClockPause.objects.count() == 1

    def test_only_those_who_work_here_and_saw_it_as_it_is(self) -> None:
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.pause(by=person)
        with pytest.raises(Conflict):
            self.pause(expected_version=99)
        assert self.actions() == []

    def test_the_form_stops_it_and_lets_it_go_on(self) -> None:
        assert 'value="2026-03-19T17:00"' in self.look("conversation", self.case.pk)
        self.act("clock-pause", self.case, waiting_on="research", until="2026-03-18T12:00",
                 note="<b>who</b>")  # fmt: skip
        pause = ClockPause.objects.get()
        assert (pause.until, pause.note) == (local(18, 12), "<b>who</b>")
        page = self.look("conversation", self.case.pk)
        assert "&lt;b&gt;who" in page
        self.act("clock-resume", self.fresh(self.case))
        assert self.fresh(self.case).due_at == local(16, 13, 20)
        for wrong in ({"waiting_on": "the weather"}, {"waiting_on": "author", "until": "never"}):
            self.act("clock-pause", self.fresh(self.case), 400, **wrong)
        assert ClockPause.objects.count() == 1
