"""Who may open which address: every address has a row, and a new one without a row fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from levelhead.accounts.domain import Role
from levelhead.accounts.models import User
from levelhead.channels.models import OutboxItem
from levelhead.commitments.actions import add_commitment
from levelhead.inbox.choice import Choice
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.knowledge.actions import write_answer
from levelhead.replies.actions import send_reply
from levelhead.replies.models import Reply
from levelhead.teamwork.models import SavedView
from levelhead.teamwork.saving import save_view
from tests.base import DeskTestCase
from tests.integration.knowledge.answering import Answering

PEOPLE = ("signed out", "outsider", "viewer", "writer", "records", "administrator")
LOGIN, MISSING, NO, YES, MOVED, BAD, CONFLICT = "login", 404, 403, 200, 302, 400, 409


@dataclass(frozen=True)
class Row:
    """What each of PEOPLE gets, in their order."""

    expected: tuple[int | str, ...]
    method: str = "get"
    args: tuple[str, ...] = ("agency",)
    data: dict[str, str] = field(default_factory=dict)


def everybody(status: int) -> tuple[int | str, ...]:
    return (status,) * len(PEOPLE)


READ = (LOGIN, MISSING, YES, YES, YES, YES)
POST_OF_CASE = ("agency", "post")
COMMITTED = ("agency", "commitment")
NUMBERED = ("agency", "number")
ANSWER = ("agency", "answer")
VIEW = ("agency", "view")
OWN_VIEW = (LOGIN, MISSING, MISSING, MOVED, MISSING, MISSING)
WRITE = (LOGIN, MISSING, NO, YES, NO, YES)
WORK_DONE = (LOGIN, MISSING, NO, MOVED, MOVED, MOVED)
REPLY_DONE = (LOGIN, MISSING, NO, MOVED, NO, MOVED)

MATRIX: dict[str, Row] = {
    "health": Row(everybody(YES), args=()),
    # From elsewhere than this machine: for who manages an agency, and of that agency only.
    "metrics": Row((NO, YES, NO, NO, NO, YES), args=()),
    "home": Row((LOGIN, MOVED, MOVED, MOVED, MOVED, MOVED), args=()),
    "me": Row((LOGIN, YES, YES, YES, YES, YES), args=()),
    "account_login": Row((YES, MOVED, MOVED, MOVED, MOVED, MOVED), args=()),
    "account_logout": Row((MOVED, YES, YES, YES, YES, YES), args=()),
    "account_inactive": Row(everybody(YES), args=()),
    "account_signup": Row(everybody(NO), args=()),
    # Signed by the platform, not by a person: without a signature nobody gets in.
    "hook": Row(everybody(401), method="post", args=("channel",)),
    "agency": Row((LOGIN, MISSING, MOVED, MOVED, MOVED, MOVED)),
    "strip": Row(READ),
    "inbox": Row(READ),
    "conversation": Row(READ, args=POST_OF_CASE),
    "channels": Row(READ),
    "records": Row((LOGIN, MISSING, NO, NO, YES, YES)),
    "agency-settings": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    "learning": Row((LOGIN, MISSING, NO, NO, NO, YES)),
    # Nothing to learn from, nothing to decide on: the page says so to those who may.
    "learning-try": Row((LOGIN, MISSING, NO, NO, NO, BAD), method="post"),
    "learning-revert": Row((LOGIN, MISSING, NO, NO, NO, CONFLICT), method="post"),
    "learning-accept": Row((LOGIN, MISSING, NO, NO, NO, BAD), method="post", args=NUMBERED),
    "learning-decline": Row((LOGIN, MISSING, NO, NO, NO, BAD), method="post", args=NUMBERED),
    "knowledge": Row(READ),
    "answer-new": Row(WRITE),
    "answer": Row(READ, args=ANSWER),
    "answer-edit": Row(WRITE, args=ANSWER),
    # Written by Alice, so that she may not approve it herself.
    "answer-approve": Row(
        (LOGIN, MISSING, NO, BAD, NO, MOVED),
        method="post",
        args=ANSWER,
        data={"version": "1", "review_on": "soon"},
    ),
    "answer-retire": Row(REPLY_DONE, method="post", args=ANSWER, data={"version": "1"}),
    "views": Row(READ),
    # Without a filter to keep there is nothing wrong: the view holds what the list shows.
    "view-save": Row(
        (LOGIN, MISSING, MOVED, MOVED, MOVED, MOVED), method="post", data={"name": "x"}
    ),
    # Alice's own: nobody else has it.
    "view-change": Row(OWN_VIEW, method="post", args=VIEW, data={"name": "y"}),
    "view-delete": Row(OWN_VIEW, method="post", args=VIEW),
    "view-restore": Row(OWN_VIEW, method="post", args=VIEW),
    "let-stand": Row(WORK_DONE, method="post"),
    "assign-many": Row(WORK_DONE, method="post"),
    "label-many": Row(WORK_DONE, method="post"),
    "undo-many": Row(WORK_DONE, method="post"),
    "like": Row(READ, args=("agency", "number")),
    "undo-let-stand": Row(WORK_DONE, method="post"),
    "assign": Row(WORK_DONE, method="post", args=POST_OF_CASE),
    "decide": Row(
        WORK_DONE, method="post", args=POST_OF_CASE, data={"label": "press", "reason": "asked"}
    ),
    "note": Row(WORK_DONE, method="post", args=POST_OF_CASE, data={"note": "called them"}),
    "snooze": Row(WORK_DONE, method="post", args=POST_OF_CASE, data={"preset": "monday"}),
    # Awake already: the page says so to those who may.
    "wake": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=POST_OF_CASE),
    "close": Row(WORK_DONE, method="post", args=POST_OF_CASE, data={"reason": "by phone"}),
    # Open already: the page says so to those who may.
    "reopen": Row((LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=POST_OF_CASE),
    "reply": Row(
        REPLY_DONE, method="post", args=POST_OF_CASE, data={"text": "At 8.", "form_token": "t"}
    ),
    "reply-withdraw": Row(REPLY_DONE, method="post", args=("agency", "reply")),
    "reply-retry": Row((LOGIN, MISSING, NO, BAD, NO, BAD), method="post", args=("agency", "reply")),
    "commitments": Row(READ),
    "commitment": Row(READ, args=COMMITTED),
    # An open one is not asked about any more: the page says so to those who may.
    "commitment-accept": Row(
        (LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=COMMITTED, data={"what": "x"}
    ),
    "commitment-refuse": Row(
        (LOGIN, MISSING, NO, CONFLICT, CONFLICT, CONFLICT), method="post", args=COMMITTED
    ),
    "commitment-keep": Row(WORK_DONE, method="post", args=COMMITTED, data={"evidence": "seen"}),
    "commitment-drop": Row(WORK_DONE, method="post", args=COMMITTED, data={"reason": "sold"}),
    "commitment-reopen": Row(
        (LOGIN, MISSING, NO, CONFLICT, CONFLICT, CONFLICT),
        method="post",
        args=COMMITTED,
        data={"again": "x"},
    ),
    "commitment-give": Row(
        (LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=COMMITTED, data={"owner": "0"}
    ),
    "commitment-due": Row(WORK_DONE, method="post", args=COMMITTED, data={"why": "rain"}),
    "commitment-add": Row(
        (LOGIN, MISSING, NO, BAD, BAD, BAD), method="post", args=POST_OF_CASE, data={"what": "x"}
    ),
    "commitment-draft": Row(
        (LOGIN, MISSING, NO, YES, NO, YES), method="post", args=POST_OF_CASE, data={"text": "Hi"}
    ),
}


def all_names(resolver: URLResolver | None = None) -> set[str]:
    """The name of every address; an address without a name is an error."""
    names = set()
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            names |= all_names(pattern)
        else:
            assert isinstance(pattern, URLPattern)
            assert pattern.name, f"{pattern.pattern} has no name"
            names.add(pattern.name)
    return names


class PermissionTest(Answering, DeskTestCase):
    rita: ClassVar[User]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.rita = cls._person(cls.agency, "rita", Role.RECORDS)

    def setUp(self) -> None:
        super().setUp()
        self.people: dict[str, User | None] = {
            "signed out": None,
            "outsider": self.charlie,
            "viewer": self.victor,
            "writer": self.alice,
            "records": self.rita,
            "administrator": self.bob,
        }

        # Names of addresses that were made so far.
        self.paths: list[str] = []

    def client_of(self, who: str) -> Client:
        client = Client()
        person = self.people[who]
        if person is not None:
            client.force_login(person)
        return client

    def path_of(self, name: str, row: Row) -> str:
        values: dict[str, object] = {"agency": self.agency.slug, "number": 1}
        if "post" in row.args or "reply" in row.args:
            case = self.file_case(text="When does the front desk open?")
            values["post"] = case.pk
            if "reply" in row.args:
                values["reply"] = send_reply(
                    case=case, text="At 8.", by=self.alice, form_token=f"form-{case.pk}",
                    expected_version=None,
                ).pk  # fmt: skip
        if "view" in row.args:
            values["view"] = save_view(
                agency=self.agency, name=f"Mine {len(self.paths)}", choice=Choice(), shared=False,
                by=self.alice,
            ).pk  # fmt: skip
            SavedView.objects.exclude(pk=values["view"]).delete()
        if "answer" in row.args:
            values["answer"] = self.write().pk
        if "commitment" in row.args:
            values["commitment"] = add_commitment(
                case=self.file_case(text="When will you mow?"), what="Mow", due_at=None,
                owner=self.alice, by=self.alice,
            ).pk  # fmt: skip
        if "channel" in row.args:
            hooked = self.make_channel(
                self.agency, f"Hook {Case.objects.count()} {len(self.paths)}", platform="memory"
            )
            values["channel"] = hooked.pk
        self.paths.append(name)
        return reverse(name, args=[values[arg] for arg in row.args])

    def test_every_address_has_a_row(self) -> None:
        assert all_names() == set(MATRIX)

    def test_each_person_gets_what_the_matrix_says(self) -> None:
        for name, row in MATRIX.items():
            for who, expected in zip(PEOPLE, row.expected, strict=True):
                path = self.path_of(name, row)
                client = self.client_of(who)
                with self.subTest(name=name, who=who):
                    data = dict(row.data)
                    if data.get("review_on") == "soon":
                        data["review_on"] = (clock.now() + timedelta(days=30)).date().isoformat()
                    response = getattr(client, row.method)(path, data)
                    if expected == LOGIN:
                        assert response.status_code == 302, response.status_code
                        assert response["Location"].startswith("/accounts/login/?next=")
                    else:
                        assert response.status_code == expected, response.status_code

    def test_what_a_person_may_not_do_changes_nothing(self) -> None:
        case = self.file_case(text="When does the front desk open?")
        version = case.version
        for who in ("signed out", "outsider", "viewer"):
            client = self.client_of(who)
            for name in ("assign", "decide", "note", "close", "reply"):
                row = MATRIX[name]
                client.post(reverse(name, args=[self.agency.slug, case.pk]), row.data)
            client.post(reverse("let-stand", args=[self.agency.slug]), {"case": case.pk})
        case.refresh_from_db()
        assert case.version == version
        assert not OutboxItem.objects.exists()

    def test_objects_of_another_agency_are_not_there(self) -> None:
        theirs = self.file_case(channel_id=self.other_channel.pk, text="When do you open?")
        reply = send_reply(
            case=theirs, text="At 9.", by=self.charlie, form_token="f", expected_version=None
        )
        client = self.client_of("administrator")
        slug = self.agency.slug
        assert client.get(reverse("conversation", args=[slug, theirs.pk])).status_code == 404
        for name in ("assign", "decide", "note", "close", "reopen", "reply"):
            path = reverse(name, args=[slug, theirs.pk])
            assert client.post(path, MATRIX[name].data).status_code == 404, name
        for name in ("reply-withdraw", "reply-retry"):
            assert client.post(reverse(name, args=[slug, reply.pk])).status_code == 404, name
        answer = write_answer(
            agency=self.other_agency, fields=self.fields(), owner=self.charlie, by=self.charlie
        )
        for name in ("answer", "answer-edit"):
            assert client.get(reverse(name, args=[slug, answer.pk])).status_code == 404, name
        for name in ("answer-edit", "answer-approve", "answer-retire"):
            path = reverse(name, args=[slug, answer.pk])
            assert client.post(path, {"version": "1"}).status_code == 404, name
        promised = add_commitment(
            case=theirs, what="Mow", due_at=None, owner=self.charlie, by=self.charlie
        )
        assert client.get(reverse("commitment", args=[slug, promised.pk])).status_code == 404
        for name in MATRIX:
            if MATRIX[name].args == COMMITTED and MATRIX[name].method == "post":
                path = reverse(name, args=[slug, promised.pk])
                assert client.post(path, MATRIX[name].data).status_code == 404, name
        for name in ("commitment-add", "commitment-draft"):
            path = reverse(name, args=[slug, theirs.pk])
            assert client.post(path, MATRIX[name].data).status_code == 404, name
        promised.refresh_from_db()
        assert promised.version == 1
        client.post(reverse("let-stand", args=[slug]), {"case": theirs.pk})
        theirs.refresh_from_db()
        assert theirs.state == "answering"
        assert Reply.objects.get().outbox_item.state == "queued"
        page = client.get(reverse("inbox", args=[slug]), {"view": "all", "q": "open"})
        assert str(theirs.pk) not in page.content.decode()

    def test_an_unknown_agency_looks_like_one_that_is_not_ours(self) -> None:
        client = self.client_of("writer")
        unknown = client.get("/nowhere/inbox/")
        foreign = client.get(f"/{self.other_agency.slug}/inbox/")
        assert unknown.status_code == foreign.status_code == 404
        assert self.other_agency.name not in foreign.content.decode()

    def test_a_member_who_left_is_an_outsider(self) -> None:
        self.alice.memberships.update(active=False)
        assert self.client_of("writer").get("/riverton/inbox/").status_code == 404
