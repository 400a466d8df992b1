"""The incident room in a real browser: on a phone and at a desk, in English and Spanish."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from levelhead.accounts.models import User
from levelhead.channels.models import OutboxPicture
from levelhead.channels.outbox import deliver_due
from levelhead.connectors.memory import forget_platforms
from levelhead.incidents import guests
from levelhead.incidents.actions import declare, note
from levelhead.incidents.domain import IncidentKind
from levelhead.incidents.models import Incident
from levelhead.ledger.actions import add_fact, confirm_fact, mark_false
from levelhead.ledger.models import Fact
from levelhead.updates.models import Update
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.updates.drawing import photograph

SIZES = {"wide": WIDE, "phone": PHONE}
PATH = "/riverton/incidents/"
SENTENCE = "Forty posts in ninety seconds tell of shots near Pier 4."


class IncidentRoomTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()

    def look(self, page: Page, what: str) -> None:
        """A picture, nothing cut off, no barrier."""
        with self.subTest(what):
            self.picture(page, what, whole=True)
            self.assert_fits(page, what)
            self.assert_accessible(page, what)

    def declare_on(self, page: Page, name: str = "") -> None:
        """Two taps and a sentence; looked at on the way where there is a name for the pictures."""
        page.goto(PATH)
        if name:
            self.look(page, f"incidents-empty-{name}")
        page.locator(".incident-declare-button").click()
        page.locator("[data-kind=active_threat]").click()
        if name:
            self.look(page, f"incident-declare-{name}")
        page.locator("#sentence").fill(SENTENCE)
        page.locator("[data-action=declare]").click()

    def test_from_declaring_to_the_end(self) -> None:
        for name, size in SIZES.items():
            with self.subTest(name):
                Incident.objects.filter(state="running").update(
                    state="over", over_at="2026-01-01T00:00Z", over_by=self.alice
                )
                self.play(name, size)

    def play(self, name: str, size: dict[str, int]) -> None:
        before = Update.objects.count()
        with self.window(self.alice, size=size) as page:
            self.declare_on(page, name)
            self.look(page, f"update-write-{name}")
            page.locator("[data-action=look]").click()
            expect(page.locator("h1")).to_have_text("Before it goes")
            self.look(page, f"update-look-{name}")
            page.locator("[data-action=send-update]").click()
            expect(page.locator("[data-update='1']")).to_be_visible()
            expect(page.locator("#room-head [data-silence-words]")).to_contain_text("Next word due")
            deliver_due()
            expect(page.locator("[data-update='1'] [data-arrived='1']")).to_be_visible()
            if name == "phone":
                self.assert_big(page, "[data-action=write-update]")
                self.assert_big(page, "[data-action=add-fact]")
            page.locator("[data-action=add-fact]").click()
            page.locator("#text").fill("One man is in custody.")
            page.locator("#how").fill("The scene commander told me.")
            self.look(page, f"fact-add-{name}")
            page.locator("[data-action=add-fact]").click()
            expect(page.locator("#room-facts")).to_contain_text("1 of 2")
            room = page.url
            with self.window(self.bob, size=size) as other:
                other.goto(room)
                other.locator("[data-action=to-confirm]").click()
                other.locator("#how").fill("Dispatch confirmed it to me by radio.")
                self.look(other, f"fact-{name}")
                other.locator("[data-action=confirm]").click()
                expect(other.locator("#room-facts [data-status=confirmed]")).to_be_visible()
            # Alice did nothing: it came to her screen.
            expect(page.locator("#room-facts [data-status=confirmed]")).to_be_visible()
            page.locator("[data-action=write-update]").click()
            page.locator("#lead-en").fill("One man is in custody. Stay away from the pier.")
            page.locator(".update-second > summary").click()
            page.locator("#lead-es").fill("Un hombre está bajo custodia. No se acerque al muelle.")
            page.locator("input[name^=fact_]").fill("Un hombre está bajo custodia.")
            page.locator("label[for^=fact-]").first.click()
            page.locator("[data-action=look]").click()
            page.locator("[data-action=send-update]").click()
            expect(page.locator("[data-update='2']")).to_be_visible()
            deliver_due()
            expect(page.locator("[data-update='2'] [data-arrived='1']")).to_be_visible()
            self.look(page, f"incident-room-{name}")
            page.locator("summary", has_text="Stand down").click()
            page.locator("#over-why").fill("The scene is handed over.")
            page.locator("label[for=over-sure]").click()
            page.locator("[data-action=stand-down]").click()
            expect(page.locator("[data-incident-state=over]")).to_be_visible()
            self.look(page, f"incident-over-{name}")
        self.assertEqual(Update.objects.count(), before + 2)

    def assert_big(self, page: Page, selector: str) -> None:
        box = page.locator(selector).bounding_box()
        assert box is not None
        self.assertGreaterEqual(box["height"], 48)
        self.assertGreater(box["y"] + box["height"], PHONE["height"] - 40)

    def fill(self) -> Incident:
        """A room with everything in it."""
        incident = declare(
            agency=self.agency, kind=IncidentKind.ACTIVE_THREAT, title="Shots at the riverfront",
            why=SENTENCE, by=self.alice, form_token="full", place="Pier 4, Water Street",
        )  # fmt: skip
        declare(
            agency=self.agency, kind=IncidentKind.FLOOD, title="Flood on Mill Road", why="Rain",
            by=self.bob, form_token="second", level=3,
        )  # fmt: skip
        one = add_fact(incident=incident, text="Water Street is closed from 3rd to 9th Avenue.",
                       by=self.alice, confirmed_how="Patrol.")  # fmt: skip
        add_fact(incident=incident, text="One man is in custody.", by=self.bob, confirmed_how="CP")
        safe = add_fact(incident=incident, text="All children of the school are safe.",
                        by=self.alice, confirmed_how="Principal.")  # fmt: skip
        confirm_fact(fact=safe, how="Patrol.", by=self.bob, expected_version=1)
        wrong = add_fact(incident=incident, text="There is a second car.", by=self.bob)
        mark_false(fact=wrong, why="It was ours.", by=self.alice, expected_version=1)
        note(incident=incident, text="Command post at pier 4. " * 6, by=self.bob)
        guests.accept(
            seat=guests.invite(incident=incident, slug="maple", by=self.alice), by=self.charlie
        )
        for text in (
            "I can see people hiding at Pier 4, please send help", "Is it true about Pier 4?",
            "KRVT News here: can somebody confirm shots on Water Street? On deadline.",
            "Saw two men run from Water Street, I was right outside my house",
        ):  # fmt: skip
            self.file_post(text=text)
        assert Fact.objects.get(pk=one.pk).status == "confirmed"
        return incident

    def test_a_full_room_in_both_themes_and_languages(self) -> None:
        incident = self.fill()
        fact = Fact.objects.filter(status="confirmed").order_by("pk").last()
        assert fact is not None
        paths = {
            "list": PATH, "room": f"{PATH}{incident.pk}/", "write": f"{PATH}{incident.pk}/update/",
            "fact": f"{PATH}{incident.pk}/facts/{fact.pk}/", "log": f"{PATH}{incident.pk}/log/",
            "declare": f"{PATH}declare/?kind=missing_person", "kinds": f"{PATH}declare/",
        }  # fmt: skip
        for language in ("en", "es"):
            User.objects.filter(pk=self.alice.pk).update(language=language)
            for theme, (size_name, size) in (
                ("light", ("phone", PHONE)), ("dark", ("wide", WIDE)), ("dark", ("phone", PHONE)),
                ("light", ("wide", WIDE)),
            ):  # fmt: skip
                if language == "es" and theme == "dark":
                    continue
                with self.window(self.alice, size=size, theme=theme) as page:
                    for name, path in paths.items():
                        page.goto(path)
                        for fold in page.locator("main details.case-form > summary").all():
                            fold.click()
                        self.look(page, f"incident-{name}-{language}-{size_name}-{theme}")

    def test_a_picture_goes_with_an_update(self) -> None:
        for name, size in SIZES.items():
            with self.subTest(name), self.window(self.alice, size=size) as page:
                self.declare_on(page)
                page.locator("summary", has_text="Add a picture").click()
                page.locator("#new-picture").set_input_files(
                    {"name": "map.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
                )
                page.locator("#new-alt-en").fill("Map: Elm Street is closed.")
                page.locator("#new-alt-es").fill("Mapa: la calle Elm está cerrada.")
                page.locator("[data-action=add-picture]").click()
                shown = page.locator("[data-picture] img")
                expect(shown).to_have_js_property("naturalWidth", 800)
                self.look(page, f"update-picture-write-{name}")
                page.locator("[data-action=look]").click()
                expect(page.locator("h1")).to_have_text("Before it goes")
                self.look(page, f"update-picture-look-{name}")
                page.locator("[data-action=send-update]").click()
                page.locator("[data-update='1'] a").first.click()
                shown = page.get_by_role("img", name="Map: Elm Street is closed.")
                shown.scroll_into_view_if_needed()
                expect(shown).to_have_js_property("naturalWidth", 800)
                self.look(page, f"update-picture-sent-{name}")
                deliver_due()
                OutboxPicture.objects.get(alt="Map: Elm Street is closed.", item__state="sent")
                Incident.objects.filter(state="running").update(
                    state="over", over_at="2026-01-01T00:00Z", over_by=self.alice
                )
                OutboxPicture.objects.all().delete()

    def test_declared_and_said_without_scripts(self) -> None:
        with self.window(self.alice, size=PHONE, scripts=False) as page:
            self.declare_on(page)
            page.locator("[data-action=look]").click()
            page.locator("[data-action=send-update]").click()
            expect(page.locator("[data-update='1']")).to_be_visible()
            expect(page.locator("#room-head")).to_contain_text("Next word due in")

    def test_a_guest_sees_the_room_and_no_way_to_send(self) -> None:
        incident = self.fill()
        with self.window(self.charlie, size=PHONE) as page:
            page.goto(f"/maple/incidents/{incident.pk}/")
            expect(page.locator("h1")).to_have_text("Shots at the riverfront")
            expect(page.locator("[data-action=write-update]")).to_have_count(0)
            self.look(page, "incident-guest-phone")
            page.locator("[data-action=add-fact]").click()
            page.locator("#text").fill("The county bridge is closed.")
            page.locator("[data-action=add-fact]").click()
            expect(page.locator("#room-facts")).to_contain_text("The county bridge is closed.")
