"""What the desk does with questions to colleagues: each in one transaction, with one event."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_name
from levelhead.research.domain import (
    ANSWER_LIMIT,
    FURTHEST,
    MOST_RECORDS_DAYS,
    NAME_LIMIT,
    OPEN_AT_ONCE,
    QUESTION_LIMIT,
    REASON_LIMIT,
    Kind,
    MailKind,
    RequestState,
    is_email,
    records_due,
)
from levelhead.research.models import MailOut, ResearchPolicy, ResearchRequest
from levelhead.research.recording import (
    actor_of,
    enqueue_mail,
    give_new_link,
    lock_request,
    mail_is_set_up,
    move,
    read_text,
    record,
    record_policy,
    said,
    save,
    stop_mails,
)

# A second reminder sooner than this is a slip of the finger.
REMIND_AGAIN = timedelta(hours=1)
_ASKED = (RequestState.WAITING, RequestState.NOT_MINE)


def ask(
    *,
    case: Case,
    question: str,
    to_email: str,
    to_name: str,
    due_at: datetime | None,
    kind: Kind,
    by: User,
) -> ResearchRequest:
    """Ask somebody who has no account. The mail leaves with this transaction.

    Without a due date a records request is due when the law says. Raises Invalid, NotAllowed.
    """
    require(by, case.agency_id, Ability.WORK)
    question = read_text(question, QUESTION_LIMIT)
    if not question:
        raise Invalid(_("Write the question first."))
    to_email = check_email(to_email)
    now = clock.now()
    if case.state == CaseState.OWN:
        raise Invalid(_("This is the agency's own post; there is nothing to ask about."))
    if due_at is None and kind is Kind.RECORDS:
        due_at = statutory_due(case)
    due_at = _check_due(due_at)
    with transaction.atomic():
        # The case's row is the gate: two people asking at once are counted one after the other.
        Case.objects.select_for_update().only("pk").get(pk=case.pk)
        open_now = ResearchRequest.objects.filter(
            case__conversation_id=case.conversation_id, agency_id=case.agency_id, state__in=_ASKED
        )
        if open_now.count() >= OPEN_AT_ONCE:
            raise Invalid(
                _("%(n)d questions about this conversation wait already. Take one back first.")
                % {"n": OPEN_AT_ONCE}
            )
        request = ResearchRequest(
            agency_id=case.agency_id, case=case, kind=kind, question=question, to_email=to_email,
            to_name=clean_name(to_name, NAME_LIMIT), language=(get_language() or "en")[:2],
            asked_by=by, asked_at=now, due_at=due_at, state=RequestState.WAITING,
            by_mail=mail_is_set_up(),
        )  # fmt: skip
        give_new_link(request)
        request.save()
        enqueue_mail(request, MailKind.ASK)
        record(
            request,
            "person:research:asked",
            actor=actor_of(by),
            payload={
                "question": question, "to": to_email, "due": said(due_at), "kind": kind.value,
                "by_mail": request.by_mail,
            },
        )  # fmt: skip
    return request


def statutory_due(case: Case) -> datetime:
    """When the law's days are over, from when the post came in."""
    agency = Agency.objects.get(pk=case.agency_id)
    return records_due(
        received_at=case.post.received_at,
        days=policy_of(agency).records_days,
        schedule=agency.office_schedule,
    )


def policy_of(agency: Agency) -> ResearchPolicy:
    """The agency's own settings, or the defaults."""
    found = ResearchPolicy.objects.select_related("checked_by").filter(agency=agency).first()
    return found or ResearchPolicy(agency=agency)


def withdraw(
    *, request: ResearchRequest, reason: str, by: User, expected_version: int | None
) -> ResearchRequest:
    """Ask no more: the link is dead, and nothing that has not left leaves."""
    reason = read_text(reason, REASON_LIMIT)
    if not reason:
        raise Invalid(_("Say in a few words why it is not asked any more."))
    with transaction.atomic():
        locked = lock_request(
            request, by=by, ability=Ability.WORK, expected_version=expected_version
        )
        move(locked, RequestState.WITHDRAWN)
        locked.link_revoked_at = locked.link_revoked_at or clock.now()
        locked.closing_note = reason
        stop_mails(locked)
        return save(
            locked, "person:research:withdrawn", actor=actor_of(by), payload={"reason": reason}
        )


