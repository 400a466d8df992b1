"""Asking a colleague, in a real browser and on a real mail server: from the case to the thread."""

from __future__ import annotations

import imaplib
import time
from dataclasses import replace
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings

from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.connectors.memory import forget_platforms
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.replies.models import Reply
from levelhead.research import actions, mailing
from levelhead.research.answering import answer_by_link
from levelhead.research.models import ResearchRequest
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.research.asking import Asking
from tests.services import require_service

SIZES = {"wide": WIDE, "phone": PHONE}


class ResearchTests(Asking, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        cache.clear()

    def look(self, path: str, name: str, *, person: User | None) -> None:
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with (
                    self.subTest(what),
                    self.window(person, size=size, theme=theme) as page,
                ):
                    page.goto(path)
                    for fold in page.locator("main details.case-form > summary").all():
                        if fold.is_visible():
                            fold.click()
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def answered(self) -> ResearchRequest:
        one = self.ask()
        answer_by_link(request=one, link_number=1, text="Only when a call comes in.", files=[])
        return one

    def test_the_list(self) -> None:
        self.look("/riverton/research/", "research-empty", person=self.alice)
        self.ask(question="What did the officer see? " * 9)
        one = self.ask()
        ResearchRequest.objects.filter(pk=one.pk).update(due_at=clock.now() - timedelta(days=2))
        self.look("/riverton/research/", "research", person=self.alice)

    def test_one_question(self) -> None:
        one = self.ask()
        self.look(f"/riverton/research/{one.pk}/", "question", person=self.alice)
        done = self.answered()
        self.look(f"/riverton/research/{done.pk}/", "question-answered", person=self.alice)

    def test_the_colleagues_page(self) -> None:
        one = self.ask()
        self.look(self.link(one), "ask", person=None)
        done = self.answered()
        self.look(self.link(done), "ask-done", person=None)

    def test_case_and_settings(self) -> None:
        one = self.ask()
        self.look(f"/riverton/inbox/{one.case_id}/", "research-case", person=self.alice)
        self.look("/riverton/research/settings/", "research-settings", person=self.bob)

    @pytest.mark.services
    def test_from_the_case_by_mail_to_the_thread(self) -> None:
        service = require_service("mail")
        name = f"c{new_id()}"
        case = self.file_case(text="Do your drones film my yard at night?", author_name="Dana")
        environment = replace(
            settings.ENVIRONMENT,
            public_url=self.live_server_url,
            mail_url=service["smtp"],
            mail_from="desk@riverton.example",
        )
        with override_settings(ENVIRONMENT=environment), self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.locator("summary", has_text="Ask a colleague").click()
            page.get_by_role("textbox", name="Question").fill("Does the drone record at night?")
            page.get_by_label("E-mail address of the colleague").fill(f"{name}@example.gov")
            page.get_by_role("button", name="Ask", exact=True).click()
            page.get_by_text("is on its way.").wait_for()
            # Beside the clock.
            page.locator("[data-waits-for]").wait_for()
            mailing.deliver_due()
            link = self.link_in_mail(service, name)
            with self.window(None, size=PHONE, scripts=False) as phone:
                phone.goto(link)
                phone.get_by_text("Does the drone record at night?").wait_for()
                phone.get_by_text("Do your drones film my yard at night?").wait_for()
                phone.get_by_label("What do you know?").fill("No. The camera is off.")
                phone.get_by_role("button", name="Send the answer").click()
                phone.get_by_role("heading", name="Thank you").wait_for()
            # By itself, on the case that is open.
            page.get_by_text("answered, to be released").first.wait_for()
            page.locator("#research").get_by_role("link", name="Does the drone").click()
            page.get_by_label("What may be told in public").fill("No: the camera is off. — Alice")
            page.get_by_role("button", name="Release", exact=True).click()
            page.get_by_role("link", name="Put it into the reply").click()
            field = page.get_by_label("Reply to Dana")
            assert field.input_value() == "No: the camera is off. — Alice"
            # Until the form has asked whether the draft promises something.
            page.wait_for_timeout(1_500)
            page.get_by_role("button", name="Send reply").click()
            page.get_by_text("Your reply is on its way.").wait_for()
        outbox.deliver_due()
        reply = Reply.objects.select_related("outbox_item").get()
        assert reply.outbox_item.state == "sent"
        assert reply.outbox_item.parent_external_id == case.post.external_id
        one = ResearchRequest.objects.get()
        assert (one.state, one.reply_id, one.released_by) == ("posted", reply.pk, self.alice)

    def test_without_mail_the_question_opens_as_a_page_of_its_own(self) -> None:
        case = self.file_case(text="Do your drones film my yard at night?", author_name="Dana")
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.locator("summary", has_text="Ask a colleague").click()
            page.get_by_role("textbox", name="Question").fill("Does the drone record at night?")
            page.get_by_label("E-mail address of the colleague").fill("kim@example.gov")
            page.get_by_role("button", name="Ask", exact=True).click()
            page.get_by_text("mail is not set up here").wait_for()
            assert page.locator("main").count() == 1
            assert page.locator("header.strip").count() == 1
            one = ResearchRequest.objects.get()
            assert page.url.endswith(f"/riverton/research/{one.pk}/")

    def link_in_mail(self, service: dict[str, str], name: str) -> str:
        """The link in the one mail of a mailbox."""
        until = time.monotonic() + 8
        port = urlsplit(service["imap"]).port or 0
        while time.monotonic() < until:
            box = imaplib.IMAP4("127.0.0.1", port)
            box.login(name, service["password"])
            box.select("INBOX", readonly=True)
            numbers = box.search(None, "ALL")[1][0].split()
            if numbers:
                raw = box.fetch(numbers[0], "(BODY.PEEK[])")[1][0][1]
                box.logout()
                text = BytesParser(policy=default).parsebytes(raw).get_content()
                assert "Answers to this mail are not read" in text
                return str(next(line for line in text.splitlines() if "/ask/" in line))
            box.logout()
            time.sleep(0.1)
        raise AssertionError("The mail did not arrive.")

    def test_undone_release(self) -> None:
        one = self.answered()
        actions.release(request=one, text="It is off.", by=self.bob, expected_version=None)
        with self.window(self.alice, scripts=False) as page:
            page.goto(f"/riverton/research/{one.pk}/")
            page.get_by_role("button", name="Undo the release").click()
            page.get_by_text("Not released any more.").wait_for()
