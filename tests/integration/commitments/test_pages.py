"""The register, a commitment's page, the reply form and the conversation, as people meet them."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.commitments.domain import CommitmentState
from levelhead.commitments.models import Commitment
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.models import Reply
from tests.base import MONDAY
from tests.integration.commitments.promising import PROMISE, Promising
from tests.integration.web.pages import Elements, PagesTestCase

SAID = "We will fix the light on Oak by Friday."


class CommitmentPagesTestCase(Promising, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(self.clock))

    def send(self, case: Case, text: str = PROMISE, **data: str) -> str:
        """Send the reply form; gives the page that follows."""
        response = self.client.post(
            self.path("reply", case.pk),
            {"text": text, "form_token": f"t{case.pk}", "version": case.version, **data},
            follow=True,
        )
        assert response.status_code == 200
        return response.content.decode()

    def press(self, name: str, one: Commitment, status: int = 200, **data: object) -> str:
        response = self.client.post(self.path(name, one.pk), data, follow=True)
        assert response.status_code == status, response.status_code
        return response.content.decode()


class RegisterTest(CommitmentPagesTestCase):
    def test_an_empty_register_teaches(self) -> None:
        page = self.look("commitments")
        assert "No promise is open." in page
        assert "choose “Add a commitment”" in page
        assert "None is closed yet." in self.look("commitments", show="closed")

    def test_the_way_there_is_in_the_strip(self) -> None:
        assert reverse("commitments", args=["riverton"]) in self.look("inbox")

    def test_overdue_first_then_by_due_date_then_those_without(self) -> None:
        later = self.make(due_in=timedelta(days=9), what="Later")
        undated = self.make(due_in=None, what="Some day")
        soon = self.make(due_in=timedelta(hours=5), what="Soon")
        late = self.make(due_in=timedelta(days=-3, hours=-2), what="Late")
        self.make(state=CommitmentState.NO_PROMISE, what="No such thing")
        page = self.look("commitments")
        order = [int(pk or 0) for pk in Elements(page).with_attribute("data-commitment")]
        assert order == [late.pk, soon.pk, later.pk, undated.pk]
        for words in ("3 days late", "5 hours left", "9 days left", "no due date"):
            assert words in page
        assert "No such thing" not in page

    def test_mine_and_closed(self) -> None:
        self.make(what="Of Alice")
        self.make(what="Of Bob", owner=self.bob)
        self.make(
            what="Done", state=CommitmentState.KEPT, closed_by=self.bob, closed_at=clock.now(),
            evidence="Seen",
        )  # fmt: skip
        assert "Of Bob" in self.look("commitments")
        mine = self.look("commitments", show="mine")
        assert "Of Alice" in mine
        assert "Of Bob" not in mine
        closed = self.look("commitments", show="closed")
        assert "Done" in closed
        assert "Of Alice" not in closed
        assert "No promise is open" not in self.look("commitments", show="nonsense", page="-1")

    def test_pages_of_many_and_a_bounded_number_of_queries(self) -> None:
        self.make(what="First")
        self.look("commitments")
        with self.assertNumQueries(12):
            self.look("commitments")
        case = self.make(what="Second").case
        Commitment.objects.bulk_create(
            Commitment(
                agency=self.agency, case=case, what=f"Number {n:02}", owner=self.bob,
                made_by=self.bob, state=CommitmentState.OPEN, due_at=MONDAY + timedelta(days=9 + n),
            )
            for n in range(55)
        )  # fmt: skip
        with self.assertNumQueries(12):
            page = self.look("commitments")
        assert "Number 47" in page
        assert "Number 48" not in page
        second = self.look("commitments", page="2")
        assert "Number 48" in second
        assert "There are no more." in self.look("commitments", page="3")

    def test_what_others_wrote_does_nothing(self) -> None:
        one = self.make(what="<script>alert(1)</script> \u202eevil", evidence="javascript:alert(1)")
        for page in (self.look("commitments"), self.look("commitment", one.pk)):
            assert "<script>alert(1)" not in page
            assert "\u202e" not in page
            assert 'href="javascript' not in page

    def test_of_another_agency_nothing_shows(self) -> None:
        theirs = self.make(
            what="Theirs", owner=self.charlie,
            case=self.file_case(channel_id=self.other_channel.pk),
        )  # fmt: skip
        assert "Theirs" not in self.look("commitments")
        assert self.client.get(self.path("commitment", theirs.pk)).status_code == 404

    def test_who_may_only_look_sees_no_forms(self) -> None:
        one = self.make()
        self.sign_in(self.victor)
        self.look("commitments")
        page = self.look("commitment", one.pk)
        assert "Mow the park" in page
        assert self.path("commitment-keep", one.pk) not in page


class OneCommitmentTest(CommitmentPagesTestCase):
    def test_kept_with_evidence(self) -> None:
        one = self.make()
        page = self.press("commitment-keep", one, evidence="https://example.org/12", version=1)
        assert "Kept, and closed." in page
        assert 'href="https://example.org/12"' in page
        assert "Closed the commitment as kept" in page

    def test_a_mistake_keeps_what_was_typed(self) -> None:
        one = self.make()
        page = self.press("commitment-keep", one, status=400, note="We tried")
        assert "Say what shows that it was kept" in page
        assert "We tried" in page
        page = self.press("commitment-due", one, status=400, day="2026-03-01", why="Rain")
        assert "That time has passed" in page
        assert "2026-03-01" in page
        assert "Rain" in page

    def test_somebody_was_faster(self) -> None:
        one = self.make()
        page = self.press("commitment-drop", one, status=409, reason="Sold", version=7)
        assert "Somebody changed this commitment" in page
        assert "Sold" in page

    def test_dropped_then_opened_again(self) -> None:
        one = self.make()
        assert "Dropped, and closed." in self.press(
            "commitment-drop", one, reason="Sold", version=1
        )
        assert "open again" in self.press("commitment-reopen", one, again="Not sold", version=2)

    def test_another_owner_and_another_day(self) -> None:
        one = self.make()
        assert "Bob sees to this" in self.press(
            "commitment-give", one, owner=self.bob.pk, version=1
        )
        page = self.press(
            "commitment-due", one, day="2026-11-02", at="", why="Waiting for parts", version=2
        )
        # After summer time: the office still closes at 17:00.
        assert "17:00 CST" in page
        assert "Waiting for parts" in page

    def test_dates_that_are_none(self) -> None:
        one = self.make()
        wrong = [
            ("2026-02-30", ""), ("soon", ""), ("2026-12-01", "25:00"), ("", "10:00"),
            ("2026-12-01", "10:00+14:00"), ("9999-12-31", "23:59"),
        ]  # fmt: skip
        for day, at in wrong:
            self.press("commitment-due", one, status=400, day=day, at=at, why="x", version=1)
        one.refresh_from_db()
        assert one.version == 1

    def test_queries_are_bounded(self) -> None:
        one = self.make()
        self.look("commitment", one.pk)
        with self.assertNumQueries(13):
            self.look("commitment", one.pk)


class ReplyFormTest(CommitmentPagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.case = self.file_case(text="The light on Oak is out.", author_name="Sam")

    def draft(self, text: str, **data: str) -> str:
        response = self.client.post(
            self.path("commitment-draft", self.case.pk), {"text": text, **data}
        )
        assert response.status_code == 200
        return response.content.decode()

    def test_the_form_asks_while_one_writes(self) -> None:
        page = self.draft(PROMISE)
        assert "You promise something" in page
        assert SAID in page
        assert 'value="2026-03-20"' in page
        assert 'value="17:00"' in page
        assert "17:00 CDT" in page
        assert self.draft("We fixed it.").strip() == ""

    def test_what_was_filled_in_stays(self) -> None:
        given = {"p0-said": SAID, "p0-what": "Lamp 12", "p0-answer": "keep", "p0-day": "2026-03-25"}
        page = self.draft("Crews will call you. " + PROMISE, **given)
        assert "You promise 2 things" in page
        assert "Lamp 12" in page
        assert 'value="2026-03-25"' in page
        # What was changed stays in sight; the other one is folded.
        assert page.count('<details class="case-form" open>') == 1
        assert 'id="reply-p1-keep" name="p1-answer" value="keep" checked' in page

    def test_one_tap_keeps_it(self) -> None:
        page = self.send(self.case, **{
            "p0-said": SAID, "p0-what": SAID, "p0-answer": "keep", "p0-day": "2026-03-20",
            "p0-at": "17:00", "p0-owner": str(self.alice.pk),
        })  # fmt: skip
        assert "1 promise is a commitment now." in page
        one = Commitment.objects.get()
        assert (one.state, f"{one.due_at:%Y-%m-%d %H:%M}") == ("open", "2026-03-20 22:00")
        assert "Is this a promise?" not in page

    def test_one_tap_says_that_it_is_none(self) -> None:
        page = self.send(self.case, **{"p0-said": SAID, "p0-answer": "no"})
        assert Commitment.objects.get().state == CommitmentState.NO_PROMISE
        assert "Is this a promise?" not in page

    def test_nothing_on_the_form_can_hold_the_reply_up(self) -> None:
        self.send(self.case, **{
            "p0-said": SAID, "p0-what": "", "p0-answer": "keep", "p0-day": "nonsense",
            "p0-owner": "999999999999999999", "p1-said": "x" * 5000, "p2-said": SAID,
            "p2-answer": "\x00",
        })  # fmt: skip
        assert Reply.objects.get().outbox_item.state == "queued"
        assert Commitment.objects.get().state == CommitmentState.ASKED

    def test_who_said_nothing_is_asked_when_it_is_sent(self) -> None:
        page = self.send(self.case)
        assert "Is this a promise?" in page
        one = Commitment.objects.get()
        assert SAID in self.look("commitments")
        page = self.press(
            "commitment-accept", one, version=1, what=SAID, day="2026-03-20", at="17:00",
            owner=self.alice.pk, **{"from": "conversation"},
        )  # fmt: skip
        assert "It is a commitment now." in page
        assert "Is this a promise?" not in page
        assert "4 days left" in page

    def test_not_a_promise(self) -> None:
        self.send(self.case)
        one = Commitment.objects.get()
        page = self.press("commitment-refuse", one, version=1, **{"from": "conversation"})
        assert "Not a promise, then." in page
        assert "Is this a promise?" not in page
        assert "Nothing was promised here." in page

    def test_which_date_must_be_said(self) -> None:
        page = self.send(self.case, "We will fix it next Friday. — Alice")
        assert "Which date did you mean?" in page
        one = Commitment.objects.get()
        given = {"version": 1, "what": "Fix it", "owner": self.alice.pk, "from": "conversation"}
        page = self.press("commitment-accept", one, status=400, **given)
        assert "Say which date you meant" in page
        reading = one.possible_dues[1].isoformat()
        self.press("commitment-accept", one, reading=reading, **given)
        one.refresh_from_db()
        assert one.due_at == one.possible_dues[1]

    def test_another_date_or_none_can_be_said(self) -> None:
        self.send(self.case, "We will fix it next Friday. — Alice")
        one = Commitment.objects.get()
        self.press("commitment-accept", one, reading="other", what="Fix", owner=self.alice.pk)
        one.refresh_from_db()
        assert (one.state, one.due_at) == ("open", None)

    def test_only_a_date_that_was_proposed_can_be_chosen(self) -> None:
        self.send(self.case, "We will fix it next Friday. — Alice")
        one = Commitment.objects.get()
        for reading in ("2031-01-01T00:00:00+00:00", "nonsense", "0001-01-01T00:00:00+14:00"):
            self.press(
                "commitment-accept", one, status=400, reading=reading, what="Fix",
                owner=self.alice.pk,
            )  # fmt: skip

    def test_who_may_only_look_is_not_asked(self) -> None:
        self.send(self.case)
        self.sign_in(self.victor)
        assert "Is this a promise?" not in self.look("conversation", self.case.pk)
        assert "Is this a promise?" not in self.look("commitments")


class ConversationTest(CommitmentPagesTestCase):
    def test_added_by_hand(self) -> None:
        case = self.file_case()
        page = self.press_add(case, what="Call the school", day="2026-03-18", at="09:30")
        assert "Added to the commitments." in page
        assert "Call the school" in page
        one = Commitment.objects.get()
        assert (one.reply, one.owner) == (None, self.bob)
        assert f"{one.due_at:%Y-%m-%d %H:%M}" == "2026-03-18 14:30"

    def test_a_mistake_keeps_what_was_typed(self) -> None:
        case = self.file_case()
        page = self.press_add(case, status=400, what="Call the school", day="2026-03-01")
        assert "That time has passed" in page
        assert "Call the school" in page
        assert 'value="2026-03-01"' in page

    def test_commitments_of_the_whole_conversation_show(self) -> None:
        case = self.file_case()
        answer = self.file_case(parent_external_id=case.post.external_id)
        one = self.make(case=answer, due_in=timedelta(hours=-5))
        assert case.conversation_id == answer.conversation_id
        page = self.look("conversation", case.pk)
        assert self.path("commitment", one.pk) in page
        assert "5 hours late" in page

    def test_it_costs_the_conversation_one_query(self) -> None:
        case = self.file_case()
        self.make(case=case)
        self.look("conversation", case.pk)
        with self.assertNumQueries(39):
            self.look("conversation", case.pk)
        for _ in range(5):
            self.make(case=case)
        with self.assertNumQueries(39):
            self.look("conversation", case.pk)

    def test_it_speaks_spanish(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(language="es")
        self.make(due_in=timedelta(days=-3))
        page = self.look("commitments")
        assert "Compromisos" in page
        assert "3 días de retraso" in page

    def press_add(self, case: Case, status: int = 200, **data: object) -> str:
        response = self.client.post(
            self.path("commitment-add", case.pk), {"owner": self.bob.pk, **data}, follow=True
        )
        assert response.status_code == status, response.status_code
        return response.content.decode()
