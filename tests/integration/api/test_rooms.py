"""Conversations, research, issues, clocks and topics for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.inbox.models import Case, Joining, Splitting
from levelhead.issues.actions import open_issue
from levelhead.issues.models import Issue
from levelhead.kernel import clock
from levelhead.research.domain import RequestState
from levelhead.research.models import MailOut, ResearchRequest
from levelhead.topics.models import Topic
from tests.base import DeskTestCase
from tests.integration.api.asking import Program, key_of

# The key, its person, the minute, the rows and what belongs to them.
LIST_QUERIES = 8
ISSUE_QUERIES = 20
REPORT_QUERIES = 9


class RoomsCase(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.program = Program("riverton", key_of(self.agency, self.bob))
        self.reader = Program("riverton", key_of(self.agency, self.bob, scopes=("read",)))
        self.looker = Program("riverton", key_of(self.agency, self.victor))
        self.stranger = Program("riverton", key_of(self.other_agency, self.charlie))
        self.theirs = Program("maple", key_of(self.other_agency, self.charlie))
        self.case = self.file_case(external_id="a", text="Where do I get the crash report?")

    def assert_shut(self, path: str, body: object = None, *, ours: bool = True) -> None:
        """Nobody comes in who may not: another agency sees nothing, a reader changes nothing."""
        for program in (self.stranger, self.theirs) if ours else (self.stranger,):
            assert program.post(path, body, once="shut").status_code == 404, path
        for program in (self.reader, self.looker):
            assert program.post(path, body, once="shut").status_code == 403, path
        assert Program("riverton").post(path, body).status_code == 401

    def pages(self, path: str) -> list[str]:
        """Ids of all pages, in order."""
        seen: list[str] = []
        while path:
            page = self.program.get(path.removeprefix(self.program.base)).json()
            seen += [one.get("id") or one["case"] for one in page["items"]]
            path = page["next"]
        return seen

    def assert_few(self, most: int, path: str) -> None:
        with CaptureQueriesContext(connection) as asked:
            assert self.program.get(path).status_code == 200
        assert len(asked) <= most, "\n".join(q["sql"][:120] for q in asked)


class ConversationTest(RoomsCase):
    def setUp(self) -> None:
        super().setUp()
        self.below = self.file_case(external_id="a1", parent_external_id="a")
        self.other = self.file_case(external_id="b")

    def conversation(self, case: Case) -> dict[str, Any]:
        told: dict[str, Any] = self.program.get(f"/cases/{case.pk}/conversation").json()
        return told

    def test_join_take_apart_and_the_same_again(self) -> None:
        path = f"/cases/{self.case.pk}/join"
        body = {"other": str(self.other.pk), "reason": "one matter"}
        self.assert_shut(path, body)
        first = self.program.post(path, body, once="j")
        assert first.status_code == 200, first.content
        assert self.program.post(path, body, once="j").json() == first.json()
        assert self.program.post(path, body).json()["id"] == first.json()["id"]
        assert Joining.objects.count() == 1
        told = self.conversation(self.other)
        assert told["id"] == str(self.case.conversation_id) == first.json()["whole"]
        assert [one["id"] for one in told["joinings"]] == [first.json()["id"]]
        thread = self.program.get(f"/cases/{self.other.pk}/thread").json()
        assert {one["id"] for one in thread["others"]} == {str(self.case.pk), str(self.below.pk)}
        away = f"/joinings/{first.json()['id']}/take-apart"
        self.assert_shut(away, {"reason": "x"})
        stale = {"reason": "x", "shapes": {told["id"]: 0}}
        assert self.program.post(away, stale).status_code == 409
        assert self.program.post(away, {"reason": " "}).status_code == 400
        done = self.program.post(away, {"reason": "two", "shapes": {told["id"]: told["shape"]}})
        assert done.json()["undone_at"]
        assert self.conversation(self.other)["id"] == str(self.other.conversation_id)

    def test_undo_and_a_shape_that_is_old(self) -> None:
        body = {"other": str(self.other.pk), "reason": "one matter"}
        old = {
            one["id"]: one["shape"]
            for one in (self.conversation(self.case), self.conversation(self.other))
        }
        path = f"/cases/{self.case.pk}/join"
        made = self.program.post(path, {**body, "shapes": old}).json()
        self.assert_shut(f"/joinings/{made['id']}/undo")
        assert self.program.post(f"/joinings/{made['id']}/undo").json()["undone_at"]
        assert self.program.post(path, {**body, "shapes": old}).status_code == 409
        assert self.program.post(path, {**body, "shapes": {"x": 1}}).status_code == 400
        for other in ("0", "x", str(2**64), str(self.file_case(
            channel_id=self.other_channel.pk).pk)):  # fmt: skip
            answer = self.program.post(path, {**body, "other": other})
            assert answer.status_code in (400, 404), other

    def test_split_and_put_back(self) -> None:
        path = f"/cases/{self.below.pk}/split"
        self.assert_shut(path, {"reason": "another"})
        made = self.program.post(path, {"reason": "another", "posts": []}).json()
        assert self.conversation(self.below)["split_from"]["id"] == made["id"]
        assert [one["id"] for one in self.conversation(self.case)["split_off"]] == [made["id"]]
        self.assert_shut(f"/splittings/{made['id']}/undo")
        self.assert_shut(f"/splittings/{made['id']}/put-back", {"reason": "x"})
        back = self.program.post(f"/splittings/{made['id']}/put-back", {"reason": "same"})
        assert back.json()["undone_at"]
        made = self.program.post(path, {"reason": "another"}).json()
        assert self.program.post(f"/splittings/{made['id']}/undo").json()["undone_at"]
        assert not Splitting.objects.filter(undone_at=None).exists()
        whole = self.program.post(f"/cases/{self.other.pk}/split", {"reason": "all"})
        assert whole.status_code == 400


class ResearchTest(RoomsCase):
    def ask(self, once: str = "q", **more: Any) -> dict[str, Any]:
        body = {
            "case": str(self.case.pk), "question": "Is the report ready?",
            "to_email": "lee@example.org",
            "due_at": (clock.now() + timedelta(days=2)).isoformat(), **more,
        }  # fmt: skip
        answer = self.program.post("/research", body, once=once)
        assert answer.status_code == 200, answer.content
        told: dict[str, Any] = answer.json()
        return told

    def test_ask_needs_a_key_and_asks_once(self) -> None:
        body = {
            "case": str(self.case.pk), "question": "Ready?", "to_email": "lee@example.org",
            "due_at": (clock.now() + timedelta(days=2)).isoformat(),
        }  # fmt: skip
        self.assert_shut("/research", body)
        assert self.program.post("/research", body).status_code == 400
        for wrong in (
            {"kind": "gossip"}, {"to_email": "no address"}, {"due_at": "2027-01-05T10:00:00"},
            {"case": "x"}, {"question": " "},
        ):  # fmt: skip
            answer = self.program.post("/research", {**body, **wrong}, once=str(wrong))
            assert answer.status_code == 400, wrong
        assert not ResearchRequest.objects.exists()
        first = self.ask()
        body |= {"question": "Is the report ready?"}
        assert ResearchRequest.objects.count() == 1
        assert first["state"] == "waiting"
        assert "token" not in str(first)

    def test_read_release_and_withdraw(self) -> None:
        asked = self.ask()
        one = f"/research/{asked['id']}"
        assert self.program.get(one).json()["question"] == "Is the report ready?"
        assert self.looker.get(one).status_code == 200
        assert self.stranger.get(one).status_code == self.theirs.get(one).status_code == 404
        self.assert_shut(f"{one}/release", {"text": "x"})
        self.assert_shut(f"{one}/remind")
        self.assert_shut(f"{one}/withdraw", {"reason": "x"})
        assert self.program.post(f"{one}/release", {"text": "x"}).status_code in (400, 409)
        ResearchRequest.objects.update(
            state=RequestState.ANSWERED, answer="At noon.", answered_by="lee@example.org",
            answered_at=clock.now(),
        )  # fmt: skip
        version = self.program.get(one).json()["version"]
        stale = {"text": "Your report is ready at noon.", "version": version + 3}
        assert self.program.post(f"{one}/release", stale).status_code == 409
        done = self.program.post(f"{one}/release", {**stale, "version": version}).json()
        assert (done["state"], done["released_by"]["email"]) == ("released", "bob@example.org")
        # Writing in the agency's name is another scope.
        worker = Program("riverton", key_of(self.agency, self.bob, scopes=("read", "work")))
        assert worker.post(f"{one}/release", {"text": "x"}).status_code == 403
        second = self.ask(once="q2", question="And where?")
        gone = self.program.post(f"/research/{second['id']}/withdraw", {"reason": "found it"})
        assert gone.json()["state"] == "withdrawn"
        assert not MailOut.objects.filter(request_id=int(second["id"]), state="queued").exists()

    def test_a_reminder_is_refused_with_words_where_no_mail_is_set_up(self) -> None:
        asked = self.ask()
        answer = self.program.post(f"/research/{asked['id']}/remind")
        assert answer.status_code == 400
        assert "Mail is not set up" in answer.json()["error"]["message"]

    def test_the_list_is_paged_by_key_and_bounded(self) -> None:
        cases = [self.file_case(text=f"Where is report {n}?") for n in range(60)]
        ids = [
            self.ask(
                once=f"n{n}", case=str(case.pk),
                due_at=(clock.now() + timedelta(days=1, hours=n)).isoformat(),
            )["id"]
            for n, case in enumerate(cases)
        ]  # fmt: skip
        assert self.pages("/research") == ids
        assert self.program.get("/research", show="closed").json()["items"] == []
        self.assert_few(LIST_QUERIES, "/research")
        assert self.theirs.get("/research").json()["items"] == []


class IssueTest(RoomsCase):
    def test_open_level_fact_case_and_close(self) -> None:
        self.assert_shut("/issues", {"name": "Reports"}, ours=False)
        made = self.program.post(
            "/issues", {"name": "Crash reports", "case": str(self.case.pk)}, once="i"
        ).json()
        assert (made["owner"]["email"], made["level"]) == ("bob@example.org", None)
        assert made["evidence"]["conversations"] == [[str(self.case.conversation_id), 1]]
        one = f"/issues/{made['id']}"
        for path, body in {
            "level": {"level": 2, "why": "x"}, "facts": {"text": "x", "source": "y"},
            "cases": {"case": str(self.case.pk)}, "close": {"why": "x"},
        }.items():  # fmt: skip
            self.assert_shut(f"{one}/{path}", body)
        for body in ({"level": 9, "why": "x"}, {"level": 2, "why": " "}):
            assert self.program.post(f"{one}/level", body).status_code == 400
        stale = {"level": 2, "why": "many ask", "version": 99}
        assert self.program.post(f"{one}/level", stale).status_code == 409
        level = self.program.post(f"{one}/level", {"level": 2, "why": "many ask"}).json()
        assert (level["level"], level["level_why"]) == (2, "many ask")
        fact = self.program.post(
            f"{one}/facts", {"text": "Reports take 5 days.", "source": "records desk"}
        ).json()
        assert fact["state"] == "unchecked"
        other = self.file_case()
        linked = self.program.post(f"{one}/cases", {"case": str(other.pk)}).json()
        assert len(linked["evidence"]["conversations"]) == 2
        assert self.program.post(f"{one}/cases", {"case": str(other.pk)}).status_code == 409
        assert self.program.post(f"{one}/close", {"why": "done"}).status_code == 400
        closed = self.program.post(
            f"{one}/close",
            {"why": "done", "root_cause": "two clerks short", "outcome": "one hired",
             "version": linked["version"]},
        ).json()  # fmt: skip
        assert (closed["state"], closed["outcome"]) == ("closed", "one hired")
        assert [one["id"] for one in self.program.get("/issues", state="closed").json()["items"]]
        assert self.program.get("/issues").json()["items"] == []
        assert [one["text"] for one in closed["facts"]] == ["Reports take 5 days."]

    def test_a_close_that_is_refused_keeps_nothing(self) -> None:
        issue = open_issue(agency_id=self.agency.pk, name="x", owner=self.alice, by=self.alice)
        body = {"why": "done", "root_cause": "y"}
        assert self.program.post(f"/issues/{issue.pk}/close", body).status_code == 400
        assert Issue.objects.get().root_cause == ""

    def test_only_of_this_agency(self) -> None:
        issue = open_issue(agency_id=self.agency.pk, name="x", owner=self.alice, by=self.alice)
        path = f"/issues/{issue.pk}"
        assert self.looker.get(path).status_code == 200
        assert self.stranger.get(path).status_code == self.theirs.get(path).status_code == 404
        assert self.theirs.get("/issues").json()["items"] == []
        theirs = self.file_case(channel_id=self.other_channel.pk)
        for body in (
            {"name": "y", "case": str(theirs.pk)}, {"name": "y", "topic": "5"},
            {"name": "y", "owner": "charlie@example.org"}, {"name": " "},
        ):  # fmt: skip
            assert self.program.post("/issues", body).status_code in (400, 404), body
        assert self.program.post(f"{path}/cases", {"case": str(theirs.pk)}).status_code == 404

    def test_the_list_is_paged_by_key_and_bounded(self) -> None:
        made = [
            open_issue(agency_id=self.agency.pk, name=f"I{n}", owner=self.alice, by=self.alice)
            for n in range(45)
        ]
        assert self.pages("/issues") == [str(one.pk) for one in reversed(made)]
        self.assert_few(LIST_QUERIES, "/issues")
        self.assert_few(ISSUE_QUERIES, f"/issues/{made[0].pk}")


class TopicTest(RoomsCase):
    def test_topics_with_what_speaks_for_their_level(self) -> None:
        now = clock.now()
        topics = [
            Topic.objects.create(
                agency=self.agency, name=f"light {n}", terms='["light", "oak"]', level=n % 5,
                first_seen=now, last_seen=now, raised_at=now, posts=30, baseline=2.5, spread=12,
                reasons='{"en": ["more than usual"], "es": ["más que de costumbre"]}',
                examples=f"[{self.case.pk}]",
            )
            for n in range(35)
        ]  # fmt: skip
        assert self.pages("/topics") == [str(one.pk) for one in reversed(topics)]
        told = self.program.get("/topics").json()["items"][0]
        assert (told["reasons"], told["posts"], told["baseline"]) == (["more than usual"], 30, 2.5)
        assert told["examples"] == [str(self.case.pk)]
        assert told["hours"]
        self.assert_few(LIST_QUERIES, "/topics")
        assert self.theirs.get("/topics").json()["items"] == []
        assert self.looker.get("/topics").status_code == 200
        assert self.stranger.get("/topics").status_code == 404


class ClockTest(RoomsCase):
    def test_running_clocks_by_due_time(self) -> None:
        cases = [self.file_case(text=f"When does office {n} open?") for n in range(60)]
        for n, case in enumerate(reversed(cases)):
            due = clock.now() + timedelta(hours=n - 2)
            Case.objects.filter(pk=case.pk).update(due_at=due, ack_due=due)
        Case.objects.filter(pk=self.case.pk).update(due_at=None)
        assert self.pages("/clocks") == [str(case.pk) for case in reversed(cases)]
        first = self.program.get("/clocks").json()["items"][0]
        assert (first["over"], first["kind"]) == (True, "first_word")
        self.assert_few(LIST_QUERIES, "/clocks")
        assert self.theirs.get("/clocks").json()["items"] == []
        assert self.stranger.get("/clocks").status_code == 404

    def test_stop_and_go_on(self) -> None:
        path = f"/cases/{self.case.pk}"
        body = {
            "waiting_on": "author", "reason": "which street?",
            "until": (clock.now() + timedelta(days=2)).isoformat(),
        }  # fmt: skip
        self.assert_shut(f"{path}/pause", body)
        self.assert_shut(f"{path}/resume")
        for wrong in ({"waiting_on": "lunch"}, {"until": "2027-01-05T10:00:00"},
                      {"until": "2001-01-05T10:00:00Z"}):  # fmt: skip
            assert self.program.post(f"{path}/pause", {**body, **wrong}).status_code == 400, wrong
        assert self.program.post(f"{path}/pause", {**body, "version": 9}).status_code == 409
        paused = self.program.post(f"{path}/pause", body, once="p")
        assert paused.json()["waiting_on"] == "author"
        assert self.program.post(f"{path}/pause", body, once="p").json() == paused.json()
        assert self.program.post(f"{path}/pause", body).status_code == 400
        assert self.program.get("/clocks").json()["items"] == []
        gone_on = self.program.post(f"{path}/resume", {"version": paused.json()["version"]}).json()
        assert gone_on["paused_at"] is None
        assert gone_on["due_at"]

    def test_the_report(self) -> None:
        told = self.program.get("/clocks/report", days="7", **{"class": "nonsense"}).json()
        assert told["days"] == 7
        assert [one["case"] for one in told["soon"]] == [str(self.case.pk)]
        self.program.post(f"/cases/{self.case.pk}/close", {"reason": "by phone"})
        told = self.program.get("/clocks/report").json()
        assert told["lines"]
        assert sum(line["unanswered"] for line in told["lines"]) >= 1
        self.assert_few(REPORT_QUERIES, "/clocks/report")
        assert self.theirs.get("/clocks/report").json()["lines"] == []
        assert self.looker.get("/clocks/report").status_code == 200
