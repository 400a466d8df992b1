"""Declaring an incident, its level and its end."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction

from levelhead.incidents.actions import give_role, note, set_level, stand_down
from levelhead.incidents.domain import IncidentState, RoomRole, Tone
from levelhead.incidents.models import Duty, Incident, LogEntry
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.replies.models import SendingChoice
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis


class DeclaringTest(Crisis, DeskTestCase):
    """From the first post to the end."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()

    def test_a_declared_incident_owes_a_first_word(self) -> None:
        noticed = clock.now() - timedelta(minutes=6)
        incident = self.declare(detected_at=noticed)
        self.assertEqual(incident.next_word_due, noticed + timedelta(minutes=15))
        assert incident.silence is not None
        self.assertTrue(incident.silence.first)
        self.assertEqual(incident.silence.tone(clock.now()), Tone.CALM)
        self.clock.advance(timedelta(minutes=6))
        self.assertEqual(incident.silence.tone(clock.now()), Tone.SOON)
        self.clock.advance(timedelta(minutes=3))
        self.assertEqual(incident.silence.tone(clock.now()), Tone.LATE)

    def test_declared_late_there_is_still_time_to_write(self) -> None:
        incident = self.declare(detected_at=clock.now() - timedelta(hours=3))
        self.assertEqual(incident.next_word_due, clock.now() + timedelta(minutes=2))

    def test_scheduled_replies_stop_in_the_same_moment(self) -> None:
        self.declare()
        choice = SendingChoice.objects.get(agency=self.agency)
        self.assertIsNotNone(choice.frozen_at)
        self.assertIn("riverfront", choice.frozen_reason)

    def test_standing_down_releases_nothing(self) -> None:
        incident = self.declare()
        stand_down(incident=incident, why="Over.", by=self.alice, expected_version=1)
        self.assertIsNotNone(SendingChoice.objects.get(agency=self.agency).frozen_at)

    def test_the_same_form_twice_declares_once(self) -> None:
        first = self.declare(form_token="twice")
        second = self.declare(form_token="twice")
        self.assertEqual(first.pk, second.pk)
        self.assertEqual(Incident.objects.count(), 1)

    def test_a_second_incident_has_its_own_number_and_address(self) -> None:
        first, second = self.declare(), self.declare()
        self.assertEqual((first.number, second.number), (1, 2))
        self.assertEqual(first.slug, "1-shots-at-the-riverfront")
        self.assertNotEqual(first.slug, second.slug)

    def test_a_title_without_latin_letters_has_an_address_too(self) -> None:
        self.assertEqual(self.declare(title="洪水").slug, "1")

    def test_only_those_who_speak_for_the_agency_declare(self) -> None:
        for person in (self.victor, self.charlie):
            with self.assertRaises(NotAllowed):
                self.declare(by=person)
        self.assertEqual(Incident.objects.count(), 0)
        self.assertFalse(SendingChoice.objects.filter(frozen_at__isnull=False).exists())

    def test_a_graver_level_wants_the_next_word_sooner(self) -> None:
        incident = self.declare(level=3)
        self.send(incident, next_word_at=clock.now() + timedelta(hours=2))
        incident = set_level(
            incident=incident, level=4, why="Shots now.", by=self.bob, expected_version=None
        )
        self.assertEqual(incident.next_word_due, clock.now() + timedelta(minutes=30))

    def test_what_somebody_else_changed_is_not_overwritten(self) -> None:
        incident = self.declare()
        set_level(incident=incident, level=3, why="Less.", by=self.bob, expected_version=1)
        with self.assertRaises(Conflict):
            stand_down(incident=incident, why="Over.", by=self.alice, expected_version=1)

    def test_an_ended_one_takes_notes_only(self) -> None:
        incident = self.declare()
        stand_down(incident=incident, why="Over.", by=self.alice, expected_version=None)
        with self.assertRaises(Invalid):
            set_level(incident=incident, level=3, why="?", by=self.alice, expected_version=None)
        with self.assertRaises(Invalid):
            self.send(incident)
        note(incident=incident, text="Press asked again.", by=self.alice)
        ended = Incident.objects.get(pk=incident.pk)
        self.assertEqual(ended.state, IncidentState.OVER)
        self.assertFalse(Duty.objects.filter(incident=incident, until__isnull=True).exists())

    def test_a_role_goes_from_one_to_the_next(self) -> None:
        incident = self.declare()
        give_role(incident=incident, role=RoomRole.LEAD, user=self.bob, by=self.alice)
        held = Duty.objects.get(incident=incident, role="lead", until__isnull=True)
        self.assertEqual(held.user, self.bob)
        with self.assertRaises(Invalid):
            give_role(incident=incident, role=RoomRole.LEAD, user=self.charlie, by=self.alice)

    def test_everything_is_in_the_log(self) -> None:
        incident = self.declare()
        note(incident=incident, text="Command post at pier 4.", by=self.bob)
        actions = list(
            LogEntry.objects.filter(incident=incident)
            .order_by("id")
            .values_list("action", flat=True)
        )
        self.assertEqual(
            actions,
            [
                "person:incident:declared",
                "system:silence:declared",
                "person:incident:role_given",
                "person:incident:noted",
            ],
        )

    def test_the_database_itself_wants_a_next_word(self) -> None:
        incident = self.declare()
        with self.assertRaises(IntegrityError), transaction.atomic():
            Incident.objects.filter(pk=incident.pk).update(next_word_due=None)
