"""A shift's word to the next: what is in it, who gets what, who has it, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.accounts.domain import Role
from levelhead.accounts.models import User
from levelhead.handover import actions
from levelhead.handover.domain import Section
from levelhead.handover.gathering import Content, gather, show
from levelhead.handover.models import Handover
from levelhead.inbox.actions import assign_case
from levelhead.inbox.models import Case
from levelhead.inbox.sleeping import snooze_case
from levelhead.issues.actions import open_issue, set_level
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.notifications.following import follow_records
from levelhead.notifications.models import Notification
from levelhead.records.models import RecordEvent
from tests.integration.commitments.promising import Promising
from tests.integration.notifications.telling import Telling
from tests.integration.research.asking import Asking
from tests.integration.web.pages import PagesTestCase

QUESTION = "When does the front desk open?"


class HandoverTestCase(Telling, Promising, Asking, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = self.stop_the_clock()
        self.forms = 0

    def own(self, person: User | None = None) -> Case:
        case = self.file_case(text=QUESTION)
        return assign_case(
            case=case, owner=person or self.alice, by=self.bob, expected_version=None
        )

    def give(
        self,
        to: User | None = None,
        cases: Mapping[int, User | None] | None = None,
        **fields: object,
    ) -> Handover:
        self.forms += 1
        return actions.give(
            **{  # type: ignore[arg-type]
                "agency": self.agency, "to": to, "words": "Watch the drones.",
                "content": gather(self.agency, self.alice), "cases": cases or {}, "keeps": None,
                "form_token": f"form-{self.forms}", "by": self.alice, **fields,
            }
        )  # fmt: skip

    def owner_of(self, case: Case) -> User | None:
        return Case.objects.get(pk=case.pk).owner


class GatheringTest(HandoverTestCase):
    def fill(self) -> dict[Section, int]:
        """One of each kind of thing."""
        mine = self.own()
        clocked = self.file_case(text=QUESTION)
        Case.objects.exclude(pk=clocked.pk).update(due_at=None)
        Case.objects.filter(pk=clocked.pk).update(due_at=self.clock.now() + timedelta(hours=3))
        asleep = self.file_case(text=QUESTION)
        snooze_case(
            case=asleep, until=self.clock.now() + timedelta(hours=2), by=self.bob,
            expected_version=None,
        )  # fmt: skip
        Case.objects.filter(pk=asleep.pk).update(due_at=None)
        question = self.ask(case=asleep)
        promise = self.make(case=asleep, due_in=timedelta(hours=5))
        issue = open_issue(agency_id=self.agency.pk, name="Drones", owner=self.bob, by=self.bob)
        set_level(issue=issue, level=2, why="asked", by=self.bob, expected_version=None)
        reply = self.promise("At 8. — Alice", case=self.file_case(text=QUESTION))
        type(reply.outbox_item).objects.update(state="failed")
        Case.objects.filter(pk=reply.case_id).update(
            state="open", reply_failed=True, owner=None, due_at=None
        )
        note = self.write_note("@Alice look", by=self.bob, case=asleep)
        return {
            Section.MINE: mine.pk, Section.CLOCKS: clocked.pk, Section.SNOOZED: asleep.pk,
            Section.RESEARCH: question.pk, Section.COMMITMENTS: promise.pk,
            Section.ISSUES: issue.pk, Section.FAILED: reply.case_id, Section.MENTIONS: note.pk,
        }  # fmt: skip

    def test_one_of_everything_is_in_its_section(self) -> None:
        filled = self.fill()
        found = gather(self.agency, self.alice)
        assert {section: list(ids) for section, ids in found.ids.items()} == {
            section: [pk] for section, pk in filled.items()
        }
        again = Content.from_json(found.to_json())
        assert [part.section for part in show(self.agency, again)] == list(Section)

    def test_nothing_of_another_agency_and_nothing_far_ahead(self) -> None:
        self.fill()
        theirs = gather(self.other_agency, self.charlie)
        assert not any(theirs.ids.values())
        # Ids of another agency say nothing, whoever put them into the row.
        assert show(self.other_agency, gather(self.agency, self.alice)) == []
        bobs = gather(self.agency, self.bob)
        assert not bobs.ids[Section.MINE]
        assert not bobs.ids[Section.MENTIONS]
        Case.objects.update(due_at=self.clock.now() + timedelta(hours=13))
        assert not gather(self.agency, self.alice).ids[Section.CLOCKS]

    def test_the_page_costs_the_same_for_few_and_for_many(self) -> None:
        self.fill()
        with CaptureQueriesContext(connection) as few:
            self.look("handover-new")
        for _ in range(30):
            self.own()
            self.ask(case=self.file_case(text=QUESTION))
            self.make(due_in=timedelta(hours=2))
            self.write_note("@Alice", by=self.bob)
        with CaptureQueriesContext(connection) as many:
            page = self.look("handover-new")
        assert len(many) <= len(few) <= 34, "\n".join(q["sql"][:100] for q in few)
        assert page.count('name="shown-mine"') == 25
        assert "hand the others over as well" in page


class GivingTest(HandoverTestCase):
    def test_each_case_or_all_to_a_person_or_the_shift(self) -> None:
        first, second, third, kept = (self.own() for _ in range(4))
        theirs = self.own(self.bob)
        given = self.give(to=self.bob, cases={first.pk: self.bob, second.pk: None}, keeps=[kept.pk])
        assert self.owner_of(first) == self.owner_of(third) == self.bob
        assert self.owner_of(second) is None
        assert self.owner_of(kept) == self.alice
        assert self.owner_of(theirs) == self.bob
        assert given.handed.count() == 3
        events = RecordEvent.objects.filter(subject=f"handover:{given.pk}")
        assert [event.action for event in events] == ["person:handover:given"]

    def test_a_case_that_is_not_mine_does_not_change_hands(self) -> None:
        theirs = self.own(self.bob)
        rita = self._person(self.agency, "rita", Role.WRITER)
        self.give(to=rita, cases={theirs.pk: rita})
        assert self.owner_of(theirs) == self.bob

    def test_the_receiver_is_told_once_and_not_of_each_case(self) -> None:
        cases = [self.own() for _ in range(3)]
        follow_records()
        Notification.objects.all().delete()
        self.give(to=self.bob, cases={case.pk: self.bob for case in cases})
        follow_records()
        assert self.told(self.bob) == [("handover", 1)]

    def test_for_the_shift_those_on_duty_now_and_soon_are_told(self) -> None:
        self.put_on_duty(self.alice)
        self.put_on_duty(self.bob, begins_in=1.5)
        self.put_on_duty(self.victor, begins_in=6)
        self.give()
        assert self.told(self.bob) == [("handover", 1)]
        assert self.told(self.alice) == self.told(self.victor) == []

    def test_only_to_a_colleague_who_can_work(self) -> None:
        for person in (self.alice, self.victor, self.charlie):
            with pytest.raises(Invalid):
                self.give(to=person)
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.give(to=self.bob, by=person)
        assert not Handover.objects.exists()

    def test_the_same_form_twice_gives_one(self) -> None:
        case = self.own()
        first = self.give(to=self.bob, cases={case.pk: self.bob}, form_token="f")
        again = self.give(to=self.bob, cases={case.pk: self.bob}, form_token="f")
        assert again.pk == first.pk
        assert Handover.objects.exclude(state="draft").count() == 1
        assert self.told(self.bob) == [("handover", 1)]

    def test_taking_it_back_brings_cases_back_that_nobody_touched(self) -> None:
        first, second = self.own(), self.own()
        given = self.give(to=self.bob, cases={first.pk: self.bob, second.pk: None})
        assign_case(
            case=Case.objects.get(pk=second.pk), owner=self.bob, by=self.bob, expected_version=None
        )
        with pytest.raises(NotAllowed):
            actions.withdraw(handover=given, by=self.bob)
        done, count = actions.withdraw(handover=given, by=self.alice)
        assert (done.state, count) == ("withdrawn", 1)
        assert self.owner_of(first) == self.alice
        assert self.owner_of(second) == self.bob
        # The words wait in the next draft.
        assert "Watch the drones." in self.look("handover-new")
        with pytest.raises(Conflict):
            actions.take(handover=given, by=self.bob)


class TakingTest(HandoverTestCase):
    def test_one_tap_and_what_was_for_the_shift_is_the_takers(self) -> None:
        case, gone = self.own(), self.own()
        given = self.give(cases={case.pk: None, gone.pk: None})
        assign_case(
            case=Case.objects.get(pk=gone.pk), owner=self.alice, by=self.alice,
            expected_version=None,
        )  # fmt: skip
        taken = actions.take(handover=given, by=self.bob)
        assert (taken.state, taken.taken_by) == ("taken", self.bob)
        assert self.owner_of(case) == self.bob
        assert self.owner_of(gone) == self.alice
        # The same tap again changes nothing.
        assert actions.take(handover=given, by=self.bob).pk == given.pk
        events = RecordEvent.objects.filter(action="person:handover:taken")
        assert events.count() == 1
        with pytest.raises(Conflict):
            actions.withdraw(handover=given, by=self.alice)

    def test_who_may_take_it(self) -> None:
        given = self.give(to=self.bob)
        with pytest.raises(Invalid):
            actions.take(handover=given, by=self.alice)
        rita = self._person(self.agency, "rita", Role.WRITER)
        for person in (self.victor, self.charlie, rita):
            with pytest.raises(NotAllowed):
                actions.take(handover=given, by=person)

    def test_nobody_took_it_is_loud_once_after_15_minutes(self) -> None:
        given = self.give()
        self.clock.advance(timedelta(minutes=14, seconds=59))
        assert actions.tell_waiting() == 0
        self.clock.advance(timedelta(seconds=1))
        assert (actions.tell_waiting(), actions.tell_waiting()) == (1, 0)
        assert self.told(self.alice) == [("handover_waits", 1)]
        assert "Nobody has taken your handover." in self.look("today")
        assert "nobody has taken it" in self.look("handover", given.pk)

    def test_taken_in_time_it_is_quiet(self) -> None:
        actions.take(handover=self.give(), by=self.bob)
        self.clock.advance(timedelta(hours=1))
        assert actions.tell_waiting() == 0
        assert "Nobody has taken" not in self.look("today")


class PagesTest(HandoverTestCase):
    def test_from_the_form_to_i_have_it(self) -> None:
        case, kept = self.own(), self.own()
        page = self.look("handover-new")
        assert 'name="form_token"' in page
        response = self.client.post(
            self.path("handover-new"),
            {
                "do": "give", "to": str(self.bob.pk), "words": "<i>Watch</i> the drones",
                "shown-mine": [case.pk, kept.pk], f"case-{case.pk}": "",
                f"case-{kept.pk}": "keep", "shown-clocks": [case.pk, kept.pk],
                "in-clocks": [case.pk], "form_token": "abc",
            },
        )  # fmt: skip
        given = Handover.objects.get(state="given")
        assert response["Location"] == f"/riverton/handover/{given.pk}/"
        assert self.owner_of(case) == self.bob
        assert self.owner_of(kept) == self.alice
        assert kept.pk not in given.content["ids"]["clocks"]
        self.sign_in(self.bob)
        today = self.look("today")
        assert "Alice hands the shift over." in today
        page = self.look("handover", given.pk)
        assert "&lt;i&gt;Watch&lt;/i&gt; the drones" in page
        assert "I have it" in page
        self.client.post(self.path("handover-take", given.pk))
        assert "Bob has it" in self.look("handovers")
        assert "hands the shift over" not in self.look("today")

    def test_words_are_kept_and_are_nobody_elses(self) -> None:
        self.client.post(self.path("handover-new"), {"do": "keep", "words": "Half of it"})
        assert "Half of it" in self.look("handover-new")
        draft = Handover.objects.get()
        self.sign_in(self.bob)
        assert "Half of it" not in self.look("handover-new")
        assert "Half of it" not in self.look("handovers")
        assert self.client.get(self.path("handover", draft.pk)).status_code == 404

    def test_a_mistake_keeps_what_was_typed(self) -> None:
        case = self.own()
        for to in ("999999", str(self.charlie.pk), "x" * 500, "\x00"):
            response = self.client.post(
                self.path("handover-new"),
                {"do": "give", "to": to, "words": "Kept", "shown-mine": [case.pk],
                 f"case-{case.pk}": "keep", "form_token": "t"},
            )  # fmt: skip
            assert response.status_code == 400
            page = response.content.decode()
            assert "Kept" in page
            assert '<option value="keep" selected>' in page
        assert not Handover.objects.filter(state="given").exists()
        broken = {"do": "give", "words": "x", "form_token": "a\x00b"}
        assert self.client.post(self.path("handover-new"), broken).status_code == 400
        long = {"do": "give", "words": "x" * 4_001, "form_token": "t"}
        assert self.client.post(self.path("handover-new"), long).status_code == 400

    def test_nothing_of_another_agency(self) -> None:
        given = self.give()
        self.sign_in(self.charlie)
        assert self.client.get(f"/maple/handover/{given.pk}/").status_code == 404
        for name in ("take", "withdraw"):
            path = f"/maple/handover/{given.pk}/{name}/"
            assert self.client.post(path).status_code == 404
        assert "Watch the drones" not in self.client.get("/maple/handover/").content.decode()

    def test_offered_near_the_end_of_my_shift_only(self) -> None:
        self.put_on_duty(self.alice, hours=1)
        assert "Your shift ends at" not in self.look("today")
        self.clock.advance(timedelta(minutes=16))
        assert "Your shift ends at" in self.look("today")
        self.give()
        assert "Your shift ends at" not in self.look("today")
        self.sign_in(self.bob)
        assert "Your shift ends at" not in self.look("today")

    def test_today_pays_one_query(self) -> None:
        self.look("today")
        with CaptureQueriesContext(connection) as asked:
            self.look("today")
        about = [q["sql"] for q in asked if "handover_" in q["sql"]]
        assert len(about) == 1

    def test_the_history_is_page_by_page(self) -> None:
        for _ in range(35):
            actions.take(handover=self.give(), by=self.bob)
        page = self.look("handovers")
        assert page.count('data-handover-state="taken"') == 30
        oldest = Handover.objects.order_by("-pk")[29].pk
        rest = self.look("handovers", before=oldest)
        assert rest.count('data-handover-state="taken"') == 5

    def test_one_handover_costs_the_same_for_few_and_for_many(self) -> None:
        one = self.give(to=self.bob, cases={self.own().pk: self.bob})
        with CaptureQueriesContext(connection) as few:
            self.look("handover", one.pk)
        cases = [self.own() for _ in range(20)]
        many = self.give(to=self.bob, cases={case.pk: self.bob for case in cases})
        with CaptureQueriesContext(connection) as asked:
            self.look("handover", many.pk)
        assert len(asked) <= len(few) + 1