def revoke_link(
    *, request: ResearchRequest, by: User, expected_version: int | None
) -> ResearchRequest:
    """The link opens nothing from now on, as where it fell into wrong hands."""
    with transaction.atomic():
        locked = lock_request(
            request, by=by, ability=Ability.WORK, expected_version=expected_version
        )
        _check_asked(locked)
        locked.link_revoked_at = clock.now()
        stop_mails(locked)
        return save(locked, "person:research:link_revoked", actor=actor_of(by), payload={})


def send_new_link(
    *, request: ResearchRequest, by: User, expected_version: int | None
) -> ResearchRequest:
    """Ask again with a new link; the old one is dead."""
    with transaction.atomic():
        locked = lock_request(
            request, by=by, ability=Ability.WORK, expected_version=expected_version
        )
        _check_asked(locked)
        locked.state = RequestState.WAITING
        locked.by_mail, locked.bounced_at = mail_is_set_up(), None
        stop_mails(locked)
        give_new_link(locked)
        enqueue_mail(locked, MailKind.ASK)
        return save(
            locked,
            "person:research:link_renewed",
            actor=actor_of(by),
            payload={"link": locked.link_number},
        )


def pass_on(
    *,
    request: ResearchRequest,
    to_email: str,
    to_name: str,
    by: User | None,
    actor: str = "",
    expected_version: int | None = None,
) -> ResearchRequest:
    """Ask somebody else the same; whoever was asked before is out of it.

    Without a person it is the agency's standing choice that passes on; the caller holds the lock.
    """
    to_email = check_email(to_email)
    with transaction.atomic():
        if by is not None:
            locked = lock_request(
                request, by=by, ability=Ability.WORK, expected_version=expected_version
            )
            _check_asked(locked)
        else:
            locked = request
        before = locked.to_email
        locked.state = RequestState.WAITING
        locked.to_email, locked.to_name = to_email, clean_name(to_name, NAME_LIMIT)
        locked.proposed_email = ""
        locked.by_mail, locked.bounced_at = mail_is_set_up(), None
        locked.reminded_at = None
        stop_mails(locked)
        give_new_link(locked)
        enqueue_mail(locked, MailKind.ASK)
        return save(
            locked,
            "person:research:passed_on" if by else "colleague:research:passed_on",
            actor=actor_of(by) if by else actor,
            payload={"to": [before, to_email], "note": locked.proposed_note},
        )


def remind(*, request: ResearchRequest, by: User, expected_version: int | None) -> ResearchRequest:
    """Send a reminder now."""
    with transaction.atomic():
        locked = lock_request(
            request, by=by, ability=Ability.WORK, expected_version=expected_version
        )
        _check_asked(locked)
        if not mail_is_set_up():
            raise Invalid(_("Mail is not set up here. Copy the link and remind them yourself."))
        if not locked.link_is_live:
            raise Invalid(_("The link is not valid any more. Send a new one."))
        newest = MailOut.objects.filter(request=locked).order_by("-pk").first()
        if newest is not None and clock.now() - newest.created_at < REMIND_AGAIN:
            raise Invalid(_("A mail went to them within the last hour. Give them a little time."))
        locked.by_mail = True
        enqueue_mail(locked, MailKind.REMINDER)
        locked.reminded_at = clock.now()
        return save(locked, "person:research:reminded", actor=actor_of(by), payload={})


def change_due(
    *,
    request: ResearchRequest,
    due_at: datetime | None,
    reason: str,
    by: User,
    expected_version: int | None,
) -> ResearchRequest:
    """Give the colleague another date, with the reason."""
    reason = read_text(reason, REASON_LIMIT)
    if not reason:
        raise Invalid(_("Say why the date changes."))
    due_at = _check_due(due_at)
    with transaction.atomic():
        locked = lock_request(
            request, by=by, ability=Ability.WORK, expected_version=expected_version
        )
        _check_asked(locked)
        before = locked.due_at
        locked.due_at, locked.overdue_at, locked.reminded_at = due_at, None, None
        # The same link lives as long as the new date needs; it never shrinks under somebody.
        locked.link_expires_at = max(locked.link_expires_at, due_at + timedelta(days=14))
        return save(
            locked,
            "person:research:due_changed",
            actor=actor_of(by),
            payload={"due": [said(before), said(due_at)], "reason": reason},
        )


