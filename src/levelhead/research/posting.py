"""From a released answer to the reply under the post, and the word to whoever waits for it."""

from __future__ import annotations

from django.db import transaction
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency, User
from levelhead.inbox.models import Case
from levelhead.replies.models import Reply
from levelhead.research.domain import Kind, RequestState, promised_for
from levelhead.research.models import ResearchRequest
from levelhead.research.recording import actor_of, lock_row, move, save


def note_posted(reply: Reply, request_id: int | None, by: User) -> bool:
    """A reply was written from a released answer; gives whether it was one of this thread."""
    if request_id is None:
        return False
    found = ResearchRequest.objects.filter(
        pk=request_id,
        agency_id=reply.agency_id,
        case__conversation_id=reply.case.conversation_id,
        state=RequestState.RELEASED,
    )
    with transaction.atomic():
        request = found.select_for_update(of=("self",)).select_related("case").first()
        if request is None:
            return False
        move(request, RequestState.POSTED)
        request.reply = reply
        save(request, "person:research:posted", actor=actor_of(by), payload={"reply": reply.pk})
    return True


def note_withdrawn(reply: Reply, by: User) -> None:
    """The reply was taken back before it left: the answer may be posted again."""
    posted = ResearchRequest.objects.filter(
        reply=reply, agency_id=reply.agency_id, state=RequestState.POSTED
    )
    for pk in posted.values_list("pk", flat=True):
        request = lock_row(pk, agency_id=reply.agency_id)
        move(request, RequestState.RELEASED)
        request.reply = None
        save(
            request,
            "person:research:post_taken_back",
            actor=actor_of(by),
            payload={"reply": reply.pk},
        )


def holding_reply(request: ResearchRequest, case: Case, agency: Agency, person: User) -> str:
    """A first word to the asker, in their language, with the day by which they hear more.

    Its promise is found on the reply form, and becomes a commitment there.
    """
    promised = promised_for(due_at=request.due_at, schedule=agency.office_schedule)
    name = str(case.post.author) if case.post.author else ""
    with translation.override("es" if case.post.lang == "es" else "en"):
        day = formats.date_format(timezone.localtime(promised), "MONTH_DAY_FORMAT")
        thanks = _("Thank you, %(name)s.") % {"name": name[:60]} if name else _("Thank you.")
        if request.kind == Kind.RECORDS:
            what = _("We passed your request on to those who keep these records.")
        else:
            what = _("We are asking the colleague who knows.")
        promise = _("We will answer you here by %(day)s.") % {"day": day}
        return f"{thanks} {what} {promise} — {person.signs_as}"
