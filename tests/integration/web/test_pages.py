"""The other pages: sign-in, settings, channels, records, webhooks, and errors in words."""

from __future__ import annotations

import json

from django.conf import settings
from django.urls import reverse

from levelhead.accounts.models import Agency
from levelhead.channels.accounts import account_of
from levelhead.channels.actions import note_failure, set_aside
from levelhead.channels.inbound import BODY_LIMIT
from levelhead.channels.models import Channel, Inbound
from levelhead.channels.secrets import seal
from levelhead.connectors.memory import client as memory
from levelhead.kernel.errors import ChannelSignedOut
from tests.base import PASSWORD
from tests.integration.web.pages import PagesTestCase


class SignInTest(PagesTestCase):
    def test_the_way_in_leads_to_the_persons_agency(self) -> None:
        self.client.logout()
        page = self.client.get("/riverton/inbox/?view=all")
        assert page["Location"] == "/accounts/login/?next=/riverton/inbox/%3Fview%3Dall"
        response = self.client.post(
            "/accounts/login/", {"login": "alice@example.org", "password": PASSWORD}
        )
        assert response["Location"] == "/"
        assert self.client.get("/")["Location"] == "/riverton/today/"

    def test_a_wrong_password_is_said_and_nobody_signs_up(self) -> None:
        self.client.logout()
        response = self.client.post(
            "/accounts/login/", {"login": "alice@example.org", "password": "wrong"}
        )
        assert "You are not signed in" in response.content.decode()
        response = self.client.post("/accounts/signup/", {"email": "x@example.org"})
        assert response.status_code in (403, 405)

    def test_the_policy_lets_only_our_own_files_run(self) -> None:
        response = self.client.get("/accounts/login/", follow=True)
        policy = response["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        port = settings.ENVIRONMENT.stream_port
        assert f"connect-src 'self' http://testserver:{port};" in policy


class OwnSettingsTest(PagesTestCase):
    def test_language_and_theme_are_kept(self) -> None:
        response = self.client.post(reverse("me"), {"language": "es", "theme": "dark"})
        assert response.status_code == 302
        page = self.client.get(reverse("me")).content.decode()
        assert '<html lang="es" data-theme="dark">' in page
        assert self.client.post(reverse("me"), {"language": "xx"}).status_code == 400

    def test_a_theme_that_is_none_is_not_shown(self) -> None:
        self.client.cookies["levelhead_theme"] = '"><script>'
        assert 'data-theme="auto"' in self.client.get(reverse("me")).content.decode()

    def test_the_way_back_is_one_of_our_pages(self) -> None:
        for target in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
            page = self.client.get(reverse("me"), {"next": target}).content.decode()
            assert "evil" not in page
            assert "javascript:" not in page


class AgencySettingsTest(PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.bob)
        self.given = {
            "name": "Riverton Police",
            "zone": "America/Denver",
            "hours_monday": "8:00-12:00, 13:00 - 17:00",
            "hours_saturday": "22:00-04:00",
            "holidays": "2026-12-25\n2026-07-04",
        }

    def send(self, **changes: str) -> str:
        response = self.client.post(self.path("agency-settings"), {**self.given, **changes})
        self.status = response.status_code
        return response.content.decode()

    def test_settings_are_read_as_they_are_written_on_a_door(self) -> None:
        self.send()
        assert self.status == 302
        agency = Agency.objects.get(pk=self.agency.pk)
        assert agency.zone == "America/Denver"
        assert agency.schedule == {
            "hours": {
                "monday": [["08:00", "12:00"], ["13:00", "17:00"]],
                "saturday": [["22:00", "04:00"]],
            },
            "holidays": ["2026-07-04", "2026-12-25"],
        }
        page = self.look("agency-settings")
        assert 'value="08:00-12:00, 13:00-17:00"' in page

    def test_mistakes_are_sentences_and_change_nothing(self) -> None:
        for changes, sentence in (
            ({"hours_monday": "eight to five"}, "is not a span of hours"),
            ({"hours_monday": "08:00-25:00"}, "is not a time"),
            ({"hours_monday": "08:00-12:00, 11:00-13:00"}, "overlap"),
            ({"hours_monday": "", "hours_saturday": ""}, "never open"),
            ({"holidays": "Christmas"}, "is not a date"),
            ({"zone": "Mars/Olympus"}, "is not a time zone"),
            ({"zone": "../../etc/passwd"}, "is not a time zone"),
            ({"name": " "}, "1 to 120 characters"),
        ):
            page = self.send(**changes)
            assert self.status == 400, changes
            assert sentence in page, changes
        assert Agency.objects.get(pk=self.agency.pk).name == "Riverton Police Department"


class ChannelsPageTest(PagesTestCase):
    def test_health_is_said_in_words(self) -> None:
        failing = Channel.objects.get(pk=self.channel.pk)
        note_failure(failing, ChannelSignedOut("The key was <i>revoked</i>."), signed_out=True)
        set_aside(
            channel_id=self.channel.pk, agency_id=self.agency.pk, place="file x.csv, line 3",
            reason="no id", raw="{",
        )  # fmt: skip
        page = self.look("channels")
        assert "Signed out" in page
        assert "The key was &lt;i&gt;revoked&lt;/i&gt;." in page
        assert "file x.csv, line 3" in page
        assert "1 channel not proven" in page
        assert "County square" not in page


class RecordsPageTest(PagesTestCase):
    def test_events_are_read_and_verifying_is_explained(self) -> None:
        self.sign_in(self.bob)
        self.file_case()
        page = self.look("records")
        assert "levelhead records verify" in page
        assert "The agency was created" in page
        assert self.other_agency.name not in page


class HookTest(PagesTestCase):
    def call(self, body: bytes, **headers: str) -> tuple[int, dict[str, object]]:
        response = self.client.post(
            reverse("hook", args=[self.channel.pk]),
            body, content_type="application/json", headers=headers,
        )  # fmt: skip
        return response.status_code, json.loads(response.content)

    def test_a_call_without_a_signature_is_refused(self) -> None:
        status, answer = self.call(b"{}")
        assert status == 401
        assert answer["error"]["code"] == "bad_signature"  # type: ignore[index]
        assert not Inbound.objects.exists()

    def test_a_signed_call_is_kept_once(self) -> None:
        self.channel.sealed_secrets = seal({"signing_key": "k"})
        self.channel.save()
        body = b'{"posts": []}'
        account = account_of(self.channel)
        signature = memory.connect(account).sign(body)
        for new in (True, False):
            status, answer = self.call(body, **{memory.SIGNATURE_HEADER: signature})
            assert status == 202
            assert answer == {"kept": True, "new": new}
        assert bytes(Inbound.objects.get().body) == body

    def test_a_body_that_is_too_large_is_refused(self) -> None:
        status, answer = self.call(b"x" * (BODY_LIMIT + 1))
        assert status == 413
        assert not Inbound.objects.exists()
        assert "nothing of it was kept" in str(answer)

    def test_an_unknown_channel_is_not_found(self) -> None:
        response = self.client.post(reverse("hook", args=[987_654]))
        assert response.status_code == 404


class ErrorsTest(PagesTestCase):
    def test_a_program_gets_json_and_a_person_a_page(self) -> None:
        path = self.path("conversation", 12345)
        response = self.client.get(path, headers={"Accept": "application/json"})
        assert response.status_code == 404
        assert json.loads(response.content)["error"]["code"] == "not_found"
        response = self.client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == 404
        assert "To your desk" in response.content.decode()

    def test_an_id_beyond_any_database_is_not_found(self) -> None:
        for number in (1 << 63, 10**19 - 1, 10**40):
            for name, arguments in (("conversation", {}), ("note", {"note": "x"})):
                path = f"{self.path('inbox')}{number}/" + ("note/" if name == "note" else "")
                call = self.client.post if arguments else self.client.get
                assert call(path, arguments).status_code == 404, path
            retry = f"{self.path('inbox')}replies/{number}/retry/"
            assert self.client.post(retry).status_code == 404
            assert self.client.post(f"/hooks/{number}/").status_code == 404
        largest = self.path("conversation", (1 << 63) - 1)
        assert self.client.get(largest).status_code == 404

    def test_the_strip_alone_is_a_part(self) -> None:
        page = self.look("strip")
        assert page.strip().startswith('<div class="strip-state"')
