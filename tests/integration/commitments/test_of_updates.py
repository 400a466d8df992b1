"""What an update promises is asked about, once; nothing holds the update up."""

from __future__ import annotations

from unittest.mock import patch

from django.urls import reverse

from levelhead.commitments.actions import accept_commitment
from levelhead.commitments.domain import CommitmentState
from levelhead.commitments.models import Commitment
from levelhead.records.models import RecordEvent
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Audience, Words
from levelhead.updates.models import Update
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis

SAID = "We will publish the names of closed streets by Friday."


class PromisesOfUpdatesTest(Crisis, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare()

    def send(self, lead: str, **fields: object) -> Update:
        words = Words(lang="en", lead=lead, **fields)  # type: ignore[arg-type]
        self.incident.refresh_from_db()
        return send_update(
            incident=self.incident, wish=self.wish(self.incident, words=words), by=self.alice
        )

    def test_a_promise_is_asked_about_and_kept_once(self) -> None:
        update = self.send(f"Shots were reported. {SAID}", doing=("We will search the mill.",))
        asked = {one.said: one for one in Commitment.objects.all()}
        self.assertEqual(set(asked), {SAID, "We will search the mill."})
        one = asked[SAID]
        self.assertEqual(one.state, CommitmentState.ASKED)
        self.assertEqual((one.incident, one.case, one.owner), (self.incident.pk, None, update.by))
        self.assertIsNotNone(one.due_at)
        event = RecordEvent.objects.filter(action="system:commitment:found").first()
        assert event is not None
        self.assertIn(str(update.pk), event.payload)
        self.send(f"Officers are at the mill. {SAID}")
        self.assertEqual(Commitment.objects.filter(said=SAID).count(), 1)

    def test_what_others_are_to_do_is_no_promise(self) -> None:
        self.send(
            "Shots were reported.",
            actions=((Audience.EVERYONE, "We will tell you when to come out; stay inside."),),
        )
        self.assertFalse(Commitment.objects.exists())

    def test_it_is_shown_and_decided(self) -> None:
        self.send(SAID)
        one = Commitment.objects.get()
        self.client.force_login(self.bob)
        page = self.client.get(reverse("commitments", args=["riverton"])).content.decode()
        self.assertIn("in an update on Shots at the riverfront", page)
        found = self.client.get(reverse("commitment", args=["riverton", one.pk]))
        self.assertContains(found, "in an update on Shots at the riverfront")
        accept_commitment(
            commitment=one, what=one.what, due_at=one.due_at, owner=self.bob, by=self.bob,
            expected_version=one.version,
        )  # fmt: skip
        one.refresh_from_db()
        self.assertEqual(one.state, CommitmentState.OPEN)

    def test_the_update_goes_out_whatever_goes_wrong(self) -> None:
        with patch("levelhead.commitments.of_updates.find_promises", side_effect=RuntimeError):
            update = self.send(SAID)
        self.assertTrue(Update.objects.filter(pk=update.pk).exists())
        self.assertFalse(Commitment.objects.exists())
