"""Mails and calls: as people chose, once, never silently not, with nothing of a resident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from unittest import mock

import pytest

from levelhead.accounts.models import Membership, User
from levelhead.alerts.actions import add_target
from levelhead.kernel.errors import Invalid
from levelhead.notifications import delivering
from levelhead.notifications.actions import mark_read
from levelhead.notifications.domain import DeliveryState, Mail, Way
from levelhead.notifications.models import Delivery, Notification
from levelhead.research.smtp import MailBusyError, MailRefusedError, MailUnclearError
from tests.base import MONDAY, DeskTestCase
from tests.integration.alerts.bell import Bell
from tests.integration.notifications.telling import Telling
from tests.integration.research.asking import with_mail
from tests.integration.research.test_mail import RealServers


class LeavingTestCase(Telling, DeskTestCase):
    """Bob hears of notes in ways that a test chooses; the mail server is in the test's hand."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = self.stop_the_clock()
        self.enterContext(with_mail())
        self.mails: list[EmailMessage] = []
        self.troubles: list[Exception] = []
        self.enterContext(
            mock.patch("levelhead.notifications.delivering.hand_over", side_effect=self._take)
        )

    def _take(self, message: EmailMessage, *, back: str, before_words: Any) -> bool:
        trouble = self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, MailBusyError):
            raise trouble
        if not before_words():
            return False
        if trouble is not None:
            raise trouble
        self.mails.append(message)
        return True

    def one(self) -> Delivery:
        return Delivery.objects.get()


