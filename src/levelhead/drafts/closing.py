"""What a reply does to drafts: sent, it closes them; taken back, it opens them again."""

from __future__ import annotations

from levelhead.accounts.models import User
from levelhead.drafts.domain import DraftState, leaves_words_behind
from levelhead.drafts.history import keep_version
from levelhead.drafts.models import Draft
from levelhead.kernel import clock
from levelhead.presence.actions import lay_down, tell
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.replies.models import Reply


def close_drafts(reply: Reply) -> None:
    """A reply is on its way: its draft was sent, the others are closed, the pen is laid down.

    After a first word the full answer is still to come: other drafts stay open. Called in the
    transaction of sending, which holds the case.
    """
    now = clock.now()
    found = list(Draft.objects.filter(case_id=reply.case_id, state=DraftState.OPEN))
    sent = _sent_one(found, reply)
    closed = []
    for draft in found:
        if draft is sent:
            # Words typed in the last second before it was sent came with the reply only.
            if leaves_words_behind(draft.text, reply.text):
                keep_version(draft)
            if draft.text != reply.text:
                draft.text, draft.version = reply.text, draft.version + 1
            draft.state = DraftState.SENT.value
        elif reply.holding:
            continue
        else:
            draft.state = DraftState.CLOSED.value
            closed.append(draft)
        draft.closed_by = reply
        draft.updated_at = now
        draft.save()
    told = [draft for draft in closed if draft.text.strip()]
    if told:
        append_events(
            agency_id=reply.agency_id,
            chain=DESK_CHAIN,
            at=now,
            events=[
                EventToRecord(
                    subject=f"case:{reply.case_id}",
                    action="person:draft:closed",
                    actor=f"user:{reply.by_id}",
                    payload={"draft": draft.pk, "owner": draft.owner_id, "text": draft.text},
                )
                for draft in told
            ],
        )
    if lay_down(reply.case, reply.by):
        tell(reply.case)


def _sent_one(drafts: list[Draft], reply: Reply) -> Draft | None:
    """The sender's draft that became the reply: the last one whose words are all in it."""
    mine = [
        draft
        for draft in drafts
        if draft.owner_id == reply.by_id and draft.text.strip() and draft.text.strip() in reply.text
    ]
    return max(mine, key=lambda draft: draft.opened_at, default=None)


def reopen_drafts(reply: Reply, by: User) -> None:
    """A reply was taken back before it left: what it closed is open again."""
    Draft.objects.filter(case_id=reply.case_id, closed_by=reply).exclude(
        state=DraftState.DELETED
    ).update(state=DraftState.OPEN.value, closed_by=None)
