"""Everything that people do to cases: each in one transaction, with one event on the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.analysis.domain import Label
from levelhead.clocks.domain import EndedBy
from levelhead.clocks.keeping import end_clocks, run_again
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.domain import ASKING, NEXT_STATES, QUEUE_OF, CaseState, Queue
from levelhead.inbox.mentions import read_mentions, tell_named
from levelhead.inbox.models import Case, Conversation, DecisionChange, Note
from levelhead.inbox.shaping import hold
from levelhead.inbox.store import change_tallies
from levelhead.inbox.urgent import tell_urgent
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

NOTE_LIMIT = 5_000
REASON_LIMIT = 1_000
# Cases in one bulk action; more at once cannot have been looked at.
BULK_LIMIT = 500
UNDO_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class BulkOutcome:
    """What a bulk action did."""

    # Ids of the cases that changed; others had been changed by somebody else.
    done: list[int]
    # Give it to `undo_let_stand` within a minute.
    undo_token: str


def lock_case(case: Case, *, by: User, ability: Ability, expected_version: int | None) -> Case:
    """The case as it is now, locked. Raises NotAllowed, Conflict where it changed meanwhile."""
    require(by, case.agency_id, ability)
    locked = Case.objects.select_for_update().get(pk=case.pk, agency_id=case.agency_id)
    if expected_version is not None and locked.version != expected_version:
        raise Conflict(
            _(
                "Somebody changed this case while you looked at it. Nothing of yours was lost: "
                "look at what changed, then do it again if it is still right."
            ),
            version=locked.version,
        )
    return locked


def move(case: Case, state: CaseState) -> None:
    """Bring a locked case into another state. Raises Invalid where that cannot follow."""
    if state not in NEXT_STATES[CaseState(case.state)]:
        raise Invalid(
            _("A case that is %(now)s cannot become %(then)s.")
            % {"now": case.state, "then": state.value}
        )
    if case.state == CaseState.SNOOZED:
        case.snoozed_until = case.wake_at = None
    case.state = state


def save_case(
    case: Case,
    before: tuple[int, str, str, str],
    *,
    action: str,
    by: User | None,
    payload: Mapping[str, object],
) -> Case:
    """Store a locked case that changed, with its tally, its record and its live event."""
    now = clock.now()
    case.version += 1
    case.updated_at = now
    case.save()
    tally_move(before, place_of(case))
    append_events(
        agency_id=case.agency_id,
        chain=DESK_CHAIN,
        at=now,
        events=[
            EventToRecord(
                subject=f"case:{case.pk}",
                action=action,
                actor=f"user:{by.pk}" if by else "system",
                payload=payload,
            )
        ],
    )
    announce(
        agency_id=case.agency_id,
        kind="case.changed",
        payload={"case": str(case.pk), "version": case.version},
    )
    return case


def place_of(case: Case) -> tuple[int, str, str, str]:
    """Where a case is counted."""
    return (case.agency_id, str(case.state), str(case.queue), str(case.label))


def tally_move(before: tuple[int, str, str, str], after: tuple[int, str, str, str]) -> None:
    """Count a case at its new place."""
    if before != after:
        change_tallies(Counter({before: -1, after: 1}))


def assign_case(*, case: Case, owner: User | None, by: User, expected_version: int | None) -> Case:
    """Give a case to a colleague, or to nobody."""
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.WORK, expected_version=expected_version)
        if owner is not None:
            member = Membership.objects.filter(agency_id=case.agency_id, user=owner, active=True)
            if not member.exists():
                raise NotAllowed(_("This person does not belong to the agency."))
        before = place_of(locked)
        locked.owner = owner
        return save_case(
            locked,
            before,
            action="person:case:assigned",
            by=by,
            payload={"owner": owner.pk if owner else None},
        )


def let_stand(*, cases: Sequence[Case], by: User) -> BulkOutcome:
    """Decide that posts can stand without an answer: a decision like any other."""
    if not cases:
        raise Invalid(_("Choose at least one post."))
    if len(cases) > BULK_LIMIT:
        raise Invalid(
            _("At most %(limit)d at once; you chose %(chosen)d.")
            % {"limit": BULK_LIMIT, "chosen": len(cases)}
        )
    agencies = {case.agency_id for case in cases}
    if len(agencies) != 1:
        raise NotAllowed(_("These posts belong to different agencies."))
    agency_id = agencies.pop()
    require(by, agency_id, Ability.WORK)
    done: list[int] = []
    with transaction.atomic():
        rows = Case.objects.select_for_update().filter(
            agency_id=agency_id,
            pk__in=[case.pk for case in cases],
            state__in=[CaseState.OPEN, CaseState.SNOOZED],
        )
        for case in rows.order_by("pk"):
            if case.queue == Queue.NOW:
                # A life may be at stake: one by one, closed with a reason.
                continue
            before = place_of(case)
            move(case, CaseState.STOOD)
            end_clocks(case, by_what=EndedBy.STOOD, at=clock.now(), by=by)
            save_case(case, before, action="person:case:let_stand", by=by, payload={})
            done.append(case.pk)
    token = signing.dumps({"agency": agency_id, "cases": done, "by": by.pk}, salt="let-stand")
    return BulkOutcome(done=done, undo_token=token)


def undo_let_stand(*, agency: Agency, undo_token: str, by: User) -> int:
    """Take back a let-stand; gives how many cases are open again."""
    require(by, agency.pk, Ability.WORK)
    try:
        told = signing.loads(undo_token, salt="let-stand", max_age=UNDO_SECONDS)
    except signing.SignatureExpired as error:
        raise Invalid(_("It is too late to undo; open each post again from its page.")) from error
    except signing.BadSignature as error:
        raise Invalid(_("This undo is not valid.")) from error
    if told["agency"] != agency.pk or told["by"] != by.pk:
        raise NotAllowed(_("Only the person who let these posts stand can undo it this way."))
    count = 0
    with transaction.atomic():
        rows = Case.objects.select_for_update().filter(
            agency=agency, pk__in=told["cases"], state=CaseState.STOOD
        )
        for case in rows.order_by("pk"):
            _open_again(case, action="person:case:let_stand_undone", by=by)
            count += 1
    return count


def _open_again(case: Case, *, action: str, by: User) -> Case:
    before = place_of(case)
    move(case, CaseState.OPEN)
    run_again(case, at=clock.now())
    # Answers came and went meanwhile.
    case.answer_due = case.label in ASKING
    return save_case(case, before, action=action, by=by, payload={})


def close_case(*, case: Case, reason: str, by: User, expected_version: int | None) -> Case:
    """Close a case that was dealt with in another way, with the reason."""
    reason = clean_text(reason, REASON_LIMIT).strip()
    if not reason:
        raise Invalid(_("Say in a few words how this was dealt with."))
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.WORK, expected_version=expected_version)
        before = place_of(locked)
        move(locked, CaseState.CLOSED)
        end_clocks(locked, by_what=EndedBy.CLOSED, at=clock.now(), by=by)
        return save_case(
            locked, before, action="person:case:closed", by=by, payload={"reason": reason}
        )


def reopen_case(*, case: Case, by: User, expected_version: int | None) -> Case:
    """Take a case up again."""
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.WORK, expected_version=expected_version)
        return _open_again(locked, action="person:case:reopened", by=by)


def change_decision(
    *,
    case: Case,
    label: Label | None,
    disposition: Disposition | None,
    reason: str,
    by: User,
    expected_version: int | None,
) -> Case:
    """Decide otherwise than proposed; kept as a correction to learn from."""
    if label is None and disposition is None:
        raise Invalid(_("Choose what it is or what to do about it."))
    reason = clean_text(reason, REASON_LIMIT).strip()
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.WORK, expected_version=expected_version)
        if locked.state == CaseState.OWN:
            raise Invalid(_("This is the agency's own post; there is nothing to decide."))
        before = place_of(locked)
        label_before, disposition_before = locked.label, locked.disposition
        if label is not None:
            locked.label = label.value
            locked.answer_id, locked.answer_percent = None, 0
            locked.answer_due = label in ASKING and locked.state == CaseState.OPEN
        if disposition is not None:
            locked.disposition = disposition.value
            locked.queue = QUEUE_OF[disposition].value
            if (
                locked.queue == Queue.NOW
                and before[2] != Queue.NOW
                and locked.state == CaseState.OPEN
            ):
                tell_urgent(locked.agency_id, [locked.pk], clock.now())
        locked.may_break = (
            locked.label == Label.REMOVABLE or locked.disposition == Disposition.MODERATE
        )
        locked.corrected = True
        DecisionChange.objects.create(
            agency_id=locked.agency_id,
            case=locked,
            label_before=label_before,
            label_after=locked.label,
            disposition_before=disposition_before,
            disposition_after=locked.disposition,
            reason=reason,
            by=by,
            at=clock.now(),
        )
        return save_case(
            locked,
            before,
            action="person:case:decision_changed",
            by=by,
            payload={
                "label": [label_before, locked.label],
                "disposition": [disposition_before, locked.disposition],
                "reason": reason,
            },
        )


def add_note(*, conversation: Conversation, text: str, by: User) -> Note:
    """Tell colleagues something about a conversation; it never leaves the agency."""
    require(by, conversation.agency_id, Ability.WORK)
    text = clean_text(text, NOTE_LIMIT + 1).strip()
    if not text:
        raise Invalid(_("Write the note first."))
    if len(text) > NOTE_LIMIT:
        raise Invalid(_("A note has at most %(limit)d characters.") % {"limit": NOTE_LIMIT})
    with transaction.atomic():
        # Before the record's chain: whoever joins conversations takes them in this order.
        hold([conversation.pk])
        note = Note.objects.create(
            agency_id=conversation.agency_id, conversation=conversation, text=text, by=by,
            at=clock.now(), mentions=read_mentions(conversation.agency_id, text),
        )  # fmt: skip
        append_events(
            agency_id=conversation.agency_id,
            chain=DESK_CHAIN,
            at=note.at,
            events=[
                EventToRecord(
                    subject=f"conversation:{conversation.pk}",
                    action="person:note:added",
                    actor=f"user:{by.pk}",
                    payload={"note": note.pk, "text": text},
                )
            ],
        )
        tell_named(note)
        announce(
            agency_id=conversation.agency_id,
            kind="note.added",
            payload={"conversation": str(conversation.pk)},
        )
    return note
