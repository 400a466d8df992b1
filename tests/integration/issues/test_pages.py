"""Topics and issues as people meet them, and the level of attention in the strip."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.doctrine.escalation import QUESTIONS
from levelhead.issues.actions import add_conversation, open_issue, set_level
from levelhead.issues.models import (
    EscalationTest,
    Issue,
    IssueConversation,
    IssueFact,
    IssueTopic,
    Theme,
)
from levelhead.issues.queries import facts_for
from levelhead.kernel import clock
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.topics.domain import TopicState
from levelhead.topics.models import Topic, TopicHour, TopicPost
from tests.base import MONDAY
from tests.integration.topics.talking import Talking
from tests.integration.web.pages import Elements, PagesTestCase

HOSTILE = "<script>alert(1)</script> \u202eevil"


class IssuesTestCase(Talking, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(self.clock))

    def make_issue(self, *, by: User | None = None, **fields: Any) -> Issue:
        given: dict[str, Any] = {"name": "Drone program", "owner": by or self.alice, **fields}
        by = by or self.alice
        return open_issue(agency_id=by.memberships.get().agency_id, by=by, **given)

    def press(self, name: str, /, *args: object, status: int = 200, **data: Any) -> str:
        response = self.client.post(self.path(name, *args), data, follow=True)
        assert response.status_code == status, response.status_code
        return response.content.decode()

    def topic_with_posts(self, count: int = 6, **fields: Any) -> Topic:
        posts = [
            self.file_post(text=f"What does the drone program cost us, number {n}?")
            for n in range(count)
        ]
        topic = self.make_topic(
            examples=json.dumps([post.pk for post in posts[:3]]), linked=count, counted=count,
            **fields,
        )  # fmt: skip
        TopicPost.objects.bulk_create(
            TopicPost(agency=self.agency, topic=topic, post=post) for post in posts
        )
        TopicHour.objects.create(
            agency=self.agency, topic=topic, hour=MONDAY.replace(minute=0), posts=count
        )
        return topic


class StripTest(IssuesTestCase):
    def strip(self) -> str:
        found = re.search(r'<a class="strip-level[^>]*>.*?</a>', self.look("inbox"), re.DOTALL)
        assert found is not None
        return found[0]

    def test_steady_where_nothing_waits(self) -> None:
        strip = self.strip()
        assert "0 steady" in strip
        assert reverse("issues", args=["riverton"]) in strip

    def test_the_highest_proposed_or_set_with_word_shape_and_number(self) -> None:
        topic = self.make_topic(level=2)
        strip = self.strip()
        assert "◆</span> 2 issue, proposed" in strip
        assert self.path("topic", topic.pk) in strip
        issue = self.make_issue(level=3, why="The press calls")
        strip = self.strip()
        assert "▲</span> 3 serious" in strip
        assert "proposed" not in strip
        assert self.path("issue", issue.pk) in strip
        self.make_topic(level=4, name="shots", terms='["shots"]')
        assert "■</span> 4 crisis, proposed" in self.strip()

    def test_a_person_who_judged_it_lower_is_believed_until_it_rises(self) -> None:
        topic = self.make_topic(level=3)
        issue = self.make_issue(topic=topic)
        assert "3 serious, proposed" in self.strip()
        self.clock.advance(timedelta(minutes=5))
        set_level(issue=issue, level=1, why="One outlet", by=self.alice, expected_version=None)
        assert "1 watch" in self.strip()
        assert "proposed" not in self.strip()
        self.clock.advance(timedelta(minutes=5))
        Topic.objects.update(level=4, raised_at=clock.now(), last_seen=clock.now())
        assert "4 crisis, proposed" in self.strip()

    def test_what_is_over_ordinary_or_of_others_does_not_count(self) -> None:
        self.make_topic(level=4, last_seen=MONDAY - timedelta(hours=25))
        self.make_topic(level=3, state=TopicState.ORDINARY)
        self.make_topic(agency=self.other_agency, level=4)
        self.make_issue(by=self.charlie, level=4, why="Theirs")
        assert "0 steady" in self.strip()

    def test_it_costs_no_query_of_its_own(self) -> None:
        self.look("inbox")
        with self.assertNumQueries(8):
            self.client.get(self.path("strip"))
        self.make_topic()
        self.make_issue(level=2, why="x")
        with self.assertNumQueries(8):
            self.client.get(self.path("strip"))


class TopicPagesTest(IssuesTestCase):
    def test_a_topic_says_why_with_figures_and_posts(self) -> None:
        topic = self.topic_with_posts()
        page = self.look("topic", topic.pk)
        for words in (
            "drone program", "◆</span> 2 issue", "21 posts where 3 are usual.", "21 posts",
            "3.0 are usual", "number 2?", "6 posts in 48 hours, at most 6 in one", "<svg",
        ):  # fmt: skip
            assert words in page, words
        assert "Nothing follows from it until you decide" in page

    def test_its_reasons_come_in_the_language_of_the_person(self) -> None:
        topic = self.make_topic()
        self.alice.language = "es"
        self.alice.save()
        assert "21 publicaciones." in self.look("topic", topic.pk)

    def test_ordinary_and_back(self) -> None:
        topic = self.make_topic()
        page = self.press("topic-ordinary", topic.pk, version=1, why="Football night")
        assert "Ordinary, then." in page
        assert "Football night" in page
        assert "Nothing stands out." in self.look("issues")
        self.press("topic-ordinary", topic.pk, status=409, version=1)
        assert "The topic counts again." in self.press("topic-again", topic.pk, version=2)
        assert "drone program" in self.look("issues")
        actions = RecordEvent.objects.filter(subject=f"topic:{topic.pk}").order_by("id")
        assert list(actions.values_list("action", flat=True)) == [
            "person:topic:ordinary",
            "person:topic:looked_again",
        ]

    def test_what_strangers_wrote_does_nothing(self) -> None:
        topic = self.make_topic(
            name=HOSTILE, terms=json.dumps([HOSTILE]), reasons=json.dumps({"en": [HOSTILE]})
        )
        pages = (
            self.look("topic", topic.pk), self.look("topics"), self.look("issues"),
            self.look("issue-new", topic=topic.pk),
        )  # fmt: skip
        for page in pages:
            assert "<script>alert(1)" not in page

    def test_of_another_agency_nothing_shows(self) -> None:
        theirs = self.make_topic(agency=self.other_agency, name="Theirs alone")
        assert "Theirs alone" not in self.look("issues")
        assert "Theirs alone" not in self.look("topics")
        for name in ("topic", "topic-ordinary", "topic-again", "issue-add-topic"):
            method = self.client.get if name == "topic" else self.client.post
            assert method(self.path(name, theirs.pk)).status_code == 404, name
        assert self.client.get(self.path("issue-new"), {"topic": theirs.pk}).status_code == 404

    def test_who_may_only_look_changes_nothing(self) -> None:
        topic = self.make_topic()
        self.sign_in(self.victor)
        page = self.look("topic", topic.pk)
        assert self.path("topic-ordinary", topic.pk) not in page
        for name in ("topic-ordinary", "topic-again", "issue-add-topic"):
            assert self.client.post(self.path(name, topic.pk)).status_code == 403

    def test_pages_and_bounded_queries(self) -> None:
        for n in range(3):
            self.make_topic(name=f"Subject {n}")
        self.look("topics")
        with self.assertNumQueries(10):
            self.look("topics")
        for n in range(3, 40):
            self.make_topic(name=f"Subject {n}")
        with self.assertNumQueries(10):
            page = self.look("topics")
        assert "Subject 39<" in page
        assert "Subject 9<" not in page
        before = re.search(r"before=(\d+)", page)
        assert before is not None
        assert "Subject 9<" in self.look("topics", before=before[1])


class BoardTest(IssuesTestCase):
    def test_an_empty_board_teaches(self) -> None:
        page = self.look("issues")
        assert "No issue is open." in page
        assert "Add to issue" in page
        assert "No issue was closed yet." in self.look("issues", show="closed")
        assert reverse("issues", args=["riverton"]) in self.look("inbox")

    def test_columns_by_level_with_sparkline_and_table(self) -> None:
        topic = self.topic_with_posts(level=3)
        proposed = self.make_issue(name="Only proposed", topic=topic)
        decided = self.make_issue(name="Decided", level=2, why="Many ask")
        page = self.look("issues")
        order = [int(pk or 0) for pk in Elements(page).with_attribute("data-issue")]
        assert order == [proposed.pk, decided.pk]
        assert "level proposed, nobody has decided" in page
        assert "<svg" in page
        assert "<td>6</td>" in page
        # What belongs to an issue is not shown a second time.
        assert f'data-topic="{topic.pk}"' not in page

    def test_queries_are_bounded(self) -> None:
        self.make_issue(topic=self.topic_with_posts())
        self.make_topic(name="Free")
        self.look("issues")
        with self.assertNumQueries(14):
            self.look("issues")
        for n in range(6):
            topic = self.make_topic(name=f"Other {n}", terms=json.dumps([f"other {n}"]))
            self.make_issue(name=f"Issue {n}", topic=topic)
            self.make_topic(name=f"Free {n}")
        with self.assertNumQueries(14):
            self.look("issues")

    def test_two_taps_from_a_topic(self) -> None:
        topic = self.topic_with_posts()
        form = self.look("issue-new", topic=topic.pk)
        assert 'value="drone program"' in form
        page = self.press("issue-new", topic=topic.pk, name="drone program", owner=self.alice.pk)
        assert "The issue is open." in page
        issue = Issue.objects.get()
        assert (issue.owner, issue.level) == (self.alice, None)
        assert IssueTopic.objects.get().topic == topic
        # Nothing was decided by opening it.
        assert "Nobody has decided yet." in page
        event = RecordEvent.objects.get(action="person:issue:opened")
        assert event.actor == f"user:{self.alice.pk}"

    def test_mistakes_keep_what_was_typed(self) -> None:
        page = self.press("issue-new", status=400, name="", owner=self.bob.pk, why="Because")
        assert "Give the issue a name" in page
        assert "Because" in page
        page = self.press("issue-new", status=400, name="Noise", owner=self.alice.pk, level="2")
        assert "Say why this level" in page
        assert 'value="Noise"' in page
        for name, owner in (("x" * 201, self.alice.pk), ("Noise", self.charlie.pk), ("a", "\x00")):
            self.press("issue-new", status=400, name=name, owner=owner)
        assert not Issue.objects.exists()


class IssuePageTest(IssuesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.topic = self.topic_with_posts()
        self.issue = self.make_issue(topic=self.topic)

    def fresh(self) -> Issue:
        self.issue.refresh_from_db()
        return self.issue

    def test_the_level_that_is_proposed_beside_the_one_that_is_set(self) -> None:
        page = self.press(
            "issue-level", self.issue.pk, version=1, level="1", level_why="A calm debate"
        )
        assert "A calm debate" in page
        assert "◇</span> 1 watch" in page
        assert "◆</span> 2 issue" in page
        assert "21 posts where 3 are usual." in page
        event = RecordEvent.objects.get(action="person:issue:level_set")
        assert json.loads(event.payload)["level"] == [None, 1]
        page = self.press("issue-level", self.issue.pk, status=400, version=2, level="3")
        assert "Say why this level" in page
        self.press("issue-level", self.issue.pk, status=400, version=2, level="7", level_why="x")
        page = self.press(
            "issue-level", self.issue.pk, status=409, version=1, level="3", level_why="Mine"
        )
        assert "Somebody changed this issue" in page
        assert "Mine" in page
        assert self.fresh().level == 1

    def test_questions_themes_and_conversations(self) -> None:
        case = self.file_case(text="Will the drones see into my yard?")
        add_conversation(issue=self.issue, case=case, by=self.alice)
        shown = self.topic.example_ids[0]
        page = self.press("issue-add-theme", self.issue.pk, theme="Cost", example=[shown, 123, "x"])
        assert Theme.objects.get().example_ids == [shown]
        assert "asked 6 times" in page
        assert "What does the drone program cost us" in page
        assert "Will the drones see into my yard?" in page
        assert "1 post" in page
        theme = Theme.objects.get()
        assert "taken away" in self.press("issue-drop-theme", self.issue.pk, theme.pk)
        self.press("issue-drop-theme", self.issue.pk, theme.pk, status=409)
        version = self.fresh().version
        self.press("issue-conversation-out", self.issue.pk, case.conversation_id, version=version)
        assert not IssueConversation.objects.exists()
        self.press("issue-topic-out", self.issue.pk, self.topic.pk, version=version + 1)
        assert not IssueTopic.objects.exists()

    def test_facts_stand_on_the_sheet_once_they_are_approved(self) -> None:
        page = self.press("issue-add-fact", self.issue.pk, status=400, fact="It costs $184,000")
        assert "Say where it comes from" in page
        assert "It costs $184,000" in page
        self.press(
            "issue-add-fact", self.issue.pk, fact="It costs $184,000", source="Budget, p. 12"
        )
        fact = IssueFact.objects.get()
        assert "$184,000" not in self.look("issue-fact-sheet", self.issue.pk)
        self.press("issue-approve-fact", self.issue.pk, fact.pk)
        sheet = self.look("issue-fact-sheet", self.issue.pk)
        assert "It costs $184,000" in sheet
        assert "Budget, p. 12" in sheet
        case = self.file_case(text="What does it cost?")
        assert facts_for(case) == []
        add_conversation(issue=self.issue, case=case, by=self.alice)
        assert facts_for(case) == ["It costs $184,000"]
        self.press("issue-withdraw-fact", self.issue.pk, fact.pk, status=400)
        self.press("issue-withdraw-fact", self.issue.pk, fact.pk, fact_why="Another bid")
        assert facts_for(case) == []
        assert "$184,000" not in self.look("issue-fact-sheet", self.issue.pk)
        self.press("issue-approve-fact", self.issue.pk, fact.pk, status=409)
        actions = set(RecordEvent.objects.values_list("action", flat=True))
        assert {
            "person:issue:fact_added", "person:issue:fact_approved", "person:issue:fact_withdrawn",
        } <= actions  # fmt: skip

    def test_owner_and_name(self) -> None:
        page = self.press("issue-give", self.issue.pk, version=1, owner=self.bob.pk)
        assert "Bob sees to this issue now." in page
        self.press("issue-give", self.issue.pk, status=400, version=2, owner=self.charlie.pk)
        self.press("issue-rename", self.issue.pk, version=2, name="Drones over yards")
        issue = self.fresh()
        assert (issue.owner, issue.name) == (self.bob, "Drones over yards")

    def test_closed_with_what_was_learned_and_opened_again(self) -> None:
        page = self.press("issue-close", self.issue.pk, status=400, version=1, close_why="Quiet")
        assert "root cause and the outcome first" in page
        assert "Quiet" in page
        told = {"root_cause": "Nobody was asked", "done": "Q&A evening", "outcome": "Rules"}
        self.press("issue-findings", self.issue.pk, version=1, **told)
        page = self.press("issue-close", self.issue.pk, version=2, close_why="Quiet for a week")
        assert "Nobody was asked" in page
        assert "Quiet for a week" in page
        assert "No issue is open." in self.look("issues")
        assert "Drone program" in self.look("issues", show="closed")
        page = self.press("issue-add-fact", self.issue.pk, status=400, fact="x", source="y")
        assert "This issue is closed" in page
        # A topic that goes on may belong to another issue now.
        other = self.make_issue(name="Second", topic=self.topic)
        assert IssueTopic.objects.filter(issue=other).exists()
        self.press("issue-reopen", self.issue.pk, status=400, version=3)
        page = self.press("issue-reopen", self.issue.pk, version=3, again="It is back")
        assert "The issue is open again." in page
        assert "It is back" in page
        assert self.fresh().outcome == "Rules"

    def test_what_strangers_wrote_does_nothing(self) -> None:
        case = self.file_case(text=f"{HOSTILE} what is this?")
        add_conversation(issue=self.issue, case=case, by=self.alice)
        self.press("issue-add-fact", self.issue.pk, fact=HOSTILE, source="javascript:alert(1)")
        self.press("issue-approve-fact", self.issue.pk, IssueFact.objects.get().pk)
        self.press("issue-add-theme", self.issue.pk, theme=HOSTILE, example=[case.pk])
        self.press("issue-rename", self.issue.pk, name=f"{HOSTILE}\x00")
        pages = (
            self.look("issue", self.issue.pk), self.look("issues"),
            self.look("issue-fact-sheet", self.issue.pk), self.look("issue-test", self.issue.pk),
            self.look("conversation", case.pk),
        )  # fmt: skip
        for page in pages:
            assert "<script>alert(1)" not in page
            assert 'href="javascript' not in page
            assert "\x00" not in page

    def test_queries_are_bounded(self) -> None:
        add_conversation(issue=self.issue, case=self.file_case(), by=self.alice)
        self.look("issue", self.issue.pk)
        with self.assertNumQueries(24):
            self.look("issue", self.issue.pk)
        for n in range(5):
            add_conversation(issue=self.issue, case=self.file_case(), by=self.alice)
            self.press("issue-add-theme", self.issue.pk, theme=f"Theme {n}")
            self.press("issue-add-fact", self.issue.pk, fact=f"Fact {n}", source="s")
        with self.assertNumQueries(24):
            self.look("issue", self.issue.pk)

    def test_open_screens_are_told(self) -> None:
        before = LiveEvent.objects.filter(kind="issue.changed").count()
        self.press("issue-rename", self.issue.pk, name="Another")
        assert LiveEvent.objects.filter(kind="issue.changed").count() == before + 1


class EscalationTestPageTest(IssuesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.topic = self.topic_with_posts()
        self.issue = self.make_issue(topic=self.topic)

    def seen(self) -> str:
        page = Elements(self.look("issue-test", self.issue.pk))
        values = [a.get("value") for tag, a in page.found if a.get("name") == "seen"]
        return str(values[0])

    def answer(self, status: int = 200, **given: Any) -> str:
        answers = dict.fromkeys(QUESTIONS, "no") | given
        return self.press("issue-test", self.issue.pk, status=status, **answers)

    def test_seven_questions_and_what_was_on_the_screen(self) -> None:
        seen = self.seen()
        # Meanwhile it grows: kept is what the person saw.
        Topic.objects.update(posts=400, level=4)
        page = self.answer(
            seen=seen, business_stops="yes", threat_reputation="yes", why="Two days of calls",
            catalyst=["press", "nonsense"],
        )  # fmt: skip
        assert "this is a crisis" in page
        test = EscalationTest.objects.get()
        assert (test.crisis, test.by, test.at) == (True, self.alice, MONDAY)
        assert test.why == "Two days of calls"
        assert test.answered["threat_reputation"] is True
        assert test.answered["threat_people"] is False
        assert test.catalysts_named == ["press"]
        assert test.seen["topics"][0]["posts"] == 21
        assert test.seen["proposed"] == 2
        assert test.seen["posts_per_hour"][-1] == 6
        # The answers declare nothing.
        assert Issue.objects.get().level is None
        assert RecordEvent.objects.filter(action="person:issue:assessed").count() == 1
        assert "Two days of calls" in page

    def test_an_issue_where_work_goes_on(self) -> None:
        page = self.answer(seen=self.seen(), threat_people="yes", leadership_needed="yes")
        assert "this is an issue, not a crisis" in page
        assert EscalationTest.objects.get().crisis is False

    def test_mistakes_keep_the_answers(self) -> None:
        page = self.answer(400, seen=self.seen(), threat_people="", why="Hm", business_stops="yes")
        assert "Answer all seven questions" in page
        assert "Hm" in page
        assert 'id="business_stops-yes" name="business_stops" value="yes" required checked' in page
        for token in ("", "forged", "x" * 200_000):
            page = self.answer(400, seen=token)
            assert "open for too long" in page
        other = self.make_issue(name="Other")
        token = self.seen()
        answers = dict.fromkeys(QUESTIONS, "no")
        self.press("issue-test", other.pk, status=400, seen=token, **answers)
        assert not EscalationTest.objects.exists()


class ConversationTest(IssuesTestCase):
    def test_added_from_its_page(self) -> None:
        issue = self.make_issue()
        case = self.file_case(text="Why drones?")
        page = self.look("conversation", case.pk)
        assert "Part of no open issue." in page
        assert self.path("issue-add-conversation", case.pk) in page
        page = self.press("issue-add-conversation", case.pk, issue=issue.pk)
        assert "is part of “Drone program” now" in page
        assert self.path("issue", issue.pk) in page
        self.press("issue-add-conversation", case.pk, status=409, issue=issue.pk)
        self.press("issue-add-conversation", case.pk, status=400, issue="x")
        form = self.look("issue-new", post=case.pk)
        assert "Why drones?" in form

    def test_a_topic_goes_into_an_open_issue_once(self) -> None:
        issue, topic = self.make_issue(), self.make_topic()
        page = self.press("issue-add-topic", topic.pk, issue=issue.pk)
        assert "The topic is part of this issue now." in page
        self.press("issue-add-topic", topic.pk, status=409, issue=issue.pk)
        page = self.press("issue-add-topic", topic.pk)
        assert "Choose the issue" in page


class WhoMayTest(IssuesTestCase):
    GET = ("issue", "issue-fact-sheet")
    POST = (
        "issue-rename", "issue-level", "issue-give", "issue-findings", "issue-add-fact",
        "issue-add-theme", "issue-close", "issue-reopen", "issue-test",
    )  # fmt: skip
    PARTS = (
        "issue-approve-fact", "issue-withdraw-fact", "issue-drop-theme", "issue-topic-out",
        "issue-conversation-out",
    )  # fmt: skip

    def answers(self, issue: Issue, status: int, *, get: int) -> None:
        def check(response: HttpResponse, wanted: int, name: str) -> None:
            assert response.status_code == wanted, (name, response.status_code)

        for name in self.GET:
            check(self.client.get(self.path(name, issue.pk)), get, name)  # type: ignore[arg-type]
        for name in self.POST:
            check(self.client.post(self.path(name, issue.pk)), status, name)  # type: ignore[arg-type]
        for name in self.PARTS:
            check(self.client.post(self.path(name, issue.pk, 5)), status, name)  # type: ignore[arg-type]

    def test_another_agency_sees_and_does_nothing(self) -> None:
        theirs = self.make_issue(by=self.charlie, name="Theirs alone")
        assert "Theirs alone" not in self.look("issues")
        self.answers(theirs, 404, get=404)
        case = self.file_case()
        assert "Theirs alone" not in self.look("conversation", case.pk)
        self.press("issue-add-conversation", case.pk, status=404, issue=theirs.pk)
        topic = self.make_topic()
        self.press("issue-add-topic", topic.pk, status=404, issue=theirs.pk)
        assert not IssueConversation.objects.exists()
        assert not IssueTopic.objects.exists()

    def test_who_may_only_look_sees_it_and_changes_nothing(self) -> None:
        issue = self.make_issue(topic=self.topic_with_posts())
        self.sign_in(self.victor)
        page = self.look("issue", issue.pk)
        assert "Drone program" in page
        assert self.path("issue-level", issue.pk) not in page
        assert self.path("issue-new") not in self.look("issues")
        self.answers(issue, 403, get=200)
        assert self.client.get(self.path("issue-new")).status_code == 403
        case = self.file_case()
        assert self.client.post(self.path("issue-add-conversation", case.pk)).status_code == 403

    def test_signed_out_to_the_door(self) -> None:
        issue = self.make_issue()
        self.client.logout()
        assert self.client.get(self.path("issue", issue.pk)).status_code == 302
