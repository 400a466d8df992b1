"""A desk with a real browser in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.db import connections
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from levelhead.accounts.models import User
from tests.base import CommittedDeskTestCase
from tests.browser.serving import StreamServer

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("LEVELHEAD_TEST_CHROMIUM", "/usr/bin/chromium")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# Pictures for a person to look at; git ignores the folder.
PICTURES = ROOT / "screenshots"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@cache
def _axe_source() -> str:
    if not AXE.is_file():
        raise RuntimeError(f"{AXE} is missing; run `npm ci` in {ROOT}.")
    return AXE.read_text(encoding="utf-8")


@pytest.mark.browser
class BrowserTestCase(CommittedDeskTestCase, StaticLiveServerTestCase):
    """Serves pages and streams, and drives Chromium as people of the desk."""

    host = "localhost"
    playwright: ClassVar[Playwright]
    browser: ClassVar[Browser]
    streams: ClassVar[StreamServer]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.streams = StreamServer(page_port=cls.server_thread.port)
        cls.streams.start()
        cls.addClassCleanup(lambda: cls.streams.stop())
        environment = replace(settings.ENVIRONMENT, stream_url=cls.streams.url)
        cls.enterClassContext(override_settings(ENVIRONMENT=environment))
        # Playwright runs a loop in this thread; Django must not mistake it for async code.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        cls.addClassCleanup(os.environ.pop, "DJANGO_ALLOW_ASYNC_UNSAFE", None)
        cls.playwright = cls.enterClassContext(sync_playwright())
        cls.browser = cls.playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        cls.addClassCleanup(cls.browser.close)

    def setUp(self) -> None:
        super().setUp()
        self.noise: list[str] = []
        self._looking = False

    def tearDown(self) -> None:
        # A page that a script or a policy broke has failed, whatever else it showed.
        self.assertEqual(self.noise, [])
        super().tearDown()

    @contextmanager
    def window(
        self,
        person: User | None,
        *,
        size: dict[str, int] = WIDE,
        theme: str = "light",
        scripts: bool = True,
        language: str = "en-US",
    ) -> Iterator[Page]:
        """A window in which `person` is signed in."""
        context = self.browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            color_scheme=theme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            locale=language,
            base_url=self.live_server_url,
            reduced_motion="reduce",
        )
        context.set_default_timeout(8_000)
        try:
            if person is not None:
                self._sign_in(context, person)
            page = context.new_page()
            page.on("pageerror", lambda error: self.noise.append(f"script: {error}"))
            page.on("console", self._hear)
            yield page
        finally:
            context.close()
            connections.close_all()

    def _sign_in(self, context: BrowserContext, person: User) -> None:
        client = Client()
        client.force_login(person)
        context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": self.live_server_url,
                }
            ]
        )

    def _hear(self, message: Any) -> None:
        # A page that answers 4xx on purpose is logged by the browser as well; the test looks at it.
        # Pictures and axe put styles of their own into the page, which its policy rightly stops.
        if self._looking:
            return
        # So is a request that ends because the page is left while it runs.
        left = message.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
        if message.type == "error" and "Failed to load resource" not in message.text and not left:
            self.noise.append(f"console: {message.text}")

    @contextmanager
    def _look(self) -> Iterator[None]:
        self._looking = True
        try:
            yield
        finally:
            self._looking = False

    def picture(self, page: Page, name: str, *, whole: bool = False) -> None:
        """Keep what the window shows, for a person to look at, where that is asked for."""
        if os.environ.get("LEVELHEAD_TEST_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            with self._look():
                page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)

    def assert_accessible(self, page: Page, name: str) -> None:
        """Fail with axe's own words where it finds a barrier."""
        # Added through the debugger: the page's policy rightly lets no page script be injected.
        with self._look():
            page.evaluate(_axe_source())
            found = page.evaluate(
                "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", WCAG
            )
        said = [
            f"{v['id']}: {v['help']}\n    "
            + "\n    ".join(node["html"][:160] + "  " + str(node["failureSummary"])[:300]
                            for node in v["nodes"][:4])
            for v in found["violations"]
        ]  # fmt: skip
        self.assertEqual(said, [], f"{name} has barriers:\n" + "\n".join(said))

    def assert_fits(self, page: Page, name: str) -> None:
        """Fail where something sticks out of the window to the side."""
        wide = page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        self.assertLessEqual(wide[0], wide[1], f"{name} is wider than its window")
