"""Story A: the sample agency's night, as the models read it, to an empty Today.

Once by keyboard alone, with a question to a colleague and its answer in the thread; once with the
thumb.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import count

from django.core.cache import cache
from playwright.sync_api import Page, expect

from levelhead.channels import outbox
from levelhead.connectors.memory import forget_platforms
from levelhead.demo.answers import load_answers
from levelhead.demo.streams import STREAM_NAMES, find_stream
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.knowledge.finding import shelves
from levelhead.knowledge.fitting import fit_answers
from levelhead.records.models import RecordEvent
from levelhead.replies.models import Reply
from levelhead.research.models import ResearchRequest
from tests.browser.base import PHONE, BrowserTestCase
from tests.integration.knowledge.answering import Answering
from tests.integration.research.asking import Asking

NIGHT = timedelta(hours=14)
# Of the posts that need a person so many are answered in words; the rest is let stand, since this
# test is about the way and not about the words.
ANSWERED = 6
LISTED = ("needs", "fits", "clause")


class StoryATests(Answering, Asking, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        cache.clear()
        shelves.forget()
        self.addCleanup(shelves.forget)

    def fill_the_night(self, number: int) -> None:
        """The first posts of the sample day, on five channels, and what is approved there."""
        for one in load_answers():
            self.write_approved(
                title=one.title,
                questions={"en": tuple(one.questions_en), "es": tuple(one.questions_es)},
                texts={"en": one.en, "es": one.es},
                source=one.source,
            )
        told = []
        for name in STREAM_NAMES:
            channel = self.make_channel(self.agency, name.title())
            lines = find_stream(name).read_text(encoding="utf-8").splitlines()
            told += [(channel, json.loads(line)) for line in lines]
        told = sorted(
            (one for one in told if one[1].get("text")), key=lambda one: one[1]["at_seconds"]
        )[:number]
        last = told[-1][1]["at_seconds"] + 1
        begin = clock.now() - NIGHT
        self.receive(
            *(
                self.incoming(
                    channel_id=channel.pk, external_id=post["id"], text=post["text"],
                    author_name=post.get("author_name"), author_external_id=post.get("author"),
                    parent_external_id=post.get("parent_id"),
                    thread_external_id=post.get("thread_id"),
                    created_at=begin + NIGHT * (post["at_seconds"] / last),
                )
                for channel, post in told
            )
        )  # fmt: skip
        while fit_answers(50):
            pass
        self.assertEqual(Case.objects.count(), number)

    def left(self, page: Page, part: str) -> int:
        """How many a part of Today says that it holds."""
        place = page.locator(f"[data-count-of={part}]")
        return int(place.inner_text()) if place.count() else 0

    def wait_for_fewer(self, page: Page, part: str, left: int) -> None:
        """Until a part holds fewer than it held; at its last post it goes."""
        for _ in range(100):
            if self.left(page, part) < left:
                return
            page.wait_for_timeout(80)
        self.fail(f"{part} still holds {left}")

    def words(self, page: Page, number: int) -> None:
        """A reply that differs from the others, as people write; personal parts are filled in."""
        field = page.locator("#reply-text")
        given = field.input_value()
        if given:
            field.fill(re.sub(r"\[\[[^\]]*\]\]", f"Hello, reader {number}", given))
            return
        subjects = ("the street", "your street light", "the noise", "your question", "the report")
        field.fill(
            f"Thank you for writing about {subjects[number % len(subjects)]}. We read it at "
            f"{8 + number % 4}:{10 + number}. Number {number} on our list is yours. - Alice"
        )

    def test_by_keyboard_alone(self) -> None:
        self.fill_the_night(140)
        with self.window(self.alice) as page:
            keys = page.keyboard
            page.goto("/riverton/today/")
            total = sum(self.left(page, part) for part in (*LISTED, "stand"))
            self.assertEqual(total, Case.objects.filter(state=CaseState.OPEN).count())
            self.picture(page, "story-a-today", whole=True)
            number = count(1)
            for part in LISTED:
                while left := self.left(page, part):
                    page.locator(f"#today-{part} [data-row]").first.focus()
                    words = next(number)
                    row = page.locator("*:focus")
                    life = row.locator("xpath=ancestor::li").get_attribute("data-queue") == "now"
                    if part == "needs" and words == 2 and not life:
                        keys.press("Enter")
                        self.ask_and_answer(page)
                    elif life or (words <= ANSWERED and part != "clause"):
                        keys.press("Enter")
                        self.reply_by_key(page, words)
                    else:
                        keys.press("s")
                    expect(page.locator("[data-today]")).to_be_visible()
                    self.wait_for_fewer(page, part, left)
            keys.press("l")
            expect(page.locator("[data-count-of=stand]")).to_have_count(0)
            self.picture(page, "story-a-empty")
        self.assertEqual(Case.objects.filter(state=CaseState.OPEN).count(), 0)
        while outbox.deliver_due():
            pass
        self.assertFalse(Case.objects.filter(reply_failed=True).exists())
        self.assertEqual(
            Case.objects.filter(state=CaseState.ANSWERED).count(), Reply.objects.count()
        )
        # Each decision is on the record, with who took it.
        decided = RecordEvent.objects.filter(
            action__in=("person:case:let_stand", "person:reply:sent")
        )
        self.assertGreaterEqual(decided.exclude(actor="system").count(), total)

    def reply_by_key(self, page: Page, number: int) -> None:
        """Write in the open conversation, send, go back."""
        keys = page.keyboard
        expect(page.locator("#conversation-title")).to_be_visible()
        if "answer=" not in page.url:
            keys.press("r")
        expect(page.locator("#reply-text")).to_be_focused()
        self.words(page, number)
        keys.press("Control+Enter")
        held = page.locator("[data-error-code=held], [data-error-code=needs_posts]")
        sent = page.locator("[data-case-state=answering]")
        expect(held.or_(sent).first).to_be_attached()
        if held.count():
            reason = page.locator("[name=all_the_same]")
            if reason.count():
                reason.fill("I have read it, and it is right here.")
            page.locator("#reply-text").focus()
            keys.press("Control+Enter")
            expect(sent).to_have_count(1)
        keys.press("t")

    def ask_and_answer(self, page: Page) -> None:
        """The one who knows has no account: asked, answered by link, released, in the thread."""
        keys = page.keyboard
        expect(page.locator("#conversation-title")).to_be_visible()
        keys.press("e")
        expect(page.locator("#ask-question")).to_be_focused()
        page.locator("#ask-question").fill("")
        keys.type("What did you see there last night?")
        keys.press("Tab")
        keys.type("officer@example.org")
        keys.press("Enter")
        expect(page.locator("[data-research]")).to_have_count(1)
        asked = ResearchRequest.objects.get()
        with self.window(None, size=PHONE) as officers:
            officers.goto(self.link(asked))
            officers.locator("textarea").first.fill("The pump was repaired at 6:40.")
            officers.locator("form button[type=submit]").first.click()
            expect(officers.locator("textarea")).to_have_count(0)
        page.goto(f"/riverton/research/{asked.pk}/")
        page.locator("[data-action=release]").focus()
        keys.press("Enter")
        asked.refresh_from_db()
        page.goto(f"/riverton/inbox/{asked.case_id}/")
        page.locator("[data-action=use-research]").focus()
        keys.press("Enter")
        expect(page.locator("#reply-text")).to_have_value(re.compile("repaired at 6:40"))
        keys.press("r")
        keys.press("Control+Enter")
        expect(page.locator("[data-case-state=answering]")).to_have_count(1)
        keys.press("t")

    def test_with_the_thumb(self) -> None:
        self.fill_the_night(40)
        with self.window(self.alice, size=PHONE) as page:
            page.goto("/riverton/today/")
            self.assert_fits(page, "Today on a phone")
            number = count(1)
            for part in LISTED:
                while left := self.left(page, part):
                    words = next(number)
                    row = page.locator(f"#today-{part} .today-row").first
                    if row.get_attribute("data-queue") == "now" or words <= 3:
                        row.locator(".row-link").click()
                        expect(page.locator("#reply-text")).to_be_visible()
                        self.words(page, words)
                        page.locator("[data-action=send]").click()
                        expect(page.locator("[data-case-state=answering]")).to_have_count(1)
                        page.locator(".pane-head").get_by_text("Today").click()
                    else:
                        row.locator("[data-stand]").click()
                    expect(page.locator("[data-today]")).to_be_visible()
                    self.wait_for_fewer(page, part, left)
            page.locator("[data-stand-all]").click()
            expect(page.locator("[data-count-of=stand]")).to_have_count(0)
        self.assertEqual(Case.objects.filter(state=CaseState.OPEN).count(), 0)
