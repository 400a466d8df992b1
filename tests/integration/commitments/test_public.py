"""The public register: what a person put on it, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from levelhead.commitments.actions import drop_commitment, keep_commitment
from levelhead.commitments.models import Commitment, PublicEntry
from levelhead.commitments.public import publish, turn_register, unpublish
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from tests.base import DeskTestCase
from tests.integration.commitments.promising import Promising

PAGE = "/public/riverton/promises/"


class RegisterTest(Promising, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.everybody = Client()

    def put(self, one: Commitment, text: str = "Mow the park on Elm", **given: object) -> None:
        fields = {"outcome": "", "by": self.alice, "expected_version": None, **given}
        publish(commitment=one, text=text, **fields)  # type: ignore[arg-type]

    def turn_on(self) -> None:
        turn_register(agency=self.agency, on=True, by=self.bob)

    def test_nothing_is_public_until_it_is_turned_on(self) -> None:
        self.put(self.make())
        assert self.everybody.get(PAGE).status_code == 404
        self.turn_on()
        assert "Mow the park on Elm" in self.everybody.get(PAGE).content.decode()
        turn_register(agency=self.agency, on=False, by=self.bob)
        assert self.everybody.get(PAGE).status_code == 404
        assert self.everybody.get("/public/maple/promises/").status_code == 404

    def test_only_what_was_put_on_it_in_the_words_written_for_it(self) -> None:
        self.turn_on()
        self.make(what="Call Ms. Ortiz about her son")
        self.put(self.make(what="Tell Dana R. about the yard"), "Say where drones may fly")
        said = self.everybody.get(PAGE).content.decode()
        assert "Say where drones may fly" in said
        for private in ("Ortiz", "Dana", "resident", "Alice", "Bob"):
            assert private not in said

    def test_it_says_when_what_was_late_kept_or_dropped(self) -> None:
        self.turn_on()
        self.put(self.make(due_in=timedelta(days=3)), "First thing")
        self.put(self.make(due_in=timedelta(days=-3)), "Second thing")
        kept, dropped = self.make(), self.make()
        keep_commitment(
            commitment=kept, evidence="seen by Pat", note="", by=self.alice, expected_version=None
        )
        drop_commitment(commitment=dropped, reason="sold", by=self.alice, expected_version=None)
        self.put(kept, "Third thing", outcome="The crew was there on Monday.")
        self.put(dropped, "Fourth thing", outcome="The park was sold.")
        said = self.everybody.get(PAGE).content.decode()
        for words in ("Late: it was due", "Kept", "Not kept", "The crew was there on Monday."):
            assert words in said
        assert "Pat" not in said
        assert said.index("Second thing") < said.index("First thing") < said.index("Third thing")

    def test_the_page_is_for_everybody(self) -> None:
        self.turn_on()
        for n in range(30):
            self.put(self.make(), f"<script>alert({n})</script> \u202eevil")
        with self.assertNumQueries(3):
            answer = self.everybody.get(PAGE)
        assert b"<script" not in answer.content
        assert answer["Cache-Control"] == "public, max-age=60"
        assert not answer.cookies
        assert len(answer.content) < 50_000

    def test_it_speaks_spanish(self) -> None:
        self.turn_on()
        self.put(self.make())
        said = self.everybody.get(PAGE, headers={"accept-language": "es"}).content.decode()
        assert "Lo que dijimos que haremos" in said
        assert '<html lang="es">' in said

    def test_private_words_do_not_get_there(self) -> None:
        one = self.make()
        for words in (
            "Call her back at 555-010-7788", "The boy, 9, who was hit gets a crossing guard", "",
            "x" * 1_001, "   ",
        ):  # fmt: skip
            with pytest.raises(Invalid):
                self.put(one, words)
        with pytest.raises(Invalid, match="still open"):
            self.put(one, outcome="Done")
        assert not PublicEntry.objects.exists()

    def test_who_may(self) -> None:
        one = self.make()
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.put(one, by=person)
        for person in (self.alice, self.charlie):
            with pytest.raises(NotAllowed):
                turn_register(agency=self.agency, on=True, by=person)

    def test_an_older_view_changes_nothing(self) -> None:
        one = self.make()
        self.put(one, expected_version=one.version)
        with pytest.raises(Conflict):
            self.put(one, "Other words", expected_version=one.version)
        with pytest.raises(Conflict):
            unpublish(commitment=one, by=self.alice, expected_version=one.version)

    def test_it_is_on_the_record_and_can_be_taken_off(self) -> None:
        self.turn_on()
        self.turn_on()
        one = self.make()
        self.put(one)
        self.put(one, "Mow both parks")
        unpublish(commitment=one, by=self.alice, expected_version=None)
        unpublish(commitment=one, by=self.alice, expected_version=None)
        assert "Mow" not in self.everybody.get(PAGE).content.decode()
        events = RecordEvent.objects.filter(agency=self.agency, chain__name="desk").order_by("seq")
        told = [e.action for e in events if "publi" in e.action or ":register:" in e.action]
        assert told == [
            "person:register:turned_on", "person:commitment:published",
            "person:commitment:public_words_changed", "person:commitment:unpublished",
        ]  # fmt: skip

    def test_the_forms(self) -> None:
        one = self.make()
        self.client.force_login(self.bob)
        self.client.post(reverse("register-turn", args=["riverton"]), {"on": "yes"})
        page = reverse("commitment", args=["riverton", one.pk])
        self.assertContains(self.client.get(page), "It is not on the public register")
        path = reverse("commitment-publish", args=["riverton", one.pk])
        wrong = self.client.post(
            path, {"public_text": "Call her at 555-010-7788", "version": one.version}
        )
        self.assertContains(wrong, "Not on a page for everybody", status_code=400)
        self.assertContains(wrong, "Call her at 555-010-7788</textarea>", status_code=400)
        self.client.post(path, {"public_text": "Mow the park", "version": one.version})
        self.assertContains(self.client.get(page), "It is on the public register:")
        self.assertContains(self.client.get("/riverton/commitments/"), PAGE)
        one.refresh_from_db()
        off = reverse("commitment-unpublish", args=["riverton", one.pk])
        self.client.post(off, {"version": one.version})
        assert not PublicEntry.objects.exists()
