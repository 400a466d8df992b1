"""What people do with commitments: each in one transaction, with one event on the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Membership, User
from levelhead.commitments.domain import (
    EVIDENCE_LIMIT,
    FURTHEST,
    NEXT_STATES,
    REASON_LIMIT,
    WHAT_LIMIT,
    CommitmentState,
)
from levelhead.commitments.models import Commitment
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

# Overdue ones that one round puts on the record; the rest waits for the next.
ROUND = 200


def add_commitment(
    *, case: Case, what: str, due_at: datetime | None, owner: User, by: User
) -> Commitment:
    """Write down by hand what was promised, on the phone or in a meeting. Raises Invalid."""
    require(by, case.agency_id, Ability.WORK)
    what = _read_what(what)
    _check_due(due_at)
    now = clock.now()
    with transaction.atomic():
        _check_owner(owner, case.agency_id)
        commitment = Commitment.objects.create(
            agency_id=case.agency_id, case=case, what=what, owner=owner, due_at=due_at,
            state=CommitmentState.OPEN, made_by=by, made_at=now,
        )  # fmt: skip
        record(commitment, "person:commitment:added", by=by, payload=_terms(commitment))
    return commitment


def commit_after(
    *,
    agency_id: int,
    incident: int,
    headline: str,
    what: str,
    due_at: datetime | None,
    owner: User,
    by: User,
) -> Commitment:
    """A lesson of an incident that somebody sees to. In the caller's transaction."""
    require(by, agency_id, Ability.WORK)
    what = _read_what(what)
    _check_due(due_at)
    _check_owner(owner, agency_id)
    commitment = Commitment.objects.create(
        agency_id=agency_id, incident=incident, headline=headline, what=what, owner=owner,
        due_at=due_at, state=CommitmentState.OPEN, made_by=by, made_at=clock.now(),
    )  # fmt: skip
    record(commitment, "person:commitment:added", by=by, payload=_terms(commitment))
    return commitment


def accept_commitment(
    *,
    commitment: Commitment,
    what: str,
    due_at: datetime | None,
    owner: User,
    by: User,
    expected_version: int | None,
) -> Commitment:
    """Take a promise that was found in a reply as a commitment, as proposed or edited.

    A due time that has passed meanwhile is taken too: it is what was said.
    """
    what = _read_what(what)
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        _move(locked, CommitmentState.OPEN, also=CommitmentState.ASKED)
        _check_owner(owner, locked.agency_id)
        if due_at is not None and due_at > clock.now() + FURTHEST:
            raise Invalid(_("Give a due date within the next ten years."))
        locked.what, locked.due_at, locked.owner = what, due_at, owner
        return _save(locked, "person:commitment:accepted", by, _terms(locked))


def refuse_promise(*, commitment: Commitment, by: User, expected_version: int | None) -> Commitment:
    """Say that the words promise nothing: they are not asked about again."""
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        _move(locked, CommitmentState.NO_PROMISE)
        return _save(locked, "person:commitment:no_promise", by, {"said": locked.said})


def keep_commitment(
    *, commitment: Commitment, evidence: str, note: str, by: User, expected_version: int | None
) -> Commitment:
    """Close it as kept, with what shows that it was. Raises Invalid without evidence."""
    evidence = _read_text(evidence, EVIDENCE_LIMIT)
    note = _read_text(note, REASON_LIMIT)
    if not evidence:
        raise Invalid(
            _("Say what shows that it was kept: a link, a work order, or who saw it done.")
        )
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        _move(locked, CommitmentState.KEPT)
        locked.evidence, locked.closing_note = evidence, note
        return _close(locked, "person:commitment:kept", by, {"evidence": evidence, "reason": note})


def drop_commitment(
    *, commitment: Commitment, reason: str, by: User, expected_version: int | None
) -> Commitment:
    """Close it as not to be kept, with the reason. Raises Invalid without one."""
    reason = _read_reason(reason, _("Say why it will not be kept; people may ask."))
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        _move(locked, CommitmentState.DROPPED)
        locked.closing_note = reason
        return _close(locked, "person:commitment:dropped", by, {"reason": reason})


def reopen_commitment(
    *, commitment: Commitment, reason: str, by: User, expected_version: int | None
) -> Commitment:
    """Take a closed one up again; what it was closed with stays on the record."""
    reason = _read_reason(reason, _("Say why it is open again."))
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        if locked.state == CommitmentState.ASKED:
            raise Invalid(_("Say first whether it is a promise."))
        _move(locked, CommitmentState.OPEN)
        locked.evidence = locked.closing_note = ""
        locked.closed_by = locked.closed_at = None
        return _save(locked, "person:commitment:reopened", by, {"reason": reason})


def give_commitment(
    *, commitment: Commitment, owner: User, by: User, expected_version: int | None
) -> Commitment:
    """Have a colleague see to it."""
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        _check_open(locked)
        _check_owner(owner, locked.agency_id)
        before = locked.owner_id
        if before == owner.pk:
            return locked
        locked.owner = owner
        return _save(locked, "person:commitment:given", by, {"owner": [before, owner.pk]})


