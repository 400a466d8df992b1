"""What the room, the health page, the metrics and the doctor say of the public page."""

from __future__ import annotations

from unittest import mock

from django.conf import settings
from django.template.loader import render_to_string

from levelhead.ops.doctor import check_public_pages
from levelhead.ops.health import look
from levelhead.ops.metrics import metrics_text
from levelhead.publicpage.showing import share_of
from tests.base import DeskTestCase
from tests.integration.publicpage.public_pages import BASE, PublicPages


class ShareTest(PublicPages, DeskTestCase):
    """Well, not yet, and not well."""

    def setUp(self) -> None:
        super().setUp()
        self.make_pages()
        self.incident = self.declare()

    def show(self) -> str:
        """The room's section."""
        with self.assertNumQueries(3):
            share = share_of(self.incident)
        return render_to_string("publicpage/_share.html", {"share": share})

    def test_before_during_and_on_a_full_disk(self) -> None:
        self.assertIn("begins with the first update", self.show())
        self.say(self.incident)
        self.assertIn(f"{BASE}/public/riverton/{self.incident.slug}/", self.show())
        self.assertIn("&lt;iframe src=", self.show())
        self.assertEqual([one.verdict.value for one in self.check()], ["ok"])
        full = OSError(28, "No space left on device")
        with (
            mock.patch("levelhead.publicpage.folder.os.fsync", side_effect=full),
            self.assertLogs("levelhead.publicpage.actions", "ERROR"),
        ):
            self.say(self.incident)
        self.assertIn("not as it should be", self.show())
        self.assertTrue(any("No space left" in one for one in look().troubles))
        self.assertEqual([one.verdict.value for one in self.check()], ["bad"])
        self.clock.advance(self.clock.now() - self.incident.declared_at)
        self.assertIn(b'page_behind_seconds{agency="riverton"} 0', metrics_text(None))
        import datetime

        self.clock.advance(datetime.timedelta(seconds=7))
        self.assertIn(b'page_behind_seconds{agency="riverton"} 7.0', metrics_text(None))

    @staticmethod
    def check() -> list:
        """What the doctor finds."""
        return list(check_public_pages(settings.ENVIRONMENT))

    def test_a_stranger_sees_the_file_through_the_program_too(self) -> None:
        self.say(self.incident, lead="The first word.")
        path = f"/public/riverton/{self.incident.slug}/"
        page = self.client.get(path)
        self.assertContains(page, "The first word.")
        self.assertEqual(
            self.client.get(path, headers={"if-none-match": page["ETag"]}).status_code, 304
        )
        self.assertEqual(self.client.get("/public/riverton/").status_code, 200)
        for wrong in (
            "/public/maple/", path.replace("riverton", "maple"), path + "none.html",
            "/public/riverton/1-none/", path + "..%2f..%2fsecret.key", path + "index.html.gz",
        ):  # fmt: skip
            self.assertEqual(self.client.get(wrong).status_code, 404, wrong)
        self.assertEqual(self.client.post(path).status_code, 405)
        with self.assertNumQueries(0):
            self.client.get(path)
