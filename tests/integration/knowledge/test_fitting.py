"""Which answer fits is found after filing, kept on the case, and looked at again."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from levelhead.doctrine.domain import Disposition
from levelhead.inbox.actions import change_decision, let_stand, reopen_case
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError
from levelhead.knowledge import fitting
from levelhead.knowledge.actions import retire_answer
from levelhead.knowledge.finding import shelves
from levelhead.knowledge.fitting import fit_answers, fit_round, look_again
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from tests.base import MONDAY, DeskTestCase
from tests.integration.knowledge.answering import TRASH, Answering


class FittingTest(Answering, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        shelves.forget()
        self.addCleanup(shelves.forget)
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def question(self, text: str = "When does the front desk open?", **fields: object) -> Case:
        case = self.file_case(text=text, **fields)
        # Whatever the models of the day say of it.
        Case.objects.filter(pk=case.pk).update(
            label="question", queue="needs", disposition="research", rule="triage/4-question-open",
            answer_due=True,
        )  # fmt: skip
        return Case.objects.get(pk=case.pk)

    def events(self, action: str) -> int:
        return RecordEvent.objects.filter(action=action).count()

    def test_filing_marks_what_asks_and_nothing_else(self) -> None:
        asked = self.file_case(text="When does the front desk open on Saturdays?")
        assert (asked.label, asked.answer_due) == ("question", True)
        thanks = self.file_case(text="Thank you officers, you are the best!")
        assert not thanks.answer_due
        own = self.file_case(text="When does the front desk open?", from_agency=True)
        assert not own.answer_due

    def test_the_rules_hear_that_an_answer_fits(self) -> None:
        desk = self.write_approved()
        case = self.file_case(text="When does the front desk open on Saturdays?")
        assert (case.rule, case.disposition) == ("triage/4-question-open", Disposition.RESEARCH)
        assert fit_answers(10) == 1
        found = Case.objects.get(pk=case.pk)
        assert (found.answer_id, found.answer_due) == (desk.pk, False)
        assert 50 <= found.answer_percent <= 99
        assert (found.rule, found.disposition) == ("triage/4-question", Disposition.ANSWER)
        # The clock of an answer runs from when the post came in.
        assert found.due_at is not None
        assert found.version == case.version + 1
        assert self.events("system:case:answer_found") == 1
        told = LiveEvent.objects.filter(agency=self.agency).order_by("seq").last()
        assert told is not None
        assert told.kind == "answers.fitted"
        assert fit_answers(10) == 0

    def test_what_fits_nothing_is_looked_at_once(self) -> None:
        self.write_approved()
        case = self.question("Where can I adopt a dog?")
        assert fit_answers(10) == 1
        found = Case.objects.get(pk=case.pk)
        assert (found.answer_id, found.answer_due, found.version) == (None, False, case.version)
        assert self.events("system:case:answer_found") == 0
        assert fit_answers(10) == 0

    def test_a_spanish_question_gets_the_answer_that_speaks_spanish(self) -> None:
        desk = self.write_approved()
        self.write_approved(**TRASH)
        case = self.question("¿A qué hora abre la recepción?", lang="es")
        fit_answers(10)
        assert Case.objects.get(pk=case.pk).answer_id == desk.pk

    def test_spanish_must_be_surer_than_english(self) -> None:
        self.write_approved()
        case = self.question("¿A qué hora abre la recepción?", lang="es")
        with mock.patch.object(fitting, "SURE_FROM", {"es": 100}):
            fit_answers(10)
        assert Case.objects.get(pk=case.pk).answer_id is None

    def test_an_agency_never_gets_another_agencys_answer(self) -> None:
        self.write_approved()
        case = self.question(channel_id=self.other_channel.pk)
        assert case.agency_id == self.other_agency.pk
        fit_answers(10)
        assert Case.objects.get(pk=case.pk).answer_id is None

    def test_a_new_answer_is_held_against_the_open_questions(self) -> None:
        case = self.question()
        fit_answers(10)
        assert Case.objects.get(pk=case.pk).answer_id is None
        desk = self.write_approved()
        assert look_again() == 1
        assert look_again() == 0
        fit_answers(10)
        assert Case.objects.get(pk=case.pk).answer_id == desk.pk

    def test_a_retired_answer_is_taken_off_and_the_decision_goes_back(self) -> None:
        desk = self.write_approved()
        case = self.file_case(text="When does the front desk open on Saturdays?")
        look_again()
        fit_answers(10)
        retire_answer(answer=desk, reason="old", by=self.bob, expected_version=1)
        assert look_again() == 1
        fit_answers(10)
        found = Case.objects.get(pk=case.pk)
        assert (found.answer_id, found.answer_percent) == (None, 0)
        assert (found.rule, found.disposition) == ("triage/4-question-open", Disposition.RESEARCH)
        assert self.events("system:case:answer_gone") == 1
        assert verify_records().holds

    def test_an_answer_past_its_review_date_is_taken_off(self) -> None:
        self.approve(self.write(), days=2)
        case = self.question()
        look_again()
        fit_answers(10)
        assert Case.objects.get(pk=case.pk).answer_id is not None
        self.clock.advance(timedelta(days=3))
        assert look_again() == 1
        assert look_again() == 0
        fit_answers(10)
        assert Case.objects.get(pk=case.pk).answer_id is None

    def test_looking_again_goes_on_where_it_was_cut_off(self) -> None:
        cases = [self.question(f"When does the front desk open, {n}?") for n in range(5)]
        fit_answers(10)
        self.write_approved()
        with mock.patch.object(fitting, "MARKED", 2):
            counts = [look_again() for _ in range(4)]
        assert counts == [2, 2, 1, 0]
        assert Case.objects.filter(answer_due=True).count() == len(cases)

    def test_what_a_person_decided_stays(self) -> None:
        self.write_approved()
        case = self.question()
        change_decision(
            case=case, label=None, disposition=Disposition.ROUTE, reason="", by=self.alice,
            expected_version=None,
        )  # fmt: skip
        fit_answers(10)
        found = Case.objects.get(pk=case.pk)
        assert found.answer_id is not None
        assert found.disposition == Disposition.ROUTE

    def test_new_words_are_looked_at_again(self) -> None:
        desk = self.write_approved()
        first = self.incoming(text="When does the front desk open on Saturdays?")
        self.receive(first)
        fit_answers(10)
        case = Case.objects.get(post__external_id=first.external_id)
        assert case.answer_id == desk.pk
        self.receive(
            self.incoming(
                external_id=first.external_id, text="Where can I adopt a dog from the shelter?",
                edited_at=clock.now(),
            )
        )  # fmt: skip
        fit_answers(10)
        assert Case.objects.get(pk=case.pk).answer_id is None

    def test_an_edit_during_the_look_wins(self) -> None:
        self.write_approved()
        case = self.question()
        real = fitting.find_best

        def edited_meanwhile(*args: object, **named: object) -> object:
            case.post.revision += 1
            case.post.save()
            return real(*args, **named)  # type: ignore[arg-type]

        with mock.patch.object(fitting, "find_best", edited_meanwhile):
            assert fit_answers(10) == 0
        found = Case.objects.get(pk=case.pk)
        assert (found.answer_id, found.answer_due) == (None, True)

    def test_a_post_taken_up_again_is_looked_at_again(self) -> None:
        case = self.question()
        fit_answers(10)
        let_stand(cases=[Case.objects.get(pk=case.pk)], by=self.alice)
        reopen_case(case=case, by=self.alice, expected_version=None)
        assert Case.objects.get(pk=case.pk).answer_due

    def test_without_the_models_nothing_is_lost(self) -> None:
        self.write_approved()
        self.question()
        missing = mock.Mock(side_effect=ConfigurationError("The encoder's files are missing."))
        with mock.patch("levelhead.analysis.encoder.load_encoder", missing):
            assert fit_round() == fitting.UNREADABLE_SECONDS
        assert Case.objects.filter(answer_due=True).count() == 1
        assert fit_round() == 0.0
        assert Case.objects.filter(answer_due=True).count() == 0

    def test_a_flood_leaves_a_little_and_no_more(self) -> None:
        for n in range(10):
            self.question(f"When does the front desk open, {n}?")
        empty = mock.Mock(take=lambda _wanted: 0)
        fitting._least.cache_clear()
        with mock.patch.object(fitting, "reread_allowance", return_value=empty):
            fit_round()
            left = Case.objects.filter(answer_due=True).count()
        assert left == 10 - fitting.LEAST_PER_SECOND
