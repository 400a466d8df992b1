"""Two people at the same moment: one of them wins, the other is told, nothing is sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from levelhead.approvals import deciding
from levelhead.approvals.finishing import send_approved, send_one
from levelhead.approvals.models import ApprovalDraft, ApprovalRequest
from levelhead.connectors.memory import forget_platforms
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.records.verify import verify_records
from levelhead.replies.models import Reply
from tests.base import CommittedDeskTestCase
from tests.integration.approvals.asking import Approving


class AtOnceTest(Approving, CommittedDeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.rule()

    def leave(self) -> None:
        """As if the ten seconds were over: threads read the true clock."""
        over = clock.now() - timedelta(seconds=1)
        ApprovalRequest.objects.filter(state="approved").update(send_after=over)
        send_approved()

    def at_once(self, *acts: Callable[[], object]) -> list[object]:
        """Do all of it at the same moment; what each gave, or its refusal."""
        begin = threading.Barrier(len(acts))
        found: list[object] = ["never ended"] * len(acts)

        def work(number: int, act: Callable[[], object]) -> None:
            try:
                begin.wait(timeout=10)
                found[number] = act()
            except LevelheadError as error:
                found[number] = error
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=pair) for pair in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert "never ended" not in found
        return found

    def refusals(self, found: list[object]) -> int:
        return sum(isinstance(one, LevelheadError) for one in found)

    def test_two_approvers(self) -> None:
        for _round in range(3):
            request = self.ask(token=f"form {_round}")
            found = self.at_once(
                lambda r=request: self.approve(r, expected_version=r.version),  # type: ignore[misc]
                lambda r=request: self.approve(  # type: ignore[misc]
                    r, by=self.dora, expected_version=r.version, text="At 9. — Alice"
                ),
            )
            assert self.refusals(found) == 1
            request.refresh_from_db()
            assert request.state == "approved"
        self.leave()
        assert Reply.objects.count() == 3
        assert verify_records().holds

    def test_approval_against_taking_back(self) -> None:
        for _round in range(3):
            request = self.ask(token=f"form {_round}")
            version = request.version
            found = self.at_once(
                lambda r=request, v=version: self.approve(r, expected_version=v),  # type: ignore[misc]
                lambda r=request, v=version: deciding.take_back(  # type: ignore[misc]
                    request=r, by=self.alice, expected_version=v
                ),
            )
            assert self.refusals(found) == 1
            self.leave()
            request.refresh_from_db()
            assert request.state in ("sent", "taken_back")
            assert Reply.objects.filter(case=request.case).count() == (request.state == "sent")

    def test_undo_against_leaving(self) -> None:
        request = self.approve(self.ask())
        self.at_once(
            lambda: deciding.undo(request=request, by=self.bob), lambda: send_one(request.pk)
        )
        request.refresh_from_db()
        assert (request.state, Reply.objects.count()) in (("sent", 1), ("waiting", 0))

    def test_workers_side_by_side_send_once(self) -> None:
        self.approve(self.ask())
        over = clock.now() - timedelta(seconds=1)
        ApprovalRequest.objects.update(send_after=over)
        self.at_once(*[send_approved] * 4)
        assert Reply.objects.count() == 1
        assert ApprovalRequest.objects.get().state == "sent"

    def test_the_same_form_many_times_at_once_asks_once(self) -> None:
        case = self.case()
        self.at_once(*[lambda: self.ask(case).pk] * 4)
        assert ApprovalRequest.objects.count() == ApprovalDraft.objects.count() == 1
        assert not Reply.objects.exists()
