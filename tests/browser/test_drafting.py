"""Drafts by a model in a real browser; the model is a fake one on this machine."""

from __future__ import annotations

import threading

from django.db import connections
from playwright.sync_api import expect

from levelhead.accounts.models import User
from levelhead.drafting.models import MadeDraft
from levelhead.inbox.models import Case
from levelhead.replies.models import Reply
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.drafting.desk import DRAFT, FALSE, Drafting

SIZES = {"wide": WIDE, "phone": PHONE}
BUTTON = "Draft from what we know"
TICK = "I have read it and it is right"


class DraftingTests(Drafting, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_model()

    def look(self, path: str, name: str, person: User | None = None) -> None:
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with (
                    self.subTest(what),
                    self.window(person or self.alice, size=size, theme=theme) as page,
                ):
                    page.goto(path)
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def make(self, case: Case) -> MadeDraft:
        """In a thread: this one has Playwright's loop in it."""
        found: list[MadeDraft] = []

        def run() -> None:
            found.append(self.made(case))
            connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(30)
        return found[0]

    def test_settings(self) -> None:
        self.look("/riverton/settings/drafting/", "drafting-settings-empty", self.bob)
        with self.window(self.bob) as page:
            page.goto("/riverton/settings/")
            page.get_by_role("link", name="Drafting").click()
            page.locator("label[for=on]").click()
            page.get_by_label("Address", exact=True).fill(self.fake.url)
            page.get_by_label("Model", exact=True).fill("small")
            page.get_by_label("Key", exact=True).fill("sk-1234")
            page.get_by_role("button", name="Save").click()
            page.get_by_text("Saved. Drafting is on").wait_for()
            page.get_by_role("button", name="Try it").click()
            page.get_by_text("It works: fake-model-1 answered.").wait_for()
            assert "sk-1234" not in page.content()
        self.look("/riverton/settings/drafting/", "drafting-settings", self.bob)

    def test_drafted_struck_read_changed_and_sent(self) -> None:
        self.turn_on()
        self.approved()
        case = self.ask()
        path = f"/riverton/inbox/{case.pk}/"
        self.look(path, "drafting-before")
        self.fake.go.clear()
        with self.window(self.alice) as page:
            page.goto(path)
            page.get_by_role("button", name=BUTTON).click()
            expect(page.get_by_text("A draft is being written")).to_be_visible()
            self.assert_accessible(page, "asking")
            self.picture(page, "drafting-asking")
            self.fake.go.set()
            field = page.get_by_label("Reply to Dana R.")
            expect(field).to_have_value(DRAFT)
            expect(page.get_by_text("Drafted by a program from the sources below")).to_be_visible()
            struck = page.locator(".drafting-struck s")
            expect(struck).to_have_text(FALSE)
            expect(page.locator(".drafting-why")).to_contain_text("a phone number")
            assert FALSE not in field.input_value()
            self.assert_accessible(page, "ready")
            # Without the tick it stays, and says why.
            page.get_by_role("button", name="Send reply").click()
            expect(page.get_by_role("alert")).to_contain_text("nobody has said that they are right")
            expect(field).to_have_value(DRAFT)
            self.picture(page, "drafting-unread", whole=True)
            assert not Reply.objects.exists()
            page.locator("label[for=drafting-read]").click()
            field.fill(f"Good morning Dana. {DRAFT}")
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")
            expect(page.locator(".drafting-sent summary")).to_contain_text("Alice changed")
        assert len(self.fake.asked) == 1
        assert Reply.objects.get().text.startswith("Good morning Dana.")
        self.look(path, "drafting-sent")

    def test_ready_in_all_sizes(self) -> None:
        self.turn_on()
        self.approved()
        case = self.ask()
        made = self.make(case)
        self.look(f"/riverton/inbox/{case.pk}/", "drafting-ready")
        self.look(f"/riverton/inbox/{case.pk}/?drafted={made.pk}", "drafting-placed")
        User.objects.filter(pk=self.alice.pk).update(language="es")
        self.look(f"/riverton/inbox/{case.pk}/", "drafting-ready-es")

    def test_without_sources_and_after_a_failure(self) -> None:
        self.turn_on()
        self.approved()
        plain = self.file_case(text="The mayor's tax plan is theft and you all know it!")
        self.look(f"/riverton/inbox/{plain.pk}/", "drafting-no-sources")
        case = self.ask()
        self.fake.mode = "fails"
        self.make(case)
        self.look(f"/riverton/inbox/{case.pk}/", "drafting-failed")

    def test_what_was_typed_is_never_lost(self) -> None:
        self.turn_on()
        self.approved()
        case = self.ask()
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            field = page.get_by_label("Reply to Dana R.")
            field.fill("My own words.")
            page.get_by_role("button", name=BUTTON).click()
            put = page.locator("[data-drafting-put]")
            expect(put).to_have_text("Put it in place of my words")
            expect(field).to_have_value("My own words.")
            put.click()
            expect(field).to_have_value(DRAFT)
            page.get_by_role("button", name="Undo: my words again").click()
            expect(field).to_have_value("My own words.")
            page.get_by_role("button", name="Put it below my words").click()
            expect(field).to_have_value(f"My own words.\n\n{DRAFT}")

    def test_cancelled_and_asked_for_again(self) -> None:
        self.turn_on()
        self.approved()
        case = self.ask()
        self.fake.go.clear()
        with self.window(self.alice, size=PHONE) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_label("Reply to Dana R.").fill("Mine")
            page.get_by_role("button", name=BUTTON).click()
            page.get_by_role("button", name="Cancel", exact=True).click()
            expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
            expect(page.get_by_label("Reply to Dana R.")).to_have_value("Mine")
            assert MadeDraft.objects.get().state == "cancelled"
            self.fake.go.set()
            page.get_by_label("Reply to Dana R.").fill("")
            page.get_by_role("button", name=BUTTON).click()
            expect(page.get_by_label("Reply to Dana R.")).to_have_value(DRAFT)

    def test_without_scripts(self) -> None:
        self.turn_on()
        self.approved()
        case = self.ask()
        self.fake.go.clear()
        with self.window(self.alice, scripts=False) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_role("button", name=BUTTON).click()
            expect(page.get_by_text("A draft is being written")).to_be_visible()
            self.fake.go.set()
            for _ in range(20):
                link = page.get_by_role("link", name="Look whether it is there")
                if not link.count():
                    break
                link.click()
                page.wait_for_timeout(200)
            page.get_by_role("link", name="Put it into the form").click()
            expect(page.get_by_label("Reply to Dana R.")).to_have_value(DRAFT)
            page.get_by_role("button", name="Send reply").click()
            expect(page.get_by_role("alert")).to_contain_text("nobody has said")
            page.locator("label[for=drafting-read]").click()
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("#replies")).to_contain_text(DRAFT)
        assert Reply.objects.count() == 1

    def test_by_keys_alone(self) -> None:
        self.turn_on()
        self.approved()
        case = self.ask()
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_role("button", name=BUTTON).focus()
            page.keyboard.press("Enter")
            field = page.get_by_label("Reply to Dana R.")
            expect(field).to_have_value(DRAFT)
            expect(field).to_be_focused()
            page.get_by_label(TICK).focus()
            page.keyboard.press("Space")
            expect(page.get_by_label(TICK)).to_be_checked()
