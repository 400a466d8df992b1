"""Several drafts: begun, opened, copied, deleted, brought back; and the pen taken over.

Each that takes something away or brings it back is on the record.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.drafts.actions import begin, check_room
from levelhead.drafts.domain import NAME_LIMIT, DraftState, leaves_words_behind
from levelhead.drafts.history import keep_version
from levelhead.drafts.models import Draft, DraftVersion
from levelhead.inbox.actions import lock_case
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotFound
from levelhead.live.actions import announce
from levelhead.presence.actions import take_over_pen
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def start_draft(*, case: Case, by: User) -> Draft:
    """Begin another draft beside those that there are, and show it. Raises NotAllowed, Invalid."""
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.REPLY, expected_version=None)
        check_room(locked, by)
        number = Draft.objects.filter(case=locked, owner=by).count() + 1
        name = _("Draft %(number)d") % {"number": number}
        return begin(locked, by, key=secrets.token_urlsafe(18), name=name)


def open_draft(*, draft: Draft, by: User) -> Draft:
    """Show this one of one's drafts in the form. Raises NotAllowed, NotFound, Invalid."""
    with transaction.atomic():
        locked = _lock_own(draft, by)
        if locked.state != DraftState.OPEN:
            raise Invalid(_("This draft was closed. Bring it back first."))
        locked.opened_at = _last_of(locked)
        locked.save(update_fields=["opened_at"])
    return locked


def _last_of(draft: Draft) -> datetime:
    """Now, and later than any other draft was opened: clocks of exercises stand still at times."""
    mine = Draft.objects.filter(case_id=draft.case_id, owner_id=draft.owner_id)
    last: datetime = mine.aggregate(last=Max("opened_at"))["last"]
    return max(clock.now(), last + timedelta(microseconds=1))


def _lock_own(draft: Draft, by: User) -> Draft:
    lock_case(draft.case, by=by, ability=Ability.REPLY, expected_version=None)
    locked = Draft.objects.select_related("case").filter(pk=draft.pk, owner=by).first()
    if locked is None:
        raise NotFound(_("This draft is not there, or not yours."))
    return locked


def delete_draft(*, draft: Draft, by: User) -> Draft:
    """Take a draft away; it can be brought back until the case is closed."""
    with transaction.atomic():
        locked = _lock_own(draft, by)
        if locked.state == DraftState.OPEN:
            locked.state = DraftState.DELETED.value
            locked.save(update_fields=["state"])
            record_draft(locked, "person:draft:deleted", by, {"name": locked.name})
    return locked


def restore_draft(*, draft: Draft, by: User) -> Draft:
    """Bring back a draft that was deleted, or closed by a reply. Raises Invalid, NotFound."""
    with transaction.atomic():
        locked = _lock_own(draft, by)
        if locked.case.state == CaseState.CLOSED:
            raise Invalid(
                _("The case is closed; its drafts stay as they are. Open the case again first.")
            )
        if locked.state == DraftState.OPEN:
            return locked
        if locked.state == DraftState.SENT:
            raise Invalid(_("These words left as a reply. Copy them from there if you need them."))
        check_room(locked.case, by)
        locked.state = DraftState.OPEN.value
        locked.closed_by = None
        locked.opened_at = _last_of(locked)
        locked.save(update_fields=["state", "closed_by", "opened_at"])
        record_draft(locked, "person:draft:restored", by, {"name": locked.name})
    return locked


def copy_draft(*, draft: Draft, by: User) -> Draft:
    """Go on from a colleague's words: a draft of one's own that begins with them."""
    with transaction.atomic():
        locked = lock_case(draft.case, by=by, ability=Ability.REPLY, expected_version=None)
        source = Draft.objects.select_related("owner").get(pk=draft.pk)
        check_room(locked, by)
        name = _("From %(name)s") % {"name": source.owner.name}
        copy = begin(
            locked, by, key=secrets.token_urlsafe(18), name=name[:NAME_LIMIT], text=source.text,
            answers=source.answers, research=source.research, copied_from=source,
        )  # fmt: skip
        record_draft(copy, "person:draft:copied", by, {"from": source.owner_id})
    return copy


def bring_back_version(*, draft: Draft, number: int, by: User) -> Draft:
    """Have a draft say again what it said before; what it says now goes to its history."""
    with transaction.atomic():
        locked = _lock_own(draft, by)
        version = DraftVersion.objects.filter(draft=locked, number=number).first()
        if version is None:
            raise NotFound(_("This version is not kept any more."))
        if locked.state != DraftState.OPEN:
            raise Invalid(_("This draft was closed. Bring it back first."))
        text = version.text
        if leaves_words_behind(locked.text, text):
            keep_version(locked)
        locked.text = text
        locked.version += 1
        locked.updated_at = clock.now()
        locked.opened_at = _last_of(locked)
        locked.save()
    return locked


def take_over(*, case: Case, by: User, window: str) -> User | None:
    """Take the pen and go on from what its holder wrote, unless one has words of one's own.

    The holder's words stay their draft. Gives from whom the pen was taken.
    """
    with transaction.atomic():
        taken_from = take_over_pen(case=case, by=by, window=window)
        if taken_from is None:
            return None
        drafts = Draft.objects.filter(case=case, state=DraftState.OPEN).exclude(text="")
        if not drafts.filter(owner=by).exists():
            theirs = drafts.filter(owner=taken_from).order_by("-opened_at").first()
            if theirs is not None:
                copy_draft(draft=theirs, by=by)
    return taken_from


def record_draft(draft: Draft, action: str, by: User, payload: Mapping[str, object]) -> None:
    """Put what was done to a draft on the record, and have the open screens look."""
    append_events(
        agency_id=draft.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"case:{draft.case_id}",
                action=action,
                actor=f"user:{by.pk}",
                payload={"draft": draft.pk, **payload},
            )
        ],
    )
    announce(agency_id=draft.agency_id, kind="draft.changed", payload={"case": str(draft.case_id)})
