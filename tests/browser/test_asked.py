"""Questions asked often and own posts in a real browser."""

from __future__ import annotations

from playwright.sync_api import expect

from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.connectors.memory import forget_platforms
from levelhead.knowledge.finding import shelves
from levelhead.posts.models import OwnPost
from levelhead.replies.actions import send_reply
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.asked.asking import Asking
from tests.integration.knowledge.answering import DESK, TRASH

SIZES = {"wide": WIDE, "phone": PHONE}
LONG = " ".join([TRASH["texts"]["en"]] * 8)


class AskedTests(Asking, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        shelves.forget()
        forget_platforms()
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

    def fill(self) -> int:
        cases = self.ask_all()
        send_reply(
            case=cases[0], text="The clinic is on Saturday. — Alice", by=self.alice,
            form_token="f", expected_version=None,
        )  # fmt: skip
        outbox.deliver_due()
        self.note()
        return self.the_group().pk

    def test_what_is_asked_often(self) -> None:
        self.look("/riverton/knowledge/asked/", "asked-empty")
        group = self.fill()
        self.write_approved(**TRASH)
        self.look("/riverton/knowledge/asked/", "asked-list")
        self.look(f"/riverton/knowledge/asked/{group}/", "asked-one")
        self.look(f"/riverton/knowledge/new/?asked={group}", "asked-write")
        self.look("/riverton/today/", "asked-today")
        User.objects.filter(pk=self.alice.pk).update(language="es")
        self.look("/riverton/knowledge/asked/", "asked-list-es")

    def test_it_becomes_part_of_an_answer_by_keyboard(self) -> None:
        group = self.fill()
        self.write_approved(**TRASH)
        with self.window(self.alice) as page:
            page.goto(f"/riverton/knowledge/asked/{group}/")
            page.get_by_text("It is part of this answer").press("Enter")
            page.get_by_label("Which answer").select_option(label=TRASH["title"])
            page.get_by_role("button", name="Add the question").press("Enter")
            expect(page.get_by_text("Added. The answer is found")).to_be_visible()

    def test_an_answer_is_said_to_everybody(self) -> None:
        self.make_channel(self.agency, "Village square")
        self.make_channel(self.agency, "Archive", platform="file")
        answer = self.write_approved(
            **{**TRASH, "texts": {"en": LONG}, "forms": {"en": {"comment": TRASH["texts"]["en"]}}}
        )
        self.look("/riverton/posts/", "posts-empty")
        self.look(f"/riverton/posts/say/{answer.pk}/", "posts-say")
        for scripts in (True, False):
            with self.window(self.alice, size=PHONE, scripts=scripts) as page:
                page.goto(f"/riverton/knowledge/{answer.pk}/")
                page.get_by_role("link", name="Say it to everybody").click()
                page.locator("label", has_text="Village square").first.click()
                page.get_by_role("button", name="Look at it before it goes").click()
                if scripts:
                    self.picture(page, "posts-look-phone", whole=True)
                    self.assert_accessible(page, "posts-look")
                    self.assert_fits(page, "posts-look")
                page.get_by_role("button", name="Say it to everybody").click()
                expect(page.get_by_text("On its way to 1 channel.")).to_be_visible()
        self.assertEqual(OwnPost.objects.count(), 2)
        outbox.deliver_due()
        post = OwnPost.objects.first()
        assert post is not None
        self.look(f"/riverton/posts/{post.pk}/", "posts-one")
        self.look("/riverton/posts/", "posts-list")
        self.look(f"/riverton/knowledge/{answer.pk}/", "posts-answer")

    def test_forms_of_an_answer(self) -> None:
        answer = self.write_approved(
            **{**DESK, "texts": {"en": LONG}, "forms": {"en": {"comment": "Open 8 to 5."}}}
        )
        self.look(f"/riverton/knowledge/{answer.pk}/edit/", "forms-edit")
        case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        self.look(f"/riverton/inbox/{case.pk}/", "forms-offer")
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_role("link", name="Use it").click()
            expect(page.get_by_label("Reply to Dana R.")).to_have_value("Open 8 to 5.")
            page.get_by_label("Reply to Dana R.").fill("")
            page.get_by_role("link", name="Use the full text").click()
            expect(page.get_by_label("Reply to Dana R.")).to_have_value(LONG)
