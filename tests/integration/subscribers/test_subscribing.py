"""Subscribing by mail: nothing before the link, each update once, one click and it is over."""

from __future__ import annotations

import imaplib
import re
import time
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from django.core.cache import cache
from django.db import IntegrityError, connection, transaction

from levelhead.kernel.ids import new_id
from levelhead.publicpage.folder import public_folder
from levelhead.records.models import RecordEvent
from levelhead.research.smtp import MailBusyError, MailUnclearError
from levelhead.subscribers import actions, mailing
from levelhead.subscribers.domain import LetterState, read_address
from levelhead.subscribers.links import confirm_token, digest_of, end_token
from levelhead.subscribers.models import Letter, Mailing, Subscriber
from tests.base import DeskTestCase
from tests.integration.publicpage.public_pages import PublicPages
from tests.services import require_service

MAIL = {
    "public_url": "http://testserver", "mail_url": "smtp://127.0.0.1:1",
    "mail_from": "desk@riverton.example",
}  # fmt: skip


class Subscribing(PublicPages):
    """Somebody outside asks for mails."""

    def begin(self, **settings_given: Any) -> None:
        """An incident of which something was said, and mail."""
        self.make_pages(**{**MAIL, **settings_given})
        cache.clear()
        self.incident = self.declare()
        self.say(self.incident, lead="The first word.")
        self.base = f"/public/riverton/{self.incident.slug}/"

    def post(self, email: str, **fields: str) -> Any:
        """Send the form of the page."""
        return self.client.post(  # type: ignore[attr-defined]
            self.base + "subscribe/", {"email": email, "lang": "en", **fields}
        )

    def subscribed(self, email: str = "ann@example.org", lang: str = "en") -> Subscriber:
        """Somebody who followed the link."""
        token = confirm_token(self.incident, email, lang)
        answer = self.client.post(f"{self.base}subscribe/{token}/")  # type: ignore[attr-defined]
        assert answer.status_code == 200, answer.content
        return Subscriber.objects.get(digest=digest_of(email), ended_at=None)


