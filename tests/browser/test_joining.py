"""Joining and splitting in a real browser: by keyboard, live on another page, no barriers."""

from __future__ import annotations

from playwright.sync_api import expect

from levelhead.accounts.models import User
from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.actions import add_note
from levelhead.inbox.joining import join_conversations
from levelhead.inbox.models import Case, Joining, Splitting
from levelhead.inbox.splitting import split_conversation
from tests.browser.base import PHONE, WIDE, BrowserTestCase

SIZES = {"wide": WIDE, "phone": PHONE}


class JoiningTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.second = self.make_channel(self.agency, "Second square")
        dana = {"author_handle": "dana", "author_name": "Dana Reyes"}
        self.here = self.file_case(
            external_id="a", text="Where do I get the collision report of Elm Street?",
            author_external_id="d1", **dana,
        )  # fmt: skip
        self.below = self.file_case(
            external_id="a1", parent_external_id="a", author_name="Luis M.",
            text="And when does somebody mend the light on Oak Avenue? It has been out for weeks.",
        )  # fmt: skip
        self.deeper = self.file_case(
            external_id="a2", parent_external_id="a1", author_name="Kim", text="Yes, the light!"
        )
        self.there = self.file_case(
            external_id="b", channel_id=self.second.pk, author_external_id="d2",
            text="Nobody answers me about my collision report.", **dana,
        )  # fmt: skip
        Case.objects.update(queue="needs")

    def look(self, path: str, name: str, *, language: str = "en") -> None:
        User.objects.filter(pk=self.alice.pk).update(language=language)
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with (
                    self.subTest(what),
                    self.window(self.alice, size=size, theme=theme) as page,
                ):
                    page.goto(path)
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def test_the_pages(self) -> None:
        base = "/riverton/inbox/"
        self.look(f"{base}join/?case={self.here.pk}", "join-find")
        self.look(f"{base}join/?case={self.here.pk}&case={self.there.pk}", "join-two")
        self.look(f"{base}join/?case={self.here.pk}&find=zebra", "join-nothing")
        self.look(f"{base}{self.below.pk}/split/", "split")
        self.look(
            f"{base}join/?case={self.here.pk}&case={self.there.pk}", "join-two-es", language="es"
        )
        self.look(f"{base}{self.below.pk}/split/", "split-es", language="es")

    def test_what_was_joined_and_split(self) -> None:
        joining = join_conversations(
            keep=self.here, other=self.there, reason="Dana asks on two channels", by=self.bob
        )
        splitting = split_conversation(case=self.below, reason="About a light", by=self.alice)
        base = "/riverton/inbox/"
        self.look(f"{base}{self.here.pk}/?view=all", "joined")
        self.look(f"{base}{self.below.pk}/?view=all", "split-off")
        self.look(f"{base}{self.here.pk}/?view=all", "joined-es", language="es")
        self.look(f"{base}joined/{joining.pk}/apart/", "apart-es", language="es")
        self.look(f"{base}joined/{joining.pk}/apart/", "apart")
        self.look(f"{base}split/{splitting.pk}/back/", "put-back")

    def test_by_keyboard_from_the_conversation_and_back(self) -> None:
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{self.here.pk}/?view=all")
            page.keyboard.press("m")
            expect(page.get_by_role("heading", level=1)).to_have_text("Join conversations")
            page.locator(f"[data-found='{self.there.pk}'] a").click()
            page.get_by_label("Why are they one matter?").fill("Dana asks twice")
            page.locator("[data-action=join-now]").click()
            expect(page.locator("#joined")).to_contain_text("Dana asks twice")
            self.assertEqual(Joining.objects.filter(undone_at=None).count(), 1)
            page.keyboard.press("u")
            expect(page.locator("#joined")).not_to_contain_text("Dana asks twice")
            self.assertEqual(Joining.objects.filter(undone_at=None).count(), 0)

    def test_marked_by_keyboard_in_the_list(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/?view=all")
            page.keyboard.press("j")
            page.keyboard.press("m")
            page.keyboard.press("j")
            page.keyboard.press("m")
            expect(page.locator("[data-chosen]")).to_have_text("(2)")
            page.keyboard.press("m")
            expect(page.locator("[data-chosen]")).to_have_text("(1)")
            page.keyboard.press("m")
            page.get_by_role("button", name="Join …").click()
            expect(page.locator("[data-preview]")).to_have_count(2)

    def test_an_open_page_follows_and_nothing_typed_is_lost(self) -> None:
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{self.there.pk}/?view=all")
            page.locator("#reply-text").fill("Dear Dana, your report")
            expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "live")
            join_conversations(keep=self.here, other=self.there, reason="the same", by=self.bob)
            expect(page.locator("#joined")).to_contain_text("the same")
            expect(page.locator("#answers")).to_contain_text("collision report of Elm Street")
            expect(page.locator("#reply-text")).to_have_value("Dear Dana, your report")
            # What is noted on the kept one shows here from now on.
            case = Case.objects.get(pk=self.here.pk)
            add_note(conversation=case.conversation, text="I called her.", by=self.bob)
            expect(page.locator("#notes")).to_contain_text("I called her.")

    def test_e_opens_the_question_to_a_colleague(self) -> None:
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{self.here.pk}/")
            page.keyboard.press("e")
            expect(page.locator("#ask-question")).to_be_focused()
            page.keyboard.type("e and m are letters here")
            expect(page.locator("#ask-question")).to_have_value("e and m are letters here")
            page.keyboard.press("Escape")
            page.keyboard.press("?")
            expect(page.locator("#help")).to_contain_text("Ask a colleague")

    def test_split_off_by_mouse_and_undone(self) -> None:
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{self.below.pk}/?view=all")
            page.locator("[data-action=split]").click()
            page.get_by_text("Only the posts that I tick").click()
            page.get_by_label("Why is it another matter?").fill("The light")
            page.locator("[data-action=split-now]").click()
            expect(page.locator("#joined")).to_contain_text("The light")
            page.locator("[data-action=split-source]").click()
            expect(page.locator("#joined")).to_contain_text("From here on it is another matter")
            self.assertEqual(Splitting.objects.filter(undone_at=None).count(), 1)