class MailTest(LeavingTestCase):
    def test_nothing_leaves_by_itself(self) -> None:
        self.write_note("@Bob")
        assert not Delivery.objects.exists()

    def test_at_once_and_once(self) -> None:
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob call 555-0199, Dana Reed")
        assert (delivering.deliver_due(), delivering.deliver_due()) == (1, 0)
        assert self.one().state == DeliveryState.SENT
        letter = self.mails[0]
        assert letter["To"] == "bob@example.org"
        assert letter["Subject"] == "Alice named you in a note · Riverton Police Department"
        words = letter.get_content()
        case = Notification.objects.get().case
        assert case is not None
        assert "“Do your drones film my yard?”" in words
        assert f"http://testserver/riverton/inbox/{case.pk}/?view=all" in words
        # Neither the note nor the rest of the post.
        assert "555" not in words
        assert "Dana" not in words

    def test_in_the_persons_language(self) -> None:
        User.objects.filter(pk=self.bob.pk).update(language="es")
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob")
        delivering.deliver_due()
        assert self.mails[0]["Subject"].startswith("Alice le nombró en una nota")

    def test_a_name_with_a_line_end_makes_no_header(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(name="Al\r\nBcc: x@example.org")
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob", by=User.objects.get(pk=self.alice.pk))
        delivering.deliver_due()
        assert self.mails[0]["Bcc"] is None
        assert "Bcc: x@example.org" in self.mails[0]["Subject"]

    def test_a_digest_holds_the_day_and_leaves_once(self) -> None:
        self.choose(self.bob, mail=Mail.DIGEST, digest_at=17 * 60)
        for _ in range(3):
            self.write_note("@Bob")
        assert self.one().next_attempt_at == datetime(2026, 3, 16, 22, tzinfo=UTC)
        assert delivering.deliver_due() == 0
        self.clock.advance(timedelta(hours=8))
        assert (delivering.deliver_due(), delivering.deliver_due()) == (1, 0)
        assert self.mails[0]["Subject"] == "3 things for you at Riverton Police Department"
        assert self.mails[0].get_content().count("http://testserver/riverton/inbox/") == 3
        self.write_note("@Bob")
        assert Delivery.objects.filter(state=DeliveryState.QUEUED).count() == 1

    def test_what_joins_a_digest_that_is_about_to_leave_is_in_it(self) -> None:
        self.choose(self.bob, mail=Mail.DIGEST)
        self.write_note("@Bob")
        self.clock.advance(timedelta(hours=24))
        claimed = delivering.claim_next(5)
        composed = delivering._still_unread(claimed[0])
        self.write_note("@Bob")
        assert not delivering._begin(claimed[0], composed)
        assert delivering.deliver_due() == 1
        assert self.mails[0]["Subject"].startswith("2 things")

    def test_what_was_read_meanwhile_is_not_mailed(self) -> None:
        self.choose(self.bob, mail=Mail.DIGEST)
        self.write_note("@Bob")
        mark_read(
            agency=self.agency, person=self.bob, notification_id=Notification.objects.get().pk
        )
        self.clock.advance(timedelta(hours=24))
        delivering.deliver_due()
        assert (self.one().state, self.mails) == (DeliveryState.WITHDRAWN, [])

    def test_whoever_left_gets_no_mail(self) -> None:
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob")
        Membership.objects.filter(user=self.bob).update(active=False)
        delivering.deliver_due()
        assert (self.one().state, self.mails) == (DeliveryState.WITHDRAWN, [])

    def test_only_while_on_duty(self) -> None:
        self.choose(self.bob, mail=Mail.NOW, on_duty_only=True)
        self.write_note("@Bob")
        assert not Delivery.objects.exists()
        self.put_on_duty(self.bob)
        self.write_note("@Bob")
        assert Delivery.objects.count() == 1
        assert self.told(self.bob) == [("mention", 1)] * 2

    def test_quiet_hours_put_it_off_also_what_was_tried_before(self) -> None:
        # 9:00 to 11:00; it is 9:20.
        self.choose(self.bob, mail=Mail.NOW, quiet_from=540, quiet_to=660)
        self.write_note("@Bob")
        assert self.one().next_attempt_at == MONDAY + timedelta(hours=1, minutes=40)
        assert delivering.deliver_due() == 0
        self.clock.advance(timedelta(hours=1, minutes=40))
        self.choose(self.bob, mail=Mail.NOW, quiet_from=540, quiet_to=720)
        delivering.deliver_due()
        assert self.mails == []
        self.clock.advance(timedelta(hours=1))
        delivering.deliver_due()
        assert len(self.mails) == 1

    def test_a_busy_server_is_asked_again(self) -> None:
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob")
        self.troubles = [MailBusyError("later")]
        delivering.deliver_due()
        assert (self.one().state, self.one().last_error) == (DeliveryState.QUEUED, "later")
        assert delivering.deliver_due() == 0
        self.clock.advance(timedelta(seconds=3))
        delivering.deliver_due()
        assert (self.one().state, len(self.mails)) == (DeliveryState.SENT, 1)

    def test_a_refusal_is_loud_and_sent_again_only_by_its_person(self) -> None:
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob")
        self.troubles = [MailRefusedError("no such box")]
        delivering.deliver_due()
        assert self.one().state == DeliveryState.FAILED
        self.client.force_login(self.bob)
        page = self.client.get("/riverton/notifications/preferences/").content.decode()
        assert "no such box" in page
        with pytest.raises(Invalid):
            delivering.send_again(delivery=self.one(), by=self.alice)
        path = f"/riverton/notifications/deliveries/{self.one().pk}/again/"
        self.client.force_login(self.alice)
        assert self.client.post(path).status_code == 404
        self.client.force_login(self.bob)
        assert self.client.post(path).status_code == 302
        delivering.deliver_due()
        assert (self.one().state, len(self.mails)) == (DeliveryState.SENT, 1)

    def test_where_nobody_knows_it_is_not_sent_again_by_itself(self) -> None:
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob")
        self.troubles = [MailUnclearError("cut")]
        delivering.deliver_due()
        assert self.one().state == DeliveryState.UNCLEAR
        self.clock.advance(timedelta(hours=1))
        assert delivering.deliver_due() == 0

    def test_a_worker_that_died_in_between(self) -> None:
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob")
        claimed = delivering.claim_next(5)[0]
        assert delivering.claim_next(5) == []
        delivering._begin(claimed, delivering._still_unread(claimed))
        self.clock.advance(timedelta(minutes=4))
        assert delivering.deliver_due() == 0
        assert self.one().state == DeliveryState.UNCLEAR

    def test_a_worker_that_died_before_the_words(self) -> None:
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob")
        delivering.claim_next(5)
        self.clock.advance(timedelta(minutes=4))
        delivering.deliver_due()
        assert len(self.mails) == 1

    def test_without_mail_nothing_waits_for_it(self) -> None:
        self.choose(self.bob, mail=Mail.NOW)
        with with_mail(mail_url=""):
            self.write_note("@Bob")
        assert not Delivery.objects.exists()


class CallTest(LeavingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bell = Bell()
        self.addCleanup(self.bell.close)

    def place(self, person: User) -> None:
        add_target(
            agency=self.agency, user=person, name="phone", by=self.bob,
            address=self.bell.address(person.name.lower()),
        )  # fmt: skip

    def test_at_the_persons_own_places_and_nobody_elses(self) -> None:
        self.place(self.bob)
        self.place(self.alice)
        self.choose(self.bob, call=True)
        self.write_note("@Bob call 555-0199")
        assert (delivering.deliver_due(), delivering.deliver_due()) == (1, 0)
        assert self.bell.topics() == ["bob"]
        assert self.bell.calls[0]["title"] == (
            "Riverton Police Department: Alice named you in a note"
        )
        assert "555" not in self.bell.calls[0]["message"]
        assert (self.one().way, self.one().state) == (Way.CALL, DeliveryState.SENT)

    def test_a_line_that_was_cut_is_not_called_again(self) -> None:
        self.place(self.bob)
        self.choose(self.bob, call=True)
        self.write_note("@Bob")
        self.bell.answers = ["cut"]
        delivering.deliver_due()
        self.clock.advance(timedelta(hours=1))
        delivering.deliver_due()
        assert (self.one().state, len(self.bell.calls)) == (DeliveryState.UNCLEAR, 1)

    def test_a_place_that_was_taken_away_is_not_called(self) -> None:
        self.place(self.bob)
        self.choose(self.bob, call=True)
        self.write_note("@Bob")
        self.one().target.__class__.objects.update(active=False, sealed="")
        delivering.deliver_due()
        assert (self.one().state, self.bell.calls) == (DeliveryState.WITHDRAWN, [])


@pytest.mark.services
class RealServerTest(Telling, RealServers):
    def test_one_mail_arrives_in_spanish_with_its_link(self) -> None:
        User.objects.filter(pk=self.bob.pk).update(email=self.clerk, language="es")
        self.choose(self.bob, mail=Mail.NOW)
        self.write_note("@Bob: Ánimo, 555-0199")
        assert delivering.deliver_due() == 1
        assert delivering.deliver_due() == 0
        letter = self.letters(self.clerk.partition("@")[0], 1)[0]
        words = letter.get_content()
        assert letter["Subject"].startswith("Alice le nombró en una nota")
        assert "http://testserver/riverton/inbox/" in words
        assert "“Do your drones film my yard?”" in words
        assert "555" not in words
        assert letter["Auto-Submitted"] == "auto-generated"
        assert Delivery.objects.get().state == DeliveryState.SENT
