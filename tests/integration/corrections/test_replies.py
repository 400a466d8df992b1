"""Replies that say a fact: they are found when it falls, and none says what nobody vouches for."""

from __future__ import annotations

import itertools
from typing import Any

from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.corrections.domain import DueState
from levelhead.corrections.models import CorrectionDue, ReplyCitation
from levelhead.inbox.models import Case
from levelhead.kernel.errors import Conflict
from levelhead.ledger.actions import add_fact, change_fact, mark_false
from levelhead.ledger.models import Fact
from levelhead.replies.actions import note_outcome, retry_reply, send_reply, withdraw_reply
from levelhead.replies.models import Reply
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis

OPEN = "Families meet their children at the Lincoln School gym."
_tokens = itertools.count(1)


class ReplyTest(Crisis, DeskTestCase):
    """One incident, one fact, some replies."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare()
        self.fact = self.add_confirmed(self.incident, OPEN)

    def answer(self, text: str, case: Case | None = None, **fields: Any) -> Reply:
        """Answer a post, whatever the reply check thinks of it."""
        return send_reply(
            case=case or self.file_case(text="Where do I get my daughter?"), text=text,
            by=self.alice, form_token=f"said-{next(_tokens)}", expected_version=None,
            all_the_same="A test.", **fields,
        )  # fmt: skip

    def arrived(self, reply: Reply) -> None:
        """It is on the platform."""
        self._become(reply, OutboxState.SENT)

    def _become(self, reply: Reply, state: OutboxState) -> None:
        OutboxItem.objects.filter(pk=reply.outbox_item_id).update(state=state)
        item = OutboxItem.objects.get(pk=reply.outbox_item_id)
        note_outcome(item)

    def fell(self, fact: Fact | None = None) -> None:
        """The fact is false."""
        fact = Fact.objects.get(pk=(fact or self.fact).pk)
        mark_false(fact=fact, why="It moved.", by=self.bob, expected_version=fact.version)

    def test_a_reply_that_says_a_fact_cites_it(self) -> None:
        for text in (
            f"{OPEN} — Alice",
            "Sorry for the wait. Families meet their children at the Lincoln School gym now.",
            "The families meet their children at Lincoln School gym!",
        ):
            reply = self.answer(text)
            self.assertEqual([one.fact for one in reply.citations.all()], [self.fact], text)

    def test_what_says_something_else_does_not(self) -> None:
        for text in (
            "Families meet at the library.",
            "Do families meet their children at the Lincoln School gym? We will tell you.",
            "Families do not meet their children at the Lincoln School gym.",
            "We are on our way.",
        ):
            self.assertFalse(self.answer(text).citations.exists(), text)

    def test_a_fact_that_falls_makes_each_reply_due(self) -> None:
        one, two = self.answer(OPEN), self.answer(f"Hello. {OPEN}")
        self.fell()
        due = CorrectionDue.objects.filter(state=DueState.OPEN)
        self.assertEqual({row.reply for row in due}, {one, two})
        self.assertEqual(
            due[0].first_draft,
            "Correction: We said “Families meet their children at the Lincoln School gym”. That is "
            "not true.",
        )

    def test_a_reply_in_the_same_thread_puts_it_right(self) -> None:
        case = self.file_case(text="Where do I get my daughter?")
        self.arrived(self.answer(OPEN, case))
        self.fell()
        due = CorrectionDue.objects.get()
        other = self.answer(due.first_draft)
        due.refresh_from_db()
        self.assertEqual(due.state, DueState.OPEN, "another thread put it right")
        self.arrived(other)
        fix = self.answer(due.first_draft, Case.objects.get(pk=case.pk))
        due.refresh_from_db()
        self.assertEqual((due.state, due.corrected_in), (DueState.CORRECTED, fix))

    def test_a_correction_that_does_not_arrive_corrected_nothing(self) -> None:
        case = self.file_case(text="Where do I get my daughter?")
        self.arrived(self.answer(OPEN, case))
        self.fell()
        due = CorrectionDue.objects.get()
        fix = self.answer(due.first_draft, Case.objects.get(pk=case.pk))
        self._become(fix, OutboxState.FAILED)
        due.refresh_from_db()
        self.assertEqual(due.state, DueState.OPEN)
        retry_reply(reply=fix, by=self.alice)
        due.refresh_from_db()
        self.assertEqual(due.state, DueState.CORRECTED)

    def test_a_correction_that_is_taken_back_corrected_nothing(self) -> None:
        case = self.file_case(text="Where do I get my daughter?")
        self.arrived(self.answer(OPEN, case))
        self.fell()
        due = CorrectionDue.objects.get()
        fix = self.answer(due.first_draft, Case.objects.get(pk=case.pk))
        withdraw_reply(reply=fix, by=self.alice)
        due.refresh_from_db()
        self.assertEqual((due.state, due.corrected_in), (DueState.OPEN, None))

    def test_what_nobody_read_needs_no_correction(self) -> None:
        reply = self.answer(OPEN)
        self.fell()
        withdraw_reply(reply=reply, by=self.alice)
        self.assertEqual(CorrectionDue.objects.get().state, DueState.UNSAID)
        self.fact = self.add_confirmed(self.incident, "The bridge is closed to all traffic.")
        reply = self.answer("The bridge is closed to all traffic.")
        withdraw_reply(reply=reply, by=self.alice)
        self.fell()
        self.assertEqual(CorrectionDue.objects.count(), 1)

    def test_a_failed_reply_is_not_tried_again_with_a_false_fact(self) -> None:
        reply = self.answer(OPEN)
        self._become(reply, OutboxState.FAILED)
        self.fell()
        with self.assertRaisesMessage(Conflict, "not confirmed"):
            retry_reply(reply=reply, by=self.alice)

    def test_nothing_is_said_that_is_not_confirmed(self) -> None:
        waits = add_fact(incident=self.incident, text="Two people are in custody.", by=self.alice)
        case = self.file_case()
        for text in (
            waits.text, "TWO PEOPLE ARE IN CUSTODY", "We can say: two people are in custody now.",
            "“Two people are in custody.”",
        ):  # fmt: skip
            with self.assertRaisesMessage(Conflict, "not confirmed"):
                self.answer(text, case)
        self.assertFalse(Reply.objects.exists())
        self.answer("We cannot confirm that two people are in custody.", case)

    def test_a_rumor_can_be_denied(self) -> None:
        add_fact(
            incident=self.incident, text="There is a second shooter at the mall.", by=self.alice
        )
        self.fell(Fact.objects.get(number=2))
        self.answer("“There is a second shooter at the mall” is false. We searched it.")
        with self.assertRaises(Conflict):
            self.answer("There is a second shooter at the mall.")

    def test_an_older_version_is_not_said_any_more(self) -> None:
        changed = change_fact(
            fact=self.fact, text="Families meet their children at the Washington School gym.",
            why="Moved.", by=self.alice, expected_version=1, confirmed_how="Scene.",
        )  # fmt: skip
        with self.assertRaisesMessage(Conflict, "not confirmed"):
            self.answer(OPEN)
        self.answer(changed.text)
        self.assertEqual(ReplyCitation.objects.get().version, 2)

    def test_what_must_be_looked_at_again_is_not_said(self) -> None:
        self.add_confirmed(self.incident, "All students are safe.", self.alice, self.bob)
        self.clock.advance(self.clock.now().replace(hour=23) - self.clock.now())
        with self.assertRaisesMessage(Conflict, "looked at again"):
            self.answer("All students are safe.")
