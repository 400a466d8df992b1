"""Learning from corrections: nothing changes by itself, and everything can be taken back."""

from __future__ import annotations

import io
import json
import os
import stat
import tempfile
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path
from unittest import mock

import time_machine
from django.db import IntegrityError, transaction

from levelhead.analysis.domain import Label
from levelhead.cli.learn import _tell
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.actions import change_decision, let_stand
from levelhead.inbox.judging import reread_allowance
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.learning import actions, in_force, trying
from levelhead.learning.corrections import count_corrections, list_corrections, list_kept
from levelhead.learning.domain import LEASE, ProposalState
from levelhead.learning.export import export_corrections
from levelhead.learning.models import Proposal
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from tests.base import DeskTestCase
from tests.integration.learning.teaching import Teaching, pretend_models


class LearningTestCase(Teaching, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        in_force.in_force().forget()
        self.addCleanup(in_force.in_force().forget)
        for patch in pretend_models():
            patch.start()
            self.addCleanup(patch.stop)

    def actions_on_record(self) -> list[str]:
        events = RecordEvent.objects.filter(
            agency_id=self.agency.pk, subject__startswith="proposal:"
        )
        return list(events.order_by("seq").values_list("action", flat=True))


class CorrectionsTest(LearningTestCase):
    def test_only_labels_that_differ_in_the_end_count(self) -> None:
        [first, second, third] = self.correct(3)
        # Put back to what the desk said.
        change_decision(
            case=second, label=Label.SERVICE, disposition=None, reason="", by=self.bob,
            expected_version=None,
        )  # fmt: skip
        change_decision(
            case=third, label=Label.DISSENT, disposition=None, reason="no", by=self.bob,
            expected_version=None,
        )  # fmt: skip
        other = self.file_case(text="the swing is broken")
        change_decision(
            case=other, label=None, disposition=Disposition.LET_STAND, reason="", by=self.alice,
            expected_version=None,
        )  # fmt: skip
        found = {c.post_id: c for c in list_corrections(self.agency)}
        assert set(found) == {first.pk, third.pk}
        assert count_corrections(self.agency) == 2
        assert (found[third.pk].label_before, found[third.pk].label_after) == ("service", "dissent")
        assert found[third.pk].by == "bob@example.org"
        assert found[first.pk].by == "alice@example.org"

    def test_the_words_are_those_that_were_corrected(self) -> None:
        incoming = self.incoming(text="the swing is broken again")
        self.receive(incoming)
        case = Case.objects.get(post__external_id=incoming.external_id)
        change_decision(
            case=case, label=Label.PRESS, disposition=None, reason="", by=self.alice,
            expected_version=None,
        )  # fmt: skip
        self.receive(
            self.incoming(external_id=incoming.external_id, text="never mind, all is well")
        )
        assert Post.objects.get(pk=case.pk).text == "never mind, all is well"
        [found] = list_corrections(self.agency)
        assert found.text == "the swing is broken again"

    def test_the_post_above_comes_along_and_other_agencies_do_not(self) -> None:
        above = self.file_post(text="Council votes tonight")
        [case] = self.correct(1, parent_external_id=above.external_id)
        self.correct(2, channel_id=self.channel.pk)
        [mine, *_] = [c for c in list_corrections(self.agency) if c.post_id == case.pk]
        assert mine.parent_text == "Council votes tonight"
        assert list(list_corrections(self.other_agency)) == []

    def test_posts_that_people_left_as_they_were(self) -> None:
        stood = self.file_case(text="thank you all")
        self.file_case(text="nobody looked at this one")
        let_stand(cases=[stood], by=self.alice)
        self.correct(1)
        assert [kept.post_id for kept in list_kept(self.agency)] == [stood.pk]


class TryTest(LearningTestCase):
    def test_too_few_corrections_do_nothing(self) -> None:
        self.correct(3)
        with self.assertRaisesMessage(Invalid, "There are 3 corrections"):
            actions.ask_for_try(agency=self.agency, by=self.bob)
        assert not Proposal.objects.exists()

    def test_only_an_administrator_may_ask_or_decide(self) -> None:
        self.correct(20)
        self.propose()
        for person in (self.alice, self.victor, self.charlie):
            with self.assertRaises(NotAllowed):
                actions.ask_for_try(agency=self.agency, by=person)
            with self.assertRaises(NotAllowed):
                actions.accept(agency=self.agency, number=1, by=person)
            with self.assertRaises(NotAllowed):
                actions.decline(agency=self.agency, number=1, by=person)
            with self.assertRaises(NotAllowed):
                actions.revert(agency=self.agency, by=person)
        assert Proposal.objects.get().state == ProposalState.READY
        assert self.actions_on_record() == []

    def test_the_worker_tries_what_a_page_asked_for(self) -> None:
        self.correct(24)
        asked = actions.ask_for_try(agency=self.agency, by=self.bob)
        assert asked.state == ProposalState.WAITING
        with self.assertRaises(Conflict):
            actions.ask_for_try(agency=self.agency, by=self.bob)
        [claimed] = trying.claim_tries(1)
        assert trying.claim_tries(1) == []
        trying.run_claimed(claimed)
        asked.refresh_from_db()
        assert asked.state == ProposalState.READY, asked.why_not
        measured = asked.measured["corrections"]
        assert (measured["count"], measured["before"]) == (24, 0)
        assert measured["after"] >= 20
        assert asked.measured["suite"]["lost"] == 0
        assert len(asked.adapter_hash) == 64
        # Trying alone changes nothing.
        assert in_force.in_force().by_agency() == {}
        kinds = LiveEvent.objects.filter(agency=self.agency, kind="learning.changed")
        assert kinds.count() == 2

    def test_a_try_that_died_is_taken_up_again(self) -> None:
        self.correct(20)
        actions.ask_for_try(agency=self.agency, by=self.bob)
        [first] = trying.claim_tries(1)
        with time_machine.travel(clock.now() + LEASE + timedelta(seconds=1), tick=False):
            [second] = trying.claim_tries(1)
        assert second.pk == first.pk
        # The first one comes late: its outcome is not used.
        trying._finish(first, state=ProposalState.FAILED, why_not="broken")
        assert first.state == ProposalState.AT_WORK
        trying._finish(second, state=ProposalState.NOTHING, why_not="no_gain")
        assert second.state == ProposalState.NOTHING

    def test_a_try_that_breaks_says_so_and_another_may_follow(self) -> None:
        self.correct(20)
        proposal = actions.ask_for_try(agency=self.agency, by=None, at_once=True)
        broken = mock.patch("levelhead.learning.trying.list_kept", side_effect=ValueError("x"))
        with broken, self.assertRaises(ValueError):
            trying.run_claimed(proposal)
        proposal.refresh_from_db()
        assert (proposal.state, proposal.why_not) == ("failed", "broken")
        assert actions.ask_for_try(agency=self.agency, by=self.bob).number == 2


class DecisionTest(LearningTestCase):
    def test_accepting_is_recorded_and_changes_how_posts_are_read(self) -> None:
        reread_allowance.cache_clear()
        before = self.file_case(text="When does the front desk open on Mondays?")
        assert "+riverton" not in before.post.assessment.model
        proposal = self.propose()
        actions.accept(agency=self.agency, number=1, by=self.bob)
        in_force.in_force().forget()
        after = self.file_case(text="When does the pool open on Mondays?")
        assert after.post.assessment.model.endswith("+riverton-1")
        assert after.label == "complaint"
        theirs = self.file_case(
            channel_id=self.other_channel.pk, text="When does the pool open on Fridays?"
        )
        assert "+" not in theirs.post.assessment.model
        # What was filed keeps its label.
        before.refresh_from_db()
        assert before.label != "complaint"
        event = RecordEvent.objects.get(action="person:learning:accepted")
        told = json.loads(event.payload)
        assert event.actor == f"user:{self.bob.pk}"
        assert told["adapter"] == proposal.adapter_hash
        assert told["figures"]["corrections"]["after"] == 24
        assert told["base"] == proposal.base
        assert verify_records(self.agency.pk).holds

    def test_the_safety_net_stands_above_what_was_learned(self) -> None:
        self.propose()
        actions.accept(agency=self.agency, number=1, by=self.bob)
        in_force.in_force().forget()
        case = self.file_case(text="I am going to kill myself tonight, goodbye everyone")
        assert case.disposition == "alert"

    def test_a_running_process_notices_within_two_seconds(self) -> None:
        known = in_force.InForce()
        assert known.by_agency() == {}
        self.propose()
        actions.accept(agency=self.agency, number=1, by=self.bob)
        # Asked again at once, it does not look; the posts of a batch cost no question each.
        with self.assertNumQueries(0):
            assert known.by_agency() == {}
        known._asked_at -= in_force.EVERY_SECONDS
        assert known.by_agency()[self.agency.pk].name == "riverton-1"
        actions.revert(agency=self.agency, by=self.bob)
        known._asked_at -= in_force.EVERY_SECONDS
        with self.assertNumQueries(1):
            assert known.by_agency() == {}

    def test_an_adapter_that_was_tampered_with_is_not_used(self) -> None:
        self.propose(state=ProposalState.ACCEPTED, adapter_hash="0" * 64)
        with self.assertLogs(level="ERROR"):
            assert in_force.InForce().by_agency() == {}

    def test_an_adapter_of_other_models_is_not_used(self) -> None:
        self.propose(state=ProposalState.ACCEPTED)
        with (
            mock.patch.object(in_force, "base_of", return_value="encoder-2031/0"),
            self.assertLogs(level="ERROR"),
        ):
            assert in_force.InForce().by_agency() == {}
        other = self.propose(number=2, base="encoder-2019/0")
        with self.assertRaisesMessage(Invalid, "no longer fits"):
            actions.accept(agency=self.agency, number=other.number, by=self.bob)

    def test_taking_back_brings_the_one_before_back(self) -> None:
        first, second = self.propose(1), self.propose(2)
        actions.accept(agency=self.agency, number=1, by=self.bob)
        actions.accept(agency=self.agency, number=2, by=self.bob)
        first.refresh_from_db()
        assert first.state == ProposalState.REPLACED
        taken, now = actions.revert(agency=self.agency, by=self.bob)
        assert (taken.number, now.number if now else None) == (2, 1)
        taken, now = actions.revert(agency=self.agency, by=self.bob)
        assert (taken.number, now) == (1, None)
        with self.assertRaises(Conflict):
            actions.revert(agency=self.agency, by=self.bob)
        # A change of mind is undone the same way.
        actions.accept(agency=self.agency, number=2, by=self.bob)
        second.refresh_from_db()
        assert second.state == ProposalState.ACCEPTED
        assert self.actions_on_record() == [
            "person:learning:accepted",
            "person:learning:accepted",
            "person:learning:reverted",
            "person:learning:reverted",
            "person:learning:accepted",
        ]

    def test_what_was_declined_can_be_accepted_after_all(self) -> None:
        self.propose()
        actions.decline(agency=self.agency, number=1, by=self.bob)
        with self.assertRaises(Conflict):
            actions.decline(agency=self.agency, number=1, by=self.bob)
        assert actions.accept(agency=self.agency, number=1, by=self.bob).state == "accepted"
        with self.assertRaises(Conflict):
            actions.accept(agency=self.agency, number=1, by=self.bob)

    def test_what_has_no_adapter_cannot_be_accepted(self) -> None:
        self.propose(state=ProposalState.NOTHING, adapter=None, adapter_hash="")
        with self.assertRaises(Conflict):
            actions.accept(agency=self.agency, number=1, by=self.bob)
        with self.assertRaises(Invalid):
            actions.accept(agency=self.agency, number=7, by=self.bob)

    def test_the_database_holds_one_in_force_for_each_agency(self) -> None:
        self.propose(1, state=ProposalState.ACCEPTED)
        with self.assertRaises(IntegrityError), transaction.atomic():
            self.propose(2, state=ProposalState.ACCEPTED)


class ExportTest(LearningTestCase):
    def test_the_export_is_private_whole_and_on_record(self) -> None:
        self.correct(2)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "corrections.jsonl"
            count, digest = export_corrections(self.agency, file)
            rows = [json.loads(line) for line in file.read_text().splitlines()]
            assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
            with self.assertRaisesMessage(Invalid, "is there already"):
                export_corrections(self.agency, file)
            with self.assertRaisesMessage(Invalid, "cannot be written"):
                export_corrections(self.agency, Path(folder) / "no" / "such" / "place")
        assert count == len(rows) == 2
        assert set(rows[0]) == {
            "id", "text", "parent_text", "lang", "label_before", "label_after", "corrected_by",
            "corrected_at", "reason",
        }  # fmt: skip
        assert (rows[0]["label_before"], rows[0]["label_after"]) == ("service", "complaint")
        assert rows[0]["corrected_by"] == "alice@example.org"
        event = RecordEvent.objects.get(action="system:learning:corrections_exported")
        assert json.loads(event.payload) == {"corrections": 2, "sha256": digest}


class TellingTest(Teaching, DeskTestCase):
    """What the commands say of a proposal."""

    def tell(self, **shares: dict[str, int]) -> str:
        with redirect_stdout(io.StringIO()) as said:
            _tell(self.propose(shares=shares))
        Proposal.objects.all().delete()
        return said.getvalue()

    def test_both_ways_and_the_net(self) -> None:
        said = self.tell()
        assert "newly right  newly wrong" in said
        assert said.count("21 more") == 5
        assert "Worse" not in said
        assert "one side" not in said

    def test_what_speaks_against_it(self) -> None:
        nothing = {"count": 0, "before": 0, "after": 0, "gained": 0, "lost": 0}
        worse = {"count": 500, "before": 402, "after": 399, "gained": 5, "lost": 8}
        said = self.tell(kept=nothing, suite=worse)
        assert "Worse: Built-in suite, 3 fewer right than before." in said
        assert "Only 0 posts were left as labelled; corrections alone teach only one side." in said
