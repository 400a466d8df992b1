"""People of an agency: added, changed, ended, and never locked out."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from levelhead.accounts import people
from levelhead.accounts.domain import Role
from levelhead.accounts.models import Membership, User
from levelhead.api.actions import make_token
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from tests.base import DeskTestCase

PATH = "/riverton/settings/people/"


class PeopleTest(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.bob)

    def add(self, **fields: Any) -> Any:
        given = {"name": "Dana Reyes", "email": "Dana@Example.gov", "role": "writer", **fields}
        return self.client.post(PATH + "add/", given)

    def place(self, user: User) -> Membership:
        return Membership.objects.get(agency=self.agency, user=user)

    def test_a_new_person_signs_in_with_what_is_shown_once(self) -> None:
        page = self.add()
        self.assertIn("no-store", page["Cache-Control"])
        found = re.search(r"data-password>([^<]+)<", page.content.decode())
        assert found is not None
        password = found[1]
        self.assertNotContains(self.client.get(PATH), password)
        guest = Client()
        answer = guest.post("/accounts/login/", {"login": "dana@example.gov", "password": password})
        self.assertEqual(answer.status_code, 302)
        self.assertEqual(guest.get("/riverton/today/").status_code, 200)
        self.assertEqual(guest.get(PATH).status_code, 403)
        told = "".join(RecordEvent.objects.values_list("payload", flat=True).iterator())
        self.assertNotIn(password, told)

    def test_who_is_known_here_keeps_the_password(self) -> None:
        before = self.charlie.password
        page = self.add(email=self.charlie.email, name="Anybody")
        self.assertRedirects(page, PATH)
        self.charlie.refresh_from_db()
        self.assertEqual((self.charlie.password, self.charlie.name), (before, self.charlie.name))
        self.assertTrue(self.place(self.charlie).active)

    def test_what_is_wrong_is_said_and_nothing_is_lost(self) -> None:
        for wrong, said in (
            ({"email": "no address"}, "e-mail address"), ({"name": " "}, "1 to 120"),
            ({"role": "king"}, "Choose what"), ({"email": self.alice.email}, "already"),
        ):  # fmt: skip
            page = self.add(**wrong)
            self.assertContains(page, said, status_code=400)
            self.assertContains(page, wrong.get("email", "Dana@Example.gov"), status_code=400)
        self.assertFalse(User.objects.filter(email="dana@example.gov").exists())

    def test_names_are_shown_as_letters(self) -> None:
        self.add(name="<script>alert(1)</script>\u202egnp")
        page = self.client.get(PATH).content.decode()
        self.assertNotIn("<script>alert", page)
        self.assertNotIn("\u202e", page)

    def test_an_ended_place_is_over_at_once_and_can_be_given_back(self) -> None:
        window = Client()
        window.force_login(self.alice)
        people.change_role(place=self.place(self.alice), role=Role.ADMINISTRATOR, by=self.bob)
        made = make_token(agency=self.agency, name="bot", scopes=["read"], days=30, by=self.alice)
        head = {"Authorization": f"Bearer {made.text}"}
        self.assertEqual(window.get("/riverton/inbox/").status_code, 200)
        self.assertEqual(Client(headers=head).get("/api/v1/riverton/cases").status_code, 200)
        self.client.post(f"{PATH}{self.alice.pk}/end/")
        self.assertEqual(window.get("/riverton/inbox/").status_code, 404)
        self.assertNotEqual(Client(headers=head).get("/api/v1/riverton/cases").status_code, 200)
        self.assertContains(self.add(email=self.alice.email), "give it back", status_code=400)
        self.client.post(f"{PATH}{self.alice.pk}/back/")
        self.assertEqual(window.get("/riverton/inbox/").status_code, 200)

    def test_the_last_administrator_stays(self) -> None:
        for answer in (
            self.client.post(f"{PATH}{self.bob.pk}/end/"),
            self.client.post(f"{PATH}{self.bob.pk}/role/", {"role": "viewer"}),
        ):
            self.assertContains(answer, "make another person", status_code=400)
        self.assertEqual(self.place(self.bob).role, "administrator")
        people.change_role(place=self.place(self.alice), role=Role.ADMINISTRATOR, by=self.bob)
        self.assertEqual(self.client.post(f"{PATH}{self.bob.pk}/end/").status_code, 302)
        self.assertEqual(self.client.get(PATH).status_code, 404)
        with self.assertRaises(Invalid):
            people.end_place(place=self.place(self.alice), by=self.alice)

    def test_a_drawn_password_signs_out_and_opens_no_other_agency(self) -> None:
        window = Client()
        window.force_login(self.alice)
        page = self.client.post(f"{PATH}{self.alice.pk}/password/")
        self.assertContains(page, "data-password")
        self.assertEqual(window.get("/riverton/inbox/").status_code, 302)
        self.add(email=self.charlie.email)
        before = User.objects.get(pk=self.charlie.pk).password
        page = self.client.post(f"{PATH}{self.charlie.pk}/password/")
        self.assertContains(page, "levelhead password", status_code=400)
        self.assertEqual(User.objects.get(pk=self.charlie.pk).password, before)

    def test_nobody_else_may(self) -> None:
        rita = self._person(self.agency, "rita", Role.RECORDS)
        for person in (self.alice, self.victor, rita):
            for act in (
                lambda: people.end_place(place=self.place(self.victor), by=person),  # noqa: B023
                lambda: people.new_password(place=self.place(self.victor), by=person),  # noqa: B023
            ):
                with self.assertRaises(NotAllowed):
                    act()
        self.client.force_login(self.charlie)
        self.assertEqual(self.client.get(PATH).status_code, 404)
        self.client.force_login(self.bob)
        for act_name in ("role", "end", "back", "password"):
            answer = self.client.post(f"{PATH}{self.charlie.pk}/{act_name}/")
            self.assertEqual(answer.status_code, 404)


class OwnPasswordTest(DeskTestCase):
    OLD, NEW = "the old heron sleeps", "a quiet harbor at noon"

    def setUp(self) -> None:
        super().setUp()
        self.alice.set_password(self.OLD)
        self.alice.save()
        self.client.force_login(self.alice)

    def change(self, **fields: str) -> Any:
        given = {"old": self.OLD, "new": self.NEW, "again": self.NEW, **fields}
        return self.client.post("/me/password/", given)

    def test_it_changes_and_other_devices_are_signed_out(self) -> None:
        other = Client()
        other.force_login(self.alice)
        self.assertRedirects(self.change(), "/me/")
        self.assertEqual(self.client.get("/me/").status_code, 200)
        self.assertEqual(other.get("/me/").status_code, 302)
        self.assertTrue(User.objects.get(pk=self.alice.pk).check_password(self.NEW))
        self.assertTrue(
            RecordEvent.objects.filter(action="person:member:password_changed").exists()
        )

    def test_what_is_wrong_is_said(self) -> None:
        for wrong, said in (
            ({"old": "guess"}, "is another one"), ({"again": "other"}, "not the same"),
            ({"new": "short", "again": "short"}, "too short"),
            ({"new": "password1234", "again": "password1234"}, "too common"),
        ):  # fmt: skip
            self.assertContains(self.change(**wrong), said, status_code=400)
        self.assertTrue(User.objects.get(pk=self.alice.pk).check_password(self.OLD))

    def test_only_who_is_signed_in(self) -> None:
        self.assertEqual(Client().get("/me/password/").status_code, 302)
