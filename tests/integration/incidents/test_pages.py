"""The pages of incidents, from declaring to the end, as people use them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.accounts.domain import Role
from levelhead.channels.models import OutboxItem
from levelhead.channels.outbox import deliver_due
from levelhead.incidents.actions import name_incident, note, reopen, set_level, stand_down
from levelhead.incidents.domain import IncidentKind
from levelhead.incidents.models import Incident, LogEntry
from levelhead.kernel import clock
from levelhead.kernel.errors import NotAllowed
from levelhead.ledger.actions import add_fact
from levelhead.ledger.models import Fact
from levelhead.replies.models import SendingChoice
from levelhead.updates.domain import UpdateKind
from levelhead.updates.models import Update, UpdateDelivery
from tests.integration.incidents.crisis import Crisis
from tests.integration.incidents.typing import sent_form
from tests.integration.web.pages import PagesTestCase


class RoomPagesTest(Crisis, PagesTestCase):
    """What Alice sees and does."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()

    def post(self, name: str, *args: object, status: int = 302, **data: object) -> str:
        response = self.client.post(self.path(name, *args), data)
        assert response.status_code == status, (response.status_code, response.content[:2_000])
        return response.content.decode()

    def test_two_taps_and_a_sentence(self) -> None:
        self.assertIn("No incident is running.", self.look("incidents"))
        kinds = self.look("incident-declare")
        for kind in IncidentKind:
            self.assertIn(f'data-kind="{kind.value}"', kinds)
        form = sent_form(self.look("incident-declare", kind="fire"), "declare-form")
        self.assertEqual(form["title"], "Fire")
        form["sentence"] = "Smoke over the warehouse, several callers."
        response = self.client.post(self.path("incident-declare"), form)
        incident = Incident.objects.get()
        self.assertRedirects(response, self.path("update-write", incident.pk))
        self.assertEqual((incident.kind, incident.level), ("fire", 4))
        self.assertEqual(incident.declared_why, "Smoke over the warehouse, several callers.")
        self.assertIsNotNone(SendingChoice.objects.get(agency=self.agency).frozen_at)

    def test_an_error_keeps_what_was_typed(self) -> None:
        form = sent_form(self.look("incident-declare", kind="fire"), "declare-form")
        page = self.post(
            "incident-declare",
            status=400,
            **{**form, "sentence": "Smoke.", "title": "Two people dead at the pier"},
        )
        self.assertIn("must not say what two people have to confirm", page)
        self.assertIn("Two people dead at the pier", page)
        self.assertIn("Smoke.", page)
        self.assertEqual(Incident.objects.count(), 0)
        self.post("incident-declare", status=400, **{**form, "sentence": "   "})
        self.post("incident-declare", status=400, **{**form, "sentence": "x", "level": "9"})
        self.post("incident-declare", status=400, **{**form, "sentence": "x", "noticed": "1999"})

    def test_the_first_word_goes_out_from_the_template(self) -> None:
        incident = self.declare()
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        self.assertIn("reports of an emergency", form["lead_en"])
        self.assertEqual(form["next"], "15")
        look = self.post("update-write", incident.pk, status=200, **form, step="look")
        self.assertIn("Before it goes", look)
        self.assertEqual(Update.objects.count(), 0)
        sent = sent_form(look, "room-form")
        self.assertEqual(sent["channel"], [str(self.channel.pk)])
        self.post("update-write", incident.pk, **sent, step="send")
        update = Update.objects.get()
        self.assertEqual(
            (update.number, update.next_word_at), (1, clock.now() + timedelta(minutes=15))
        )
        self.assertEqual([one.lang for one in update.texts.order_by("pk")], ["en", "es"])
        text = UpdateDelivery.objects.get().text
        self.assertEqual(text, sent[f"text_{self.channel.pk}"].replace("\r\n", "\n"))
        deliver_due()
        room = self.look("incident", incident.pk)
        self.assertIn("1 of 1 channels have it", room)

    def test_a_fact_with_a_second_person_and_then_the_update(self) -> None:
        incident = self.declare()
        page = self.look("fact-add", incident.pk)
        self.assertIn("in one sentence", page)
        self.post(
            "fact-add", incident.pk, text="One man is in custody.", how="Scene commander.",
            subject="general",
        )  # fmt: skip
        fact = Fact.objects.get()
        self.assertIn("1 of 2", self.look("incident", incident.pk))
        write = self.look("update-write", incident.pk)
        self.assertIn("1 of 2 confirmed it", write)
        self.assertNotIn(f'value="{fact.pk}:1"', write)
        self.assertIn("You confirmed it.", self.look("fact", incident.pk, fact.pk))
        self.sign_in(self.bob)
        self.post("fact-confirm", incident.pk, fact.pk, version=1, how="Dispatch.")
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        form.update({"lead_en": "One man is in custody.", "lead_es": "", "fact": f"{fact.pk}:1"})
        look = self.post("update-write", incident.pk, status=200, **form, step="look")
        self.post("update-write", incident.pk, **sent_form(look, "room-form"), step="send")
        self.assertEqual(Update.objects.get().citations.get().fact, fact)

    def test_what_nobody_confirmed_is_stopped_with_everything_kept(self) -> None:
        incident = self.declare()
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        form.update({"lead_en": "The suspect is in custody.", "doing_en": "My own line."})
        page = self.post("update-write", incident.pk, status=400, **form, step="look")
        self.assertIn("needs a fact that two people confirmed", page)
        self.assertIn("My own line.", page)
        fact = add_fact(incident=incident, text="One man was arrested.", by=self.alice)
        form = {**form, "lead_en": "We are there.", "lead_es": "", "fact": f"{fact.pk}:1"}
        self.post("update-write", incident.pk, status=409, **form, step="look")
        self.assertEqual(Update.objects.count() + OutboxItem.objects.count(), 0)

    def test_words_of_a_channel_are_a_persons_own_and_gated_too(self) -> None:
        incident = self.declare()
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        look = self.post("update-write", incident.pk, status=200, **form, step="look")
        sent = sent_form(look, "room-form")
        name = f"text_{self.channel.pk}"
        page = self.post(
            "update-write", incident.pk, status=400, step="send",
            **{**sent, name: "The suspect is in custody."},
        )  # fmt: skip
        self.assertIn("needs a fact that two people confirmed", page)
        sent[name] = "We know and are on our way. More at 9:40."
        change = self.post("update-write", incident.pk, status=200, **sent, step="change")
        again = sent_form(change, "update-form")
        again["lead_en"] = "We know of shots that were reported."
        look = self.post("update-write", incident.pk, status=200, **again, step="look")
        self.assertIn("your own words", look)
        self.post("update-write", incident.pk, **sent_form(look, "room-form"), step="send")
        self.assertEqual(UpdateDelivery.objects.get().text, sent[name])

    def test_a_first_sentence_that_fits_nowhere_stays_nobodys_own_words(self) -> None:
        sky = self.make_channel(self.agency, "Sky", "bluesky")
        incident = self.declare()
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        form["channel"] = [str(self.channel.pk), str(sky.pk)]
        form["lead_en"] = "River Street is closed. " + "We ask everybody to go round. " * 8
        look = self.post("update-write", incident.pk, status=200, **form, step="look")
        self.assertNotIn("your own words", look)
        change = self.post(
            "update-write", incident.pk, status=200, **sent_form(look, "room-form"), step="change"
        )
        again = sent_form(change, "update-form")
        again["lead_en"] = "River Street is open again."
        look = self.post("update-write", incident.pk, status=200, **again, step="look")
        self.assertNotIn("is closed", look)
        self.post("update-write", incident.pk, **sent_form(look, "room-form"), step="send")
        for delivery in UpdateDelivery.objects.all():
            self.assertIn("open again", delivery.text)
            self.assertNotIn("..", delivery.text)

    def test_theirs_stands_beside_yours(self) -> None:
        incident = self.declare()
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        self.send(incident, lead="Bob was faster than you.", by=self.bob)
        form["lead_en"] = "This is what Alice wrote."
        page = self.post("update-write", incident.pk, status=409, **form, step="look")
        self.assertIn("Bob was faster than you.", page)
        self.assertIn("This is what Alice wrote.", page)
        again = sent_form(page, "update-form")
        look = self.post("update-write", incident.pk, status=200, **again, step="look")
        self.assertIn("Update 2", sent_form(look, "room-form")[f"text_{self.channel.pk}"])
        self.post("update-write", incident.pk, **sent_form(look, "room-form"), step="send")
        self.assertEqual(Update.objects.count(), 2)
        # The same form once more sends nothing.
        self.post("update-write", incident.pk, **sent_form(look, "room-form"), step="send")
        self.assertEqual(Update.objects.count(), 2)

    def test_a_correction_names_what_it_corrects(self) -> None:
        incident = self.declare()
        self.send(incident, lead="Water Street is open.")
        page = self.look("update-write", incident.pk, corrects=1)
        form = sent_form(page, "update-form")
        self.assertEqual((form["kind"], form["lead_en"]), ("correction", ""))
        self.assertIn("Water Street is open.", page)
        form["lead_en"] = "We said Water Street is open. It is closed."
        look = self.post("update-write", incident.pk, status=200, **form, step="look")
        self.post("update-write", incident.pk, **sent_form(look, "room-form"), step="send")
        corrected = Update.objects.get(number=2)
        self.assertEqual(
            (corrected.kind, corrected.corrects_id), ("correction", Update.objects.get(number=1).pk)
        )
        self.assertIn("corrected by update 2", self.look("update", incident.pk, 1))

    def test_a_second_language_wants_the_facts_in_its_words(self) -> None:
        incident = self.declare()
        fact = self.add_confirmed(incident, "Water Street is closed.")
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        form["fact"] = f"{fact.pk}:{fact.version}"
        page = self.post("update-write", incident.pk, status=400, **form, step="look")
        self.assertIn("in the second language too", page)
        form[f"fact_{fact.pk}_es"] = "La calle Water está cerrada."
        form[f"lang_{self.channel.pk}"] = "es"
        look = self.post("update-write", incident.pk, status=200, **form, step="look")
        self.assertIn("La calle Water está cerrada.", look)
        sent = sent_form(look, "room-form")
        self.assertIn("Conocemos", sent[f"text_{self.channel.pk}"])

    def test_the_next_time_is_within_the_cadence(self) -> None:
        incident = self.declare()
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        for wrong in ({"next": ""}, {"next": "60"}, {"next": "at", "next_at": "nine"}):
            self.post("update-write", incident.pk, status=400, **{**form, **wrong}, step="look")
        # 9:20 in Chicago.
        good = {**form, "next": "at", "next_at": "09:45"}
        look = self.post("update-write", incident.pk, status=200, **good, step="look")
        self.post("update-write", incident.pk, **sent_form(look, "room-form"), step="send")
        self.assertEqual(Update.objects.get().next_word_at, clock.now() + timedelta(minutes=25))

    def test_level_name_role_note_and_the_end(self) -> None:
        incident = self.declare()
        self.post("incident-level", incident.pk, version=1, level=3, level_why="Less grave.")
        page = self.post(
            "incident-over",
            incident.pk,
            status=409,
            version=1,
            over_why="It is over now.",
            sure="yes",
        )
        self.assertIn("It is over now.", page)
        self.post(
            "incident-name", incident.pk, version=2, title="Shots at Pier 4", place="Pier 4",
            watched="#pier4\nWater Street",
        )  # fmt: skip
        self.post("incident-role", incident.pk, role="writer", person=self.bob.pk)
        self.post("incident-role", incident.pk, status=400, role="king", person=self.bob.pk)
        self.post("incident-role", incident.pk, status=400, role="lead", person=self.charlie.pk)
        self.post("incident-note", incident.pk, note="Command post at pier 4.")
        room = self.look("incident", incident.pk)
        for words in ("Shots at Pier 4", "#pier4", "Command post at pier 4.", "writes updates"):
            self.assertIn(words, room)
        fresh = Incident.objects.get(pk=incident.pk)
        self.assertEqual(fresh.slug, incident.slug)
        self.post(
            "incident-over",
            incident.pk,
            version=fresh.version,
            over_why="Scene is clear.",
            sure="yes",
        )
        self.assertIn("Scene is clear.", self.look("incident", incident.pk))
        self.assertNotIn("room-bar", self.look("incident", incident.pk))
        self.assertIn("Over", self.look("incidents"))
        self.post("incident-note", incident.pk, note="Press called again.")
        self.post("update-write", incident.pk, lead_en="Too late.", step="look")

    def test_who_may_not_send_changes_nothing_that_everybody_reads(self) -> None:
        incident = self.declare()
        rita = self._person(self.agency, "rita", Role.RECORDS)
        self.client.force_login(rita)
        page = self.look("incident", incident.pk)
        for words in ("stand-down", 'data-action="name"', 'data-action="level"'):
            self.assertNotIn(words, page)
        for name, given in (
            ("incident-name", {"title": "We are safe now"}), ("incident-over", {"over_why": "x"}),
            ("incident-level", {"level": 2, "level_why": "x"}),
            ("incident-again", {"again_why": "x"}),
        ):  # fmt: skip
            self.post(name, incident.pk, status=403, **given)
        for act in (
            lambda: stand_down(incident=incident, why="x", by=rita, expected_version=None),
            lambda: name_incident(
                incident=incident, title="x", place="", watched="", by=rita, expected_version=None
            ),
            lambda: set_level(incident=incident, level=2, why="x", by=rita, expected_version=None),
            lambda: reopen(incident=incident, why="x", by=rita, expected_version=None),
        ):
            with self.assertRaises(NotAllowed):
                act()

    def test_one_that_was_over_goes_on(self) -> None:
        incident = self.declare()
        self.send(incident)
        self.post("incident-over", incident.pk, over_why="Clear.", sure="yes")
        page = self.look("incident", incident.pk)
        self.assertIn('data-action="reopen"', page)
        self.assertIn("Say why it goes on", self.post("incident-again", incident.pk, status=400))
        self.post("incident-again", incident.pk, again_why="Smoke was seen again.")
        fresh = Incident.objects.get(pk=incident.pk)
        self.assertTrue(fresh.runs)
        self.assertIsNotNone(fresh.next_word_due)
        self.assertIn("Smoke was seen again.", self.look("incident-log", incident.pk))
        self.send(fresh, kind=UpdateKind.WORD)
        # Twice says nothing new.
        self.post("incident-again", incident.pk, again_why="Again.")
        self.assertEqual(LogEntry.objects.filter(action="person:incident:reopened").count(), 1)

    def test_a_refused_form_leaves_the_room_live(self) -> None:
        incident = self.declare()
        page = self.post("incident-note", incident.pk, status=400, note="")
        self.assertIn(f'data-page-address="/riverton/incidents/{incident.pk}/"', page)

    def test_the_log_as_a_page_and_as_a_table(self) -> None:
        incident = self.declare()
        note(incident=incident, text='=HYPERLINK("http://evil.example")', by=self.bob)
        note(incident=incident, text=" @SUM(A1)\nsecond line", by=self.bob)
        page = self.look("incident-log", incident.pk)
        self.assertIn("Declared the incident", page)
        response = self.client.get(self.path("incident-log-csv", incident.pk))
        rows = list(csv.reader(io.StringIO(response.content.decode())))
        self.assertEqual(rows[0][:3], ["Date and time", "Name", "Activity"])
        self.assertEqual(rows[1][1], "Alice")
        cells = [cell for row in rows for cell in row if cell]
        self.assertEqual([c for c in cells if c.lstrip()[0] in "=+-@"], [])
        self.assertTrue(any(cell.startswith("'=HYPERLINK") for cell in cells))

    def test_the_log_says_where_and_who(self) -> None:
        incident = self.declare()
        self.send(incident)
        deliver_due()
        page = self.look("incident-log", incident.pk)
        self.assertIn(f"update 1, {self.channel.name}", page)
        self.assertIn(f"{self.alice.name} leads", page)

    def test_hostile_words_are_only_words(self) -> None:
        evil = "<script>alert(1)</script>\u202e"
        incident = self.declare(title=f"Fire {evil}", place=evil, why=evil)
        add_fact(incident=incident, text=f"{evil} fact", source=evil, by=self.alice)
        note(incident=incident, text=evil, by=self.alice)
        self.send(incident, lead=f"We know. {evil}")
        fact = Fact.objects.get()
        for page in (
            self.look("incident", incident.pk), self.look("incidents"),
            self.look("fact", incident.pk, fact.pk), self.look("facts", incident.pk),
            self.look("update", incident.pk, 1), self.look("update-write", incident.pk),
            self.look("incident-log", incident.pk), self.look("incident-declare", kind="fire"),
        ):  # fmt: skip
            self.assertNotIn("<script>alert", page)
        self.client.post(self.path("incident-note", incident.pk), {"note": "a\x00b"})
        self.assertIn("a\ufffdb", self.look("incident-log", incident.pk))
        self.post("fact-add", incident.pk, status=400, text="x" * 600)
        nul = {"kind": "fire", "sentence": "x", "title": "Fire", "level": "4", "form_token": "\x00"}
        self.post("incident-declare", **nul)
        form = sent_form(self.look("update-write", incident.pk), "update-form")
        hostile = {
            "form_token": "\x00",
            "after_number": "9" * 30,
            "channel": "\x00",
            "fact": "\x00",
        }
        self.post("update-write", incident.pk, status=400, **{**form, **hostile}, step="look")
        self.post("update-write", incident.pk, status=404, corrects="99", step="look")

    def test_the_strip_says_it_on_every_page_and_asks_nothing_more(self) -> None:
        def count() -> int:
            with CaptureQueriesContext(
                connection,
            ) as asked:
                self.look("commitments")
            return len(asked)

        before = count()
        self.declare()
        self.declare(title="Fire on Elm Street")
        page = self.look("commitments")
        self.assertIn("Shots at the riverfront", page)
        self.assertIn("+1", page)
        self.assertIn("word due in 15:00", page)
        self.clock.advance(timedelta(minutes=12, seconds=30))
        self.assertIn("soon: word due in 02:30", self.look("commitments"))
        self.clock.advance(timedelta(minutes=5))
        self.assertIn("late: word due 02:30 ago", self.look("commitments"))
        self.assertEqual(count(), before)

    def test_the_room_asks_the_same_however_full_it_is(self) -> None:
        incident = self.declare()
        self.fill(incident, 1)
        with CaptureQueriesContext(connection) as few:
            self.look("incident", incident.pk)
        self.fill(incident, 12)
        with CaptureQueriesContext(connection) as many:
            self.look("incident", incident.pk)
        assert len(many) <= len(few) <= ROOM_QUERIES, [len(few), len(many)]
        with CaptureQueriesContext(connection) as writing:
            self.look("update-write", incident.pk)
        assert len(writing) <= WRITE_QUERIES, len(writing)

    def fill(self, incident: Incident, n: int) -> None:
        for number in range(n):
            fact = self.add_confirmed(incident, f"Street {number} is closed.")
            self.send(incident, fact)
            note(incident=incident, text="Noted.", by=self.alice)
            self.declare(title=f"Fire {number}")
            self.file_case(text=f"Smoke at the riverfront, number {number}")

    def test_one_that_is_over_has_no_stream_and_no_clock(self) -> None:
        incident = self.declare()
        stand_down(incident=incident, why="Done.", by=self.alice, expected_version=None)
        page = self.look("incident", incident.pk)
        self.assertNotIn("data-silence-words", page)


ROOM_QUERIES = 36
WRITE_QUERIES = 20
