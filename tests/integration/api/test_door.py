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
from levelhead.approvals.models import ApprovalRequest, ApprovalRule
from levelhead.commitments.actions import add_commitment
from levelhead.drafting.models import DraftingMonth, MadeDraft
from levelhead.inbox.joining import join_conversations
from levelhead.inbox.splitting import split_conversation
from levelhead.issues.actions import open_issue
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.posts.actions import send_post
from levelhead.posts.domain import Said
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import send_reply
from levelhead.research.actions import ask as ask_colleague
from levelhead.research.domain import Kind
from levelhead.research.models import ResearchRequest
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
    # Off: said to those who may.
    ("post", "/cases/{case_id}/draft"): ((403, 400, 403, 400), {}),
    ("get", "/drafts/{draft_id}"): (REPLY, None),
    ("post", "/drafts/{draft_id}/cancel"): (REPLY, {}),
    ("get", "/approvals"): (READ, None),
    ("get", "/approvals/{approval_id}"): (READ, None),
    # One of Rita's that waits for an administrator; nothing to undo.
    ("post", "/approvals/{approval_id}/approve"): ((403, 403, 403, 200), {}),
    ("post", "/approvals/{approval_id}/send-back"): ((403, 403, 403, 200), {"reason": "x"}),
    ("post", "/approvals/{approval_id}/take-back"): ((403, 403, 403, 200), {}),
    ("post", "/approvals/{approval_id}/undo"): ((403, 409, 403, 409), {}),
    ("get", "/answers"): (READ, None),
    ("get", "/answers/{answer_id}"): (READ, None),
    # Without a channel there is nothing to post: said to those who may.
    ("post", "/answers/{answer_id}/post"): (
        (403, 400, 403, 400),
        {"on": [{"channel": "1", "text": "Open from 8 to 5."}]},
    ),
    ("get", "/asked"): (READ, None),
    ("get", "/posts"): (READ, None),
    ("get", "/posts/{post_id}"): (READ, None),
    ("get", "/commitments"): (READ, None),
    ("get", "/commitments/{commitment_id}"): (READ, None),
    ("post", "/commitments/{commitment_id}/keep"): (WORK, {"evidence": "seen"}),
    ("post", "/commitments/{commitment_id}/drop"): (WORK, {"reason": "sold"}),
    ("get", "/cases/{case_id}/conversation"): (READ, None),
    ("post", "/cases/{case_id}/join"): (WORK, {"other": "OTHER", "reason": "the same"}),
    ("post", "/joinings/{joining_id}/undo"): (WORK, {}),
    ("post", "/joinings/{joining_id}/take-apart"): (WORK, {"reason": "not the same"}),
    ("post", "/cases/{case_id}/split"): (WORK, {"reason": "another"}),
    ("post", "/splittings/{splitting_id}/undo"): (WORK, {}),
    ("post", "/splittings/{splitting_id}/put-back"): (WORK, {"reason": "the same"}),
    ("get", "/research"): (READ, None),
    ("get", "/research/{request_id}"): (READ, None),
    ("post", "/research"): (
        WORK,
        {"case": "OTHER", "question": "Ready?", "to_email": "lee@example.org", "due_at": "SOON"},
    ),
    # No mail is set up here: said to those who may.
    ("post", "/research/{request_id}/remind"): ((403, 400, 400, 400), {}),
    ("post", "/research/{request_id}/release"): (REPLY, {"text": "At noon."}),
    ("post", "/research/{request_id}/withdraw"): (WORK, {"reason": "found it"}),
    ("get", "/issues"): (READ, None),
    ("get", "/issues/{issue_id}"): (READ, None),
    ("post", "/issues"): (WORK, {"name": "Lights", "case": "OTHER"}),
    ("post", "/issues/{issue_id}/level"): (WORK, {"level": 2, "why": "many ask"}),
    ("post", "/issues/{issue_id}/facts"): (WORK, {"text": "It is out.", "source": "a call"}),
    ("post", "/issues/{issue_id}/cases"): (WORK, {"case": "OTHER"}),
    ("post", "/issues/{issue_id}/close"): (
        WORK,
        {"why": "mended", "root_cause": "a fuse", "outcome": "a new one"},
    ),
    ("get", "/topics"): (READ, None),
    ("get", "/clocks"): (READ, None),
    ("get", "/clocks/report"): (READ, None),
    ("post", "/cases/{case_id}/pause"): (WORK, {"waiting_on": "author", "until": "SOON"}),
    ("post", "/cases/{case_id}/resume"): (WORK, {}),
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

    def soon(self) -> str:
        return (clock.now() + timedelta(minutes=20)).isoformat()

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
        if "{approval_id}" in path:
            asked = ApprovalRequest.objects.create(
                agency=self.agency, case=case, author=self.rita, text="At 8.",
                sending_token=f"t{case.pk}", post_revision=1, case_state="open",
            )  # fmt: skip
            rule = ApprovalRule.objects.create(
                agency=self.agency, name="Everything", on=False,
                content={"who": "ability:manage", "then": "ability:manage", "when": {}},
            )  # fmt: skip
            asked.demands.create(
                agency=self.agency, rule=rule, rule_version=1, name=rule.name,
                who="ability:manage", then="ability:manage",
            )  # fmt: skip
            values["approval_id"] = asked.pk
        if path.endswith("/resume"):
            Program("riverton", key_of(self.agency, self.alice)).post(
                f"/cases/{case.pk}/pause", {"waiting_on": "author", "until": self.soon()}
            )
        if path.endswith("/split") or "{splitting_id}" in path:
            below = self.file_case(parent_external_id=case.post.external_id)
            values["case_id"] = below.pk
            if "{splitting_id}" in path:
                values["splitting_id"] = split_conversation(
                    case=below, reason="another", by=self.alice
                ).pk
        if "{joining_id}" in path:
            values["joining_id"] = join_conversations(
                keep=case, other=self.file_case(), reason="the same", by=self.alice
            ).pk
        if "{request_id}" in path:
            asked = ask_colleague(
                case=case, question="Ready?", to_email="lee@example.org", to_name="",
                due_at=clock.now() + timedelta(days=1), kind=Kind.QUESTION, by=self.alice,
            )  # fmt: skip
            values["request_id"] = asked.pk
            if path.endswith("/release"):
                ResearchRequest.objects.filter(pk=asked.pk).update(
                    state="answered", answer="At noon.", answered_by="lee@example.org"
                )
        if "{issue_id}" in path:
            values["issue_id"] = open_issue(
                agency_id=self.agency.pk, name="Lights", owner=self.alice, by=self.alice
            ).pk
        if "{answer_id}" in path:
            values["answer_id"] = self.write().pk
        if "{post_id}" in path:
            values["post_id"] = send_post(
                agency=self.agency, answer=None, lang="en", by=self.alice,
                said=[Said(channel_id=self.channel.pk, text="Open from 8 to 5.")],
                form_token=f"p{case.pk}",
            ).pk  # fmt: skip
        if "{commitment_id}" in path:
            values["commitment_id"] = add_commitment(
                case=case, what="Mow", due_at=None, owner=self.alice, by=self.alice
            ).pk
        if "{draft_id}" in path:
            values["draft_id"] = MadeDraft.objects.create(
                agency=self.agency, case=self.file_case(), by=self.alice, host="models.example",
                model="small", lang="en", prompt_sha256="0" * 64, tokens=0,
                deadline_at=clock.now() + timedelta(minutes=1),
                month=DraftingMonth.objects.get_or_create(agency=self.agency, month="2026-03")[0],
            ).pk  # fmt: skip
        return path.format(**values)

    def ask(self, program: Program, method: str, path: str, body: object) -> int:
        if method == "get":
            return program.get(path).status_code
        if isinstance(body, dict):
            new = {"OTHER": lambda: str(self.file_case().pk), "SOON": self.soon}
            body = {
                key: new[value]() if isinstance(value, str) and value in new else value
                for key, value in body.items()
            }
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
