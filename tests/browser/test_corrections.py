"""Corrections and rumors in a real browser: nothing cut off, one look and one press."""

from __future__ import annotations

from levelhead.channels.accounts import pool
from levelhead.connectors.memory import forget_platforms
from levelhead.ledger.actions import add_fact, mark_false
from levelhead.rumors.actions import add_rumor
from levelhead.updates.models import Update
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.incidents.crisis import Crisis

SIZES = {"wide": WIDE, "phone": PHONE}
CLAIM = "There is a second shooter at the Oak Street mall"


class CorrectionsTests(Crisis, BrowserTestCase):
    """On a wide screen and on a phone, light and dark."""

    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.incident = self.declare()

    def look(self, path: str, name: str) -> None:
        """Look at it in every way."""
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with (
                    self.subTest(what),
                    self.window(self.alice, size=size, theme=theme) as page,
                ):
                    page.goto(path)
                    for fold in page.locator("main details.case-form > summary").all():
                        if fold.is_visible():
                            fold.click()
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def fell(self) -> None:
        """Something was said in two places, and is false."""
        fact = self.add_confirmed(self.incident, "One man is in custody.", self.alice, self.bob)
        self.send(self.incident, fact)
        mark_false(fact=fact, why="He was a witness.", by=self.bob, expected_version=fact.version)

    def test_corrections(self) -> None:
        path = f"/riverton/corrections/of/{self.incident.pk}/"
        self.look(path, "corrections-empty")
        self.fell()
        self.look(path, "corrections")
        with self.window(self.alice, size=PHONE) as page:
            page.goto(path)
            page.get_by_role("button", name="Send the correction of update 1").click()
            page.get_by_text("Correction sent as update 2").wait_for()
        self.assertEqual(Update.objects.get(number=2).corrects, Update.objects.get(number=1))
        self.look(path, "corrections-settled")

    def test_rumors(self) -> None:
        path = f"/riverton/rumors/of/{self.incident.pk}/"
        self.look(path, "rumors-empty")
        post = self.file_post(text=f"{CLAIM}, my cousin saw him run past the fountain")
        rumor = add_rumor(
            incident=self.incident, text=CLAIM, by=self.alice, form_token="r", post=post, harm=3
        )
        fact = add_fact(incident=self.incident, text=CLAIM + ".", by=self.alice)
        mark_false(fact=fact, why="Searched.", by=self.bob, expected_version=1)
        self.look(path, "rumors")
        self.look(f"/riverton/rumors/{rumor.pk}/", "rumor")
        self.look(f"/riverton/inbox/{post.pk}/", "rumor-post")
