"""Mails on real servers (OpenSMTPD, Dovecot), and what happens where a server fails."""

from __future__ import annotations

import imaplib
import smtplib
import socket
import threading
import time
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any
from urllib.parse import urlsplit

import pytest

from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.ids import new_id
from levelhead.research import actions, mailing
from levelhead.research.domain import Arrival, MailState, RequestState
from levelhead.research.mailbox import read_mailbox
from levelhead.research.models import MailboxPlace, MailIn, MailOut, ResearchFile
from levelhead.research.reminding import remind_and_note_overdue
from tests.base import DeskTestCase
from tests.integration.research.asking import QUESTION, Asking, with_mail
from tests.services import require_service

BOUNCE = """From: Mail Delivery System <MAILER-DAEMON@example.gov>
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{id}@example.gov>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

I am sorry.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.gov

Final-Recipient: rfc822; clerk@records.example.gov
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user here

--B--
"""


class RealServers(Asking, DeskTestCase):
    """Each test has addresses of its own; the mailboxes are shared."""

    def setUp(self) -> None:
        super().setUp()
        self.service = require_service("mail")
        self.mark = f"t{new_id()}"
        self.clerk = f"c{self.mark}@records.example.gov"
        self.box = f"d{self.mark}"[:20]
        imap = urlsplit(self.service["imap"])
        self.imap_port = imap.port or 0
        self.enterContext(
            with_mail(
                mail_url=self.service["smtp"],
                mail_from=f"{self.box}@riverton.example",
                imap_url=f"imap://{self.box}:{self.service['password']}@127.0.0.1:{imap.port}/INBOX",
            )
        )

    def letters(self, name: str, expected: int) -> list[Any]:
        """The mails of a mailbox, when there are so many; more would be a failure."""
        until = time.monotonic() + 8
        while True:
            link = imaplib.IMAP4("127.0.0.1", self.imap_port)
            link.login(name, self.service["password"])
            link.select("INBOX", readonly=True)
            numbers = link.search(None, "ALL")[1][0].split()
            found = [link.fetch(n, "(BODY.PEEK[])")[1][0][1] for n in numbers]
            link.logout()
            if len(found) >= expected or time.monotonic() > until:
                assert len(found) == expected, [one[:300] for one in found]
                return [BytesParser(policy=default).parsebytes(one) for one in found]
            time.sleep(0.1)

    def send(self, raw: EmailMessage | str, *, to: str) -> None:
        """Somebody else's program sends a mail."""
        url = urlsplit(self.service["smtp"])
        with smtplib.SMTP("127.0.0.1", url.port or 0) as link:
            text = raw if isinstance(raw, str) else raw.as_string()
            link.sendmail("somebody@example.gov", [to], text.replace("\n", "\r\n"))

    def reply_to(self, letter: Any, text: str, **headers: str) -> EmailMessage:
        answer = EmailMessage()
        answer["From"] = f"Kim <{self.clerk}>"
        answer["To"] = headers.pop("To", letter["Reply-To"])
        answer["Subject"] = "Re: " + letter["Subject"]
        answer["Message-ID"] = headers.pop("Message-ID", f"<{new_id()}@records.example.gov>")
        for name, value in headers.items():
            answer[name.replace("_", "-")] = value
        body = "\n".join("> " + line for line in letter.get_content().splitlines())
        answer.set_content(f"{text}\n\nOn Mon, Mar 16, Riverton <x@y.org>\nwrote:\n\n{body}\n")
        return answer

    def read_until(self, count: int) -> list[MailIn]:
        """Read the mailbox until so many mails are kept."""
        until = time.monotonic() + 8
        while MailIn.objects.count() < count and time.monotonic() < until:
            read_mailbox()
            time.sleep(0.1)
        read_mailbox()
        found = list(MailIn.objects.order_by("pk"))
        assert len(found) == count
        return found


