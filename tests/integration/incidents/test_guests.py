"""Another agency in the room: Charlie before, during and after."""

from __future__ import annotations

from django.urls import reverse

from levelhead.incidents import guests
from levelhead.incidents.actions import (
    give_role,
    name_incident,
    note,
    set_level,
    stand_down,
)
from levelhead.incidents.domain import RoomRole
from levelhead.incidents.models import Guest, Incident, LogEntry
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.ledger.actions import (
    add_fact,
    change_fact,
    confirm_fact,
    mark_false,
    recheck,
    supersede,
)
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Fact
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.rumors.actions import add_rumor
from levelhead.rumors.models import Rumor
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis


class GuestTest(Crisis, DeskTestCase):
    """The host is Riverton, the guest Maple County."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare()
        self.fact = self.add_confirmed(self.incident, "Water Street is closed.")
        self.send(self.incident, self.fact)

    def seat(self) -> Guest:
        return guests.invite(incident=self.incident, slug="maple", by=self.alice)

    def in_the_room(self) -> Guest:
        return guests.accept(seat=self.seat(), by=self.charlie)

    def status(self, name: str, *args: object, method: str = "get", **data: object) -> int:
        """What Charlie gets at his own agency's address."""
        self.client.force_login(self.charlie)
        path = reverse(name, args=["maple", self.incident.pk, *args])
        return int(getattr(self.client, method)(path, data).status_code)

    def pages(self) -> list[int]:
        return [
            self.status("incident"), self.status("facts"), self.status("fact", self.fact.pk),
            self.status("update", 1), self.status("incident-log"),
            self.status("incident-log-csv"), self.status("fact-add"),
        ]  # fmt: skip

    def assert_shut_out(self) -> None:
        """Neither pages nor acts."""
        self.assertEqual(set(self.pages()), {404})
        before = (Fact.objects.count(), LogEntry.objects.count())
        for act in (
            lambda: add_fact(incident=self.incident, text="Mine.", by=self.charlie),
            lambda: note(incident=self.incident, text="Mine.", by=self.charlie),
            lambda: confirm_fact(
                fact=self.fact, how="x", by=self.charlie, expected_version=self.fact.version
            ),
        ):
            with self.assertRaises(NotAllowed):
                act()
        self.assertEqual(self.status("incident-note", method="post", note="Mine."), 404)
        self.assertEqual((Fact.objects.count(), LogEntry.objects.count()), before)

    def test_before_anybody_asks_there_is_nothing(self) -> None:
        self.assert_shut_out()
        self.client.force_login(self.charlie)
        self.assertNotIn("riverfront", self.client.get("/maple/incidents/").content.decode())

    def test_an_invitation_alone_opens_nothing(self) -> None:
        self.seat()
        self.assert_shut_out()
        self.client.force_login(self.charlie)
        page = self.client.get("/maple/incidents/").content.decode()
        self.assertIn("Join the room", page)
        self.assertIn("Shots at the riverfront", page)

    def test_only_the_host_invites_and_only_the_guest_accepts(self) -> None:
        for person in (self.charlie, self.victor):
            with self.assertRaises(NotAllowed):
                guests.invite(incident=self.incident, slug="maple", by=person)
        seat = self.seat()
        for person in (self.alice, self.bob, self.victor):
            with self.assertRaises(NotAllowed):
                guests.accept(seat=seat, by=person)
        for slug in ("riverton", "nowhere", "", "\x00"):
            with self.assertRaises(Invalid):
                guests.invite(incident=self.incident, slug=slug, by=self.alice)

    def test_by_the_pages(self) -> None:
        self.client.force_login(self.alice)
        path = reverse("incident-invite", args=["riverton", self.incident.pk])
        self.assertEqual(self.client.post(path, {"agency": "Maple"}).status_code, 302)
        self.assertEqual(self.client.post(path, {"agency": "nobody"}).status_code, 400)
        seat = Guest.objects.get()
        self.client.force_login(self.charlie)
        join = reverse("incident-join", args=["maple", seat.pk])
        self.assertEqual(self.client.post(join).status_code, 302)
        self.assertEqual(set(self.pages()), {200})
        room = self.client.get(reverse("incident", args=["maple", self.incident.pk]))
        page = room.content.decode()
        self.assertIn("guest of Riverton Police Department", page)
        for words in ('data-action="write-update"', 'data-action="stand-down"', "give-role"):
            self.assertNotIn(words, page)
        self.assertEqual(self.status("fact-add", method="post", text="The bridge is closed."), 302)
        self.client.force_login(self.alice)
        end = reverse("incident-guest-end", args=["riverton", self.incident.pk, seat.pk])
        self.assertEqual(self.client.post(end).status_code, 302)
        self.assert_shut_out()

    def test_in_the_room_they_add_confirm_and_note(self) -> None:
        self.in_the_room()
        self.assertEqual(set(self.pages()), {200})
        theirs = add_fact(
            incident=self.incident, text="One man is in custody.", by=self.charlie,
            confirmed_how="Our deputy holds him.",
        )  # fmt: skip
        self.assertEqual(theirs.agency_id, self.agency.pk)
        confirm_fact(fact=theirs, how="Dispatch.", by=self.alice, expected_version=1)
        self.assertEqual(Fact.objects.get(pk=theirs.pk).status, FactStatus.CONFIRMED)
        ours = add_fact(
            incident=self.incident, text="All clear.", by=self.alice, confirmed_how="Scene."
        )
        confirm_fact(fact=ours, how="County scene.", by=self.charlie, expected_version=1)
        note(incident=self.incident, text="County sends two cars.", by=self.charlie)
        # It stands on the host's record, with the guest's name.
        added = RecordEvent.objects.filter(action="person:fact:added").order_by("-id").first()
        assert added is not None
        self.assertEqual(added.agency_id, self.agency.pk)
        own = RecordEvent.objects.filter(agency=self.other_agency)
        self.assertTrue(own.filter(action="person:incident:guest_accepted").exists())

    def test_they_see_the_rumors_and_the_public_page_and_open_neither(self) -> None:
        rumor = add_rumor(
            incident=self.incident, text="A <b>second</b> shooter is at the mall", by=self.alice,
            form_token="claim-1",
        )  # fmt: skip
        self.in_the_room()
        self.client.force_login(self.charlie)
        page = self.client.get(reverse("incident", args=["maple", self.incident.pk]))
        text = page.content.decode()
        self.assertIn("A &lt;b&gt;second&lt;/b&gt; shooter is at the mall", text)
        self.assertIn("Public page", text)
        self.assertNotIn(reverse("rumor", args=["maple", rumor.pk]), text)
        self.assertNotIn("add-rumor", text)
        self.assertEqual(
            self.client.get(reverse("rumor", args=["maple", rumor.pk])).status_code, 404
        )
        mine = reverse("rumor-add", args=["maple", self.incident.pk])
        said = self.client.post(mine, {"text": "Mine.", "form_token": "x"})
        self.assertEqual(said.status_code, 404)
        self.assertEqual(Rumor.objects.count(), 1)

    def test_but_they_neither_send_nor_lead_nor_take_back(self) -> None:
        self.in_the_room()
        incident, fact, by = self.incident, self.fact, self.charlie
        newer = self.add_confirmed(incident, "Water Street is open.")
        version = fact.version
        for act in (
            lambda: self.send(incident, by=by),
            lambda: set_level(incident=incident, level=2, why="x", by=by, expected_version=None),
            lambda: stand_down(incident=incident, why="x", by=by, expected_version=None),
            lambda: give_role(incident=incident, role=RoomRole.LEAD, user=by, by=by),
            lambda: name_incident(
                incident=incident, title="x", place="", watched="", by=by, expected_version=None
            ),
            lambda: guests.invite(incident=incident, slug="maple", by=by),
            lambda: guests.end(seat=Guest.objects.get(), by=by),
            lambda: change_fact(fact=fact, text="x", why="x", by=by, expected_version=version),
            lambda: mark_false(fact=fact, why="x", by=by, expected_version=version),
            lambda: supersede(fact=fact, newer=newer, why="x", by=by, expected_version=version),
            lambda: recheck(fact=fact, how="x", by=by, expected_version=version),
            lambda: self.declare(by=by),
        ):
            with self.assertRaises(NotAllowed):
                act()
        with self.assertRaises(Invalid):
            give_role(incident=incident, role=RoomRole.LEAD, user=by, by=self.alice)
        for name in ("incident-level", "incident-over", "incident-role", "incident-name",
                     "incident-invite", "update-write"):  # fmt: skip
            self.assertEqual(self.status(name, method="post"), 404, name)
        for name in ("fact-change", "fact-false", "fact-supersede", "fact-recheck"):
            self.assertEqual(self.status(name, fact.pk, method="post"), 404, name)
        self.assertEqual(self.status("update-write"), 404)

    def test_the_hosts_own_address_stays_shut(self) -> None:
        self.in_the_room()
        self.client.force_login(self.charlie)
        path = reverse("incident", args=["riverton", self.incident.pk])
        self.assertEqual(self.client.get(path).status_code, 404)
        self.client.force_login(self.alice)
        path = reverse("incident", args=["maple", self.incident.pk])
        self.assertEqual(self.client.get(path).status_code, 404)

    def test_one_incident_is_not_another(self) -> None:
        self.in_the_room()
        other = self.declare(title="Fire on Elm Street")
        fact = self.add_confirmed(other, "Elm Street is closed.")
        self.client.force_login(self.charlie)
        self.assertEqual(self.client.get(f"/maple/incidents/{other.pk}/").status_code, 404)
        # Nor by way of the one that is open to them.
        self.assertEqual(self.status("fact", fact.pk), 404)
        with self.assertRaises(NotAllowed):
            confirm_fact(fact=fact, how="x", by=self.charlie, expected_version=fact.version)

    def test_after_the_host_ended_it(self) -> None:
        seat = self.in_the_room()
        guests.end(seat=seat, by=self.bob)
        self.assert_shut_out()
        with self.assertRaises(Invalid):
            guests.accept(seat=seat, by=self.charlie)
        # Asked again they say yes again.
        self.seat()
        self.assert_shut_out()
        guests.accept(seat=Guest.objects.get(), by=self.charlie)
        self.assertEqual(set(self.pages()), {200})

    def test_after_the_incident_is_over(self) -> None:
        self.in_the_room()
        stand_down(incident=self.incident, why="Over.", by=self.alice, expected_version=None)
        self.incident = Incident.objects.get(pk=self.incident.pk)
        self.assert_shut_out()

    def test_their_screens_hear_of_it_while_they_sit(self) -> None:
        def heard() -> int:
            return LiveEvent.objects.filter(
                agency=self.other_agency, kind="incident.changed"
            ).count()

        note(incident=self.incident, text="Before.", by=self.alice)
        self.assertEqual(heard(), 0)
        seat = self.in_the_room()
        inside = heard()
        note(incident=self.incident, text="During.", by=self.alice)
        self.assertEqual(heard(), inside + 1)
        guests.end(seat=seat, by=self.alice)
        ended = heard()
        note(incident=self.incident, text="After.", by=self.alice)
        self.assertEqual(heard(), ended)
