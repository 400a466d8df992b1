"""The moment before a reply leaves: how long it can be taken back, and what comes back with it."""

from __future__ import annotations

from datetime import datetime

from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock
from levelhead.replies.choosing import undo_seconds
from levelhead.replies.models import Reply, SendingChoice


def hold_seconds(case: Case, choice: SendingChoice) -> int:
    """For so long the reply waits; what may save a life goes at once."""
    if case.show_911 or case.queue == Queue.NOW:
        return 0
    return undo_seconds(choice)


def keep_before(case: Case) -> dict[str, object]:
    """What sending a reply changes of a locked case. A failed one that it replaces is let go."""
    return {
        "state": str(case.state),
        "owner": case.owner_id,
        "snoozed_until": _written(case.snoozed_until),
        "wake_at": _written(case.wake_at),
        "failed": _let_go(case) if case.reply_failed else [],
    }


def _let_go(case: Case) -> list[int]:
    """A new answer takes the place of those that failed: nobody has to look at them any more."""
    ids = failed_items(case)
    OutboxItem.objects.filter(pk__in=ids).update(state=OutboxState.GIVEN_UP)
    return ids


def failed_items(case: Case) -> list[int]:
    """The posts of this case's replies that failed."""
    found = []
    for reply in Reply.objects.filter(case=case).select_related("outbox_item"):
        found += [item.pk for item in reply.items if item.state == OutboxState.FAILED]
    return found


def bring_back(case: Case, reply: Reply) -> None:
    """Have a locked case as it was before the reply was sent; for the caller to store."""
    kept = reply.case_before
    if case.state != CaseState.ANSWERING:
        return
    state = CaseState(kept.get("state", CaseState.OPEN))
    wake_at = _read(kept.get("wake_at"))
    if state is CaseState.SNOOZED and wake_at is not None:
        case.snoozed_until = _read(kept.get("snoozed_until"))
        case.wake_at = clock.now() if _wrote_since(case, reply.at) else wake_at
    elif state is CaseState.SNOOZED:
        state = CaseState.OPEN
    # Not by `move`: the reply never was, so nothing follows from it.
    case.state = state
    if kept and kept.get("owner") is None and case.owner_id == reply.by_id:
        case.owner = None
    failed = kept.get("failed") or []
    if failed:
        OutboxItem.objects.filter(pk__in=failed, state=OutboxState.GIVEN_UP).update(
            state=OutboxState.FAILED
        )
        case.reply_failed = True


def _wrote_since(case: Case, at: datetime) -> bool:
    return Post.objects.filter(
        conversation_id=case.conversation_id, received_at__gt=at, from_agency=False
    ).exists()


def leaves_in(item: OutboxItem) -> float:
    """Seconds in which the item can surely still be taken back; 0 where it may go any moment."""
    if item.state != OutboxState.QUEUED or item.leaves_at is None or item.attempts:
        return 0.0
    left = (item.leaves_at - clock.now()).total_seconds()
    return float(min(max(0.0, left), item.hold_seconds))


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
