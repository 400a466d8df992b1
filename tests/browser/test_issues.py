"""Issues and topics in a real browser: no barriers, nothing cut off, two taps from a topic."""

from __future__ import annotations

import json
from datetime import timedelta

from levelhead.accounts.models import User
from levelhead.issues import actions, assessing
from levelhead.issues.models import EscalationTest, Issue
from levelhead.kernel import clock
from levelhead.topics.domain import hour_of
from levelhead.topics.models import Topic, TopicHour, TopicPost
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.topics.talking import DRONES, Talking

SIZES = {"wide": WIDE, "phone": PHONE}
PATH = "/riverton/issues/"
WAVE = (0, 1, 0, 0, 2, 1, 0, 3, 2, 4, 9, 21, 30, 26, 14, 6)


class IssuesTests(Talking, BrowserTestCase):
    def look(self, path: str, name: str, *, unfold: bool = False) -> None:
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with self.subTest(what), self.window(self.alice, size=size, theme=theme) as page:
                    page.goto(path)
                    for fold in page.locator("main details.case-form > summary").all():
                        if unfold and fold.is_visible():
                            fold.click()
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def rising(self, name: str = "drone program", *, level: int = 2, posts: int = 8) -> Topic:
        rows = [self.file_post(text=f"{DRONES[n]} ({name})") for n in range(posts)]
        topic = self.make_topic(
            name=name, terms=json.dumps([name]), level=level, counted=118, linked=posts,
            examples=json.dumps([row.pk for row in rows[:3]]),
            reasons=json.dumps({
                "en": ["21 posts where 3 are usual, and more against the agency than for it."],
                "es": ["21 publicaciones donde lo habitual son 3, y más en contra que a favor."],
            }),
        )  # fmt: skip
        TopicPost.objects.bulk_create(
            TopicPost(agency=self.agency, topic=topic, post=row) for row in rows
        )
        last = hour_of(clock.now())
        TopicHour.objects.bulk_create(
            TopicHour(
                agency=self.agency, topic=topic, hour=last - timedelta(hours=back), posts=count
            )
            for back, count in enumerate(reversed(WAVE))
            if count
        )
        return topic

    def fill(self) -> Issue:
        """A board with something in every corner."""
        self.rising("road works, Elm Street", level=1)
        self.rising("late buses", level=0)
        issue = actions.open_issue(
            agency_id=self.agency.pk, name="Drone program", owner=self.alice, by=self.alice,
            level=2, why="Many critics, calm in tone; the vote is next week.",
            topic=self.rising(),
        )  # fmt: skip
        actions.open_issue(
            agency_id=self.agency.pk, name="Complaint about a traffic stop on Fifth " * 3,
            owner=self.bob, by=self.bob,
        )  # fmt: skip
        for n in range(3):
            case = self.file_case(text=f"Who sees what the drones film? My street asks. ({n})")
            actions.add_conversation(issue=issue, case=case, by=self.alice)
        assessing.assess_issue(
            issue=issue,
            answers=dict.fromkeys(
                (
                    "business_stops", "leadership_needed", "threat_people", "threat_environment",
                    "threat_operations", "threat_finances",
                ),
                False,
            )
            | {"threat_reputation": True},
            catalysts=["relatable"], why="Work goes on.",
            evidence={"proposed": 2, "topics": [
                {"name": "drone program", "posts": 21, "baseline": 3.0}
            ]},
            by=self.alice,
        )  # fmt: skip
        for text in ("The program costs $184,000 a year.", "No drone carries a weapon."):
            fact = assessing.add_fact(
                issue=issue, text=text, source="Council minutes, March 3", by=self.alice
            )
        assessing.approve_fact(issue=issue, fact_id=fact.pk, by=self.bob)
        theme = Topic.objects.get(name="drone program").example_ids
        assessing.add_theme(issue=issue, name="Nobody asked us", post_ids=theme[:2], by=self.bob)
        return issue

    def test_an_empty_board_teaches(self) -> None:
        self.look(PATH, "issues-empty")

    def test_board(self) -> None:
        self.fill()
        self.look(PATH, "issues")
        self.look("/riverton/topics/", "topics")

    def test_one_issue(self) -> None:
        issue = self.fill()
        self.look(f"{PATH}{issue.pk}/", "issue")
        self.look(f"{PATH}{issue.pk}/", "issue-unfolded", unfold=True)
        self.look(f"{PATH}{issue.pk}/fact-sheet/", "fact-sheet")

    def test_seven_questions(self) -> None:
        issue = self.fill()
        self.look(f"{PATH}{issue.pk}/test/", "issue-test")

    def test_in_spanish(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(language="es")
        issue = self.fill()
        self.look(PATH, "issues-es")
        self.look(f"{PATH}{issue.pk}/", "issue-es")

    def test_a_conversation_goes_into_an_issue(self) -> None:
        issue = self.fill()
        case = self.file_case(text="Why drones?")
        with self.window(self.alice, size=WIDE) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_text("Add to issue", exact=True).click()
            page.get_by_label("Which issue?").select_option(str(issue.pk))
            page.locator("[data-action=add-to-issue]").click()
            page.locator("#case-issues a").get_by_text("Drone program").wait_for()
            self.assert_accessible(page, "case")

    def test_two_taps_and_seven_answers_on_a_phone(self) -> None:
        topic = self.rising()
        self.look(f"/riverton/topics/{topic.pk}/", "topic", unfold=True)
        with self.window(self.alice, size=PHONE) as page:
            page.goto(f"/riverton/topics/{topic.pk}/")
            page.locator("[data-action=open-issue]").click()
            self.picture(page, "issue-new-phone", whole=True)
            self.assert_accessible(page, "new")
            page.locator("button[data-action=open-issue]").click()
            page.get_by_text("Issue or crisis? Seven questions").click()
            for name in ("business_stops", "leadership_needed", "threat_people"):
                page.locator(f"label[for={name}-yes]").click()
            for name in ("environment", "operations", "reputation", "finances"):
                page.locator(f"label[for=threat_{name}-no]").click()
            page.locator("[data-action=assess]").click()
            page.get_by_text("By your answers this is a crisis.").wait_for()
        assert EscalationTest.objects.get().crisis

    def test_the_keyboard_reaches_everything_on_the_board(self) -> None:
        issue = self.fill()
        with self.window(self.alice, size=WIDE) as page:
            page.goto(PATH)
            page.locator("main").focus()
            seen = []
            for _ in range(40):
                page.keyboard.press("Tab")
                seen.append(page.evaluate("document.activeElement.getAttribute('href')"))
            assert f"{PATH}{issue.pk}/" in seen
            assert f"{PATH}new/" in seen
