"""What a reply form must know before anybody writes: choices, how often we answered, what waits."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, QuerySet, Subquery

from levelhead.accounts.models import Agency
from levelhead.channels.models import OutboxState
from levelhead.inbox.models import Case, Post
from levelhead.replies.domain import ScheduledState
from levelhead.replies.models import Reply, ScheduledReply, SendingChoice

# States of a reply that people can see, or will in a moment.
_PUBLIC = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR, OutboxState.SENT)
UNDONE = (ScheduledState.WAITING.value, ScheduledState.HELD.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Read once for a form, in one query."""

    choice: SendingChoice
    # Public replies of ours to the same person in this thread.
    replies: int
    # Whether a reply waits for its time, or is held.
    scheduled: bool


def standing_of(case: Case) -> Standing:
    """How things stand around a case."""
    # A reply that left comes back as a post, so the greater number is the true one. Our own post
    # that began the thread is no answer in it, nor is one that goes on from our own.
    posts = Post.objects.filter(
        conversation_id=case.conversation_id, from_agency=True, parent__from_agency=False
    )
    ours = Reply.objects.filter(
        case__conversation_id=case.conversation_id, outbox_item__state__in=_PUBLIC
    )
    if case.post.author_id is not None:
        posts = posts.filter(parent__author_id=case.post.author_id)
        ours = ours.filter(case__post__author_id=case.post.author_id)
    agency = (
        Agency.objects.filter(pk=case.agency_id)
        .annotate(
            answering_posts=_count(posts),
            own_replies=_count(ours),
            has_scheduled=Exists(ScheduledReply.objects.filter(case_id=case.pk, state__in=UNDONE)),
        )
        .select_related("sending_choice")
        .get()
    )
    choice = getattr(agency, "sending_choice", None) or SendingChoice(agency_id=agency.pk)
    return Standing(
        choice=choice,
        replies=max(agency.answering_posts or 0, agency.own_replies or 0),
        scheduled=agency.has_scheduled,
    )


def _count(rows: QuerySet[Post] | QuerySet[Reply]) -> Subquery:
    return Subquery(rows.order_by().values("agency").annotate(n=Count("pk")).values("n")[:1])