def change_due(
    *,
    commitment: Commitment,
    due_at: datetime | None,
    reason: str,
    by: User,
    expected_version: int | None,
) -> Commitment:
    """Put the due date elsewhere, with the reason. Raises Invalid without one."""
    reason = _read_reason(reason, _("Say why the date changes; whoever was promised may ask."))
    _check_due(due_at)
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        _check_open(locked)
        before = locked.due_at
        locked.due_at, locked.overdue_at = due_at, None
        return _save(
            locked,
            "person:commitment:due_changed",
            by,
            {"due": [_said(before), _said(due_at)], "reason": reason},
        )


def note_overdue() -> int:
    """Put those on the record whose due time has passed, each once for each due date.

    Called in every round of the worker; gives how many there were.
    """
    now = clock.now()
    late = Commitment.objects.filter(
        state=CommitmentState.OPEN.value, overdue_at__isnull=True, due_at__lt=now
    )
    count = 0
    for pk in list(late.order_by("due_at").values_list("pk", flat=True)[:ROUND]):
        # One at a time: whoever is about to close one is not waited for by the others.
        with transaction.atomic():
            locked = late.select_for_update(of=("self",)).select_related("case").filter(pk=pk)
            commitment = locked.first()
            if commitment is None:
                continue
            commitment.overdue_at = now
            _save(
                commitment,
                "system:commitment:overdue",
                None,
                {"due": _said(commitment.due_at), "owner": commitment.owner_id},
            )
            count += 1
    return count


def lock_commitment(
    commitment: Commitment, *, by: User, expected_version: int | None
) -> Commitment:
    """The commitment as it is now, locked. Raises NotAllowed, Conflict."""
    require(by, commitment.agency_id, Ability.WORK)
    rows = Commitment.objects.select_for_update(of=("self",)).select_related("case")
    locked = rows.get(pk=commitment.pk, agency_id=commitment.agency_id)
    if expected_version is not None and locked.version != expected_version:
        raise Conflict(
            _(
                "Somebody changed this commitment while you looked at it. Look at what changed, "
                "then do it again if it is still right."
            ),
            version=locked.version,
        )
    return locked


def record(
    commitment: Commitment, action: str, *, by: User | None, payload: Mapping[str, object]
) -> None:
    """Put a change on the record and tell the open screens. In the caller's transaction."""
    append_events(
        agency_id=commitment.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"commitment:{commitment.pk}",
                action=action,
                actor=f"user:{by.pk}" if by else "system",
                payload={
                    "case": commitment.case_id,
                    **({"incident": commitment.incident} if commitment.incident else {}),
                    **payload,
                },
            )
        ],
    )
    announce(
        agency_id=commitment.agency_id,
        kind="commitment.changed",
        payload={
            "commitment": str(commitment.pk),
            "conversation": str(commitment.case.conversation_id if commitment.case else ""),
        },
    )


def close_unsent(commitment: Commitment, by: User) -> None:
    """The reply that promised it never left: nothing was promised. In the caller's transaction."""
    state = CommitmentState(commitment.state)
    if state == CommitmentState.ASKED:
        commitment.state = CommitmentState.NO_PROMISE
        _save(commitment, "person:commitment:no_promise", by, {"said": commitment.said})
    elif state == CommitmentState.OPEN:
        commitment.state = CommitmentState.DROPPED
        commitment.closing_note = _("The reply was taken back before it left.")
        _close(commitment, "person:commitment:dropped", by, {"reason": commitment.closing_note})


def _save(
    commitment: Commitment, action: str, by: User | None, payload: Mapping[str, object]
) -> Commitment:
    commitment.version += 1
    commitment.save()
    record(commitment, action, by=by, payload=payload)
    return commitment


def _close(
    commitment: Commitment, action: str, by: User, payload: Mapping[str, object]
) -> Commitment:
    commitment.closed_by, commitment.closed_at = by, clock.now()
    return _save(commitment, action, by, payload)


def _move(
    commitment: Commitment, state: CommitmentState, *, also: CommitmentState | None = None
) -> None:
    now = CommitmentState(commitment.state)
    if state not in NEXT_STATES[now] or (also is not None and now != also):
        raise Conflict(_("This was decided already. Look at what became of it."))
    commitment.state = state


def _check_open(commitment: Commitment) -> None:
    if commitment.state != CommitmentState.OPEN:
        raise Invalid(_("This commitment is not open; open it again first."))


def _check_owner(owner: User, agency_id: int) -> None:
    member = Membership.objects.filter(
        agency_id=agency_id, user=owner, active=True, user__is_active=True
    )
    if not member.exists():
        raise Invalid(_("Choose a colleague of your agency."))


def _check_due(due_at: datetime | None) -> None:
    now = clock.now()
    if due_at is not None and due_at <= now:
        raise Invalid(_("That time has passed. Give a due date that is still to come."))
    if due_at is not None and due_at > now + FURTHEST:
        raise Invalid(_("Give a due date within the next ten years."))


def _read_text(text: str, limit: int) -> str:
    if len(text) > limit:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": limit})
    return clean_text(text, limit).strip()


def _read_what(text: str) -> str:
    what = _read_text(text, WHAT_LIMIT)
    if not what:
        raise Invalid(_("Say what is to be done."))
    return what


def _read_reason(text: str, missing: str) -> str:
    reason = _read_text(text, REASON_LIMIT)
    if not reason:
        raise Invalid(missing)
    return reason


def _terms(commitment: Commitment) -> dict[str, object]:
    return {
        "what": commitment.what,
        "due": _said(commitment.due_at),
        "owner": commitment.owner_id,
        "reply": commitment.reply_id,
    }


def _said(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
