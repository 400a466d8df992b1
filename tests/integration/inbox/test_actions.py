"""What people do to cases: allowed to whom, counted, recorded, undone."""

from __future__ import annotations

from collections import Counter

import pytest

from levelhead.analysis.domain import Label
from levelhead.doctrine.domain import Disposition
from levelhead.inbox import actions
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case, DecisionChange, Note, Tally
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError, NotAllowed
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from tests.base import DeskTestCase


def assert_counted() -> None:
    """The tallies are what the rows say."""
    rows = Counter(Case.objects.values_list("agency", "state", "queue", "label"))
    kept = {(t.agency_id, t.state, t.queue, t.label): t.cases for t in Tally.objects.all()}
    assert {k: v for k, v in kept.items() if v} == dict(rows)


class ActionsTest(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.case = self.file_case()

    def tearDown(self) -> None:
        assert_counted()
        assert verify_records().holds
        super().tearDown()

    def again(self) -> Case:
        return Case.objects.get(pk=self.case.pk)

    def test_assign(self) -> None:
        actions.assign_case(case=self.case, owner=self.bob, by=self.alice, expected_version=1)
        assert self.again().owner == self.bob
        with pytest.raises(NotAllowed):
            actions.assign_case(
                case=self.case, owner=self.charlie, by=self.alice, expected_version=None
            )

    def test_every_action_writes_one_record_and_one_live_event(self) -> None:
        for act in (
            lambda: actions.assign_case(
                case=self.case, owner=self.bob, by=self.alice, expected_version=None
            ),
            lambda: actions.close_case(
                case=self.case, reason="called her", by=self.alice, expected_version=None
            ),
            lambda: actions.reopen_case(case=self.case, by=self.alice, expected_version=None),
            lambda: actions.change_decision(
                case=self.case, label=Label.PRAISE, disposition=Disposition.ANSWER,
                reason="she says thanks", by=self.alice, expected_version=None,
            ),
            lambda: actions.let_stand(cases=[self.again()], by=self.alice),
            lambda: actions.add_note(
                conversation=self.case.conversation, text="knows the chief", by=self.bob
            ),
        ):  # fmt: skip
            events, live = RecordEvent.objects.count(), LiveEvent.objects.count()
            act()
            assert RecordEvent.objects.count() == events + 1
            assert LiveEvent.objects.count() == live + 1

    def test_who_saw_an_older_state_is_told(self) -> None:
        actions.assign_case(case=self.case, owner=self.bob, by=self.alice, expected_version=1)
        with pytest.raises(Conflict):
            actions.close_case(case=self.case, reason="x", by=self.bob, expected_version=1)
        assert self.again().state == CaseState.OPEN

    def test_outsiders_and_viewers_can_do_nothing(self) -> None:
        before = list(Case.objects.values())
        for person in (self.charlie, self.victor):
            for act in (
                lambda by: actions.assign_case(
                    case=self.case, owner=None, by=by, expected_version=None
                ),
                lambda by: actions.let_stand(cases=[self.case], by=by),
                lambda by: actions.undo_let_stand(agency=self.agency, undo_token="x", by=by),
                lambda by: actions.close_case(
                    case=self.case, reason="x", by=by, expected_version=None
                ),
                lambda by: actions.reopen_case(case=self.case, by=by, expected_version=None),
                lambda by: actions.change_decision(
                    case=self.case, label=Label.ABUSE, disposition=None, reason="x", by=by,
                    expected_version=None,
                ),
                lambda by: actions.add_note(
                    conversation=self.case.conversation, text="x", by=by
                ),
            ):  # fmt: skip
                with pytest.raises(NotAllowed):
                    act(person)
        assert list(Case.objects.values()) == before
        assert not Note.objects.exists()

    def test_let_stand_and_undo(self) -> None:
        cases = [self.file_case() for _ in range(5)]
        outcome = actions.let_stand(cases=cases, by=self.alice)
        assert len(outcome.done) == 5
        assert Case.objects.filter(state=CaseState.STOOD).count() == 5
        with pytest.raises(NotAllowed):
            actions.undo_let_stand(agency=self.agency, undo_token=outcome.undo_token, by=self.bob)
        undone = actions.undo_let_stand(
            agency=self.agency, undo_token=outcome.undo_token, by=self.alice
        )
        assert undone == 5
        assert Case.objects.filter(state=CaseState.OPEN).count() == 6

    def test_a_threat_to_life_is_never_let_stand_in_bulk(self) -> None:
        Case.objects.filter(pk=self.case.pk).update(queue=Queue.NOW)
        Tally.objects.filter(agency=self.agency, cases=1).update(queue=Queue.NOW)
        assert actions.let_stand(cases=[self.again()], by=self.alice).done == []
        assert self.again().state == CaseState.OPEN

    def test_two_agencies_in_one_bulk_are_refused(self) -> None:
        other = self.file_case(channel_id=self.other_channel.pk)
        with pytest.raises(NotAllowed):
            actions.let_stand(cases=[self.case, other], by=self.alice)

    def test_a_changed_decision_is_kept_as_a_correction(self) -> None:
        changed = actions.change_decision(
            case=self.case, label=Label.COMPLAINT, disposition=Disposition.ROUTE,
            reason="about officer conduct", by=self.alice, expected_version=None,
        )  # fmt: skip
        assert changed.corrected
        kept = DecisionChange.objects.get()
        assert (kept.label_after, kept.disposition_after) == ("complaint", "route")
        assert kept.reason == "about officer conduct"

    def test_an_edit_does_not_undo_what_a_person_decided(self) -> None:
        actions.change_decision(
            case=self.case, label=Label.OTHER, disposition=Disposition.LET_STAND, reason="",
            by=self.alice, expected_version=None,
        )  # fmt: skip
        self.receive(
            self.incoming(external_id=self.case.post.external_id, text="What time do you open?")
        )
        assert self.again().label == Label.OTHER
        assert self.again().queue == Queue.STAND

    def test_empty_words_are_refused(self) -> None:
        for act in (
            lambda: actions.close_case(
                case=self.case, reason="  ", by=self.alice, expected_version=None
            ),
            lambda: actions.add_note(
                conversation=self.case.conversation, text="\n", by=self.alice
            ),
            lambda: actions.add_note(
                conversation=self.case.conversation, text="x" * 6_000, by=self.alice
            ),
            lambda: actions.change_decision(
                case=self.case, label=None, disposition=None, reason="", by=self.alice,
                expected_version=None,
            ),
            lambda: actions.let_stand(cases=[], by=self.alice),
        ):  # fmt: skip
            with pytest.raises(Invalid) as caught:
                act()
            assert isinstance(caught.value, LevelheadError)
