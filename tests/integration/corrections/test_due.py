"""A fact that was said is not so any more: what said it is put right, where it was said."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from levelhead.corrections.actions import decide
from levelhead.corrections.domain import DueState
from levelhead.corrections.models import CorrectionDue
from levelhead.incidents.actions import stand_down
from levelhead.incidents.models import LogEntry
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.ledger.actions import change_fact, confirm_fact, mark_false, supersede
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Fact
from levelhead.updates.domain import UpdateKind
from levelhead.updates.models import Update
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis

CUSTODY = "One man is in custody."


class DueTest(Crisis, DeskTestCase):
    """From the fact that falls to the correction that closes it."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare()
        self.fact = self.add_confirmed(self.incident, CUSTODY, self.alice, self.bob)
        self.update = self.send(self.incident, self.fact)

    def fell(self, fact: Fact | None = None) -> CorrectionDue:
        """The fact is false."""
        fact = fact or self.fact
        mark_false(fact=fact, why="He was a witness.", by=self.bob, expected_version=fact.version)
        return CorrectionDue.objects.get(fact=fact)

    def correct(self, due: CorrectionDue, **fields: object) -> Update:
        """Send the draft as a correction."""
        wish = self.wish(
            self.incident, **{"kind": UpdateKind.CORRECTION, "lead": due.first_draft, **fields}
        )
        from levelhead.updates.actions import send_update

        return send_update(incident=self.incident, wish=wish, by=self.alice, corrects=self.update)

    def test_what_cites_a_false_fact_is_due_in_the_same_moment(self) -> None:
        due = self.fell()
        self.assertEqual((due.state, due.update_of), (DueState.OPEN, self.update))
        self.assertEqual(due.said_in, {"en": CUSTODY})
        self.assertEqual(
            due.draft_in["en"],
            "Correction to update 1: We said “One man is in custody”. That is not true.",
        )
        actions = LogEntry.objects.filter(incident=self.incident).values_list("action", flat=True)
        self.assertIn("person:correction:due", actions)

    def test_the_correction_that_is_sent_closes_it(self) -> None:
        due = self.fell()
        correction = self.correct(due)
        due.refresh_from_db()
        self.assertEqual((due.state, due.corrected_by), (DueState.CORRECTED, correction))

    def test_a_correction_that_does_not_name_it_leaves_it_open(self) -> None:
        due = self.fell()
        self.correct(due, lead="We put something right.")
        due.refresh_from_db()
        self.assertEqual(due.state, DueState.OPEN)

    def test_the_quotation_is_not_a_way_round_the_second_person(self) -> None:
        due = self.fell()
        for lead in (
            "We said “One man is in custody”. Two men are in custody.",
            "We said “Two men are in custody”. That is not true.",
        ):
            with self.assertRaisesMessage(Invalid, "two people"):
                self.correct(due, lead=lead)

    def test_a_correction_goes_where_the_mistake_went(self) -> None:
        due = self.fell()
        with self.assertRaisesMessage(Invalid, "Town square"):
            self.correct(due, channels=())
        self.assertEqual(Update.objects.count(), 1)

    def test_the_draft_follows_the_fact(self) -> None:
        changed = change_fact(
            fact=self.fact, text="Two men are in custody.", why="A second one.", by=self.alice,
            expected_version=self.fact.version, confirmed_how="Saw it.",
        )  # fmt: skip
        due = CorrectionDue.objects.get()
        self.assertIn("not sure of that any more", due.first_draft)
        confirm_fact(fact=changed, how="Dispatch.", by=self.bob, expected_version=changed.version)
        due.refresh_from_db()
        self.assertIn("In fact: Two men are in custody.", due.first_draft)

    def test_what_stands_in_its_place_is_said(self) -> None:
        newer = self.add_confirmed(self.incident, "The street is open again.")
        supersede(
            fact=self.fact, newer=newer, why="Mistaken.", by=self.alice,
            expected_version=self.fact.version,
        )  # fmt: skip
        self.assertEqual(Fact.objects.get(pk=newer.pk).status, FactStatus.CONFIRMED)
        self.assertIn("In fact: The street is open again.", CorrectionDue.objects.get().first_draft)

    def test_a_person_decides_with_a_reason(self) -> None:
        due = self.fell()
        with self.assertRaises(Invalid):
            decide(due=due, reason=" ", by=self.alice)
        for person in (self.victor, self.charlie):
            with self.assertRaises(NotAllowed):
                decide(due=due, reason="No.", by=person)
        decide(due=due, reason="Update 2 said it.", by=self.alice)
        due.refresh_from_db()
        self.assertEqual((due.state, due.reason), (DueState.DECIDED, "Update 2 said it."))
        with self.assertRaises(Conflict):
            decide(due=due, reason="Again.", by=self.bob)

    def test_what_was_left_is_asked_again_when_the_fact_falls_further(self) -> None:
        changed = change_fact(
            fact=self.fact, text="A man is in custody.", why="Wording.", by=self.alice,
            expected_version=self.fact.version,
        )  # fmt: skip
        decide(due=CorrectionDue.objects.get(), reason="Only wording.", by=self.alice)
        mark_false(fact=changed, why="Not so.", by=self.bob, expected_version=changed.version)
        self.assertEqual(CorrectionDue.objects.filter(state=DueState.OPEN).count(), 1)

    def test_no_incident_ends_with_a_correction_open(self) -> None:
        self.fell()
        with self.assertRaisesMessage(Invalid, "1 correction is open"):
            stand_down(incident=self.incident, why="Over.", by=self.alice, expected_version=None)

    def test_the_database_wants_to_know_how_it_was_closed(self) -> None:
        due = self.fell()
        with self.assertRaises(IntegrityError), transaction.atomic():
            CorrectionDue.objects.filter(pk=due.pk).update(state=DueState.CORRECTED)
