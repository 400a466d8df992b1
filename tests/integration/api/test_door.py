"""Who comes in with which key, to which address; and what a refusal looks like."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import time_machine
from django.core.cache import cache
from django.urls import reverse

from levelhead.accounts.domain import Role
from levelhead.accounts.models import Membership, User
from levelhead.api.actions import make_token, revoke_token
from levelhead.api.app import api
from levelhead.api.models import ApiToken
from levelhead.commitments.actions import add_commitment
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import send_reply
from tests.base import DeskTestCase
from tests.integration.api.asking import Program, key_of
from tests.integration.knowledge.answering import Answering

# What a viewer's, a writer's, a records officer's and an administrator's program gets.
READ = (200, 200, 200, 200)
WORK = (403, 200, 200, 200)
REPLY = (403, 200, 403, 200)
RECORDS = (403, 403, 200, 200)
MATRIX = {
    ("get", "/cases"): (READ, None),
    ("get", "/cases/{case_id}"): (READ, None),
    ("get", "/cases/{case_id}/thread"): (READ, None),
    ("post", "/cases/{case_id}/assign"): (WORK, {"owner": "alice@example.org"}),
    ("post", "/cases/{case_id}/decide"): (WORK, {"label": "press", "reason": "asked"}),
    ("post", "/cases/{case_id}/let-stand"): (WORK, {}),
    ("post", "/cases/{case_id}/close"): (WORK, {"reason": "by phone"}),
    ("post", "/cases/{case_id}/reopen"): (WORK, {}),
    ("post", "/cases/{case_id}/notes"): (WORK, {"text": "called them"}),
    ("post", "/cases/{case_id}/reply"): (REPLY, {"text": "At 8."}),
    ("get", "/replies/{reply_id}"): (READ, None),
    ("post", "/replies/{reply_id}/withdraw"): (REPLY, {}),
    # One that did not fail cannot be tried again: said to those who may.
    ("post", "/replies/{reply_id}/retry"): ((403, 400, 403, 400), {}),
    ("get", "/answers"): (READ, None),
    ("get", "/answers/{answer_id}"): (READ, None),
    ("get", "/commitments"): (READ, None),
    ("get", "/commitments/{commitment_id}"): (READ, None),
    ("post", "/commitments/{commitment_id}/keep"): (WORK, {"evidence": "seen"}),
    ("post", "/commitments/{commitment_id}/drop"): (WORK, {"reason": "sold"}),
    ("get", "/channels"): (READ, None),
    ("get", "/records/{chain}"): (RECORDS, None),
}


def all_operations() -> set[tuple[str, str]]:
    """Method and path of every operation, as the description tells them."""
    return {
        (method, path.removeprefix("/api/v1/{agency}"))
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method in methods
    }


class DoorTest(Answering, DeskTestCase):
    rita: ClassVar[User]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.rita = cls._person(cls.agency, "rita", Role.RECORDS)

    def path_of(self, path: str) -> str:
        """With the ids of new rows of our agency."""
        case = self.file_case(text="When does the front desk open?")
        values: dict[str, object] = {"case_id": case.pk, "chain": "desk"}
        if "{reply_id}" in path:
            values["reply_id"] = send_reply(
                case=case, text="At 8.", by=self.alice, form_token=f"f{case.pk}",
                expected_version=None,
            ).pk  # fmt: skip
        if path.endswith("/reopen"):
            Program("riverton", key_of(self.agency, self.alice)).post(
                f"/cases/{case.pk}/close", {"reason": "by phone"}
            )
        if "{answer_id}" in path:
            values["answer_id"] = self.write().pk
        if "{commitment_id}" in path:
            values["commitment_id"] = add_commitment(
                case=case, what="Mow", due_at=None, owner=self.alice, by=self.alice
            ).pk
        return path.format(**values)

    def ask(self, program: Program, method: str, path: str, body: object) -> int:
        if method == "get":
            return program.get(path).status_code
        return program.post(path, body, once=f"key {path}").status_code

    def test_every_operation_has_a_row(self) -> None:
        assert all_operations() == set(MATRIX)

    def test_each_key_gets_what_its_person_may(self) -> None:
        people = (self.victor, self.alice, self.rita, self.bob)
        programs = [Program("riverton", key_of(self.agency, person)) for person in people]
        for (method, path), (expected, body) in MATRIX.items():
            for program, status, person in zip(programs, expected, people, strict=True):
                with self.subTest(method=method, path=path, person=person.name):
                    assert self.ask(program, method, self.path_of(path), body) == status

    def test_a_key_of_another_agency_finds_nothing(self) -> None:
        stranger = Program("riverton", key_of(self.other_agency, self.charlie))
        at_home = Program("maple", key_of(self.other_agency, self.charlie))
        for (method, path), (_expected, body) in MATRIX.items():
            ours = self.path_of(path)
            with self.subTest(method=method, path=path):
                assert self.ask(stranger, method, ours, body) == 404
                if "_id}" in path:
                    assert self.ask(at_home, method, ours, body) == 404

    def test_a_key_reaches_no_further_than_its_scopes(self) -> None:
        reader = Program("riverton", key_of(self.agency, self.bob, scopes=("read",)))
        for (method, path), (expected, body) in MATRIX.items():
            with self.subTest(method=method, path=path):
                status = self.ask(reader, method, self.path_of(path), body)
                assert status == (200 if expected == READ else 403)

    def test_without_a_key_in_force_nobody_comes_in(self) -> None:
        good = key_of(self.agency, self.alice)
        token_id = good.split("_")[1]
        over = key_of(self.agency, self.alice, expires_at=clock.now() - timedelta(seconds=1))
        revoked = key_of(self.agency, self.alice, revoked_at=clock.now())
        keys = ["", "x", good[:-1] + "!", f"lh_{token_id}_" + "A" * 43, over, revoked, good + "a"]
        for key in [*keys, "lh_99999999999999999999_" + "A" * 43]:
            with self.subTest(key=key[:12]):
                answer = Program("riverton", key).get("/cases")
                assert answer.status_code == 401
                assert answer.json()["error"]["code"] == "no_key"
                assert answer["WWW-Authenticate"] == "Bearer"

    def test_a_session_is_no_key(self) -> None:
        program = Program("riverton")
        program.client.force_login(self.bob)
        assert program.get("/cases").status_code == 401

    def test_a_key_is_worth_nothing_once_its_person_left(self) -> None:
        program = Program("riverton", key_of(self.agency, self.alice))
        assert program.get("/cases").status_code == 200
        Membership.objects.filter(user=self.alice).update(active=False)
        assert program.get("/cases").status_code == 401
        Membership.objects.filter(user=self.alice).update(active=True, role=Role.VIEWER)
        case = self.file_case()
        assert program.post(f"/cases/{case.pk}/notes", {"text": "hi"}).status_code == 403

    def test_a_key_lives_as_long_as_was_said(self) -> None:
        made = make_token(
            agency=self.agency, name="Dashboard", scopes=["read"], days=30, by=self.bob
        )
        program = Program("riverton", made.text)
        with time_machine.travel(clock.now() + timedelta(days=29), tick=False):
            assert program.get("/cases").status_code == 200
        with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
            assert program.get("/cases").status_code == 401

    def test_the_secret_is_kept_as_a_hash_and_off_the_record(self) -> None:
        made = make_token(
            agency=self.agency, name="Dashboard", scopes=["reply"], days=90, by=self.bob
        )
        secret = made.text.split("_", 2)[2]
        token = ApiToken.objects.get(pk=made.token.pk)
        assert secret not in str(token.__dict__)
        assert token.scopes == ["read", "reply"]
        event = RecordEvent.objects.get(action="person:token:made")
        assert secret not in event.payload
        assert token.digest not in event.payload

    def test_only_who_manages_makes_keys(self) -> None:
        for person in (self.alice, self.victor, self.charlie):
            with self.assertRaises(NotAllowed):
                make_token(agency=self.agency, name="Mine", scopes=["read"], days=30, by=person)
        for wrong in ({"name": ""}, {"name": "x" * 121}, {"scopes": ["manage"]}, {"days": 3650}):
            given = {"name": "Fine", "scopes": ["read"], "days": 30, **wrong}
            with self.assertRaises(Invalid):
                make_token(agency=self.agency, by=self.bob, **given)

    def test_taking_back_counts_at_once_and_once(self) -> None:
        made = make_token(
            agency=self.agency, name="Dashboard", scopes=["read"], days=30, by=self.bob
        )
        for _ in range(2):
            revoke_token(agency=self.agency, token_id=made.token.pk, by=self.bob)
        assert Program("riverton", made.text).get("/cases").status_code == 401
        assert RecordEvent.objects.filter(action="person:token:revoked").count() == 1

    def test_the_page_shows_a_key_once(self) -> None:
        self.client.force_login(self.bob)
        page = reverse("api-tokens", args=["riverton"])
        made = self.client.post(page, {"name": "<b>Web", "scope": ["read"], "days": "30"})
        self.assertContains(made, "lh_")
        self.assertContains(made, "&lt;b&gt;Web")
        self.assertNotContains(self.client.get(page), 'value="lh_')
        refused = self.client.post(page, {"name": "Web", "days": "7"})
        self.assertContains(refused, "Choose what the key may do", status_code=400)
        token = ApiToken.objects.get()
        self.client.post(reverse("api-token-revoke", args=["riverton", token.pk]))
        self.assertContains(self.client.get(page), "taken back")


class RefusalTest(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.program = Program("riverton", key_of(self.agency, self.bob))

    def test_what_cannot_be_read_is_said_without_being_told_back(self) -> None:
        case = self.file_case()
        note = f"/cases/{case.pk}/notes"
        for body in (
            b"",
            b"{",
            b"[]",
            b"null",
            b'{"text": 7}',
            b'{"text": "' + b"x" * 5_001 + b'"}',
        ):
            with self.subTest(body=body[:20]):
                answer = self.program.post(note, body)
                assert answer.status_code in (400, 422), answer.content
                assert answer.json()["error"]["code"] == "invalid"
                assert b"xxxx" not in answer.content

    def test_ids_that_are_none(self) -> None:
        for wrong in ("abc", "0", "-1", "9" * 19, "9" * 30, "1e3", "%00", "１２"):
            with self.subTest(id=wrong):
                answer = self.program.get(f"/cases/{wrong}")
                assert answer.status_code in (400, 404)
                assert answer["Content-Type"].startswith("application/json")

    def test_hostile_text_comes_back_as_it_was_kept(self) -> None:
        text = '<script>alert(1)</script> \u202e=cmd|"x" 💀' * 10
        case = self.file_case(text=text)
        told = self.program.get(f"/cases/{case.pk}")
        assert told.json()["post"]["text"] == text
        assert told["Content-Type"].startswith("application/json")
        assert told["X-Content-Type-Options"] == "nosniff"

    def test_who_asks_too_often_is_told_how_long_to_wait(self) -> None:
        answers = [self.program.get("/channels").status_code for _ in range(601)]
        assert answers.count(200) == 600
        last = self.program.get("/channels")
        assert last.status_code == 429
        assert 0 < int(last["Retry-After"]) <= 61

    def test_errors_speak_the_language_asked_for(self) -> None:
        self.program.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "es"
        answer = self.program.post("/cases/12/close", {"reason": ""})
        assert answer.status_code == 404
