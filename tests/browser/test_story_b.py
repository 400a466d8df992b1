"""Story B, the dissent: a vote, many critics, calm answers, a promise, a cause that was found."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page, expect

from levelhead.channels import outbox
from levelhead.commitments.models import Commitment
from levelhead.commitments.public import turn_register
from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.issues.models import EscalationTest, Issue, IssueFact
from levelhead.kernel import clock
from levelhead.records.models import RecordEvent
from levelhead.replies.models import Reply
from levelhead.topics.models import Topic
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.topics.talking import Talking

FACT = "The drone program costs $184,000 a year, and no drone carries a weapon."
ANSWER = (
    "{name}, thank you for asking in the open. No drone carries a weapon, and the policy is at "
    "https://riverton.example/drones. What would you like us to write into it? - Alice"
)
QUARREL = (
    ("Ann", "The council approved the drone program last night."),
    ("Ben", "You people never asked anybody about the drone program. You are lying, as always."),
    ("Cy", "You obviously did not even read the drone program policy. Stop talking nonsense."),
    ("Ben", "You are an idiot and you always were. Did you even think before you wrote that??"),
)


class StoryBTests(Talking, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()

    def fill_the_evening(self) -> None:
        """An ordinary afternoon, then the vote."""
        now = clock.now()
        self.chat(90, start=now - timedelta(hours=7), every=timedelta(minutes=4))
        watch = self.watch()
        self.rise(start=now - timedelta(minutes=30))
        above = {}
        for number, (name, text) in enumerate(QUARREL):
            self.say(
                text, at=now - timedelta(minutes=5 - number), external_id=f"quarrel-{number}",
                author_name=name, author_external_id=name, **above,
            )  # fmt: skip
            above = {"parent_external_id": f"quarrel-{number}"}
        self.watch(watch)

    def answer(self, page: Page, case: Case, text: str) -> None:
        page.goto(f"/riverton/inbox/{case.pk}/")
        page.locator("#reply-text").fill(text)
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-case-state=answering]")).to_have_count(1)

    def test_dissent_on_a_wide_screen(self) -> None:
        self.play(WIDE)

    def test_dissent_on_a_phone(self) -> None:
        self.play(PHONE)

    def play(self, size: dict[str, int]) -> None:
        self.fill_the_evening()
        topic = Topic.objects.get(name__contains="drone")
        self.assertGreaterEqual(topic.level, 1)
        with self.window(self.alice, size=size) as page:
            issue = self.open_the_issue(page, topic)
            self.know_the_facts(page, issue)
            critics = self.answer_critics(page)
            self.calm_the_quarrel(page, issue)
            self.promise_an_evening(page, critics)
            self.close_the_issue(page, issue)
        actions = set(RecordEvent.objects.values_list("action", flat=True))
        self.assertLessEqual(
            {"person:issue:opened", "person:issue:level_set", "person:issue:closed",
             "person:reply:sent", "person:commitment:published"},
            actions,
        )  # fmt: skip

    def open_the_issue(self, page: Page, topic: Topic) -> Issue:
        """What is proposed, why, and what a person makes of it."""
        page.goto("/riverton/today/")
        self.picture(page, "story-b-today", whole=True)
        page.locator(f"#topic-{topic.pk}").click()
        expect(page.get_by_text("proposed").first).to_be_visible()
        expect(page.locator(".reasons li").first).to_be_visible()
        page.locator("[data-action=open-issue]").click()
        page.locator("button[data-action=open-issue]").click()
        issue = Issue.objects.get()
        self.assertIsNone(issue.level)
        page.get_by_text("Issue or crisis? Seven questions").click()
        for name in ("business_stops", "leadership_needed", "threat_people"):
            page.locator(f"label[for={name}-no]").click()
        for name in ("environment", "operations", "finances"):
            page.locator(f"label[for=threat_{name}-no]").click()
        page.locator("label[for=threat_reputation-yes]").click()
        page.locator("[data-action=assess]").click()
        page.wait_for_url(f"**/riverton/issues/{issue.pk}/")
        self.assertFalse(EscalationTest.objects.get().crisis)
        page.get_by_text("Set the level", exact=True).first.click()
        page.locator("label[for=level-2]").click()
        page.locator("#level-why").fill("Many critics, calm in tone. Work goes on.")
        page.locator("[data-action=level]").click()
        expect(page.get_by_text("Many critics, calm in tone.").first).to_be_visible()
        # On top of every page from now on.
        expect(page.locator(".strip-level-2")).to_be_attached()
        return Issue.objects.get()

    def know_the_facts(self, page: Page, issue: Issue) -> None:
        """A fact counts when a second person has approved it."""
        page.goto(f"/riverton/issues/{issue.pk}/")
        page.get_by_text("Add a fact", exact=True).click()
        page.locator("#fact").fill(FACT)
        page.locator("#source").fill("Council minutes, March 12, item 7")
        page.locator("[data-action=add-fact]").click()
        with self.window(self.bob) as bobs:
            bobs.goto(f"/riverton/issues/{issue.pk}/")
            bobs.locator("[data-action=approve-fact]").click()
            expect(bobs.locator(".fact-approved")).to_be_visible()
            bobs.goto(f"/riverton/issues/{issue.pk}/fact-sheet/")
            expect(bobs.get_by_text(FACT)).to_be_visible()
            self.picture(bobs, "story-b-fact-sheet", whole=True)
        self.assertEqual(IssueFact.objects.get().state, "approved")

    def answer_critics(self, page: Page) -> list[Case]:
        """Each by name; the check says when one answer is the other again."""
        asking = Case.objects.filter(
            state=CaseState.OPEN, post__text__contains="drone program", post__parent=None
        ).exclude(post__external_id__startswith="quarrel")
        critics = list(asking.order_by("pk")[:4])
        for number, case in enumerate(critics[:2]):
            self.answer(page, case, ANSWER.format(name=("Ann", "Joe")[number]))
        page.goto(f"/riverton/inbox/{critics[2].pk}/")
        page.locator("#reply-text").fill(ANSWER.format(name="Sue"))
        finding = page.locator("#reply-check [data-rule=sameness]")
        expect(finding).to_be_visible()
        self.picture(page, "story-b-again", whole=True)
        page.locator("#reply-text").fill(
            "Sue, your question about the garden is fair: the cameras look at the roof line only "
            "after a call for help, and a log of each flight is public. - Alice"
        )
        expect(finding).to_have_count(0)
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-case-state=answering]")).to_have_count(1)
        return critics

    def calm_the_quarrel(self, page: Page, issue: Issue) -> None:
        """The talk that may turn shows, with what warns; it is the issue's; a call is offered."""
        page.goto("/riverton/today/")
        page.locator("#today-branches [id^=branch-]").click()
        expect(page.locator("[data-outlook]")).to_contain_text(
            "Uses a word that insults or sneers."
        )
        address = page.url
        if page.locator(".to-case").is_visible():
            page.locator(".to-case").click()
        page.locator("#add-to-issue > summary").click()
        page.locator("[data-action=add-to-issue]").click()
        expect(page.locator("#case-issues")).to_contain_text(issue.name)
        page.goto(f"/riverton/issues/{issue.pk}/")
        page.locator("[id^=branch-]").click()
        expect(page).to_have_url(address)
        self.picture(page, "story-b-quarrel", whole=True)
        self.assert_fits(page, "a talk that may turn")
        self.assert_accessible(page, "a talk that may turn")
        page.locator("#reply-text").fill(
            "Ben, we hear that nobody asked your street. Please call me at 555-0110, I would like "
            "to listen. - Alice"
        )
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-case-state=answering]")).to_have_count(1)

    def promise_an_evening(self, page: Page, critics: list[Case]) -> None:
        """What is promised is kept as a commitment, and shown to everybody."""
        turn_register(agency=self.agency, on=True, by=self.bob)
        page.goto(f"/riverton/inbox/{critics[3].pk}/")
        page.locator("#reply-text").fill(
            "Kim, good point. We will hold a question evening on the program within two days, and "
            "you are welcome. - Alice"
        )
        page.get_by_text("You promise something").wait_for()
        page.locator("label", has_text="Keep as a commitment").click()
        page.get_by_role("button", name="Send reply").click()
        page.get_by_text("1 promise is a commitment now.").wait_for()
        one = Commitment.objects.get()
        page.goto(f"/riverton/commitments/{one.pk}/")
        self.publish(page)
        with self.window(None) as anyone:
            anyone.goto("/public/riverton/promises/")
            expect(anyone.get_by_text("A question evening on the drone program")).to_be_visible()

    def publish(self, page: Page) -> None:
        """Put what is promised on the public register, in words written for it."""
        page.get_by_text("Put it on the register").click()
        page.locator("#public-text").fill("A question evening on the drone program")
        page.locator("[data-action=publish]").click()

    def close_the_issue(self, page: Page, issue: Issue) -> None:
        """With a cause and an outcome."""
        while outbox.deliver_due():
            pass
        self.assertEqual(Reply.objects.count(), 5)
        page.goto(f"/riverton/issues/{issue.pk}/")
        page.locator("#root-cause").fill("Nobody was asked before the vote.")
        page.locator("#done").fill("Five answers by name, a question evening.")
        page.locator("#outcome").fill("The policy is asked about before it is voted on.")
        page.locator("[data-action=findings]").click()
        page.get_by_text("Close the issue", exact=True).first.click()
        page.locator("#close-why").fill("Nobody has written about it for a week.")
        page.locator("button[data-action=close-issue]").click()
        expect(page.get_by_text("Nobody has written about it for a week.").first).to_be_visible()
        self.picture(page, "story-b-closed", whole=True)
        self.assertEqual(Issue.objects.get().state, "closed")
