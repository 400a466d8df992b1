"""Pictures of updates: with words for everybody, on each channel once, and on the page."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from levelhead.channels.domain import ChannelAccount
from levelhead.channels.models import OutboxItem
from levelhead.channels.outbox import deliver_due
from levelhead.connectors.memory.client import platform_of
from levelhead.incidents.models import LogEntry
from levelhead.kernel.errors import Invalid
from levelhead.kernel.hashed_files import place_of
from levelhead.pictures.domain import FOLDER
from levelhead.pictures.keeping import keep_picture
from levelhead.pictures.models import Picture
from levelhead.updates.actions import send_update
from levelhead.updates.domain import PictureWish, ToChannel, Words
from levelhead.updates.models import Update, UpdatePicture
from tests.base import DeskTestCase
from tests.integration.incidents.typing import sent_form
from tests.integration.publicpage.public_pages import PublicPages
from tests.integration.updates.drawing import SECRET, noise, photograph, street_map

ALT = "Map of the riverfront: Elm Street is closed."
ALT_ES = "Mapa de la ribera: la calle Elm está cerrada."


class PictureTest(PublicPages, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_pages()
        self.incident = self.declare()

    def keep(self, content: bytes | None = None, **fields: Any) -> Picture:
        given = {"agency": self.agency, "by": self.alice, **fields}
        return keep_picture(given=io.BytesIO(content or street_map()), **given)

    def say_with(self, picture: Picture, alt: str = ALT, **fields: Any) -> Update:
        return self.say(
            self.incident,
            pictures=(PictureWish(picture_id=picture.pk, alts={"en": alt, "es": ALT_ES}),),
            **fields,
        )

    def sent(self) -> Any:
        account = ChannelAccount(channel_id=self.channel.pk, platform="memory", name="")
        return list(platform_of(account).sent.values())

    def test_it_goes_out_with_its_words_once(self) -> None:
        self.say_with(self.keep())
        deliver_due()
        deliver_due()
        (message,) = self.sent()
        (picture,) = message.pictures
        self.assertEqual((picture.alt, picture.content_type), (ALT, "image/png"))
        Image.open(io.BytesIO(picture.content)).verify()
        told = LogEntry.objects.get(action="person:update:sent").told
        self.assertEqual(told["pictures"][0][1]["en"], ALT)

    def test_each_language_has_words_for_it(self) -> None:
        picture = self.keep()
        for wrong in ("", "   ", "x" * 1_001):
            with self.assertRaises(Invalid):
                self.say_with(picture, wrong)
        self.assertFalse(Update.objects.exists())
        words = (
            Words(lang="en", lead="Elm Street is closed."),
            Words(lang="es", lead="La calle Elm está cerrada."),
        )
        spanish = ToChannel(channel_id=self.channel.pk, lang="es", text=words[1].lead)
        self.say_with(picture, words=words[0], channels=(spanish,))
        self.assertEqual(OutboxItem.objects.get().pictures.get().alt, ALT)
        with self.assertRaises(Invalid):
            self.send_both(words, {"en": ALT})
        update = self.send_both(words, {"en": ALT, "es": ALT_ES}, (spanish,))
        item = OutboxItem.objects.get(update_delivery__update_of=update)
        self.assertEqual(item.pictures.get().alt, ALT_ES)

    def send_both(
        self, words: tuple[Words, ...], alts: dict[str, str], channels: Any = ()
    ) -> Update:
        wish = replace(
            self.wish(self.incident), words=words, channels=channels,
            pictures=(PictureWish(picture_id=Picture.objects.get().pk, alts=alts),),
        )  # fmt: skip
        return send_update(incident=self.incident, wish=wish, by=self.alice)

    def test_the_words_pass_the_gate(self) -> None:
        with self.assertRaises(Invalid):
            self.say_with(self.keep(), "The suspect is in custody beside the bridge.")
        self.assertFalse(OutboxItem.objects.exists())

    def test_pictures_of_another_agency_are_not_there(self) -> None:
        other = self.keep(agency=self.other_agency, by=self.charlie)
        with self.assertRaises(Invalid):
            self.say_with(other)

    def test_the_page_shows_it_and_carries_it(self) -> None:
        picture = self.keep(photograph(3000, 2000))
        self.say_with(picture)
        page = self.file(self.incident).decode()
        self.assertIn(f'alt="{ALT}"', page)
        # The update has no Spanish: its page shows what was written.
        self.assertIn(ALT, self.file(self.incident, "index.es.html").decode())
        small = f"picture-{picture.small_sha256[:16]}.jpg"
        full = f"picture-{picture.sha256[:16]}.jpg"
        self.assertIn(small, page)
        for name in (small, full):
            self.assertTrue(self.file(self.incident, name).startswith(b"\xff\xd8"))
        self.assertNotIn(SECRET.encode(), self.all_bytes())
        feed = json.loads(self.file(self.incident, "feed.json"))
        self.assertIn(small, feed["items"][0]["content_html"])
        alert = ET.fromstring(self.file(self.incident, "cap.xml"))  # noqa: S314  # our own
        uri = alert.find(".//{*}resource/{*}uri")
        assert uri is not None
        self.assertTrue(str(uri.text).endswith(full))

    def test_words_go_out_although_the_bytes_are_gone(self) -> None:
        picture = self.keep()
        place_of(self.data / FOLDER / str(self.agency.pk), picture.sha256).unlink()
        self.say_with(picture)
        self.assertIn(ALT, self.file(self.incident).decode())
        deliver_due()
        item = OutboxItem.objects.get()
        self.assertEqual(item.state, "failed")
        self.assertIn("backup", item.last_error)

    def test_the_same_picture_twice_is_kept_once(self) -> None:
        self.assertEqual(self.keep().pk, self.keep().pk)
        self.assertEqual(Picture.objects.count(), 1)


class PictureFormTest(PublicPages, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_pages()
        self.incident = self.declare()
        self.client.force_login(self.alice)
        self.path = f"/riverton/incidents/{self.incident.pk}/update/"

    def post(self, given: dict[str, Any], step: str, content: bytes | None = None) -> Any:
        fields = {**given, "step": step, "lead_en": "Elm Street is closed."}
        if content is not None:
            fields["new_picture"] = SimpleUploadedFile("x.jpg", content)
        return self.client.post(self.path, fields)

    def test_from_the_file_to_the_sent_update(self) -> None:
        form = sent_form(self.client.get(self.path).content.decode(), "update-form")
        form["new_alt_en"], form["new_alt_es"] = ALT, ALT_ES
        page = self.post(form, "picture", photograph())
        self.assertContains(page, f'value="{ALT}"')
        form = sent_form(page.content.decode(), "update-form")
        self.assertEqual(form["new_alt_en"], "")
        look = self.post(form, "look")
        self.assertContains(look, "Says to those who do not see it")
        form = sent_form(look.content.decode(), "room-form")
        with self.captureOnCommitCallbacks(execute=True):
            done = self.post(form, "send")
        self.assertEqual(done.status_code, 302)
        shown = UpdatePicture.objects.get()
        self.assertEqual(shown.alt("en"), ALT)
        place = f"/riverton/incidents/{self.incident.pk}/pictures/{shown.picture_id}/"
        for address in (place, place + "?size=full"):
            answer = self.client.get(address)
            self.assertEqual(answer["Content-Type"], "image/jpeg")
            self.assertIn("sandbox", answer["Content-Security-Policy"])
        update = self.client.get(f"/riverton/incidents/{self.incident.pk}/updates/1/")
        self.assertContains(update, f'alt="{ALT}"')

    def test_without_words_nothing_goes_and_nothing_is_lost(self) -> None:
        form = sent_form(self.client.get(self.path).content.decode(), "update-form")
        page = self.post(form, "look", photograph())
        self.assertContains(page, "Say in English what picture 1 shows", status_code=400)
        self.assertContains(page, "Elm Street is closed.", status_code=400)
        form = sent_form(page.content.decode(), "update-form")
        key = Picture.objects.get().pk
        form[f"alt_{key}_en"] = ALT
        # The template of the incident is in Spanish, too.
        self.assertContains(self.post(form, "look"), "Say in Spanish", status_code=400)
        form[f"alt_{key}_es"] = ALT_ES
        self.assertContains(self.post(form, "look"), ALT)

    def test_what_is_no_picture_is_said_beside_what_was_typed(self) -> None:
        form = sent_form(self.client.get(self.path).content.decode(), "update-form")
        page = self.post(form, "picture", b"<svg onload=alert(1)>")
        self.assertContains(page, "no picture that can be read", status_code=400)
        self.assertContains(page, "Elm Street is closed.", status_code=400)
        self.assertFalse(Picture.objects.exists())

    def test_one_can_be_left_out_again_and_four_are_enough(self) -> None:
        form = sent_form(self.client.get(self.path).content.decode(), "update-form")
        pictures = []
        for side in range(4):
            form["new_alt_en"] = form["new_alt_es"] = f"Picture of side {side}"
            page = self.post(form, "picture", noise(60 + side)).content.decode()
            form = sent_form(page, "update-form")
            pictures.append(Picture.objects.order_by("-pk")[0].pk)
            form["picture"] = pictures
        self.assertNotIn("new_picture", page)
        self.assertContains(self.post(form, "picture", noise(90)), "At most 4", status_code=400)
        form[f"drop_{pictures[0]}"] = "yes"
        look = self.post(form, "look").content.decode()
        self.assertNotIn("Picture of side 0", look)
        self.assertIn("Picture of side 3", look)

    def test_guests_and_strangers(self) -> None:
        picture = keep_picture(agency=self.agency, given=io.BytesIO(noise(70)), by=self.alice)
        place = f"/riverton/incidents/{self.incident.pk}/pictures/{picture.pk}/"
        self.assertEqual(self.client.get(place).status_code, 200)
        self.client.force_login(self.charlie)
        self.assertEqual(self.client.get(place).status_code, 404)
