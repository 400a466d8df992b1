"""Story C, shots at the riverfront: on a phone, from the first posts to the report after."""

from __future__ import annotations

import imaplib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from playwright.sync_api import Page, expect

from levelhead.afteraction.building import report_of
from levelhead.afteraction.models import Lesson
from levelhead.alerts import actions as alerting
from levelhead.alerts.calling import move_alerts_on
from levelhead.alerts.domain import AlertKind
from levelhead.alerts.models import Ring, Shift
from levelhead.channels.accounts import pool
from levelhead.channels.actions import add_channel
from levelhead.channels.models import Channel, OutboxItem, OutboxState
from levelhead.channels.outbox import deliver_due
from levelhead.connectors.mastodon.mapping import text_of
from levelhead.connectors.memory import forget_platforms
from levelhead.corrections.domain import DueState
from levelhead.corrections.models import CorrectionDue
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.ledger.models import Fact
from levelhead.publicpage.actions import write_due
from levelhead.records.models import RecordEvent
from levelhead.rumors.models import Rumor
from levelhead.silence.watching import watch_silence
from levelhead.subscribers import mailing
from levelhead.subscribers.actions import make_letters
from levelhead.subscribers.links import confirm_token
from levelhead.updates.models import Update
from tests.browser.base import PHONE, BrowserTestCase
from tests.browser.letterbox import Letterbox
from tests.integration.bluesky.conftest import PASSWORD, Person
from tests.services import require_service
from tests.services.fediverse import Resident

ROOM = "/riverton/incidents/"
SENTENCE = "Forty posts in ninety seconds tell of shots at the riverfront."
STREET = "Water Street is closed from Oak Street to Pier 3."
RIGHT = "Main Street is closed from Oak Street to Pier 3."
HELD = "One man is in custody."
CLAIM = "There is a second shooter at the mall"


