"""What came after an answer was used, and answers past their review date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.connectors.memory import forget_platforms, platform_of
from levelhead.inbox.actions import reopen_case
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.knowledge import staleness
from levelhead.knowledge.actions import add_question, confirm_still_true
from levelhead.knowledge.models import Answer, AnswerUse
from levelhead.knowledge.outcomes import look_after_uses, measure_change
from levelhead.knowledge.queries import today_of
from levelhead.knowledge.staleness import on_stale, tell_stale
from levelhead.knowledge.usage import usage_of
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import send_reply
from tests.base import MONDAY
from tests.integration.knowledge.answering import TRASH, Answering
from tests.integration.web.pages import PagesTestCase

CALL = "Call 311 and the truck comes back within two days."


class OutcomesTest(Answering, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.answer = self.write_approved(**TRASH)

    def use(self, who: str, text: str = CALL, deliver: bool = True) -> Case:
        case = self.file_case(
            text=f"Nobody picked up our garbage, says {who}?", author_external_id=who,
            external_id=f"q-{who}",
        )  # fmt: skip
        send_reply(
            case=case, text=text, by=self.alice, form_token=f"f-{who}", expected_version=None,
            answer_ids=[self.answer.pk],
        )  # fmt: skip
        if deliver:
            outbox.deliver_due()
        return case

    def later(self, case: Case, who: str, label: str, **fields: Any) -> Case:
        """Somebody writes in the same thread, an hour later."""
        self.clock.advance(timedelta(hours=1))
        found = self.file_case(
            text="More of it", author_external_id=who, parent_external_id=case.post.external_id,
            thread_external_id=case.post.external_id,
            **fields,
        )  # fmt: skip
        Case.objects.filter(pk=found.pk).update(label=label)
        return found

    def look_on(self, **passes: float) -> AnswerUse | None:
        self.clock.advance(timedelta(**passes))
        while look_after_uses():
            pass
        return AnswerUse.objects.order_by("-pk").first()

    def marks(self, use: AnswerUse | None) -> set[str]:
        names = ("reopened", "asked_again", "derailed", "thanked")
        return {name for name in names if getattr(use, name)}

    def test_what_follows_is_seen_within_a_week(self) -> None:
        case = self.use("dana")
        assert self.marks(self.look_on(hours=2)) == set()
        self.later(case, "dana", "question")
        assert self.marks(self.look_on(hours=2)) == {"asked_again"}
        self.later(case, "dana", "praise")
        self.later(case, "luis", "abuse")
        assert self.marks(self.look_on(hours=2)) == {"asked_again", "thanked", "derailed"}
        reopen_case(case=Case.objects.get(pk=case.pk), by=self.bob, expected_version=None)
        use = self.look_on(hours=2)
        assert self.marks(use) == {"asked_again", "thanked", "derailed", "reopened"}
        assert use is not None
        assert use.look_at is not None
        use = self.look_on(days=8)
        assert use is not None
        assert use.look_at is None

    def test_somebody_elses_question_and_what_comes_after_a_week_do_not_count(self) -> None:
        case = self.use("dana")
        self.later(case, "luis", "question")
        self.look_on(hours=2)
        self.clock.advance(timedelta(days=8))
        self.later(case, "dana", "question")
        assert self.marks(self.look_on(hours=2)) == set()

    def test_the_same_question_elsewhere_counts_where_the_same_answer_fits_it(self) -> None:
        self.use("dana")
        for text, answer, expected in (
            ("And where is the bus?", None, set()),
            ("Still no garbage pickup?", self.answer, {"asked_again"}),
        ):
            self.clock.advance(timedelta(hours=1))
            found = self.file_case(text=text, author_external_id="dana")
            Case.objects.filter(pk=found.pk).update(label="service", answer=answer)
            assert self.marks(self.look_on(hours=2)) == expected

    def test_a_reply_that_did_not_leave_counts_for_nothing(self) -> None:
        platform_of(account_of(self.channel)).fail_next("refused", on="send")
        case = self.use("dana")
        self.later(case, "dana", "question")
        assert self.marks(self.look_on(hours=2)) == set()
        assert usage_of(self.answer).sent == 0

    def test_small_numbers_are_shown_as_they_are(self) -> None:
        for who in ("a", "b", "c"):
            case = self.use(who, text=CALL if who == "a" else f"Good morning {who}! {CALL}")
        self.later(case, "c", "question")
        self.look_on(hours=2)
        usage = usage_of(self.answer)
        assert (usage.sent, usage.asked_again, usage.unchanged) == (3, 1, 1)
        page = self.look("answer", self.answer.pk)
        assert "1 of 3" in page
        assert "So few replies can look good or bad by chance." in page
        page = self.look("knowledge", show="again")
        assert "1 of 3 asked again" in page
        other = self.write_approved()
        assert f'data-answer="{other.pk}"' not in page

    def test_nothing_is_kept_of_who_asked(self) -> None:
        names = {field.name for field in AnswerUse._meta.get_fields()}
        assert not names & {"author", "handle", "person"}

    def test_a_passed_review_date_is_told_once_for_each_date(self) -> None:
        told: list[tuple[str, int]] = []

        def listen(answer: Answer) -> None:
            told.append((answer.title, answer.owner.pk))

        on_stale(listen)
        on_stale(listen)
        self.addCleanup(staleness._listeners.remove, listen)
        assert tell_stale() == 0
        self.clock.advance(timedelta(days=91))
        assert tell_stale() == 1
        assert tell_stale() == 0
        assert told == [(self.answer.title, self.alice.pk)]
        assert RecordEvent.objects.filter(action="system:answer:stale").count() == 1
        self.answer.refresh_from_db()
        self.approve(self.answer, days=10)
        self.clock.advance(timedelta(days=11))
        assert tell_stale() == 1
        assert len(told) == 2

    def test_still_true_is_one_tap_of_somebody_else(self) -> None:
        self.clock.advance(timedelta(days=91))
        # Alice changed it last: she may not confirm it.
        assert self.path("answer-still-true", self.answer.pk) not in self.look("knowledge")
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                confirm_still_true(answer=self.answer, by=person, expected_version=1)
        with pytest.raises(Invalid):
            confirm_still_true(answer=self.answer, by=self.alice, expected_version=1)
        self.sign_in(self.bob)
        assert self.path("answer-still-true", self.answer.pk) in self.look("knowledge")
        assert "data-still-true" in self.look("answer", self.answer.pk)
        path = self.path("answer-still-true", self.answer.pk)
        assert self.client.post(path, {"version": "7"}).status_code == 409
        assert self.client.post(path, {"version": "1"}).status_code == 302
        self.answer.refresh_from_db()
        assert self.answer.review_on == today_of(self.agency) + timedelta(days=180)
        draft = self.write()
        with pytest.raises(Invalid):
            confirm_still_true(answer=draft, by=self.bob, expected_version=1)

    def test_a_question_is_added_without_touching_the_words(self) -> None:
        changed = add_question(
            answer=self.answer, question=" No  trash\npickup? ", lang="en", by=self.bob
        )
        assert changed.questions["en"][-1] == "No trash pickup?"
        assert (changed.state, changed.version, changed.edited_by) == ("approved", 2, self.alice)
        again = add_question(
            answer=self.answer, question="No trash pickup?", lang="en", by=self.bob
        )
        assert again.version == 2
        for n in range(6):
            add_question(answer=self.answer, question=f"q{n}?", lang="en", by=self.bob)
        for person, question, lang in (
            (self.bob, "one too many?", "en"), (self.bob, "¿hola?", "es"), (self.bob, "", "en"),
        ):  # fmt: skip
            with pytest.raises(Invalid):
                add_question(answer=self.answer, question=question, lang=lang, by=person)
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                add_question(answer=self.answer, question="x?", lang="en", by=person)

    def test_somebody_who_saw_an_older_one_does_not_overwrite_an_added_question(self) -> None:
        add_question(answer=self.answer, question="No pickup?", lang="en", by=self.bob)
        with pytest.raises(Conflict):
            self.approve(self.answer)


@pytest.mark.parametrize(
    ("said", "percent"),
    [
        (CALL, 0),
        ("", 100),
        ("Something else altogether was written here", 100),
        (f"{CALL} Thank you.", 17),
    ],
)
def test_the_change_is_measured_in_words(said: str, percent: int) -> None:
    assert measure_change(said, [CALL]) == percent


def test_a_part_that_was_filled_in_is_little_change_and_the_nearest_form_counts() -> None:
    assert measure_change("Dana, open 8 to 5", ["[[name]], open 8 to 5", "x"]) == 20
    assert measure_change("Open", ["A long text that nobody sent", "Open"]) == 0
    assert measure_change("Open", []) is None
