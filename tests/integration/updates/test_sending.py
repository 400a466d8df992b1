"""Updates: numbered, everywhere, and only what is confirmed."""

from __future__ import annotations

from datetime import timedelta

from levelhead.channels.models import OutboxItem
from levelhead.channels.outbox import deliver_due
from levelhead.incidents.models import Incident, LogEntry
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.ledger.actions import add_fact, mark_false
from levelhead.updates.domain import Audience, UpdateKind, Words
from levelhead.updates.framing import compose_for, frame_for
from levelhead.updates.models import Citation, Update
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis


class SendingTest(Crisis, DeskTestCase):
    """What goes out, and what must not."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare()

    def test_the_first_word_reaches_every_channel(self) -> None:
        second = self.make_channel(self.agency, "Village square")
        update = self.send(self.incident, on=[self.channel, second])
        deliver_due()
        self.assertEqual(update.number, 1)
        self.assertEqual(OutboxItem.objects.filter(state="sent").count(), 2)
        incident = Incident.objects.get(pk=self.incident.pk)
        self.assertEqual(incident.first_word_at, clock.now())
        self.assertEqual(incident.next_word_due, update.next_word_at)
        arrived = LogEntry.objects.filter(action="outbox:update:arrived")
        self.assertEqual(arrived.count(), 2)

    def test_what_is_not_confirmed_is_not_said(self) -> None:
        fact = add_fact(incident=self.incident, text="One suspect is in custody.", by=self.alice)
        with self.assertRaises(Conflict):
            self.send(self.incident, fact)
        self.assertEqual(Update.objects.count(), 0)
        self.assertEqual(OutboxItem.objects.count(), 0)

    def test_nor_in_free_words(self) -> None:
        with self.assertRaises(Invalid):
            self.send(self.incident, lead="The suspect is in custody.")
        fact = self.add_confirmed(self.incident, "One man is in custody.", self.alice, self.bob)
        self.send(self.incident, fact, lead="The suspect is in custody.")
        self.assertEqual(Citation.objects.get().version, fact.version)

    def test_what_we_do_not_know_may_be_named(self) -> None:
        words = Words(
            lang="en", lead="We are on our way.", unknown=("How many people are hurt.",),
            actions=((Audience.INSIDE, "If you are hurt, call 911."),),
        )  # fmt: skip
        self.send(self.incident, words=words)

    def test_a_fact_that_changed_meanwhile_holds_it(self) -> None:
        fact = self.add_confirmed(self.incident, "Water Street is closed.")
        wish = self.wish(self.incident, fact)
        mark_false(fact=fact, why="Open.", by=self.bob, expected_version=fact.version)
        from levelhead.updates.actions import send_update

        with self.assertRaises(Conflict):
            send_update(incident=self.incident, wish=wish, by=self.alice)

    def test_old_reassurance_is_not_said(self) -> None:
        fact = self.add_confirmed(self.incident, "All clear.", self.alice, self.bob)
        self.clock.advance(timedelta(minutes=31))
        with self.assertRaises(Invalid):
            self.send(self.incident, fact)

    def test_a_next_time_is_promised(self) -> None:
        for wrong in (
            None, clock.now(), clock.now() + timedelta(minutes=45), clock.now() + timedelta(days=2),
        ):  # fmt: skip
            with self.assertRaises(Invalid):
                self.send(self.incident, next_word_at=wrong)
        self.send(self.incident, next_word_at=None, kind=UpdateKind.LAST)

    def test_two_at_once_do_not_speak_past_each_other(self) -> None:
        first, second = self.wish(self.incident), self.wish(self.incident)
        from levelhead.updates.actions import send_update

        send_update(incident=self.incident, wish=first, by=self.alice)
        again = send_update(incident=self.incident, wish=first, by=self.alice)
        self.assertEqual(again.number, 1)
        with self.assertRaises(Conflict):
            send_update(incident=self.incident, wish=second, by=self.bob)
        self.assertEqual(OutboxItem.objects.count(), 1)

    def test_only_those_who_speak_for_the_agency(self) -> None:
        for person in (self.victor, self.charlie):
            with self.assertRaises(NotAllowed):
                self.send(self.incident, by=person)

    def test_the_short_form_keeps_what_protects(self) -> None:
        fact = self.add_confirmed(self.incident, "Water Street is closed. " + "x " * 100)
        words = Words(
            lang="en", lead="Shots were reported.", known=(fact.text,),
            actions=((Audience.EVERYONE, "Stay away from the riverfront."),),
        )  # fmt: skip
        frame = frame_for(
            self.incident, number=1, kind=UpdateKind.WORD, at=clock.now(),
            next_word_at=clock.now() + timedelta(minutes=20), lang="es",
        )  # fmt: skip
        text = compose_for(self.make_channel(self.agency, "Sky", "bluesky"), words, frame)
        assert text is not None
        self.assertIn("Stay away", text)
        self.assertLessEqual(len(text), 300)