class StoryCTests(BrowserTestCase):
    """Alice at the scene with a phone, Bob at the desk, everybody outside."""

    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        cache.clear()
        self.reader = "ann@example.org"
        # The real mail servers, where a test has them.
        self.mailbox: dict[str, str] = {}
        self.mail = Letterbox()
        self.addCleanup(self.mail.close)
        folder = tempfile.TemporaryDirectory(prefix="levelhead-story-c-")
        self.addCleanup(folder.cleanup)
        changed = override_settings(
            ENVIRONMENT=replace(
                settings.ENVIRONMENT, data=Path(folder.name), public_url=self.live_server_url,
                mail_url=self.mail.url, mail_from="desk@riverton.example",
            )
        )  # fmt: skip
        changed.enable()
        self.addCleanup(changed.disable)

    def test_on_a_phone(self) -> None:
        self.play([self.channel, self.make_channel(self.agency, "The other square")])

    @pytest.mark.services
    def test_on_a_phone_with_real_networks(self) -> None:
        """A Bluesky network, a server of the fediverse and mail servers, as residents have them."""
        network, fediverse, mail = map(require_service, ("bluesky", "snac", "mail"))
        self.reader = f"ann{new_id()}@example.org"
        self.mailbox = mail
        changed = override_settings(
            ENVIRONMENT=replace(settings.ENVIRONMENT, mail_url=mail["smtp"])
        )
        changed.enable()
        self.addCleanup(changed.disable)
        blue, toots = Person(network, "riverton"), Resident(fediverse, "riverton")
        self.addCleanup(blue.close)
        channels = [
            add_channel(
                agency_id=self.agency.pk, platform="bluesky", name="Riverton on Bluesky",
                settings={"service": network["pds"], "handle": blue.handle},
                secrets={"app_password": PASSWORD},
            ),
            add_channel(
                agency_id=self.agency.pk, platform="mastodon", name="Riverton on Mastodon",
                settings={"service": fediverse["url"]}, secrets={"access_token": toots.token},
            ),
        ]  # fmt: skip
        self.play([self.channel, *channels])
        feed = blue.client.get_author_feed(blue.did, limit=50).feed
        said = {
            "bluesky": [one.post.record.text for one in reversed(feed)],
            "mastodon": [text_of(one["content"]) for one in reversed(toots.own())],
        }
        numbers = list(Update.objects.order_by("number").values_list("number", flat=True))
        for platform, texts in said.items():
            self.assertEqual(len(texts), len(numbers), platform)
            for number, text in zip(numbers, texts, strict=True):
                self.assertIn(str(number), text.split("\n")[0])

    def play(self, channels: list[Channel]) -> None:
        self.posts_come()
        with self.window(self.alice, size=PHONE) as page:
            self.declare(page)
            self.first_word(page, len(channels))
            self.a_resident_asks_for_mails()
            self.two_people_confirm(page)
            self.a_rumor_is_answered(page)
            self.the_clock_is_loud(page)
            self.second_word(page)
            self.a_fact_falls(page)
            self.the_end(page)
            self.the_report(page)
        self.every_channel_has_all(channels)

    def posts_come(self) -> None:
        """Forty posts; the one on duty is called once."""
        for person in (self.alice, self.bob):
            alerting.add_target(
                agency=self.agency, user=person, name=person.name,
                address=f"ntfy://127.0.0.1:9/{person.pk}", by=self.bob,
            )  # fmt: skip
        now = clock.now()
        Shift.objects.create(
            agency=self.agency, user=self.alice, starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(hours=8), added_by=self.bob,
        )  # fmt: skip
        for number in range(20):
            self.file_post(text=f"Shots fired at the riverfront, man with a gun, we hide {number}")
            self.file_post(text=f"What is going on at the riverfront? {number}")
        move_alerts_on()
        rings = Ring.objects.filter(alert__kind=AlertKind.LIFE.value)
        self.assertEqual([ring.target.user for ring in rings], [self.alice])

    def declare(self, page: Page) -> None:
        """Two taps and a sentence."""
        began = time.monotonic()
        page.goto(ROOM)
        page.locator(".incident-declare-button").click()
        page.locator("[data-kind=active_threat]").click()
        page.locator("#sentence").fill(SENTENCE)
        page.locator("[data-action=declare]").click()
        expect(page.locator("[data-action=look]")).to_be_visible()
        self.assertLess(time.monotonic() - began, 30)
        self.incident = Incident.objects.get()
        self.room = f"{ROOM}{self.incident.pk}/"
        self.public = f"/public/riverton/{self.incident.slug}/"
        move_alerts_on()
        called = Ring.objects.filter(alert__kind=AlertKind.DECLARED.value)
        # Alice knows: nobody else is on duty and the order is empty.
        self.assertEqual(list(called), [])

    def first_word(self, page: Page, count: int) -> None:
        page.locator("[data-action=look]").click()
        self.picture(page, "story-c-look", whole=True)
        page.locator("[data-action=send-update]").click()
        expect(page.locator("[data-update='1']")).to_be_visible()
        self.deliver()
        expect(page.locator(".receipts-sum")).to_contain_text(f"{count} of {count}")
        with self.window(None, size=PHONE, scripts=False) as outside:
            outside.goto(self.public)
            expect(outside.locator("h1")).to_be_visible()
            self.assert_fits(outside, "public page")

    def a_resident_asks_for_mails(self) -> None:
        token = confirm_token(self.incident, self.reader, "en")
        answer = self.client.post(f"{self.public}subscribe/{token}/")
        self.assertEqual(answer.status_code, 200)

    def add_fact(self, page: Page, text: str) -> Fact:
        page.goto(self.room)
        page.locator("[data-action=add-fact]").click()
        page.locator("#text").fill(text)
        page.locator("#how").fill("The scene commander told me.")
        page.locator("[data-action=add-fact]").click()
        expect(page.locator("#room-facts")).to_contain_text(text)
        return Fact.objects.get(text=text)

    def two_people_confirm(self, page: Page) -> None:
        """What needs two is not said before Bob said so too."""
        self.add_fact(page, STREET)
        held = self.add_fact(page, HELD)
        page.goto(f"{self.room}update/")
        self.assertEqual(page.locator(f"#fact-{held.pk}").count(), 0)
        page.locator("#lead-en").fill("The suspect is in custody.")
        page.locator("[data-action=look]").click()
        expect(page.locator("[data-error-code=update_stopped]")).to_be_visible()
        self.assertEqual(Update.objects.count(), 1)
        with self.window(self.bob) as other:
            other.goto(f"{self.room}facts/{held.pk}/")
            other.locator("#how").fill("Dispatch told me by radio.")
            other.locator("[data-action=confirm]").click()
            expect(other.locator("[data-status=confirmed]").first).to_be_visible()

    def a_rumor_is_answered(self, page: Page) -> None:
        page.goto(self.room)
        page.locator("#claim").fill(CLAIM)
        page.locator("[data-action=add-rumor]").click()
        rumor = Rumor.objects.get()
        page.goto(f"/riverton/rumors/{rumor.pk}/")
        page.locator("label[for=verdict-unknown]").click()
        page.locator("#explanation").fill("Officers are at the mall and look.")
        page.locator("[data-action=answer-rumor]").click()
        expect(page.get_by_text("Officers are at the mall and look.").first).to_be_visible()
        write_due()
        with self.window(None, size=PHONE, scripts=False) as outside:
            outside.goto(self.public)
            expect(outside.get_by_text(CLAIM).first).to_be_visible()

    def the_clock_is_loud(self, page: Page) -> None:
        """Four fifths of the promised time are gone; then all of it."""
        now = clock.now()
        running = Incident.objects.filter(pk=self.incident.pk)
        page.goto(self.room)
        running.update(
            last_word_at=now - timedelta(minutes=18), next_word_due=now + timedelta(minutes=2)
        )
        watch_silence()
        expect(page.locator("#silence-calls [data-tone=soon]")).to_be_visible()
        running.update(next_word_due=clock.now() - timedelta(seconds=5))
        watch_silence()
        move_alerts_on()
        expect(page.locator("#silence-calls [data-tone=late]")).to_be_visible()
        self.picture(page, "story-c-late", whole=True)
        rings = Ring.objects.filter(alert__kind=AlertKind.WORD_OUT.value)
        self.assertEqual([ring.target.user for ring in rings], [self.alice])
        running.update(next_word_due=clock.now() + timedelta(minutes=5))

    def second_word(self, page: Page) -> None:
        page.goto(f"{self.room}update/")
        page.locator("#lead-en").fill("One man is in custody. Stay away from the river.")
        for box in page.locator("label.usa-checkbox__label[for^=fact-]").all():
            box.click()
        page.locator("[data-action=look]").click()
        page.locator("[data-action=send-update]").click()
        expect(page.locator("[data-update='2']")).to_be_visible()
        self.deliver()
        self.assertEqual(
            [one["To"] for one in self.letters() if "2" in str(one["Subject"])], [self.reader]
        )

    def letters(self) -> Sequence[Message]:
        """What has reached the resident."""
        if not self.mailbox:
            return self.mail.letters
        until = time.monotonic() + 10
        found: list[Message] = []
        while time.monotonic() < until and len(found) < 1:
            box = imaplib.IMAP4("127.0.0.1", urlsplit(self.mailbox["imap"]).port or 143)
            box.login(self.reader.partition("@")[0], self.mailbox["password"])
            box.select()
            for number in box.search(None, "ALL")[1][0].split():
                parts = box.fetch(number, "(RFC822)")[1]
                found.append(message_from_bytes(parts[0][1]))  # type: ignore[index,arg-type]
            box.logout()
            time.sleep(0.2)
        return found

    def a_fact_falls(self, page: Page) -> None:
        """What cites it is listed with a draft, and put right where it was said."""
        street = Fact.objects.get(text=STREET)
        page.goto(f"{self.room}facts/{street.pk}/")
        page.locator("details", has=page.locator("#text")).locator("summary").click()
        page.locator("#text").fill(RIGHT)
        page.locator("#change-why").fill("It is Main Street.")
        page.locator("[data-action=change]").click()
        self.assertEqual(CorrectionDue.objects.get().state, DueState.OPEN)
        page.goto(self.room)
        expect(page.locator("#room-due [data-due='1']")).to_be_visible()
        with self.window(self.bob) as other:
            other.goto(f"{self.room}facts/{street.pk}/")
            if other.locator("[data-action=confirm]").count():
                other.locator("#how").fill("I see it.")
                other.locator("[data-action=confirm]").click()
        page.goto(f"/riverton/corrections/of/{self.incident.pk}/")
        self.picture(page, "story-c-corrections", whole=True)
        page.locator("[data-action=send-correction]").click()
        page.get_by_text("Correction sent as update 3").wait_for()
        self.assertEqual(CorrectionDue.objects.get().state, DueState.CORRECTED)
        self.deliver()
        with self.window(None, size=PHONE, scripts=False) as outside:
            outside.goto(self.public)
            expect(outside.get_by_text(RIGHT).first).to_be_visible()

    def the_end(self, page: Page) -> None:
        page.goto(self.room)
        page.locator("summary", has_text="Stand down").click()
        page.locator("#over-why").fill("The scene is handed over.")
        page.locator("label[for=over-sure]").click()
        page.locator("[data-action=stand-down]").click()
        expect(page.locator("[data-incident-state=over]")).to_be_visible()

    def the_report(self, page: Page) -> None:
        page.locator("[data-action=after-action]").click()
        expect(page.get_by_text("Summary (ICS 209)")).to_be_visible()
        expect(page.get_by_text(CLAIM).first).to_be_visible()
        expect(page.get_by_text(RIGHT).first).to_be_visible()
        self.assert_fits(page, "after-action report")
        self.assert_accessible(page, "after-action report")
        self.picture(page, "story-c-report", whole=True)
        page.locator("#lesson-text").fill("Say which street in the first word.")
        page.locator("[data-action=lesson]").click()
        expect(page.get_by_text("Say which street in the first word.").first).to_be_visible()
        self.assertEqual(Lesson.objects.get().commitment.owner, self.alice)
        report = report_of(Incident.objects.get())
        self.assertEqual(len(report.updates), 3)
        self.assertEqual(report.corrections_open, 0)
        self.assertEqual(report.failures, [])

    def deliver(self) -> None:
        """What the worker does once an update was sent."""
        deliver_due()
        write_due()
        while make_letters():
            pass
        for letter in mailing.claim_next(10):
            mailing.deliver(letter)

    def every_channel_has_all(self, channels: list[Channel]) -> None:
        numbers = list(Update.objects.order_by("number").values_list("number", flat=True))
        for channel in channels:
            items = OutboxItem.objects.filter(channel=channel, state=OutboxState.SENT.value)
            places = list(items.order_by("sent_at", "pk").values_list("lane_place", flat=True))
            self.assertEqual(places, numbers)
        self.assertTrue(RecordEvent.objects.filter(action="person:incident:over").exists())