class FormTest(Subscribing, DeskTestCase):
    """The form and the links."""

    def setUp(self) -> None:
        super().setUp()
        self.begin()

    def test_the_form_is_on_the_page_only_where_mail_works(self) -> None:
        self.assertIn(b'action="http://testserver/public/riverton/1-', self.file(self.incident))
        self.end(self.incident)
        self.assertNotIn(b"<form", self.file(self.incident))

    def test_nothing_is_kept_before_the_link_was_followed(self) -> None:
        self.assertContains(self.post("ann@example.org"), "Look into your mailbox")
        self.assertEqual(Subscriber.objects.count(), 0)
        letter = Letter.objects.get()
        with mock.patch.object(mailing, "hand_over", return_value=True):
            mailing.deliver_due()
        letter.refresh_from_db()
        self.assertEqual((letter.state, letter.to_email), (LetterState.SENT, ""))
        found = str(list(Letter.objects.values())) + str(list(RecordEvent.objects.values()))
        self.assertNotIn("ann@example.org", found)

    def test_a_program_that_opens_the_link_subscribes_nobody(self) -> None:
        token = confirm_token(self.incident, "ann@example.org", "es")
        page = self.client.get(f"{self.base}subscribe/{token}/")
        self.assertContains(page, "ann@example.org")
        self.assertEqual(page["Content-Language"], "es")
        self.assertEqual(page["Referrer-Policy"], "no-referrer")
        self.assertIn("no-store", page["Cache-Control"])
        self.assertEqual(Subscriber.objects.count(), 0)
        self.client.post(f"{self.base}subscribe/{token}/")
        self.client.post(f"{self.base}subscribe/{token}/")
        self.assertEqual(Subscriber.objects.get().lang, "es")

    def test_the_answer_does_not_tell_who_has_a_subscription(self) -> None:
        self.subscribed("ann@example.org")
        known, unknown = self.post("ann@example.org"), self.post("new@example.org")
        self.assertEqual(known.content, unknown.content)
        self.assertEqual(Letter.objects.count(), 1)

    def test_a_mailbox_is_not_filled_by_others(self) -> None:
        for _ in range(6):
            self.post("Ann@example.org")
            self.post("ann@EXAMPLE.org")
        self.assertEqual(Letter.objects.count(), 3)

    def test_not_too_often_from_one_place(self) -> None:
        for number in range(20):
            self.assertEqual(self.post(f"p{number}@example.org").status_code, 200)
        self.assertEqual(self.post("one.more@example.org").status_code, 429)
        self.assertEqual(Letter.objects.count(), 20)

    def test_not_too_many_of_an_agency(self) -> None:
        with mock.patch.object(actions, "LINKS_AN_HOUR", 2):
            for number in range(4):
                self.post(f"p{number}@example.org")
        self.assertEqual(Letter.objects.count(), 2)

    def test_no_address_no_mail(self) -> None:
        for wrong in (
            "", "ann", "ann@", "@example.org", "ann@localhost", "ann@example.org\nBcc: x@y.org",
            "ann@exa mple.org", "a" * 250 + "@example.org", "ann@example.org,bob@example.org",
            "<ann@example.org>", "ann@example.org\x00", "\u0430nn@example.org",
        ):  # fmt: skip
            self.assertEqual(self.post(wrong).status_code, 400, wrong)
        self.assertEqual(Letter.objects.count(), 0)
        self.assertEqual(read_address(" Ann.Lee+x@Example.ORG "), "Ann.Lee+x@example.org")

    def test_links_that_are_old_or_of_another_incident_do_nothing(self) -> None:
        token = confirm_token(self.incident, "ann@example.org", "en")
        other = self.declare(title="Another one")
        self.say(other)
        there = f"/public/riverton/{other.slug}/subscribe/{token}/"
        self.assertEqual(self.client.post(there).status_code, 410)
        for wrong in (token[:-1], "x", "x" * 5_000):
            self.assertEqual(self.client.post(f"{self.base}subscribe/{wrong}/").status_code, 410)
        import time_machine

        with time_machine.travel(timedelta(hours=49), tick=True):
            self.assertEqual(self.client.post(f"{self.base}subscribe/{token}/").status_code, 410)
        self.assertEqual(Subscriber.objects.count(), 0)

    def test_only_where_something_was_said(self) -> None:
        silent = self.declare(title="Not said yet")
        path = f"/public/riverton/{silent.slug}/subscribe/"
        self.assertEqual(self.client.post(path, {"email": "ann@example.org"}).status_code, 404)
        path = self.base.replace("riverton", "maple") + "subscribe/"
        self.assertEqual(self.client.post(path, {"email": "ann@example.org"}).status_code, 404)

    def test_one_click_ends_it_and_forgets_the_address(self) -> None:
        ann = self.subscribed()
        path = f"{self.base}unsubscribe/{end_token(ann.pk)}/"
        self.assertContains(self.client.get(path), "No more mails to me")
        self.assertIsNone(Subscriber.objects.get().ended_at)
        answer = self.client.post(path, {"List-Unsubscribe": "One-Click"})
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(Subscriber.objects.get().email, "")
        self.assertEqual(self.client.post(path).status_code, 200)
        for wrong in (f"{ann.pk}-", f"{ann.pk}-{'0' * 32}", "x", "9" * 40, f"{ann.pk + 1}-x"):
            self.assertEqual(self.client.post(f"{self.base}unsubscribe/{wrong}/").status_code, 410)
        self.subscribed()

    def test_addresses_are_forgotten_a_month_after(self) -> None:
        self.subscribed()
        self.end(self.incident)
        self.assertEqual(actions.forget_old(), 0)
        self.clock.advance(timedelta(days=31))
        self.assertEqual(actions.forget_old(), 1)
        self.assertEqual(Subscriber.objects.get().email, "")

    def test_over_is_over(self) -> None:
        token = confirm_token(self.incident, "ann@example.org", "en")
        self.end(self.incident)
        self.assertEqual(self.client.post(f"{self.base}subscribe/{token}/").status_code, 410)
        self.post("ann@example.org")
        self.assertEqual(Letter.objects.count(), 0)

    def test_behind_a_proxy_each_asker_counts_alone(self) -> None:
        from dataclasses import replace

        from django.conf import settings
        from django.test import override_settings

        with override_settings(ENVIRONMENT=replace(settings.ENVIRONMENT, https=True)):
            for number in range(21):
                answer = self.client.post(
                    self.base + "subscribe/", {"email": f"p{number}@example.org"},
                    headers={"X-Forwarded-For": f"6.6.6.6, 10.0.0.{number}"},
                )  # fmt: skip
                self.assertEqual(answer.status_code, 200)


