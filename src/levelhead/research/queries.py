"""What pages show of questions to colleagues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Case as ByCase
from django.db.models import Count, Q, Value, When

from levelhead.accounts.models import Agency
from levelhead.inbox.domain import Visibility
from levelhead.inbox.models import Case, Post
from levelhead.inbox.thread import read_thread
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound
from levelhead.research.domain import CLOSED, OPEN, RequestState
from levelhead.research.models import MailIn, MailOut, ResearchFile, ResearchRequest

SHOWS: Final = ("waiting", "answered", "closed")
PAGE: Final = 50
ON_CASE: Final = 10
MAILS: Final = 20
FILES: Final = 60
_OF: Final = {
    "waiting": (RequestState.WAITING, RequestState.NOT_MINE),
    "answered": (RequestState.ANSWERED, RequestState.RELEASED),
    "closed": CLOSED,
}


@dataclass(frozen=True, kw_only=True)
class ResearchPage:
    """A page of the list."""

    show: str
    rows: list[ResearchRequest]
    # Where the next page begins; empty on the last.
    more_after: str
    waiting: int
    overdue: int
    answered: int


def list_research(agency: Agency, *, show: str, after: str) -> ResearchPage:
    """What waits by due date, or what was answered or closed, the newest first."""
    ours = ResearchRequest.objects.filter(agency=agency)
    counts = ours.filter(state__in=OPEN).aggregate(
        waiting=Count("pk", filter=Q(state__in=_OF["waiting"])),
        overdue=Count("pk", filter=Q(state__in=_OF["waiting"], due_at__lt=clock.now())),
        answered=Count("pk", filter=Q(state__in=_OF["answered"])),
    )
    rows = ours.filter(state__in=_OF[show]).select_related("asked_by", "case__post__author")
    rows = rows.defer("case__post__raw", "case__post__text", "answer", "released_text")
    behind = _find_key(agency, after)
    if show == "waiting":
        rows = rows.order_by("due_at", "pk")
        if behind is not None:
            rows = rows.filter(
                Q(due_at__gt=behind.due_at) | Q(due_at=behind.due_at, pk__gt=behind.pk)
            )
    else:
        rows = rows.order_by("-pk")
        if behind is not None:
            rows = rows.filter(pk__lt=behind.pk)
    found = list(rows[: PAGE + 1])
    return ResearchPage(
        show=show,
        rows=found[:PAGE],
        more_after=str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        **counts,
    )


def _find_key(agency: Agency, after: str) -> ResearchRequest | None:
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        return None
    rows = ResearchRequest.objects.filter(agency=agency, pk=int(after)).only("pk", "due_at")
    return rows.first()


def find_research(agency: Agency, request_id: int) -> ResearchRequest:
    """A question of this agency. Raises NotFound."""
    found = (
        ResearchRequest.objects.select_related(
            "asked_by", "released_by", "agency", "case__post__author", "case__post__channel"
        )
        .filter(agency=agency, pk=request_id)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no question {request_id} here.")
    return found


def list_research_of(case: Case) -> list[ResearchRequest]:
    """What is asked about a conversation: what needs somebody first, then the newest."""
    rows = ResearchRequest.objects.filter(
        agency_id=case.agency_id, case__conversation_id=case.conversation_id
    )
    closed_last = ByCase(When(state__in=OPEN, then=Value(0)), default=Value(1))
    return list(rows.select_related("asked_by").order_by(closed_last, "-pk")[:ON_CASE])


def find_released(case: Case, request_id: int | None) -> ResearchRequest | None:
    """A released answer of this conversation, to be put into its reply."""
    if request_id is None:
        return None
    return ResearchRequest.objects.filter(
        agency_id=case.agency_id,
        case__conversation_id=case.conversation_id,
        pk=request_id,
        state=RequestState.RELEASED,
    ).first()


def list_mails(request: ResearchRequest) -> tuple[list[MailOut], list[MailIn]]:
    """What was sent about it and what came, the newest first."""
    sent = MailOut.objects.filter(request=request).order_by("-pk")[:MAILS]
    came = MailIn.objects.filter(request=request).order_by("-pk")[:MAILS]
    return list(sent), list(came)


def list_files(request: ResearchRequest) -> list[ResearchFile]:
    """The files that came with its answers."""
    return list(ResearchFile.objects.filter(request=request).order_by("pk")[:FILES])


def find_file(agency: Agency, file_id: int) -> ResearchFile:
    """A file of this agency. Raises NotFound."""
    found = ResearchFile.objects.filter(agency=agency, pk=file_id).first()
    if found is None:
        raise NotFound(f"There is no file {file_id} here.")
    return found


def public_thread(request: ResearchRequest) -> list[Post]:
    """The post and those above it, as the public sees them: nothing deleted, nothing of ours."""
    post = Post.objects.select_related("author", "channel").get(pk=request.case_id)
    above = read_thread(post, answers_after=None, others_after=None).above
    return [one for one in [*above, post] if one.visibility == Visibility.VISIBLE]
