"""What happens by itself: approved replies leave, and the next in line is asked.

The state is on the row. Whoever is killed between leaves a row that the next round takes up; the
reply itself carries the request's own form token, of which there is one reply at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import translation

from levelhead.alerts.domain import AlertKind
from levelhead.alerts.raising import raise_alert
from levelhead.approvals.asking import may_meet, tell_asked, tell_decided
from levelhead.approvals.domain import ApprovalState
from levelhead.approvals.models import ApprovalRequest
from levelhead.approvals.people import list_people
from levelhead.approvals.recording import record
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.replies.actions import send_reply

log = structlog.get_logger(__name__)

ROUND = 50
# People that are called when nobody decided in time.
CALLED = 3
# Where something broke that is nobody's mistake, such as the database: tried again then.
AGAIN = timedelta(seconds=30)


def send_approved() -> int:
    """Send what is approved and past its ten seconds; gives how many were looked at."""
    due = ApprovalRequest.objects.filter(
        state=ApprovalState.APPROVED.value, send_after__lte=clock.now()
    )
    count = 0
    for pk in list(due.order_by("send_after").values_list("pk", flat=True)[:ROUND]):
        try:
            send_one(pk)
        except Exception:
            log.exception("an approved reply could not be sent; it is tried again", approval=pk)
            ApprovalRequest.objects.filter(pk=pk, state=ApprovalState.APPROVED.value).update(
                send_after=clock.now() + AGAIN
            )
        count += 1
    return count


def send_one(pk: int) -> None:
    """Send one approved reply through the same door as any other."""
    request = ApprovalRequest.objects.select_related("case__post__channel", "author").get(pk=pk)
    if request.state != ApprovalState.APPROVED:
        return
    terms = request.terms
    due = terms.get("full_answer_due")
    try:
        # What is said of a refusal is for the author.
        with translation.override(request.author.language):
            send_reply(
                case=request.case,
                text=request.text,
                by=request.author,
                form_token=request.sending_token,
                expected_version=None,
                answer_ids=terms.get("answers", []),
                all_the_same=terms.get("all_the_same", ""),
                holding=terms.get("holding", False),
                posts=terms.get("posts", 1),
                full_answer_due=datetime.fromisoformat(due) if due else None,
            )
    except LevelheadError as error:
        _fail(pk, error.message)


def _fail(pk: int, why: str) -> None:
    """It was approved and cannot leave: loud for the author, who decides what now."""
    with transaction.atomic():
        locked = ApprovalRequest.objects.select_for_update().get(pk=pk)
        if locked.state != ApprovalState.APPROVED:
            return
        locked.state, locked.reason, locked.send_after = ApprovalState.FAILED, why[:2_000], None
        locked.version += 1
        locked.save()
        record(locked, "system:approval:failed", by=None, payload={"error": why})
        tell_decided(locked)


def ask_next() -> int:
    """Ask the next in line where nobody decided in time; gives for how many."""
    now = clock.now()
    late = ApprovalRequest.objects.filter(
        state=ApprovalState.WAITING.value, escalated_at__isnull=True, escalate_at__lte=now
    )
    count = 0
    for pk in list(late.order_by("escalate_at").values_list("pk", flat=True)[:ROUND]):
        with transaction.atomic():
            locked = late.select_for_update().filter(pk=pk).first()
            if locked is not None:
                _ask_next(locked, now)
                count += 1
    return count


def _ask_next(request: ApprovalRequest, now: datetime) -> None:
    people = list_people(request.agency_id)
    open_demands = list(request.demands.filter(dropped=False, met_by=None))
    before = {p.id for one in open_demands for p in may_meet(one, request, people)}
    request.escalated_at = now
    after = [p.id for one in open_demands for p in may_meet(one, request, people)]
    request.version += 1
    request.save()
    fresh = [one for one in dict.fromkeys(after) if one not in before]
    # Where nobody new comes in, those who were asked are called.
    called: list[int | None] = [*(fresh or list(dict.fromkeys(after)))[:CALLED]]
    for owner_id in called or [None]:
        raise_alert(
            request.agency_id, AlertKind.APPROVAL, [request.case_id], owner_id=owner_id, at=now
        )
    record(
        request, "system:approval:escalated", by=None, payload={"asked": fresh, "called": called}
    )
    tell_asked(request, fresh or list(dict.fromkeys(after)))
