"""Letting all stand and taking it back: on the record, piece by piece, exactly."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest

from levelhead.inbox.actions import add_note, assign_case, close_case, reopen_case
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, Tally
from levelhead.kernel.errors import Invalid, NotAllowed, NotFound
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from levelhead.today import actions
from levelhead.today.actions import let_all_stand, let_one_stand, undo, work_on_batches
from levelhead.today.domain import GRACE, UNDO, BatchState
from levelhead.today.models import StandBatch, StoodCase
from tests.integration.today.test_page import TodayTestCase


class BatchTests(TodayTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cases = [self.place("stand", due=n if n % 2 else None) for n in range(7)]
        self.newest = self.cases[-1].pk

    def states(self) -> list[str]:
        return [Case.objects.get(pk=case.pk).state for case in self.cases]

    def events(self, action: str) -> int:
        return RecordEvent.objects.filter(action=action).count()

    def let_all(self) -> StandBatch:
        return let_all_stand(agency=self.agency, upto=self.newest, by=self.alice)

    def finish(self) -> None:
        while work_on_batches():
            pass

    def tallies_are_true(self) -> bool:
        told = {
            (t.state, t.queue, t.label): t.cases
            for t in Tally.objects.filter(agency=self.agency) if t.cases
        }  # fmt: skip
        counted: dict[tuple[str, str, str], int] = {}
        for case in Case.objects.filter(agency=self.agency):
            place = (case.state, case.queue, case.label)
            counted[place] = counted.get(place, 0) + 1
        return told == counted

    def test_all_stand_each_with_its_own_event_and_what_came_later_stays(self) -> None:
        later = self.place("stand")
        others = [self.place("needs", due=5), self.place("now", due=5), self.place("clause")]
        foreign = self.place("stand", channel_id=self.other_channel.pk)
        batch = self.let_all()
        assert (batch.decided, batch.state) == (7, BatchState.DONE)
        assert set(self.states()) == {CaseState.STOOD}
        for case in (later, *others, foreign):
            assert Case.objects.get(pk=case.pk).state == CaseState.OPEN
        assert self.events("person:case:let_stand") == 7
        assert self.tallies_are_true()
        assert verify_records().holds

    def test_undo_restores_all_that_was(self) -> None:
        before = {case.pk: (case.due_at, case.queue, case.label) for case in self.cases}
        batch = self.let_all()
        undone = undo(agency=self.agency, batch_id=batch.pk, by=self.alice)
        assert (undone.state, undone.undone, undone.left) == (BatchState.UNDONE, 7, 0)
        assert set(self.states()) == {CaseState.OPEN}
        after = {case.pk: (case.due_at, case.queue, case.label) for case in Case.objects.all()}
        assert after == before
        assert self.events("person:case:let_stand_undone") == 7
        assert self.tallies_are_true()
        # The same undo again is nothing new.
        assert undo(agency=self.agency, batch_id=batch.pk, by=self.alice).undone == 7
        assert self.events("person:case:let_stand_undone") == 7

    def test_undo_leaves_what_somebody_touched_since(self) -> None:
        batch = self.let_all()
        first, second, third, fourth, *_rest = (Case.objects.get(pk=case.pk) for case in self.cases)
        assign_case(case=first, owner=self.bob, by=self.bob, expected_version=None)
        reopen_case(case=second, by=self.bob, expected_version=None)
        reopen_case(case=third, by=self.bob, expected_version=None)
        close_case(case=third, reason="called", by=self.bob, expected_version=None)
        # A note is no change of the case.
        add_note(conversation=fourth.post.conversation, text="hm", by=self.bob)
        undone = undo(agency=self.agency, batch_id=batch.pk, by=self.alice)
        assert (undone.undone, undone.left) == (4, 3)
        assert self.states() == ["stood", "open", "closed", "open", "open", "open", "open"]
        assert self.tallies_are_true()

    def test_the_worker_goes_on_where_a_killed_request_stopped(self) -> None:
        with mock.patch.object(actions, "PIECE", 2), mock.patch.object(actions, "AT_ONCE", 1):
            batch = self.let_all()
            assert (batch.decided, batch.state) == (2, BatchState.DECIDING)
            assert work_on_batches() == 2
            assert self.states().count("stood") == 4
            # Killed in the middle of a piece: nothing of it is kept, and it is done again.
            real = actions.save_case

            def killed(case: Case, *args: object, **named: object) -> Case:
                if case.pk == self.cases[1].pk:
                    raise KeyboardInterrupt
                return real(case, *args, **named)  # type: ignore[arg-type]

            with mock.patch.object(actions, "save_case", killed), pytest.raises(KeyboardInterrupt):
                work_on_batches()
            assert self.states().count("stood") == 4
            self.finish()
        batch.refresh_from_db()
        assert (batch.decided, batch.state) == (7, BatchState.DONE)
        assert self.events("person:case:let_stand") == 7
        assert StoodCase.objects.filter(batch=batch).count() == 7

    def test_an_undo_in_the_middle_stops_the_rest(self) -> None:
        with mock.patch.object(actions, "PIECE", 2), mock.patch.object(actions, "AT_ONCE", 1):
            batch = self.let_all()
            undo(agency=self.agency, batch_id=batch.pk, by=self.alice)
            self.finish()
        assert set(self.states()) == {CaseState.OPEN}
        assert self.events("person:case:let_stand") == 2

    def test_what_a_colleague_opened_again_is_not_decided_twice(self) -> None:
        with mock.patch.object(actions, "PIECE", 3), mock.patch.object(actions, "AT_ONCE", 1):
            self.let_all()
            reopen_case(case=self.cases[-1], by=self.bob, expected_version=None)
            self.finish()
        assert self.states()[-1] == CaseState.OPEN

    def test_undo_ends(self) -> None:
        batch = self.let_all()
        self.clock.advance(UNDO + GRACE)
        undo(agency=self.agency, batch_id=batch.pk, by=self.alice)
        again = let_all_stand(agency=self.agency, upto=self.newest, by=self.alice)
        self.clock.advance(UNDO + GRACE + timedelta(seconds=1))
        with pytest.raises(Invalid, match="too late"):
            undo(agency=self.agency, batch_id=again.pk, by=self.alice)
        self.finish()
        assert StoodCase.objects.count() == 0
        assert set(StandBatch.objects.values_list("state", flat=True)) == {BatchState.FINAL}
        assert set(self.states()) == {CaseState.STOOD}

    def test_one_post_stands_unless_a_life_is_at_stake(self) -> None:
        asked, danger = self.place("needs", due=5), self.place("now", due=5)
        batch = let_one_stand(agency=self.agency, case_id=asked.pk, by=self.alice)
        assert batch.decided == 1
        assert set(self.states()) == {CaseState.OPEN}
        undo(agency=self.agency, batch_id=batch.pk, by=self.alice)
        opened = Case.objects.get(pk=asked.pk)
        assert (opened.state, opened.due_at) == (CaseState.OPEN, asked.due_at)
        with pytest.raises(Invalid, match="life"):
            let_one_stand(agency=self.agency, case_id=danger.pk, by=self.alice)

    def test_only_who_may_and_only_their_own(self) -> None:
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                let_all_stand(agency=self.agency, upto=self.newest, by=person)
        batch = self.let_all()
        with pytest.raises(NotAllowed):
            undo(agency=self.agency, batch_id=batch.pk, by=self.bob)
        with pytest.raises(NotAllowed):
            undo(agency=self.agency, batch_id=batch.pk, by=self.charlie)
        with pytest.raises(NotFound):
            undo(agency=self.other_agency, batch_id=batch.pk, by=self.charlie)
        foreign = self.place("stand", channel_id=self.other_channel.pk)
        with pytest.raises(Invalid):
            let_one_stand(agency=self.agency, case_id=foreign.pk, by=self.alice)

    def test_the_page_lets_stand_and_takes_back(self) -> None:
        page = self.look("today")
        assert f'name="upto" value="{self.newest}"' in page
        for junk in ({}, {"upto": "x"}, {"case": "0"}, {"upto": "9" * 30}):
            assert self.client.post(self.path("today-let-stand"), junk).status_code == 400
        response = self.client.post(
            self.path("today-let-stand"), {"upto": self.newest, "shown": ["stand.7", "\x00"]}
        )
        assert response["Location"] == "/riverton/today/?shown=stand.7"
        page = self.look("today")
        assert "7 posts were let stand." in page
        batch = StandBatch.objects.get()
        again = self.client.post(self.path("today-let-stand"), {"upto": self.newest})
        assert again.status_code == 400
        assert "Nothing was decided" in again.content.decode()
        assert self.client.post(self.path("today-undo"), {"batch": batch.pk}).status_code == 302
        assert "7 posts are open again." in self.look("today")
        self.sign_in(self.bob)
        assert "open again" not in self.look("today")
        self.sign_in(self.victor)
        page = self.look("today")
        assert "data-stand-all" not in page
        assert "data-stand" not in page
        response = self.client.post(self.path("today-let-stand"), {"upto": self.newest})
        assert response.status_code == 403
        self.sign_in(self.charlie)
        response = self.client.post(self.path("today-let-stand"), {"upto": self.newest})
        assert response.status_code == 404

    def test_a_part_of_the_page_for_a_script(self) -> None:
        page = self.client.get(
            self.path("today"), headers={"HX-Request": "true", "HX-Target": "today-page"}
        ).content.decode()
        assert page.lstrip().startswith('<div id="today-page">')
        part = self.client.get(self.path("today-part", "stand")).content.decode()
        assert "<html" in part
        rows = self.client.get(
            self.path("today-part", "stand"), headers={"HX-Target": "more-stand"}
        ).content.decode()
        assert rows.lstrip().startswith("<li")
