"""Facts: two people, versions, and what is not true any more."""

from __future__ import annotations

from datetime import timedelta

from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.ledger.actions import add_fact, change_fact, confirm_fact, mark_false, supersede
from levelhead.ledger.domain import FactStatus, FactSubject
from levelhead.ledger.models import Fact, FactVersion
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis


class LedgerTest(Crisis, DeskTestCase):
    """What people do with facts."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare()

    def test_one_person_is_enough_for_a_plain_fact(self) -> None:
        fact = self.add_confirmed(self.incident, "Water Street is closed.", self.alice)
        self.assertEqual(fact.status, FactStatus.CONFIRMED)

    def test_custody_needs_two_people_whatever_was_chosen(self) -> None:
        fact = add_fact(
            incident=self.incident, text="One suspect is in custody.", by=self.alice,
            subject=FactSubject.GENERAL, confirmed_how="Scene commander.",
        )  # fmt: skip
        self.assertEqual((fact.subject, fact.status), (FactSubject.CUSTODY, FactStatus.UNCONFIRMED))
        with self.assertRaises(Invalid):
            confirm_fact(fact=fact, how="Again.", by=self.alice, expected_version=1)
        fact = confirm_fact(fact=fact, how="Dispatch.", by=self.bob, expected_version=1)
        self.assertEqual(fact.status, FactStatus.CONFIRMED)

    def test_a_changed_text_begins_again(self) -> None:
        fact = self.add_confirmed(self.incident, "Two people were hurt.", self.alice, self.bob)
        changed = change_fact(
            fact=fact, text="Three people were hurt.", why="Hospital.", by=self.alice,
            expected_version=fact.version, confirmed_how="Hospital.",
        )  # fmt: skip
        self.assertEqual((changed.status, changed.version), (FactStatus.UNCONFIRMED, 2))
        with self.assertRaises(Conflict):
            confirm_fact(fact=changed, how="Late.", by=self.bob, expected_version=1)
        texts = FactVersion.objects.filter(fact=fact).order_by("version")
        self.assertEqual(
            [one.text for one in texts], ["Two people were hurt.", "Three people were hurt."]
        )

    def test_reassurance_grows_old(self) -> None:
        fact = self.add_confirmed(self.incident, "All clear.", self.alice, self.bob)
        self.assertEqual(fact.valid_until, clock.now() + timedelta(minutes=30))

    def test_false_and_superseded_say_why(self) -> None:
        fact = self.add_confirmed(self.incident, "There is a second shooter.", self.alice)
        with self.assertRaises(Invalid):
            mark_false(fact=fact, why=" ", by=self.alice, expected_version=fact.version)
        false = mark_false(fact=fact, why="Echo.", by=self.alice, expected_version=fact.version)
        self.assertEqual(false.status, FactStatus.FALSE)
        newer = self.add_confirmed(self.incident, "The street is open.", self.alice)
        older = self.add_confirmed(self.incident, "The street is closed.", self.alice)
        gone = supersede(
            fact=older, newer=newer, why="Opened.", by=self.bob, expected_version=older.version
        )
        self.assertEqual(gone.superseded_by, newer)
        with self.assertRaises(Invalid):
            change_fact(
                fact=gone, text="Half open.", why="?", by=self.bob, expected_version=gone.version
            )

    def test_nobody_from_another_desk(self) -> None:
        fact = self.add_confirmed(self.incident, "Water Street is closed.", self.alice)
        for person in (self.charlie, self.victor):
            with self.assertRaises(NotAllowed):
                add_fact(incident=self.incident, text="Mine.", by=person)
            with self.assertRaises(NotAllowed):
                mark_false(fact=fact, why="?", by=person, expected_version=fact.version)
        self.assertEqual(Fact.objects.count(), 1)