def ask_again(
    *, request: ResearchRequest, note: str, due_at: datetime | None, by: User,
    expected_version: int | None,
) -> ResearchRequest:  # fmt: skip
    """The answer does not do: ask back, with a new link. The answer stays on the record."""
    note = read_text(note, REASON_LIMIT)
    if not note:
        raise Invalid(_("Say what is still missing."))
    due_at = _check_due(due_at)
    with transaction.atomic():
        locked = lock_request(
            request, by=by, ability=Ability.WORK, expected_version=expected_version
        )
        if locked.state != RequestState.ANSWERED:
            raise Invalid(_("There is no answer here to ask back about."))
        move(locked, RequestState.WAITING)
        before = locked.answer
        locked.due_at, locked.overdue_at, locked.reminded_at = due_at, None, None
        locked.by_mail = mail_is_set_up()
        locked.question = read_text(
            f"{locked.question}\n\n{note}"[: QUESTION_LIMIT * 2], QUESTION_LIMIT * 2
        )
        give_new_link(locked)
        enqueue_mail(locked, MailKind.ASK_AGAIN, note=note)
        return save(
            locked,
            "person:research:asked_again",
            actor=actor_of(by),
            payload={"reason": note, "answer": before, "due": said(due_at)},
        )


def release(
    *, request: ResearchRequest, text: str, by: User, expected_version: int | None
) -> ResearchRequest:
    """Say that the answer may be told in public, as it is or put better.

    By a person of the desk who may write in the agency's name, never by who answered.
    """
    text = read_text(text, ANSWER_LIMIT)
    if not text:
        raise Invalid(_("Say what may be told; the field is empty."))
    with transaction.atomic():
        locked = lock_request(
            request, by=by, ability=Ability.REPLY, expected_version=expected_version
        )
        if by.email.lower() in {locked.to_email.lower(), locked.answered_by.lower()}:
            raise Invalid(_("You gave this answer; have somebody else at the desk release it."))
        move(locked, RequestState.RELEASED, only_from=RequestState.ANSWERED)
        locked.released_text, locked.released_by, locked.released_at = text, by, clock.now()
        return save(
            locked,
            "person:research:released",
            actor=actor_of(by),
            payload={"text": text, "edited": text != locked.answer},
        )


def take_release_back(
    *, request: ResearchRequest, by: User, expected_version: int | None
) -> ResearchRequest:
    """It was released by mistake and is not posted yet: it waits for release again."""
    with transaction.atomic():
        locked = lock_request(
            request, by=by, ability=Ability.REPLY, expected_version=expected_version
        )
        move(locked, RequestState.ANSWERED, only_from=RequestState.RELEASED)
        locked.released_by = locked.released_at = None
        return save(locked, "person:research:release_undone", actor=actor_of(by), payload={})


def change_policy(
    *, agency: Agency, records_days: int, passes_on: bool, checked: bool, by: User
) -> ResearchPolicy:
    """Change the agency's days for records requests, and what "not mine" leads to."""
    require(by, agency.pk, Ability.MANAGE)
    if not 1 <= records_days <= MOST_RECORDS_DAYS:
        raise Invalid(
            _("Give a number of working days from 1 to %(most)d.") % {"most": MOST_RECORDS_DAYS}
        )
    with transaction.atomic():
        ResearchPolicy.objects.get_or_create(agency=agency)
        locked = ResearchPolicy.objects.select_for_update(of=("self",)).get(agency=agency)
        before = {"records_days": locked.records_days, "passes_on": locked.passes_on,
                  "checked": locked.checked_at is not None}  # fmt: skip
        changed = locked.records_days != records_days
        locked.records_days, locked.passes_on = records_days, passes_on
        if not checked:
            locked.checked_by = locked.checked_at = None
        elif changed or locked.checked_at is None:
            locked.checked_by, locked.checked_at = by, clock.now()
        locked.save()
        record_policy(locked, by=by, before=before)
    return locked


def check_email(text: str) -> str:
    """An address that can be written to. Raises Invalid."""
    address = text.strip()
    if not is_email(address):
        raise Invalid(_("Give one e-mail address, such as records@example.gov."))
    return address


def _check_asked(request: ResearchRequest) -> None:
    if request.state not in _ASKED:
        raise Invalid(_("Nobody is asked any more; this question was answered or taken back."))


def _check_due(due_at: datetime | None) -> datetime:
    now = clock.now()
    if due_at is None:
        raise Invalid(_("Say by when you need the answer."))
    if due_at <= now:
        raise Invalid(_("That time has passed. Give a due date that is still to come."))
    if due_at > now + FURTHEST:
        raise Invalid(_("Give a due date within the next ten years."))
    return due_at
