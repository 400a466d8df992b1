"""Answers are written, approved by somebody else, changed with their history, and retired."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from levelhead.accounts.domain import Role
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from levelhead.knowledge.actions import (
    approve_answer,
    edit_answer,
    retire_answer,
    write_answer,
)
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.models import Answer, AnswerUse, AnswerVersion, KnowledgeHead
from levelhead.knowledge.queries import (
    AnswerChoice,
    find_answer,
    list_answers,
    list_uses,
    offerable,
    today_of,
)
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from levelhead.replies.actions import send_reply, withdraw_reply
from levelhead.replies.models import Reply
from tests.base import MONDAY, DeskTestCase
from tests.integration.knowledge.answering import Answering


class AnswersTest(Answering, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def recorded(self) -> list[str]:
        events = RecordEvent.objects.filter(action__startswith="person:answer:").order_by("pk")
        return [event.action.removeprefix("person:answer:") for event in events]

    def test_a_draft_is_offered_only_once_somebody_else_approved_it(self) -> None:
        answer = self.write()
        today = today_of(self.agency)
        assert answer.state == AnswerState.DRAFT
        assert not offerable(self.agency, today).exists()
        with pytest.raises(Invalid, match="somebody else must approve"):
            approve_answer(
                answer=answer, review_on=today + timedelta(days=9), by=self.alice,
                expected_version=1,
            )  # fmt: skip
        approved = self.approve(answer)
        assert (approved.approved_by, approved.approved_at) == (self.bob, MONDAY)
        assert list(offerable(self.agency, today)) == [answer]
        assert self.recorded() == ["written", "approved"]
        assert verify_records().holds

    def test_who_is_alone_approves_their_own_and_the_record_says_so(self) -> None:
        self.bob.memberships.update(active=False)
        # Victor may look only: nobody else could approve.
        answer = self.write()
        approve_answer(
            answer=answer, review_on=today_of(self.agency) + timedelta(days=9), by=self.alice,
            expected_version=1,
        )  # fmt: skip
        event = RecordEvent.objects.get(action="person:answer:approved")
        assert '"own":true' in event.payload

    def test_a_change_keeps_what_it_said_and_needs_another_approval(self) -> None:
        answer = self.write_approved()
        changed = edit_answer(
            answer=answer, fields=self.fields(texts={"en": "From 9 now."}), owner=self.alice,
            by=self.bob, expected_version=1,
        )  # fmt: skip
        assert (changed.version, changed.state, changed.approved_by) == (2, "draft", None)
        before = AnswerVersion.objects.get()
        assert (before.number, before.texts["en"]) == (1, answer.texts["en"])
        assert (before.edited_by, before.approved_by) == (self.alice, self.bob)
        with pytest.raises(Invalid, match="somebody else"):
            self.approve(changed)
        assert self.recorded() == ["written", "approved", "edited"]

    def test_the_same_words_again_change_nothing(self) -> None:
        answer = self.write_approved()
        same = edit_answer(
            answer=answer, fields=self.fields(), owner=self.alice, by=self.bob, expected_version=1
        )
        assert (same.version, same.state) == (1, "approved")
        assert not AnswerVersion.objects.exists()

    def test_two_who_change_it_at_once_do_not_lose_each_others_words(self) -> None:
        answer = self.write()
        for text in ("first", "second"):
            act = {
                "answer": answer, "fields": self.fields(texts={"en": text}), "owner": self.alice,
                "by": self.alice, "expected_version": 1,
            }  # fmt: skip
            if text == "first":
                edit_answer(**act)  # type: ignore[arg-type]
            else:
                with pytest.raises(Conflict):
                    edit_answer(**act)  # type: ignore[arg-type]
        answer.refresh_from_db()
        assert answer.texts == {"en": "first"}
        with pytest.raises(Conflict):
            approve_answer(
                answer=answer, review_on=today_of(self.agency) + timedelta(days=9), by=self.bob,
                expected_version=1,
            )  # fmt: skip

    def test_past_its_date_it_is_stale_until_somebody_confirms_it(self) -> None:
        answer = self.approve(self.write(), days=10)
        self.clock.advance(timedelta(days=10))
        assert offerable(self.agency, today_of(self.agency)).exists()
        self.clock.advance(timedelta(days=1))
        today = today_of(self.agency)
        assert answer.stale_on(today)
        assert not offerable(self.agency, today).exists()
        self.approve(answer)
        assert offerable(self.agency, today).exists()

    def test_the_day_is_the_agencys_own(self) -> None:
        # In Chicago it is still Monday when it is Tuesday in Greenwich.
        self.clock.advance(timedelta(hours=12))
        assert clock.now().day == 17
        assert today_of(self.agency).day == 16

    def test_retired_is_never_offered_and_comes_back_as_a_draft(self) -> None:
        answer = self.write_approved()
        retire_answer(answer=answer, reason="moved", by=self.alice, expected_version=1)
        assert not offerable(self.agency, today_of(self.agency)).exists()
        for again in (
            lambda: self.approve(answer),
            lambda: retire_answer(answer=answer, reason="", by=self.alice, expected_version=1),
        ):
            with pytest.raises(Invalid, match="retired"):
                again()
        back = edit_answer(
            answer=answer, fields=self.fields(), owner=self.alice, by=self.alice,
            expected_version=1,
        )  # fmt: skip
        assert (back.state, back.version) == ("draft", 2)
        assert self.recorded() == ["written", "approved", "retired", "edited"]

    def test_mistakes_are_told_at_their_fields_and_nothing_is_kept(self) -> None:
        with pytest.raises(Invalid) as caught:
            self.write(title="", source="\u202e", review_on=today_of(self.agency))
        errors = caught.value.data["errors"]
        assert isinstance(errors, dict)
        assert sorted(errors) == ["review_on", "source", "title"]
        with pytest.raises(Invalid, match="Choose an owner"):
            write_answer(
                agency=self.agency, fields=self.fields(), owner=self.charlie, by=self.alice
            )
        assert not Answer.objects.exists()
        assert self.recorded() == []

    def test_who_may_not_cannot(self) -> None:
        answer = self.write()
        day = today_of(self.agency) + timedelta(days=9)
        for person in (self.victor, self.charlie):
            for act in (
                lambda p=person: self.write(by=p),
                lambda p=person: edit_answer(
                    answer=answer, fields=self.fields(), owner=self.alice, by=p, expected_version=1
                ),
                lambda p=person: approve_answer(
                    answer=answer, review_on=day, by=p, expected_version=1
                ),
                lambda p=person: retire_answer(answer=answer, reason="", by=p, expected_version=1),
            ):
                with pytest.raises(NotAllowed):
                    act()
        with pytest.raises(NotFound):
            find_answer(self.other_agency, answer.pk)
        answer.refresh_from_db()
        assert (answer.state, answer.version) == ("draft", 1)

    def test_approved_without_an_approver_cannot_be_stored(self) -> None:
        answer = self.write()
        with pytest.raises(IntegrityError), transaction.atomic():
            Answer.objects.filter(pk=answer.pk).update(state="approved")

    def test_every_change_moves_the_agencys_number_and_no_other(self) -> None:
        answer = self.write()
        assert KnowledgeHead.objects.get(agency=self.agency).version == 1
        self.approve(answer)
        assert KnowledgeHead.objects.get(agency=self.agency).version == 2
        assert not KnowledgeHead.objects.filter(agency=self.other_agency).exists()


class UseTest(Answering, DeskTestCase):
    def send(self, text: str, *answer_ids: int, token: str = "form") -> Reply:
        case = self.file_case()
        return send_reply(
            case=case, text=text, by=self.alice, form_token=token, expected_version=None,
            answer_ids=answer_ids,
        )  # fmt: skip

    def test_a_reply_with_an_unfilled_part_is_refused_and_nothing_is_kept(self) -> None:
        answer = self.write_approved()
        with pytest.raises(Invalid, match=r"still has a part to fill in: \[\[greeting\]\]"):
            self.send(answer.texts["en"], answer.pk)
        assert not Reply.objects.exists()
        assert not AnswerUse.objects.exists()

    def test_filled_in_it_leaves_and_is_counted_once(self) -> None:
        answer = self.write_approved()
        reply = self.send("Good morning Dana, from 8 to 5. — Alice", answer.pk, answer.pk)
        use = AnswerUse.objects.get()
        assert (use.answer, use.reply, use.by) == (answer, reply, self.alice)
        assert (use.answer_version, use.at) == (1, reply.at)
        event = RecordEvent.objects.get(action="person:answer:used")
        assert (event.subject, event.actor) == (f"answer:{answer.pk}", f"user:{self.alice.pk}")
        assert str(reply.pk) in event.payload
        assert verify_records().holds

    def test_the_same_form_twice_counts_once(self) -> None:
        answer = self.write_approved()
        case = self.file_case()
        for _ in range(2):
            send_reply(
                case=case, text="From 8.", by=self.alice, form_token="same",
                expected_version=None, answer_ids=[answer.pk],
            )  # fmt: skip
        assert AnswerUse.objects.count() == 1

    def test_a_reply_that_was_taken_back_used_nothing(self) -> None:
        answer = self.write_approved()
        self.send("From 8.", answer.pk)
        reply = self.send("From 9, wrong.", answer.pk, token="second")
        withdraw_reply(reply=reply, by=self.alice)
        uses, used = list_uses(answer)
        assert (len(uses), used) == (1, 1)
        [row] = list_answers(self.agency, AnswerChoice()).rows
        assert (row.uses, row.last_used) == (1, uses[0].at)

    def test_an_answer_of_another_agency_is_not_counted_and_the_reply_leaves(self) -> None:
        other = self._person(self.other_agency, "dora", Role.WRITER)
        theirs = write_answer(agency=self.other_agency, fields=self.fields(), owner=other, by=other)
        reply = self.send("From 8.", theirs.pk, 7)
        assert reply.pk
        assert not AnswerUse.objects.exists()
