"""Approved answers in a real browser: no barriers, nothing cut off, parts filled in."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from levelhead.accounts.models import User
from levelhead.knowledge.actions import edit_answer
from levelhead.knowledge.finding import shelves
from levelhead.knowledge.models import Answer, AnswerUse
from levelhead.knowledge.queries import today_of
from levelhead.replies.actions import send_reply
from levelhead.replies.models import Reply
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.knowledge.answering import REPORT, TRASH, Answering

SIZES = {"wide": WIDE, "phone": PHONE}


class KnowledgeTests(Answering, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        shelves.forget()
        self.addCleanup(shelves.forget)

    def look(self, path: str, name: str) -> None:
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with self.subTest(what), self.window(self.alice, size=size, theme=theme) as page:
                    page.goto(path)
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def fill_the_room(self) -> Answer:
        desk = self.write_approved()
        edit_answer(
            answer=desk, fields=self.fields(title="When the front desk is open"), owner=self.bob,
            by=self.alice, expected_version=1,
        )  # fmt: skip
        desk.refresh_from_db()
        self.approve(desk)
        stale = self.write_approved(**TRASH)
        Answer.objects.filter(pk=stale.pk).update(
            review_on=today_of(self.agency) - timedelta(days=3)
        )
        self.write(**REPORT)
        send_reply(
            case=self.file_case(), text="Good morning Dana, from 8 to 5. — Alice", by=self.alice,
            form_token="f", expected_version=None, answer_ids=[desk.pk],
        )  # fmt: skip
        return desk

    def test_before_there_is_anything(self) -> None:
        self.look("/riverton/knowledge/", "knowledge-empty")
        self.look("/riverton/knowledge/new/", "knowledge-new")

    def test_a_list_and_an_answer(self) -> None:
        desk = self.fill_the_room()
        self.look("/riverton/knowledge/", "knowledge-list")
        self.look(f"/riverton/knowledge/{desk.pk}/", "knowledge-answer")
        self.look(f"/riverton/knowledge/{desk.pk}/edit/", "knowledge-edit")

    def test_in_spanish(self) -> None:
        desk = self.fill_the_room()
        User.objects.filter(pk=self.alice.pk).update(language="es")
        self.look("/riverton/knowledge/", "knowledge-list-es")
        self.look(f"/riverton/knowledge/{desk.pk}/", "knowledge-answer-es")

    def test_offers_beside_a_reply(self) -> None:
        desk = self.write_approved()
        case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        self.look(f"/riverton/inbox/{case.pk}/", "offer")
        self.look(f"/riverton/inbox/{case.pk}/?answer={desk.pk}", "offer-chosen")
        other = self.file_case(text="The mayor's tax plan is theft and you all know it!")
        self.look(f"/riverton/inbox/{other.pk}/", "offer-none")

    def test_written_approved_used_and_refused_until_it_is_filled_in(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/knowledge/")
            page.get_by_role("link", name="Write an answer").click()
            page.get_by_label("Title").fill("Front desk hours")
            page.get_by_label("What people ask (English)").fill("When does the front desk open?")
            page.get_by_label("The answer (English)").fill(
                "[[greeting]], the front desk is open from 8 to 5."
            )
            page.get_by_label("Where the fact is from").fill("Directive 12")
            page.get_by_role("button", name="Keep as a draft").click()
            page.get_by_text("Kept as a draft").wait_for()
        answer = Answer.objects.get()
        with self.window(self.bob) as page:
            page.goto(f"/riverton/knowledge/{answer.pk}/")
            page.get_by_role("button", name="Approve").click()
            page.get_by_text("Approved. It is offered").wait_for()
        case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            field = page.get_by_label("Reply to Dana R.")
            field.fill("Thank you for asking.")
            page.get_by_role("link", name="Use it").press("Enter")
            expect(field).to_be_focused()
            expect(page.locator("#reply-parts")).to_contain_text("[[greeting]]")
            page.get_by_role("button", name="Send reply").click()
            expect(page.get_by_role("alert")).to_contain_text("still has a part to fill in")
            self.assertEqual(Reply.objects.count(), 0)
            # A reload keeps the words and which answer they are from.
            page.goto(f"/riverton/inbox/{case.pk}/")
            expect(field).to_have_value(
                "Thank you for asking.\n\n[[greeting]], the front desk is open from 8 to 5."
            )
            field.fill("Good morning Dana, the front desk is open from 8 to 5.")
            expect(page.locator("#reply-parts")).to_be_hidden()
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")
        self.assertEqual(AnswerUse.objects.get().answer, answer)

    def test_choosing_selects_the_first_part_so_that_typing_replaces_it(self) -> None:
        self.write_approved()
        case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        with self.window(self.alice, size=PHONE) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_role("link", name="Use it").click()
            page.keyboard.type("Good morning")
            expect(page.get_by_label("Reply to Dana R.")).to_have_value(
                "Good morning, the front desk is open Monday to Friday, 8 to 5."
            )

    def test_without_scripts_the_link_fills_the_field(self) -> None:
        self.write_approved()
        case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        with self.window(self.alice, scripts=False) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_role("link", name="Use it").click()
            expect(page.get_by_label("Reply to Dana R.")).to_have_value(
                "[[greeting]], the front desk is open Monday to Friday, 8 to 5."
            )
            expect(page.locator("#reply-parts")).to_contain_text("[[greeting]]")
