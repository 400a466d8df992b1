"""What a conversation shows of how replies leave: the signature, what waits, what can go back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from levelhead.accounts.access import AgencyRequest
from levelhead.accounts.domain import Ability
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.choosing import signature_for, signer_of
from levelhead.replies.forms import ReplyForm, form_again
from levelhead.replies.leaving import leaves_in
from levelhead.replies.models import Reply, ScheduledReply
from levelhead.replies.moments import Later, list_later
from levelhead.replies.scheduled_forms import form_of_scheduled
from levelhead.replies.scheduled_queries import scheduled_of
from levelhead.replies.standing import Standing, standing_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """Read once for the page of a conversation."""

    standing: Standing
    form: ReplyForm | None
    # The signature that is added, and the names by which a typed one is known.
    signature: str
    names: str
    # A reply that can still be taken back, and for how many seconds.
    leaving: Reply | None
    leaves_in: float
    scheduled: ScheduledReply | None
    later: Sequence[Later]


def show_sending(
    request: AgencyRequest, case: Case, form: ReplyForm | None, *, closed: str
) -> Sending:
    """One query, one more where a reply is leaving, and one where one is scheduled."""
    standing = standing_of(case)
    may_reply = request.member.may(Ability.REPLY)
    scheduled = scheduled_of(case) if standing.scheduled else None
    leaving = _leaving(case) if closed == "on_its_way" else None
    if form is None and may_reply and not closed:
        form = _asked_for(request, case, scheduled)
    signer = signer_of(request.person, request.agency)
    writes = may_reply and not closed
    return Sending(
        standing=standing,
        form=form,
        signature=signature_for(
            standing.choice, channel=case.post.channel, person=request.person,
            agency=request.agency,
        ) if writes else "",
        names="|".join(
            dict.fromkeys(one for one in (signer.name, signer.first, signer.initials) if one)
        ),
        leaving=leaving,
        leaves_in=leaves_in(leaving.outbox_item) if leaving else 0.0,
        scheduled=scheduled,
        later=list_later(request.agency.office_schedule, clock.now(), case.due_at)
        if writes and not urgent(case)
        else [],
    )  # fmt: skip


def urgent(case: Case) -> bool:
    """Whether an answer must not wait for anything."""
    return case.show_911 or case.queue == "now"


def _leaving(case: Case) -> Reply | None:
    found = (
        Reply.objects.filter(case=case, outbox_item__leaves_at__isnull=False)
        .select_related("outbox_item")
        .order_by("-pk")
        .first()
    )
    return found if found is not None and leaves_in(found.outbox_item) > 0 else None


def _asked_for(
    request: AgencyRequest, case: Case, scheduled: ScheduledReply | None
) -> ReplyForm | None:
    again = request.GET.get("again", "")
    if again.isascii() and again.isdigit() and len(again) < 19:
        reply = Reply.objects.filter(case=case, pk=int(again)).first()
        if reply is not None:
            return form_again(reply)
    if scheduled is not None and request.GET.get("change") == str(scheduled.pk):
        return form_of_scheduled(scheduled)
    return None
