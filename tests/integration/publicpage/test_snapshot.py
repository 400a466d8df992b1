"""After an update the files are right, and nothing that goes wrong makes them worse."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import timedelta
from unittest import mock

from levelhead.kernel import clock
from levelhead.publicpage.actions import write_due, write_missing
from levelhead.publicpage.folder import public_folder
from levelhead.publicpage.keeping import PublicPages as Keeping
from levelhead.publicpage.models import Snapshot
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Audience, UpdateKind, Words
from tests.base import DeskTestCase
from tests.integration.publicpage.public_pages import PublicPages


class SnapshotTest(PublicPages, DeskTestCase):
    """The files of one incident."""

    def setUp(self) -> None:
        super().setUp()
        self.make_pages()
        self.incident = self.declare(place="Water Street")

    def test_before_the_first_word_there_is_nothing(self) -> None:
        self.assertFalse(public_folder(self.data).exists())
        self.assertEqual(Snapshot.objects.count(), 0)

    def test_an_update_is_on_the_page(self) -> None:
        fact = self.add_confirmed(self.incident, "Water Street is closed.")
        words = Words(
            lang="en", lead="We are on our way.", known=("Water Street is closed.",),
            unknown=("Who fired.",), doing=("Officers search the pier.",),
            actions=((Audience.INSIDE, "Stay where you are."), (Audience.NEAR, "Go away.")),
        )  # fmt: skip
        self.say(self.incident, fact, words=words)
        page = self.page(self.incident)
        self.assertIn("Update 1 9:20 a.m. CDT, Monday, March 16", page)
        self.assertIn("Next update by 9:40 a.m. CDT", page)
        self.assertIn("If it is later than that and update 1 is still the newest", page)
        for line in words.lines():
            self.assertIn(line, page)
        self.assertIn("If you are where it happens", page)
        self.assertLess(page.index("We are on our way."), page.index("Stay where you are."))
        self.assertLess(page.index("Stay where you are."), page.index("Water Street is closed."))
        row = Snapshot.objects.get(incident=self.incident)
        self.assertEqual((row.wanted, row.written), (1, 1))

    def test_in_spanish_its_frame_is_spanish_and_the_words_say_what_they_are(self) -> None:
        self.say(self.incident)
        page = self.page(self.incident, "index.es.html")
        self.assertIn("Actualización 1", page)
        self.assertIn('lang="en"', self.file(self.incident, "index.es.html").decode())
        wish = self.wish(self.incident, lead="Stay inside.")
        words = (*wish.words, Words(lang="es", lead="Quédese adentro."))
        with self.captureOnCommitCallbacks(execute=True):
            send_update(incident=self.incident, wish=replace(wish, words=words), by=self.alice)
        self.assertIn("Quédese adentro.", self.page(self.incident, "index.es.html"))
        self.assertNotIn("Quédese adentro.", self.page(self.incident))

    def test_corrections_lead_both_ways_and_nothing_vanishes(self) -> None:
        first = self.say(self.incident, lead="Elm Street is closed.")
        wish = self.wish(
            self.incident, lead="Oak Street is closed, not Elm Street.", kind=UpdateKind.CORRECTION
        )
        with self.captureOnCommitCallbacks(execute=True):
            send_update(incident=self.incident, wish=wish, by=self.alice, corrects=first)
        for name in ("index.html", "updates.html"):
            page = self.file(self.incident, name).decode()
            self.assertIn("Elm Street is closed.", page)
            self.assertIn('href="updates.html#u1">Corrects update 1<', page)
            self.assertIn('href="updates.html#u2">Not right any more: corrected by update 2<', page)
        self.assertIn('id="u1"', self.file(self.incident, "updates.html").decode())

    def test_it_is_over_without_the_inside_reason(self) -> None:
        self.say(self.incident)
        self.end(self.incident)
        page = self.page(self.incident)
        self.assertIn("This incident is over.", page)
        self.assertNotIn("Next update by", page)
        self.assertNotIn(b"tip from a source", self.all_bytes())

    def test_squeezed_files_say_the_same(self) -> None:
        self.say(self.incident)
        for path in public_folder(self.data).rglob("*.gz"):
            self.assertEqual(gzip.decompress(path.read_bytes()), path.with_suffix("").read_bytes())

    def test_a_process_that_dies_leaves_it_to_the_worker(self) -> None:
        self.say(self.incident, lead="The first word.")
        self.send(self.incident, lead="The second word.")  # nothing runs after its commit
        self.assertIn("The first word.", self.page(self.incident))
        self.assertEqual(Keeping().run_round(), 0.0)
        self.assertIn("The second word.", self.page(self.incident))
        self.assertEqual(write_due(), 0)

    def test_writing_twice_changes_nothing(self) -> None:
        self.say(self.incident)
        folder = public_folder(self.data) / self.agency.slug / self.incident.slug
        before = {one.name: one.stat().st_mtime_ns for one in folder.iterdir()}
        Snapshot.objects.update(written=0)
        write_due()
        self.assertEqual(before, {one.name: one.stat().st_mtime_ns for one in folder.iterdir()})

    def test_a_full_disk_leaves_the_old_page_whole_and_says_so(self) -> None:
        self.say(self.incident, lead="The first word.")
        before = self.all_bytes()
        full = OSError(28, "No space left on device")
        with (
            mock.patch("levelhead.publicpage.folder.os.fsync", side_effect=full),
            self.assertLogs("levelhead.publicpage.actions", "ERROR") as said,
        ):
            self.say(self.incident, lead="The second word.")
        self.assertIn("the one before stays", "".join(said.output))
        self.assertEqual(self.all_bytes(), before)
        self.assertEqual(list(public_folder(self.data).rglob(".*.new")), [])
        row = Snapshot.objects.get(incident=self.incident)
        self.assertIn("No space left", row.last_error)
        self.assertEqual(row.failing_since, clock.now())
        self.clock.advance(timedelta(seconds=2))
        write_due()
        self.assertIn("The second word.", self.page(self.incident))
        self.assertIsNone(Snapshot.objects.get(incident=self.incident).failing_since)

    def test_files_that_are_gone_come_back(self) -> None:
        self.say(self.incident)
        folder = public_folder(self.data) / self.agency.slug / self.incident.slug
        os.unlink(folder / "index.html")
        self.assertEqual(write_missing(), 1)
        write_due()
        self.assertTrue((folder / "index.html").exists())

    def test_the_front_page_lists_what_runs_and_what_was(self) -> None:
        self.say(self.incident)
        silent = self.declare(title="Nothing said yet")
        front = (public_folder(self.data) / "riverton" / "index.html").read_text()
        self.assertIn(f'href="{self.incident.slug}/"', front)
        self.assertNotIn(silent.title, front)
        self.end(self.incident)
        front = (public_folder(self.data) / "riverton" / "index.html").read_text()
        self.assertIn("We have no running incident", front)
        self.assertIn(self.incident.title, front)