@pytest.mark.services
class OnRealServersTest(RealServers):
    def test_the_mail_arrives_once_with_the_link_and_without_our_secrets(self) -> None:
        one = self.ask(to_email=self.clerk)
        assert mailing.deliver_due() == 1
        assert mailing.deliver_due() == 0
        letter = self.letters(self.clerk.partition("@")[0], 1)[0]
        text = letter.get_content()
        assert QUESTION in text
        assert f"http://testserver{self.link(one)}" in text
        assert "film my yard" in text
        assert letter["Reply-To"].startswith(f"{self.box}+q")
        assert letter["Auto-Submitted"] == "auto-generated"
        mail = MailOut.objects.get()
        assert mail.state == MailState.SENT
        assert mail.sent_at is not None

    def test_an_answer_by_mail_is_an_answer_once(self) -> None:
        one = self.ask(to_email=self.clerk)
        mailing.deliver_due()
        letter = self.letters(self.clerk.partition("@")[0], 1)[0]
        answer = self.reply_to(letter, "Only when a call comes.\nÁnimo.")
        answer.add_attachment(b"%PDF-1.7 log", maintype="application", subtype="pdf",
                              filename="log.pdf")  # fmt: skip
        answer.add_attachment(b"MZ\x90", maintype="application", subtype="pdf", filename="x.pdf")
        self.send(answer, to=letter["Reply-To"])
        self.send(answer, to=letter["Reply-To"])
        came = self.read_until(1)[0]
        one.refresh_from_db()
        assert one.state == RequestState.ANSWERED
        assert one.answer == "Only when a call comes.\nÁnimo."
        assert one.answered_by == self.clerk
        assert QUESTION in came.whole_text
        assert "x.pdf" in came.left_out
        assert ResearchFile.objects.get().name == "log.pdf"
        # A mailbox that was made anew numbers from the start: still once.
        MailboxPlace.objects.update(uid_validity=1, last_uid=0)
        read_mailbox()
        assert MailIn.objects.count() == 1

    def test_an_answer_to_the_plain_address_is_found_by_what_it_answers(self) -> None:
        one = self.ask(to_email=self.clerk)
        mailing.deliver_due()
        letter = self.letters(self.clerk.partition("@")[0], 1)[0]
        to = f"{self.box}@riverton.example"
        self.send(
            self.reply_to(letter, "At night, no.", To=to, In_Reply_To=letter["Message-ID"]), to=to
        )
        self.read_until(1)
        one.refresh_from_db()
        assert one.answer == "At night, no."

    def test_an_automatic_answer_answers_nothing(self) -> None:
        one = self.ask(to_email=self.clerk)
        mailing.deliver_due()
        letter = self.letters(self.clerk.partition("@")[0], 1)[0]
        self.send(self.reply_to(letter, "I am away.", Auto_Submitted="auto-replied"),
                  to=letter["Reply-To"])  # fmt: skip
        assert self.read_until(1)[0].arrival == Arrival.AUTOMATIC
        one.refresh_from_db()
        assert one.state == RequestState.WAITING

    def test_a_bounce_is_loud(self) -> None:
        one = self.ask(to_email=self.clerk)
        mailing.deliver_due()
        letter = self.letters(self.clerk.partition("@")[0], 1)[0]
        self.send(BOUNCE.format(to=letter["Reply-To"], id=new_id()), to=letter["Reply-To"])
        assert self.read_until(1)[0].arrival == Arrival.BOUNCE
        one.refresh_from_db()
        assert one.bounced_at is not None
        self.client.force_login(self.alice)
        page = self.client.get(f"/riverton/research/{one.pk}/").content.decode()
        assert "The mail did not arrive" in page
        assert "no such user here" in page

    def test_a_stranger_and_an_older_token_answer_nothing(self) -> None:
        one = self.ask(to_email=self.clerk)
        mailing.deliver_due()
        letter = self.letters(self.clerk.partition("@")[0], 1)[0]
        forged = letter["Reply-To"].replace("-1-", "-2-")
        self.send(self.reply_to(letter, "Forged", To=forged), to=forged)
        actions.send_new_link(request=one, by=self.alice, expected_version=None)
        self.send(self.reply_to(letter, "Older"), to=letter["Reply-To"])
        assert self.read_until(1)[0].arrival == Arrival.LATE
        one.refresh_from_db()
        assert one.state == RequestState.WAITING
        assert MailboxPlace.objects.get().unmatched == 1

    def test_reminders_once_before_and_once_after(self) -> None:
        monday = clock.ManualClock(clock.now().replace(hour=15) + timedelta(days=1))
        with clock.use(monday):
            while not self.agency.office_schedule.is_open(clock.now()):
                monday.advance(timedelta(days=1))
            due = self.agency.office_schedule.office_days(clock.now(), 3)
            one = self.ask(to_email=self.clerk, due_at=due)
            mailing.deliver_due()
            assert remind_and_note_overdue() == (0, 0)
            monday.advance(due - clock.now() - timedelta(hours=3))
            assert remind_and_note_overdue() == (1, 0)
            assert remind_and_note_overdue() == (0, 0)
            monday.advance(timedelta(hours=4))
            assert remind_and_note_overdue() == (0, 1)
            assert remind_and_note_overdue() == (0, 0)
            mailing.deliver_due()
        letters = self.letters(self.clerk.partition("@")[0], 3)
        assert sorted(one["Subject"].split()[0] for one in letters) == ["A", "Overdue", "Reminder:"]
        one.refresh_from_db()
        assert one.overdue_at is not None


