"""What people decide about questions that are asked often: each on the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.asked.domain import REASON_LIMIT, SET_ASIDE, GroupState
from levelhead.asked.models import AskedGroup
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_name
from levelhead.knowledge.actions import add_question
from levelhead.knowledge.models import Answer
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

_MEANT: Final[Mapping[GroupState, str]] = {
    GroupState.MIXED: "not one question",
    GroupState.UNNEEDED: "not needed",
}


def set_aside(
    *, group: AskedGroup, state: GroupState, reason: str, by: User, expected_version: int
) -> AskedGroup:
    """Say that it is not one question, or needs no answer; it comes back when it doubles.

    Raises NotAllowed, Conflict, Invalid (no reason).
    """
    require(by, group.agency_id, Ability.REPLY)
    if state not in SET_ASIDE:
        raise ValueError(state)
    reason = clean_name(reason, REASON_LIMIT)
    if not reason:
        raise Invalid(_("Say why. Whoever looks at it next will ask the same."))
    with transaction.atomic():
        locked = _lock(group, expected_version)
        _decide(locked, by, state=state, reason=reason)
        _record(locked, "person:asked:set_aside", by, {"as": _MEANT[state], "reason": reason})
    return locked


def bring_back(*, group: AskedGroup, by: User, expected_version: int) -> AskedGroup:
    """Look at it again after all. Raises NotAllowed, Conflict."""
    require(by, group.agency_id, Ability.REPLY)
    with transaction.atomic():
        locked = _lock(group, expected_version)
        _decide(locked, by, state=GroupState.OPEN, reason="")
        locked.answer = None
        locked.save(update_fields=["answer"])
        _record(locked, "person:asked:brought_back", by, {})
    return locked


def link_answer(*, group: AskedGroup, answer: Answer, by: User) -> None:
    """An answer was written for it. Call it in the transaction that writes the answer."""
    require(by, group.agency_id, Ability.REPLY)
    if answer.agency_id != group.agency_id:
        raise Invalid(_("The answer is not one of this agency."))
    with transaction.atomic():
        locked = AskedGroup.objects.select_for_update(of=("self",)).get(
            pk=group.pk, agency_id=group.agency_id
        )
        _decide(locked, by, state=GroupState.OPEN, reason="", answer=answer)
        _record(locked, "person:asked:answer_written", by, {"answer": answer.pk})


def add_to_answer(
    *, group: AskedGroup, answer: Answer, question: str, by: User, expected_version: int
) -> AskedGroup:
    """Make it a part of what an answer says: its question is added to those it is found by.

    Raises NotAllowed, Conflict, Invalid (as knowledge.actions.add_question).
    """
    require(by, group.agency_id, Ability.REPLY)
    if answer.agency_id != group.agency_id:
        raise Invalid(_("The answer is not one of this agency."))
    with transaction.atomic():
        locked = _lock(group, expected_version)
        add_question(answer=answer, question=question, lang=locked.lang, by=by)
        _decide(locked, by, state=GroupState.OPEN, reason="", answer=answer)
        _record(
            locked, "person:asked:part_of_answer", by,
            {"answer": answer.pk, "question": question[:REASON_LIMIT]},
        )  # fmt: skip
    return locked


def _lock(group: AskedGroup, expected_version: int) -> AskedGroup:
    locked = (
        AskedGroup.objects.select_for_update(of=("self",))
        .filter(pk=group.pk, agency_id=group.agency_id)
        .first()
    )
    if locked is None or locked.version != expected_version:
        raise Conflict(
            _("Somebody decided about this question while you looked at it. Look at it again.")
        )
    return locked


def _decide(
    group: AskedGroup, by: User, *, state: GroupState, reason: str, answer: Answer | None = None
) -> None:
    group.state, group.reason = state.value, reason
    group.decided_by, group.decided_at = by, clock.now()
    group.decided_asked = group.asked
    group.version += 1
    if answer is not None:
        group.answer = answer
    group.save(
        update_fields=[
            "state", "reason", "decided_by", "decided_at", "decided_asked", "version", "answer",
        ]
    )  # fmt: skip


def _record(group: AskedGroup, action: str, by: User, payload: Mapping[str, object]) -> None:
    append_events(
        agency_id=group.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"asked:{group.pk}",
                action=action,
                actor=f"user:{by.pk}",
                payload={"asked": group.asked, "people": group.people, **payload},
            )
        ],
    )
    announce(agency_id=group.agency_id, kind="asked.changed", payload={})
