"""The public page as everybody meets it: on a phone, by night, without scripts, offline."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from unittest import mock

from playwright.sync_api import expect

from levelhead.kernel import clock
from levelhead.pictures.keeping import keep_picture
from levelhead.publicpage.domain import PublicRumor
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Audience, PictureWish, UpdateKind, Words
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.publicpage.public_pages import PublicPages
from tests.integration.updates.drawing import photograph

ENGLISH = Words(
    lang="en", lead="Officers are at the riverfront. Stay away from Water Street.",
    known=("Water Street is closed from Oak to Pier 3.",),
    unknown=("We do not know yet who fired.", "We do not know yet how many people saw it."),
    doing=("Officers search the pier, block by block.",),
    actions=(
        (Audience.INSIDE, "Stay where you are. Lock the door. Keep quiet. Call 911 if you can."),
        (Audience.NEAR, "Go away from the river, towards Main Street."),
        (Audience.FAMILIES, "The meeting place is the school on Oak Street, north door."),
    ),
)  # fmt: skip
SPANISH = Words(
    lang="es", lead="Hay agentes en la ribera. Aléjese de Water Street.",
    known=("Water Street está cerrada desde Oak hasta el muelle 3.",),
    unknown=("Aún no sabemos quién disparó.",), doing=("Los agentes registran el muelle.",),
    actions=((Audience.INSIDE, "Quédese donde está. Cierre la puerta."),),
)  # fmt: skip
RUMOR = PublicRumor(
    claim="There is a second shooter at the mall.", verdict="false",
    answer="Officers were at the mall and found nothing.", at=clock.now(),
)  # fmt: skip


class _News(BaseHTTPRequestHandler):
    """Another site, with a page that holds a frame."""

    page = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page.encode())

    def log_message(self, *_: object) -> None:
        pass


class PublicPageTest(PublicPages, BrowserTestCase):
    """No sign-in anywhere."""

    def setUp(self) -> None:
        super().setUp()
        self.make_pages(
            public_url=self.live_server_url, mail_url="smtp://127.0.0.1:1",
            mail_from="desk@riverton.example",
        )  # fmt: skip
        self.incident = self.declare(place="Riverfront, between Oak Street and Pier 3")
        rumors = mock.patch("levelhead.publicpage.gathering.rumors_for", return_value=[RUMOR])
        rumors.start()
        self.addCleanup(rumors.stop)
        self.path = f"/public/riverton/{self.incident.slug}/"

    def say_all(self, **fields: Any) -> None:
        """An update with everything, in both languages."""
        facts = [self.add_confirmed(self.incident, ENGLISH.known[0])]
        wish = self.wish(self.incident, *facts, words=ENGLISH)
        wish = replace(wish, words=(ENGLISH, SPANISH), **fields)
        send_update(incident=self.incident, wish=wish, by=self.alice)

    def say_three(self) -> None:
        """A first word, its correction, and everything."""
        first = self.send(self.incident, lead="We are on our way to the river. Avoid Elm Street.")
        self.clock.advance(timedelta(minutes=6))
        wish = self.wish(
            self.incident, lead="Avoid Water Street, not Elm Street.", kind=UpdateKind.CORRECTION
        )
        send_update(incident=self.incident, wish=wish, by=self.alice, corrects=first)
        self.clock.advance(timedelta(minutes=9))
        self.say_all()

    def test_on_a_phone_and_wide_by_day_and_by_night(self) -> None:
        self.say_three()
        for name, size, theme in (
            ("phone", PHONE, "light"), ("phone-dark", PHONE, "dark"), ("wide", WIDE, "light"),
            ("wide-dark", WIDE, "dark"),
        ):  # fmt: skip
            with self.window(None, size=size, theme=theme) as page:
                for file in ("", "index.es.html", "updates.html", "embed.html", "../"):
                    page.goto(self.path + file)
                    kind = file.strip("./").removesuffix(".html") or ("front" if file else "page")
                    self.picture(page, f"public-{kind}-{name}", whole=True)
                    self.assert_fits(page, f"{file} {name}")
                    self.assert_accessible(page, f"{file} {name}")

    def test_all_of_it_weighs_little_and_needs_no_script(self) -> None:
        self.say_three()
        weight = []
        with self.window(None, size=PHONE, scripts=False) as page:
            page.on("response", lambda answer: weight.append(len(answer.body())))
            page.goto(self.path)
            self.assertEqual(page.locator("h1").inner_text(), "Shots at the riverfront")
            box = page.locator("#now").bounding_box()
            assert box is not None
            self.assertLess(box["y"], 300)
            page.get_by_role("link", name="Español").click()
            self.assertIn("Qué hacer", page.locator("main").inner_text())
            page.get_by_role("link", name="Riverton Police Department").click()
            page.get_by_role("link", name="Shots at the riverfront").click()
            self.assertIn("Hay agentes", page.locator("main").inner_text())
        self.assertLess(sum(weight[:3]), 50_000)

    def test_late_is_said(self) -> None:
        self.send(self.incident)
        with self.window(None) as page:
            page.goto(self.path)
            # The update is of long ago by the browser's clock.
            page.get_by_text("It is late.").wait_for()

    def test_without_a_network_what_was_seen_stays(self) -> None:
        self.say_three()
        with self.window(None, size=PHONE) as page:
            page.goto(self.path)
            page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
            page.reload()
            page.context.set_offline(True)
            page.reload()
            self.assertIn("Officers are at the riverfront", page.locator("main").inner_text())
            page.context.set_offline(False)
            self.send(self.incident, lead="A newer word.")
            page.reload()
            self.assertIn("A newer word.", page.locator("main").inner_text())

    def test_a_frame_on_another_site_shows_the_embed_alone(self) -> None:
        self.say_three()
        news = HTTPServer(("127.0.0.1", 0), _News)
        threading.Thread(target=news.serve_forever, daemon=True).start()
        self.addCleanup(news.server_close)
        self.addCleanup(news.shutdown)
        with self.window(None) as page, self._look():
            for file, shown in (("embed.html", True), ("index.html", False)):
                _News.page = f'<iframe src="{self.live_server_url}{self.path}{file}"></iframe>'
                page.goto(f"http://127.0.0.1:{news.server_port}/{file}")
                seen = page.frame_locator("iframe").get_by_text("Shots at the riverfront")
                if shown:
                    seen.first.wait_for()
                else:
                    page.wait_for_timeout(500)
                    self.assertEqual(seen.count(), 0)

    def test_somebody_subscribes(self) -> None:
        self.say_three()
        with self.window(None, size=PHONE) as page:
            page.goto(self.path)
            page.get_by_label("Your e-mail address").fill("ann@example.org")
            page.get_by_role("button", name="Send me the link").click()
            page.get_by_role("heading", name="Look into your mailbox").wait_for()
            self.picture(page, "public-asked-phone", whole=True)
            self.assert_accessible(page, "asked")
            self.assert_fits(page, "asked")

    def test_it_prints(self) -> None:
        self.say_three()
        with self.window(None) as page:
            page.goto(self.path)
            page.emulate_media(media="print")
            self.picture(page, "public-print", whole=True)
            self.assertFalse(page.get_by_label("Your e-mail address").is_visible())
            self.assertTrue(page.get_by_text("Officers are at the riverfront").first.is_visible())

    def test_pictures_are_seen_and_heard(self) -> None:
        picture = keep_picture(
            agency=self.agency, given=io.BytesIO(photograph(3000, 2000)), by=self.alice
        )
        alts = {"en": "Map: Water Street is closed.", "es": "Mapa: Water Street está cerrada."}
        self.say_all(pictures=(PictureWish(picture_id=picture.pk, alts=alts),))
        with self.window(None, size=PHONE, scripts=False, theme="dark") as page:
            page.goto(self.path)
            shown = page.get_by_role("img", name=alts["en"])
            shown.scroll_into_view_if_needed()
            expect(shown).to_have_js_property("naturalWidth", 800)
            self.picture(page, "public-picture-phone-dark", whole=True)
            self.assert_fits(page, "picture")
            page.get_by_role("link", name="Español").click()
            page.get_by_role("img", name=alts["es"]).wait_for()
            page.goto(self.path + "updates.html")
            page.get_by_role("img", name=alts["en"]).wait_for()
        with self.window(None, size=PHONE) as page:
            page.goto(self.path)
            self.assert_accessible(page, "picture")
