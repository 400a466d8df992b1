"""From the question to the draft: grounds, prompt, verdict, record, failures, ceiling."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection, connections
from django.test import Client

from levelhead.drafting import calling, guarding, making
from levelhead.drafting.asking import ask_for_draft, cancel
from levelhead.drafting.budget import used_in
from levelhead.drafting.choosing import choice_of, endpoint_of, try_endpoint
from levelhead.drafting.domain import (
    Crowded,
    MadeState,
    OverCeiling,
    Trouble,
)
from levelhead.drafting.models import DraftingChoice, DraftingMonth, MadeDraft
from levelhead.drafting.wording import TROUBLES
from levelhead.inbox.models import Case, Post
from levelhead.issues.actions import add_conversation, open_issue
from levelhead.issues.assessing import add_fact, approve_fact
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.research.actions import release
from levelhead.research.models import ResearchRequest
from tests.base import MONDAY, CommittedDeskTestCase, DeskTestCase
from tests.integration.drafting.desk import DRAFT, FALSE, KEY, TRUE, Drafting
from tests.integration.drafting.fake_model import sentences
from tests.integration.research.asking import Asking


class DraftingTestCase(Drafting, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_model()
        self.clock = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(self.clock))

    def sent_words(self) -> str:
        return json.dumps(self.fake.asked, ensure_ascii=False)

    def events(self, action: str) -> list[dict[str, Any]]:
        rows = RecordEvent.objects.filter(action=action).order_by("pk")
        return [json.loads(row.payload) if isinstance(row.payload, str) else row.payload
                for row in rows]  # fmt: skip


class SettingsTest(DraftingTestCase):
    def test_off_unless_somebody_turned_it_on(self) -> None:
        self.approved()
        with pytest.raises(Invalid, match="is off"):
            self.made()
        self.turn_on(on=False)
        with pytest.raises(Invalid, match="is off"):
            self.made()
        assert self.fake.asked == []

    def test_only_an_administrator_chooses_and_tries(self) -> None:
        for person in (self.alice, self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.turn_on(by=person)
            with pytest.raises(NotAllowed):
                try_endpoint(agency=self.agency, by=person)
        assert not DraftingChoice.objects.exists()
        assert self.fake.asked == []

    def test_the_key_is_sealed_and_on_no_record(self) -> None:
        choice = self.turn_on()
        assert KEY not in choice.sealed_key
        assert KEY not in str(RecordEvent.objects.values_list("payload", flat=True))
        assert endpoint_of(choice).key == KEY
        # Saved again without a key it stays; another address forgets it.
        assert endpoint_of(self.turn_on(key="")).key == KEY
        moved = self.turn_on(key="", base_url="https://other.example.com/v1")
        assert endpoint_of(moved).key == ""
        assert endpoint_of(self.turn_on(key=KEY)).key == KEY
        assert endpoint_of(self.turn_on(key="", forget_key=True)).key == ""

    def test_what_cannot_be_used_is_refused_and_changes_nothing(self) -> None:
        self.turn_on()
        for fields in (
            {"base_url": "ftp://models.example.com"}, {"base_url": "http://u:p@x.example/v1"},
            {"base_url": "https://x.example/v1?key=1"}, {"base_url": "https://x.example/#a"},
            {"base_url": "https://" + "x" * 400}, {"base_url": "https://exa\0mple.com"},
            {"base_url": ""}, {"model": ""}, {"model": "m" * 200}, {"model": "a\0b"},
            {"key": "k" * 500}, {"key": "é"}, {"key": "a\nb"}, {"seconds": 0}, {"seconds": 9_999},
            {"seconds": None}, {"monthly_tokens": -1}, {"monthly_tokens": None},
            {"monthly_tokens": 10**12}, {"contact": "x" * 2_000}, {"languages": ("fr",)},
        ):  # fmt: skip
            with self.subTest(fields), pytest.raises(Invalid):
                self.turn_on(**fields)
        assert choice_of(self.agency).base_url == self.fake.url

    def test_inside_our_walls_only_where_the_operator_says_so(self) -> None:
        with self.settings(ENVIRONMENT=mock.Mock(drafting_private=False)):
            with pytest.raises(Invalid, match="LEVELHEAD_DRAFTING_PRIVATE"):
                self.turn_on()
            # A public name that leads inside is found when it is called.
            self.turn_on(base_url="https://localhost/v1")
            assert try_endpoint(agency=self.agency, by=self.bob).tried_trouble == "address"
        assert self.fake.asked == []

    def test_trying_says_what_worked_and_counts(self) -> None:
        self.turn_on()
        tried = try_endpoint(agency=self.agency, by=self.bob)
        assert (tried.tried_trouble, tried.tried_said) == ("", "fake-model-1")
        assert used_in(self.agency).tokens > 0
        self.fake.mode, self.fake.status = "fails", 401
        self.fake.error = {"error": {"message": f"bad key {KEY}"}}
        tried = try_endpoint(agency=self.agency, by=self.bob)
        assert (tried.tried_trouble, tried.tried_said) == ("key", "bad key …")
        assert [one["trouble"] for one in self.events("person:drafting:tried")] == ["", "key"]

    def test_every_trouble_has_words_of_its_own_in_both_languages(self) -> None:
        assert set(TROUBLES) == set(Trouble)


class MakingTest(DraftingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.turn_on()
        self.approved()

    def test_a_draft_with_its_sources_what_was_struck_and_the_record(self) -> None:
        made = self.made()
        assert (made.state, made.text) == (MadeState.READY, DRAFT)
        assert [(one["text"], one["struck"]) for one in made.sentences] == [
            ("Thank you for asking.", ""), (TRUE, ""), (FALSE, "phone"),
        ]  # fmt: skip
        assert made.sources[0]["kind"] == "answer"
        assert made.missing == ["Who is on duty"]
        assert made.host == self.fake.url.split("/")[2]
        asked = self.events("person:drafting:asked")[0]
        told = self.events("system:drafting:made")[0]
        assert asked["host"] == made.host
        assert asked["prompt_sha256"] == made.prompt_sha256
        assert asked["sources"] == [f"answer:{made.sources[0]['id']}"]
        assert told["answer_sha256"] == made.answer_sha256
        assert (told["kept"], told["struck"]) == (2, ["phone"])

    def test_what_leaves_is_masked_and_nothing_of_it_is_kept(self) -> None:
        post = (
            "When does the front desk open? I am Dana Rivers, call 555-867-5309 or "
            "dana@mail.example, @danar; ‮evil‬ \x07"
        )
        case = self.file_case(text=post, author_name="Dana Rivers", author_handle="danar")
        made = self.made(case)
        words = self.sent_words()
        for one in ("Dana", "Rivers", "867", "mail.example", "danar", "‮", "\\u0007"):
            assert one not in words, one
        kept = json.dumps(
            {name: str(value) for name, value in made.__dict__.items()}, ensure_ascii=False
        ) + str(list(RecordEvent.objects.filter(action__contains="drafting").values()))
        assert "front desk open? I am" not in kept
        assert "867" not in kept.replace(str(made.pk), "")

    def test_posts_above_leave_only_where_that_was_chosen(self) -> None:
        self.ask(external_id="top", text="Our street floods and the desk says nothing.")
        case = self.ask(external_id="below", parent_external_id="top")
        self.made(case)
        assert "street floods" not in self.sent_words()
        self.turn_on(sends="thread")
        self.made(case, by=self.bob)
        assert "street floods" in self.sent_words()

    def test_without_a_source_nothing_leaves(self) -> None:
        made = self.made(self.file_case(text="The mayor's tax plan is theft and you know it!"))
        assert (made.state, made.sources, made.tokens) == (MadeState.NOTHING, [], 0)
        assert self.fake.asked == []
        assert used_in(self.agency).tokens == 0

    def test_the_phone_number_alone_is_no_ground(self) -> None:
        self.turn_on(contact="Front desk 555-0100")
        made = self.made(self.file_case(text="The mayor's tax plan is theft and you know it!"))
        assert made.state == MadeState.NOTHING
        assert self.fake.asked == []

    def test_a_model_that_finds_nothing_or_makes_all_of_it_up_gives_no_draft(self) -> None:
        for says in (sentences(missing=("x",)), sentences((FALSE, (1,)), ("Thank you.", ()))):
            self.fake.says = says
            made = self.made()
            assert (made.state, made.text) == (MadeState.NOTHING, "")

    def test_the_language_is_that_of_the_post(self) -> None:
        self.approved(
            title="Horario", questions={"es": ("¿A qué hora abre la recepción?",)},
            texts={"es": "La recepción abre de lunes a viernes, de 8 a 5."},
        )  # fmt: skip
        self.forget()
        spanish = "La recepción abre de lunes a viernes, de 8 a 5."
        self.fake.says = sentences((spanish, (1,)), (TRUE, (1,)))
        case = self.ask(text="Hola, ¿a qué hora abre la recepción?", lang="es")
        made = self.made(case)
        assert (made.lang, made.text) == ("es", spanish)
        assert "Spanish" in self.fake.asked[0]["messages"][0]["content"]
        self.turn_on(languages=("en",))
        with pytest.raises(Invalid, match="language"):
            self.made(case)

    def test_facts_and_released_answers_are_sources_others_are_not(self) -> None:
        case = self.file_case(text="The mayor's tax plan is theft and you know it!")
        issue = open_issue(agency_id=self.agency.pk, by=self.alice, name="Taxes", owner=self.alice)
        add_conversation(issue=issue, case=case, by=self.alice)
        fact = add_fact(issue=issue, text="The tax stays as it is.", source="x", by=self.alice)
        add_fact(issue=issue, text="Nobody approved this.", source="x", by=self.alice)
        assert self.made(case).state == MadeState.NOTHING
        approve_fact(issue=issue, fact_id=fact.pk, by=self.bob)
        self.fake.says = sentences(("The tax stays as it is.", (1,)))
        assert self.made(case).text == "The tax stays as it is."
        assert "Nobody approved this" not in self.sent_words()

    def test_a_post_that_is_gone_is_not_sent(self) -> None:
        case = self.ask()
        Post.objects.filter(pk=case.pk).update(visibility="deleted")
        with pytest.raises(Invalid, match="deleted"):
            self.made(Case.objects.get(pk=case.pk))
        assert self.fake.asked == []

    def test_roles_and_other_agencies(self) -> None:
        case = self.ask()
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.made(case, by=person)
        assert self.fake.asked == []
        assert self.made(case, by=self.bob).state == MadeState.READY

    def test_each_failure_says_one_thing_keeps_the_case_and_can_be_tried_again(self) -> None:
        case = self.ask()
        for mode, expected in (
            ("fails", Trouble.DOWN), ("breaks_off", Trouble.UNREACHABLE),
            ("floods", Trouble.TOO_LARGE), ("moves", Trouble.MOVED),
        ):  # fmt: skip
            self.fake.mode = mode
            self.fake.poured = 0
            made = self.made(case)
            assert (made.state, made.trouble) == (MadeState.FAILED, expected), mode
            assert str(TROUBLES[made.trouble])
            guarding.forget_endpoints()
        self.fake.mode, self.fake.says = "well", "{broken"
        assert self.made(case).trouble == Trouble.GARBLED
        assert len(self.events("system:drafting:failed")) == 4
        self.fake.says = sentences((TRUE, (1,)))
        assert self.made(case).text == TRUE

    def test_a_model_that_asks_for_a_rest_gets_it(self) -> None:
        self.fake.mode, self.fake.status, self.fake.retry_after = "fails", 429, "90"
        made = self.made()
        assert made.trouble == Trouble.BUSY
        asked = len(self.fake.asked)
        with pytest.raises(Conflict, match="rest until"):
            self.made()
        assert len(self.fake.asked) == asked
        self.clock.advance(timedelta(seconds=91))
        self.fake.mode = "well"
        assert self.made().state == MadeState.READY

    def test_after_three_failures_in_a_row_one_goes_first_alone(self) -> None:
        self.fake.mode = "fails"
        for _ in range(3):
            self.made()
        with pytest.raises(Conflict, match="rest until"):
            self.made()
        self.clock.advance(timedelta(minutes=2))
        first = ask_for_draft(case=self.ask(), agency=self.agency, by=self.alice)
        with pytest.raises(Conflict):
            ask_for_draft(case=self.ask(), agency=self.agency, by=self.bob)
        self.fake.mode = "well"
        making.make(first)
        assert self.made().state == MadeState.READY

    def test_whoever_went_first_and_never_came_back_blocks_nobody_for_long(self) -> None:
        self.fake.mode = "fails"
        for _ in range(3):
            self.made()
        self.clock.advance(timedelta(minutes=2))
        ask_for_draft(case=self.ask(), agency=self.agency, by=self.alice)
        self.clock.advance(timedelta(minutes=3))
        self.fake.mode = "well"
        assert self.made(by=self.bob).state == MadeState.READY

    def test_one_at_a_time_for_a_person_and_a_case(self) -> None:
        case = self.ask()
        asked = ask_for_draft(case=case, agency=self.agency, by=self.alice)
        with pytest.raises(Conflict, match="being made already"):
            ask_for_draft(case=case, agency=self.agency, by=self.alice)
        ask_for_draft(case=case, agency=self.agency, by=self.bob)
        making.make(asked)
        making.make(asked)
        assert len(self.fake.asked) == 1

    def test_one_whose_process_died_is_over_and_another_can_be_asked_for(self) -> None:
        case = self.ask()
        dead = ask_for_draft(case=case, agency=self.agency, by=self.alice).made
        self.clock.advance(timedelta(minutes=1))
        assert self.made(case).state == MadeState.READY
        dead.refresh_from_db()
        assert (dead.state, dead.trouble) == (MadeState.FAILED, Trouble.STOPPED)

    def test_what_was_cancelled_stays_so_whatever_comes_after(self) -> None:
        asked = ask_for_draft(case=self.ask(), agency=self.agency, by=self.alice)
        answered = calling.ask(endpoint_of(choice_of(self.agency)), asked.messages, seconds=5)
        with pytest.raises(NotAllowed):
            cancel(made=asked.made, by=self.charlie)
        cancel(made=asked.made, by=self.bob)
        asked.made.refresh_from_db()
        assert asked.made.state == MadeState.ASKING
        with mock.patch.object(calling, "ask", return_value=answered):
            cancel(made=asked.made, by=self.alice)
            making.make(asked)
        asked.made.refresh_from_db()
        assert (asked.made.state, asked.made.text) == (MadeState.CANCELLED, "")

    def test_a_key_that_cannot_be_opened_is_said(self) -> None:
        DraftingChoice.objects.update(sealed_key="broken")
        with pytest.raises(Exception, match="cannot be read"):
            self.made()
        assert self.fake.asked == []

    def test_room_for_so_many_at_once(self) -> None:
        slots = [guarding.take_slot(), guarding.take_slot()]
        try:
            with pytest.raises(Crowded):
                making.ask_and_start(case=self.ask(), agency=self.agency, by=self.alice)
        finally:
            for slot in slots:
                assert slot is not None
                slot.give_back()
                slot.give_back()
        assert guarding.has_room()
        assert MadeDraft.objects.count() == 0


class CeilingTest(DraftingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.turn_on()
        self.approved()

    def test_what_was_counted_before_is_corrected_to_what_was_used(self) -> None:
        made = self.made()
        assert (made.tokens, made.tokens_told) == (460, 460)
        assert used_in(self.agency).tokens == 460

    def test_a_model_that_does_not_count_costs_what_was_counted(self) -> None:
        self.fake.mode = "as_told"
        self.fake.error = {"choices": [{"message": {"content": sentences((TRUE, (1,)))}}]}
        made = self.made()
        assert made.tokens_told is None
        assert used_in(self.agency).tokens == made.tokens > 900

    def test_a_model_that_counts_too_low_or_high_is_taken_at_its_word_but_never_below_0(
        self,
    ) -> None:
        self.fake.mode = "as_told"
        self.fake.error = {
            "choices": [{"message": {"content": sentences((TRUE, (1,)))}}],
            "usage": {"total_tokens": 9_999_999},
        }
        self.made()
        assert used_in(self.agency).tokens == 9_999_999
        with pytest.raises(OverCeiling):
            self.made()

    def test_what_was_never_asked_costs_nothing(self) -> None:
        self.fake.mode, self.fake.status = "fails", 401
        assert self.made().tokens == 0
        assert used_in(self.agency).tokens == 0
        self.fake.status = 500
        self.made()
        assert used_in(self.agency).tokens > 0

    def test_the_ceiling_stops_before_anything_leaves_and_is_said_once(self) -> None:
        self.turn_on(monthly_tokens=100)
        for _ in range(2):
            with pytest.raises(OverCeiling, match="100 tokens"):
                self.made()
        assert self.fake.asked == []
        assert len(self.events("system:drafting:ceiling_reached")) == 1
        assert MadeDraft.objects.count() == 0

    def test_a_new_month_where_the_agency_is_begins_anew(self) -> None:
        self.made()
        self.clock.advance(timedelta(days=20))
        assert used_in(self.agency).tokens == 0
        self.made()
        assert sorted(DraftingMonth.objects.values_list("month", flat=True)) == [
            "2026-03", "2026-04",
        ]  # fmt: skip

    def test_another_agency_has_its_own(self) -> None:
        self.made()
        assert used_in(self.other_agency).tokens == 0
        assert choice_of(self.other_agency).on is False


class ResearchGroundsTest(Asking, DraftingTestCase):
    # `ask` is that of a colleague here.
    ask = Asking.ask  # type: ignore[assignment]

    def test_an_answer_is_a_source_once_the_desk_released_it(self) -> None:
        self.turn_on()
        self.approved()
        case = self.file_case(text="Do your drones film my yard at night?", author_name="Dana")
        request = self.ask(case)
        words = {"do": "answer", "text": "Drones fly at calls only."}
        assert Client().post(self.link(request), words).status_code == 302
        assert self.made(case).state == MadeState.NOTHING
        release(
            request=ResearchRequest.objects.get(), text="Drones fly at calls only.", by=self.bob,
            expected_version=None,
        )  # fmt: skip
        self.fake.says = sentences(("Drones fly at calls only.", (1,)))
        made = self.made(case)
        assert (made.text, made.sources[0]["kind"]) == ("Drones fly at calls only.", "research")


class AtOnceTest(Drafting, CommittedDeskTestCase):
    """With threads, and changes that are committed."""

    def setUp(self) -> None:
        super().setUp()
        self.start_model()
        self.turn_on()
        self.approved()

    def together(self, *tasks: Any) -> list[object]:
        found: list[object] = []

        def run(task: Any) -> None:
            try:
                found.append(task())
            except Exception as error:
                found.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return found

    def test_two_at_once_do_not_pass_the_ceiling_together(self) -> None:
        case = self.ask()
        size = ask_for_draft(case=case, agency=self.agency, by=self.bob).made.tokens
        MadeDraft.objects.all().delete()
        DraftingMonth.objects.all().delete()
        # Room for one and a half.
        self.turn_on(monthly_tokens=size + size // 2)
        cases = [self.ask() for _ in range(4)]
        found = self.together(
            *(
                lambda case=case: ask_for_draft(case=case, agency=self.agency, by=self.alice)
                for case in cases
            )
        )
        over = [one for one in found if isinstance(one, OverCeiling)]
        assert len(over) == 3, found
        assert used_in(self.agency).tokens <= size + size // 2

    def test_a_button_pressed_twice_makes_one_call(self) -> None:
        case = self.ask()

        def press() -> object:
            return making.ask_and_start(case=case, agency=self.agency, by=self.alice)

        self.fake.go.clear()
        found = self.together(press, press, press)
        refused = [one for one in found if isinstance(one, (Conflict, Invalid))]
        assert len(refused) == 2, found
        self.fake.go.set()
        self.wait_for_threads()
        assert len(self.fake.asked) == 1
        assert MadeDraft.objects.get().text == DRAFT

    def wait_for_threads(self) -> None:
        for thread in threading.enumerate():
            if thread.name.startswith("draft-"):
                thread.join(20)

    def test_no_transaction_is_open_while_the_model_thinks(self) -> None:
        open_then: list[bool] = []
        real = calling.ask

        def look(*args: Any, **more: Any) -> Any:
            open_then.append(connection.in_atomic_block)
            return real(*args, **more)

        with mock.patch.object(calling, "ask", look):
            self.client.force_login(self.alice)
            case = self.ask()
            answer = self.client.post(f"/riverton/drafting/of/{case.pk}/ask/")
            assert answer.status_code == 302
            self.wait_for_threads()
            try_endpoint(agency=self.agency, by=self.bob)
        assert open_then == [False, False]
        assert MadeDraft.objects.get().state == MadeState.READY

    def test_cancelling_ends_the_call(self) -> None:
        self.fake.go.clear()
        made = making.ask_and_start(case=self.ask(), agency=self.agency, by=self.alice)
        cancel(made=made, by=self.alice)
        began = clock.now()
        self.wait_for_threads()
        assert clock.now() - began < timedelta(seconds=5)
        made.refresh_from_db()
        assert made.state == MadeState.CANCELLED
        assert guarding.has_room()
