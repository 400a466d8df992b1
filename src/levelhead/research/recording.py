"""Each change of a question to a colleague: locked, kept, recorded and announced in one way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.research.domain import LINK_AFTER_DUE, NEXT_STATES, MailKind, MailState, RequestState
from levelhead.research.links import hash_of, link_token
from levelhead.research.models import MailOut, ResearchPolicy, ResearchRequest


def mail_is_set_up() -> bool:
    """Whether this installation can send mail."""
    return bool(settings.ENVIRONMENT.mail_url)


def lock_request(
    request: ResearchRequest, *, by: User, ability: Ability, expected_version: int | None
) -> ResearchRequest:
    """The request as it is now, locked. Raises NotAllowed, Conflict."""
    require(by, request.agency_id, ability)
    locked = lock_row(request.pk, agency_id=request.agency_id)
    if expected_version is not None and locked.version != expected_version:
        raise Conflict(
            _(
                "Something changed on this question while you looked at it. Look at what "
                "changed, then do it again if it is still right."
            ),
            version=locked.version,
        )
    return locked


def lock_row(request_id: int, *, agency_id: int) -> ResearchRequest:
    """The row, locked; for those who are no members."""
    rows = ResearchRequest.objects.select_for_update(of=("self",)).select_related(
        "case", "agency", "asked_by"
    )
    return rows.get(pk=request_id, agency_id=agency_id)


def move(
    request: ResearchRequest, state: RequestState, *, only_from: RequestState | None = None
) -> None:
    """Bring a locked request into another state. Raises Conflict where that cannot follow."""
    now = RequestState(request.state)
    if state not in NEXT_STATES[now] or (only_from is not None and now != only_from):
        raise Conflict(_("This question stands elsewhere by now. Look at what became of it."))
    request.state = state


def save(
    request: ResearchRequest,
    action: str,
    *,
    actor: str,
    payload: Mapping[str, object],
) -> ResearchRequest:
    """Store a locked request that changed. Last in the caller's transaction."""
    request.version += 1
    request.save()
    record(request, action, actor=actor, payload=payload)
    return request


def record(
    request: ResearchRequest, action: str, *, actor: str, payload: Mapping[str, object]
) -> None:
    """Put it on the record and tell the open screens. Last in the caller's transaction."""
    append_events(
        agency_id=request.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"research:{request.pk}",
                action=action,
                actor=actor,
                payload={"case": request.case_id, **payload},
            )
        ],
    )
    announce(
        agency_id=request.agency_id,
        kind="research.changed",
        payload={
            "request": str(request.pk),
            "conversation": str(request.case.conversation_id),
        },
    )


def record_policy(policy: ResearchPolicy, *, by: User, before: Mapping[str, object]) -> None:
    """Put changed settings on the record. In the caller's transaction."""
    after = {
        "records_days": policy.records_days,
        "passes_on": policy.passes_on,
        "checked": policy.checked_at is not None,
    }
    append_events(
        agency_id=policy.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"agency:{policy.agency_id}",
                action="person:research:policy_changed",
                actor=actor_of(by),
                payload={"before": before, "after": after},
            )
        ],
    )


def actor_of(person: User) -> str:
    """A person as the record names them."""
    return f"user:{person.pk}"


def give_new_link(request: ResearchRequest) -> None:
    """A link of its own for whoever is asked now; older ones open nothing from here on."""
    if request.token_hash:
        request.link_number += 1
    request.token_hash = hash_of(link_token(request.pk, request.link_number))
    request.link_revoked_at = None
    request.link_expires_at = max(request.due_at, clock.now()) + LINK_AFTER_DUE


def enqueue_mail(request: ResearchRequest, kind: MailKind, *, note: str = "") -> MailOut | None:
    """Write what is to leave; call it in the transaction of the decision. None without mail."""
    if not request.by_mail:
        return None
    return MailOut.objects.create(
        agency_id=request.agency_id,
        request=request,
        kind=kind,
        to_email=request.to_email,
        link_number=request.link_number,
        note=note,
        created_at=clock.now(),
        next_attempt_at=clock.now(),
    )


def stop_mails(request: ResearchRequest) -> None:
    """Nothing that has not left leaves any more. In the caller's transaction."""
    MailOut.objects.filter(request=request, state=MailState.QUEUED).update(
        state=MailState.WITHDRAWN
    )


def read_text(text: str, limit: int) -> str:
    """A text that was typed, safe to keep. Raises Invalid where it is too long."""
    if len(text) > limit:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": limit})
    return clean_text(text, limit).strip()


def said(moment: datetime | None) -> str | None:
    """A moment as the record has it."""
    return moment.isoformat() if moment else None
