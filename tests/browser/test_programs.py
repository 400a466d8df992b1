"""The pages of keys and webhooks in a real browser: no barriers, nothing cut off."""

from __future__ import annotations

from datetime import timedelta

from levelhead.accounts.models import User
from levelhead.api.actions import make_token, revoke_token
from levelhead.kernel import clock
from levelhead.webhooks.actions import add_target
from levelhead.webhooks.models import WebhookTarget
from tests.browser.base import PHONE, WIDE, BrowserTestCase

SIZES = {"wide": WIDE, "phone": PHONE}
KEYS = "/riverton/settings/keys/"
HOOKS = "/riverton/settings/webhooks/"


class ProgramsTests(BrowserTestCase):
    def look(self, name: str, path: str) -> None:
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with self.subTest(what), self.window(self.bob, size=size, theme=theme) as page:
                    page.goto(path)
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def test_keys(self) -> None:
        self.look("keys-empty", KEYS)
        for name in ("Dashboard in the lobby", "Web site: what people ask and what we answered"):
            make_token(agency=self.agency, name=name, scopes=["reply"], days=90, by=self.bob)
        old = make_token(agency=self.agency, name="Old", scopes=["read"], days=30, by=self.bob)
        revoke_token(agency=self.agency, token_id=old.token.pk, by=self.bob)
        self.look("keys", KEYS)
        User.objects.filter(pk=self.bob.pk).update(language="es")
        self.look("keys-es", KEYS)

    def test_webhooks(self) -> None:
        self.look("webhooks-empty", HOOKS)
        for n in range(3):
            add_target(
                agency=self.agency, url=f"https://desk{n}.example.org/{'long/' * 20}in",
                topics=["cases", "replies"], by=self.bob,
            )  # fmt: skip
        first, second, _ = WebhookTarget.objects.order_by("pk")
        WebhookTarget.objects.filter(pk=first.pk).update(last_success_at=clock.now())
        WebhookTarget.objects.filter(pk=second.pk).update(
            failures=9, failing_since=clock.now() - timedelta(hours=2),
            last_error="desk1.example.org answered 503: <b>down</b> for a while",
        )  # fmt: skip
        self.look("webhooks", HOOKS)
        User.objects.filter(pk=self.bob.pk).update(language="es")
        self.look("webhooks-es", HOOKS)

    def test_a_key_is_made_by_keyboard_and_shown_once(self) -> None:
        with self.window(self.bob, size=PHONE) as page:
            page.goto(KEYS)
            page.get_by_label("What is it for?").fill("Dashboard")
            page.get_by_label("What is it for?").press("Enter")
            key = page.get_by_label("Key", exact=True).input_value()
            assert key.startswith("lh_")
            self.assert_fits(page, "keys-made")
            self.assert_accessible(page, "keys-made")
            self.picture(page, "keys-made-phone", whole=True)
            page.goto(KEYS)
            assert key not in page.content()
            page.get_by_role("button", name="Take back “Dashboard”").click()
            page.get_by_text("A program that uses it is refused from now on").wait_for()
