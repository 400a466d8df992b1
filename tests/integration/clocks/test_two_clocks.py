"""The first word and the full answer are two clocks; what met each is kept."""

from __future__ import annotations

import pytest

from levelhead.clocks.models import ClockMark
from levelhead.inbox.actions import close_case, let_stand, reopen_case, undo_let_stand
from levelhead.kernel.errors import Invalid
from tests.integration.clocks.ticking import COMPLAINT, QUESTION, ClockTestCase, local


class TwoClocksTest(ClockTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.case = self.file_case(text=COMPLAINT)
        self.question = self.file_case(text=QUESTION)

    def marks(self, **given: object) -> list[tuple[str, str, bool]]:
        rows = ClockMark.objects.filter(undone_at__isnull=True, **given).order_by("pk")
        return [(one.kind, one.ended_by, one.late) for one in rows]

    def test_a_complaint_has_both(self) -> None:
        assert self.case.ack_due == local(16, 13, 20)
        assert self.case.substance_due == local(18, 17)
        assert self.case.due_at == self.case.ack_due

    def test_a_holding_reply_meets_the_first_only(self) -> None:
        self.wait(hours=1)
        reply = self.answer(self.case, holding=True)
        case = self.fresh(self.case)
        assert case.state == "open"
        assert case.due_at == case.substance_due == local(18, 17)
        assert self.marks() == [("first_word", "holding", False)]
        assert ClockMark.objects.get().reply_id == reply.pk

    def test_a_full_answer_meets_both(self) -> None:
        self.answer(self.case)
        assert self.fresh(self.case).due_at is None
        assert self.marks() == [("first_word", "reply", False), ("full_answer", "reply", False)]

    def test_a_late_one_is_late(self) -> None:
        self.go_to(local(16, 13, 21))
        self.answer(self.case, holding=True)
        self.go_to(local(18, 16))
        self.answer(self.fresh(self.case), token="two")
        assert self.marks() == [("first_word", "holding", True), ("full_answer", "reply", False)]

    def test_nothing_is_met_before_the_reply_has_arrived(self) -> None:
        self.answer(self.case, deliver=False)
        assert self.marks() == []
        assert self.fresh(self.case).due_at == self.case.ack_due

    def test_without_a_second_clock_the_holding_reply_names_a_date(self) -> None:
        for wrong in (None, local(16, 9), local(16, 9).replace(year=2029)):
            with pytest.raises(Invalid, match="full answer comes"):
                self.answer(self.question, holding=True, full_answer_due=wrong)
        self.answer(self.question, holding=True, full_answer_due=local(19, 12))
        assert self.fresh(self.question).due_at == local(19, 12)
        with pytest.raises(Invalid, match="given already"):
            self.answer(self.question, token="two", holding=True, full_answer_due=local(20, 12))

    def test_closing_and_letting_stand_end_clocks_but_answer_nobody(self) -> None:
        close_case(case=self.case, reason="Called her.", by=self.alice, expected_version=None)
        outcome = let_stand(cases=[self.question], by=self.alice)
        assert self.marks(case=self.case)[0][1:] == ("closed", False)
        assert self.marks(case=self.question) == [("first_word", "stood", False)]
        undo_let_stand(agency=self.agency, undo_token=outcome.undo_token, by=self.alice)
        assert self.marks(case=self.question) == []
        assert self.fresh(self.question).due_at == self.question.due_at
        reopen_case(case=self.fresh(self.case), by=self.alice, expected_version=None)
        assert self.fresh(self.case).due_at == self.case.ack_due

    def test_a_case_opened_again_wants_the_full_answer_only(self) -> None:
        self.answer(self.case)
        reopen_case(case=self.fresh(self.case), by=self.alice, expected_version=None)
        assert self.fresh(self.case).due_at == self.case.substance_due
        assert self.marks() == [("first_word", "reply", False)]
        assert ClockMark.objects.count() == 2, "what met it is kept"

    def test_an_edit_after_the_first_word_does_not_ask_for_it_again(self) -> None:
        self.answer(self.case, holding=True)
        post = self.case.post
        self.file_post(external_id=post.external_id, text=COMPLAINT + " Thank you.",
                       author_external_id=post.author.external_id)  # type: ignore[union-attr]  # fmt: skip
        assert self.fresh(self.case).due_at == self.case.substance_due

    def test_the_page_says_answer_due_and_what_met_it(self) -> None:
        page = self.look("conversation", self.question.pk)
        assert "Answer due" in page
        assert ">13:20</time>" in page
        page = self.look("conversation", self.case.pk)
        assert "First word due" in page
        assert "Full answer due" in page
        token = "a-token-of-the-form"
        self.act("reply", self.case, text="We look into it.", form_token=token, holding="yes")
        from levelhead.channels import outbox

        outbox.deliver_due()
        page = self.look("conversation", self.case.pk)
        assert "by a holding reply" in page
        assert self.marks() == [("first_word", "holding", False)]

    def test_a_mistaken_date_is_said_and_what_was_typed_stays(self) -> None:
        response = self.act("reply", self.question, 400, text="We look into it.", holding="yes",
                            form_token="t", full_by="soon")  # fmt: skip
        page = response.content.decode()
        assert "Say by when the full answer comes" in page
        assert "We look into it." in page
        assert 'value="soon"' in page
