"""Approvals in a real browser: no barriers, nothing cut off, decided by keyboard and by thumb."""

from __future__ import annotations

from levelhead.accounts.models import User
from levelhead.approvals import deciding
from levelhead.approvals.domain import When
from levelhead.approvals.finishing import send_approved
from levelhead.approvals.models import ApprovalRequest
from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.models import Reply
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.approvals.asking import TEXT, Approving

SIZES = {"wide": WIDE, "phone": PHONE}
PATH = "/riverton/approvals/"


class ApprovalsTests(Approving, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()

    def look(self, path: str, name: str, *, person: User | None = None) -> None:
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with (
                    self.subTest(what),
                    self.window(person or self.bob, size=size, theme=theme) as page,
                ):
                    page.goto(path)
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def fill(self) -> ApprovalRequest:
        """Requests in every state; gives one that waits for Bob."""
        self.rule(name="Everything that leaves")
        self.rule(When(words=("drone*",)), name="Drones", must=("drones",), must_not=("desk",))
        back = self.ask(self.case(author_name="Sam"), token="1")
        deciding.send_back(
            request=back, reason="Name the street, please.", by=self.bob, expected_version=None
        )
        changed = self.ask(self.case(author_name="Luis M."), token="2")
        self.approve(changed, text=TEXT.replace("8", "half past 8"))
        ApprovalRequest.objects.filter(pk=changed.pk).update(send_after=clock.now())
        send_approved()
        self.ask(self.case(author_name="Kim Le"), token="3", by=self.bob)
        danger = self.file_case(text="Man with a gun at Pier Street right now, please send help")
        self.send(danger, token="4", text="Call 911 now. — Alice")
        case = self.file_case(
            text="So who decides when a drone may film my yard, and where can I read the rules?",
            author_name="Dana R.",
        )
        return self.ask(
            case, token="5",
            text="Dana, drones fly for missing people and fires only; the limits are at "
            "riverton.example/drones. — Alice",
        )  # fmt: skip

    def test_an_empty_page_teaches(self) -> None:
        self.look(PATH, "approvals-empty")
        self.look(PATH + "rules/", "approval-rules-empty")

    def test_pages(self) -> None:
        request = self.fill()
        self.look(PATH, "approvals")
        self.look(PATH, "approvals-author", person=self.alice)
        self.look(f"{PATH}{request.pk}/", "approval")
        self.look(PATH + "rules/", "approval-rules")
        self.look(PATH + "rules/new/", "approval-rule-new")
        rule = request.demands.order_by("-pk")[0].rule_id
        self.look(f"{PATH}rules/{rule}/", "approval-rule")
        self.look("/riverton/today/", "approval-today")

    def test_the_case_before_while_and_after(self) -> None:
        request = self.fill()
        self.look(f"/riverton/inbox/{request.case_id}/", "approval-case", person=self.alice)
        back = ApprovalRequest.objects.get(state="sent_back")
        self.look(f"/riverton/inbox/{back.case_id}/", "approval-back", person=self.alice)
        sent = ApprovalRequest.objects.get(state="sent")
        self.look(f"/riverton/inbox/{sent.case_id}/", "approval-sent", person=self.alice)

    def test_in_spanish(self) -> None:
        User.objects.update(language="es")
        request = self.fill()
        self.look(PATH, "approvals-es")
        self.look(f"{PATH}{request.pk}/", "approval-es")
        rule = request.demands.order_by("-pk")[0].rule_id
        self.look(f"{PATH}rules/{rule}/", "approval-rule-es")
        self.look(f"/riverton/inbox/{request.case_id}/", "approval-case-es", person=self.alice)

    def test_said_while_one_writes_and_asked_when_sent(self) -> None:
        self.rule(When(words=("drone*",)), must=("drones",), must_not=("desk",))
        case = self.case(author_name="Sam")
        with self.window(self.alice, size=PHONE) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_label("Reply to Sam").fill("The drones fly at 8. — Alice")
            page.get_by_text("This will be asked of Bob or Dora").wait_for()
            self.assert_fits(page, "foreseen")
            self.assert_accessible(page, "foreseen")
            self.picture(page, "approval-foreseen", whole=True)
            page.get_by_role("button", name="Send reply").click()
            page.get_by_role("heading", name="Waits for approval by Bob or Dora").wait_for()
        assert not Reply.objects.exists()
        assert Case.objects.get(pk=case.pk).state == "open"

    def test_decided_by_keyboard_one_after_the_other(self) -> None:
        self.rule()
        first = self.ask(self.case(), token="1")
        second = self.ask(self.case(), token="2")
        third = self.ask(self.case(), token="3")
        with self.window(self.bob) as page:
            page.goto(PATH)
            page.keyboard.press("j")
            page.keyboard.press("Enter")
            page.get_by_text("It waits for your decision.").wait_for()
            page.keyboard.press("a")
            page.get_by_text("Approved. It leaves in 10 seconds.").wait_for()
            assert f"/{second.pk}/" in page.url
            page.keyboard.press("c")
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type("At 9. See riverton.example. — Alice")
            page.keyboard.press("Control+Enter")
            page.wait_for_url(f"**/{third.pk}/")
            page.keyboard.press("b")
            page.keyboard.type("Name the street")
            page.keyboard.press("Control+Enter")
            page.get_by_role("heading", name="Waits for me").wait_for()
            undo = page.get_by_role("button", name="Undo")
            undo.first.wait_for()
            page.keyboard.press("u")
            page.get_by_text("Undone. It waits again.").wait_for()
        states = [ApprovalRequest.objects.get(pk=one.pk).state for one in (first, second, third)]
        assert states == ["approved", "approved", "waiting"]
        assert ApprovalRequest.objects.get(pk=second.pk).text.startswith("At 9.")

    def test_decided_by_thumb_without_scripts(self) -> None:
        self.rule()
        request = self.ask()
        with self.window(self.bob, size=PHONE, scripts=False) as page:
            page.goto(f"{PATH}{request.pk}/")
            button = page.get_by_role("button", name="Approve", exact=False).last
            box = page.locator(".approval-bar button").bounding_box()
            assert box is not None
            assert box["height"] >= 48
            assert box["y"] + box["height"] <= PHONE["height"]
            button.click()
            page.get_by_text("Approved. It leaves in 10 seconds.").wait_for()
        request.refresh_from_db()
        assert request.state == "approved"

    def test_what_is_decided_elsewhere_shows_by_itself(self) -> None:
        self.rule()
        request = self.ask()
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{request.case_id}/")
            page.locator("[data-live-mark][data-state=live]").wait_for()
            page.get_by_role("heading", name="Waits for approval").wait_for()
            deciding.send_back(
                request=request, reason="Name the street", by=self.bob, expected_version=None
            )
            page.get_by_text("Name the street").first.wait_for()
            page.get_by_role("link", name="Change it and ask again").click()
            assert page.get_by_label("Reply to").input_value() == TEXT
