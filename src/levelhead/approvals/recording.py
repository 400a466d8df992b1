"""Putting what happens to a request on the record and on the open screens."""

from __future__ import annotations

from collections.abc import Mapping

from levelhead.accounts.models import User
from levelhead.approvals.domain import Seen
from levelhead.approvals.models import ApprovalRequest
from levelhead.kernel import clock
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def record(
    request: ApprovalRequest, action: str, *, by: User | None, payload: Mapping[str, object]
) -> None:
    """One event on the case's record; in the caller's transaction, as its last act."""
    append_events(
        agency_id=request.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"case:{request.case_id}",
                action=action,
                actor=f"user:{by.pk}" if by else "system",
                payload={"approval": request.pk, **payload},
            )
        ],
    )
    told = {"case": str(request.case_id), "state": str(request.state)}
    announce(agency_id=request.agency_id, kind="reply.changed", payload=told)
    announce(
        agency_id=request.agency_id,
        kind="approval.changed",
        payload={"approval": str(request.pk), **told},
    )


def seen_of(request: ApprovalRequest) -> Seen:
    """What the author saw when the words were written."""
    return Seen(
        revision=request.post_revision,
        last_reply=request.last_reply,
        state=str(request.case_state),
    )