class HandingOutTest(Subscribing, DeskTestCase):
    """An update's way to everybody who asked."""

    def setUp(self) -> None:
        super().setUp()
        self.begin()

    def test_one_letter_each_whoever_dies(self) -> None:
        for number in range(7):
            self.subscribed(f"p{number}@example.org")
        update = self.say(self.incident)
        self.clock.advance(timedelta(seconds=1))
        self.subscribed("late@example.org")
        with mock.patch.object(actions, "PORTION", 3):
            actions.make_letters()
            # Killed here: the next worker goes on from the row.
            while actions.make_letters():
                pass
        self.assertEqual(Letter.objects.filter(update_of=update).count(), 7)
        done = Mailing.objects.get()
        self.assertEqual((done.letters, done.done_at is not None), (7, True))
        self.assertEqual(actions.make_letters(), 0)
        some = Letter.objects.first()
        assert some is not None
        with self.assertRaises(IntegrityError), transaction.atomic():
            Letter.objects.create(
                agency=self.agency, incident=self.incident, kind="update",
                subscriber=some.subscriber, update_of=update,
            )  # fmt: skip

    def test_killed_with_the_words_at_the_server_it_is_not_sent_twice(self) -> None:
        self.subscribed()
        self.say(self.incident)
        actions.make_letters()
        letter = mailing.claim_next(5)[0]
        Letter.objects.filter(pk=letter.pk).update(state=LetterState.SENDING)
        mailing.free_claims()
        self.clock.advance(timedelta(seconds=1))
        self.assertEqual(mailing.claim_next(5), [])
        self.assertEqual(Letter.objects.get().state, LetterState.UNCLEAR)
        # Killed before: nothing left, so it is sent.
        self.say(self.incident)
        actions.make_letters()
        self.assertEqual(len(mailing.claim_next(5)), 1)
        mailing.free_claims()
        self.clock.advance(timedelta(seconds=1))
        self.assertEqual(len(mailing.claim_next(5)), 1)

    def test_a_server_that_is_busy_and_one_that_hangs_up(self) -> None:
        self.subscribed()
        self.say(self.incident)
        actions.make_letters()
        with mock.patch.object(mailing, "hand_over", side_effect=MailBusyError("busy")):
            self.assertEqual(mailing.deliver_due(), 1)
        self.assertEqual(Letter.objects.get().state, LetterState.QUEUED)
        self.assertEqual(mailing.deliver_due(), 0)
        self.clock.advance(timedelta(seconds=3))
        with mock.patch.object(mailing, "hand_over", side_effect=MailUnclearError("gone")):
            mailing.deliver_due()
        self.assertEqual(Letter.objects.get().state, LetterState.UNCLEAR)

    def test_who_ended_it_meanwhile_gets_nothing(self) -> None:
        ann = self.subscribed()
        self.say(self.incident)
        actions.make_letters()
        letter = mailing.claim_next(5)[0]
        actions.end_subscription(ann)
        mailing.deliver(letter)
        self.assertEqual(Letter.objects.get().state, LetterState.WITHDRAWN)

    def test_looking_for_what_is_due_does_not_read_what_was_sent(self) -> None:
        if connection.vendor != "sqlite":
            self.skipTest("how SQLite takes its indexes")
        now = self.clock.now()
        asked = Letter.objects.filter(mailing._due(now)).order_by("next_attempt_at", "id")
        self.assertIn("letter_due", asked.explain())
        cut_off = Letter.objects.filter(state=LetterState.SENDING, claimed_until__lt=now)
        self.assertIn("letter_under_way", cut_off.explain())

    def test_without_subscribers_nothing_is_handed_out(self) -> None:
        self.say(self.incident)
        self.assertEqual(Mailing.objects.count(), 0)

    def test_another_incident_has_its_own(self) -> None:
        self.subscribed()
        other = self.declare(title="Another one")
        self.say(other)
        while actions.make_letters():
            pass
        self.assertEqual(Letter.objects.count(), 0)


class RealMailTest(Subscribing, DeskTestCase):
    """Through a real OpenSMTPD into a real mailbox."""

    def setUp(self) -> None:
        super().setUp()
        self.service = require_service("mail")
        self.begin(mail_url=self.service["smtp"])
        self.box = f"s{new_id()}"[:20]

    def letters(self, expected: int) -> list[Any]:
        """The mails of the mailbox, when there are so many; more would be a failure."""
        return [BytesParser(policy=default).parsebytes(one) for one in self.raw(expected)]

    def raw(self, expected: int) -> list[bytes]:
        """Their bytes."""
        until = time.monotonic() + 10
        while True:
            link = imaplib.IMAP4("127.0.0.1", urlsplit(self.service["imap"]).port or 0)
            link.login(self.box, self.service["password"])
            link.select("INBOX", readonly=True)
            numbers = link.search(None, "ALL")[1][0].split()
            found = [link.fetch(n, "(BODY.PEEK[])")[1][0][1] for n in numbers]
            link.logout()
            if len(found) >= expected or time.monotonic() > until:
                assert len(found) == expected, [one[:300] for one in found]
                return found
            time.sleep(0.1)

    def test_from_the_form_to_the_last_mail(self) -> None:
        self.post(f"{self.box}@people.example", lang="es")
        self.assertEqual(mailing.deliver_due(), 1)
        (first,) = self.letters(1)
        self.assertNotIn("List-Unsubscribe", first)
        link = re.search(r"http://testserver(/public/\S+)", first.get_content())
        assert link is not None
        self.client.post(link[1])
        self.say(self.incident, lead="The second word: ¡ojo! 🚒")
        actions.make_letters()
        self.assertEqual(mailing.deliver_due(), 1)
        self.assertEqual((actions.make_letters(), mailing.deliver_due()), (0, 0))
        _first, second = self.letters(2)
        self.assertIn("The second word: ¡ojo! 🚒", second.get_content())
        self.assertEqual(second["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        end = second["List-Unsubscribe"].strip("<>")
        # Whole on its line, and not encoded: else no mail program shows its button.
        self.assertIn(f"List-Unsubscribe: <{end}>\r\n".encode(), self.raw(2)[1])
        self.assertIn(end, second.get_content())
        self.client.post(end.removeprefix("http://testserver"))
        self.say(self.incident)
        actions.make_letters()
        mailing.deliver_due()
        self.letters(2)
        self.assertTrue(public_folder(self.data).exists())