class Server(threading.Thread):
    """A mail server that says what a test wants it to, and hangs up where it should."""

    def __init__(self, *, rcpt: bytes = b"250 ok", after_words: bytes = b"250 ok") -> None:
        super().__init__(daemon=True)
        self._rcpt, self._after = rcpt, after_words
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self.taken = 0
        self.start()

    def run(self) -> None:
        while True:
            link, _ = self._door.accept()
            with link, link.makefile("rb") as lines:
                link.sendall(b"220 here\r\n")
                for line in lines:
                    word = line[:4].upper()
                    if word == b"DATA":
                        link.sendall(b"354 go\r\n")
                        while lines.readline() not in (b".\r\n", b""):
                            pass
                        self.taken += 1
                        if not self._after:
                            break
                        link.sendall(self._after + b"\r\n")
                    elif word == b"QUIT":
                        link.sendall(b"221 bye\r\n")
                        break
                    else:
                        link.sendall((self._rcpt if word == b"RCPT" else b"250 ok") + b"\r\n")


class WhereServersFailTest(Asking, DeskTestCase):
    def deliver(self, server: Server | None, case: Case | None = None) -> MailOut:
        port = server.port if server else 1
        with with_mail(mail_url=f"smtp://127.0.0.1:{port}"):
            self.one = self.ask(case)
            mailing.deliver_due()
        return MailOut.objects.get()

    def test_no_server(self) -> None:
        mail = self.deliver(None)
        assert mail.state == MailState.QUEUED
        assert mail.next_attempt_at > clock.now()
        assert "could not be reached" in mail.last_error

    def test_given_up_loudly_after_two_days(self) -> None:
        mail = self.deliver(None)
        MailOut.objects.update(
            created_at=clock.now() - timedelta(days=3), next_attempt_at=clock.now()
        )
        with with_mail():
            mailing.deliver_due()
        mail.refresh_from_db()
        assert mail.state == MailState.FAILED
        self.client.force_login(self.alice)
        page = self.client.get(f"/riverton/research/{self.one.pk}/").content.decode()
        assert 'data-mail-trouble="failed"' in page

    def test_refused_for_good_and_for_now(self) -> None:
        assert self.deliver(Server(rcpt=b"550 no such user")).state == MailState.FAILED
        MailOut.objects.all().delete()
        assert self.deliver(Server(rcpt=b"451 come later")).state == MailState.QUEUED
        MailOut.objects.all().delete()
        assert self.deliver(Server(after_words=b"452 full")).state == MailState.QUEUED

    def test_hung_up_with_the_words_is_never_sent_again_by_itself(self) -> None:
        server = Server(after_words=b"")
        mail = self.deliver(server)
        assert mail.state == MailState.UNCLEAR
        MailOut.objects.update(next_attempt_at=clock.now() - timedelta(hours=1))
        with with_mail(mail_url=f"smtp://127.0.0.1:{server.port}"):
            assert mailing.deliver_due() == 0
        assert server.taken == 1
        mailing.send_again(mail=mail, by=self.alice)
        good = Server()
        with with_mail(mail_url=f"smtp://127.0.0.1:{good.port}"):
            mailing.deliver_due()
        mail.refresh_from_db()
        assert (mail.state, good.taken) == (MailState.SENT, 1)
        with pytest.raises(Invalid):
            mailing.send_again(mail=mail, by=self.alice)

    def test_killed_before_and_while_handing_over(self) -> None:
        with with_mail():
            self.ask()
            mail = mailing.claim_next(5)[0]
            assert mailing.claim_next(5) == []
            # Killed before the words: tried again, since nothing can have left.
            mailing.free_claims()
            assert mailing.claim_next(5)[0].pk == mail.pk
            MailOut.objects.update(state=MailState.SENDING)
            mailing.free_claims()
            assert mailing.claim_next(5) == []
        assert MailOut.objects.get().state == MailState.UNCLEAR

    def test_taken_back_before_it_left(self) -> None:
        server = Server()
        with with_mail(mail_url=f"smtp://127.0.0.1:{server.port}"):
            one = self.ask()
            mail = mailing.claim_next(5)[0]
            actions.withdraw(request=one, reason="Found", by=self.alice, expected_version=None)
            mailing.deliver(mail)
        assert server.taken == 0
        assert MailOut.objects.get().state == MailState.WITHDRAWN

    def test_without_mail_nothing_is_queued_and_the_screen_says_so(self) -> None:
        one = self.ask()
        assert not MailOut.objects.exists()
        self.client.force_login(self.alice)
        page = self.client.get(f"/riverton/research/{one.pk}/").content.decode()
        assert "E-mail is not set up on this installation" in page
        assert f"http://testserver{self.link(one)}" in page
