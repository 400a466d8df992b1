"""The words of a scheduled reply, in the reply form again."""

from __future__ import annotations

import secrets

from django.utils import timezone

from levelhead.replies.forms import ReplyForm
from levelhead.replies.models import ScheduledReply


def form_of_scheduled(scheduled: ScheduledReply) -> ReplyForm:
    """A form that takes its place once it is sent."""
    due = scheduled.full_answer_due
    return ReplyForm(
        text=scheduled.text,
        token=secrets.token_urlsafe(18),
        answer_ids=tuple(int(one) for one, _version in scheduled.answers),
        all_the_same=scheduled.all_the_same,
        holding=scheduled.holding,
        full_by=timezone.localtime(due).strftime("%Y-%m-%dT%H:%M") if due else "",
        research_id=scheduled.research_id,
        posts=scheduled.posts,
        scheduled_id=scheduled.pk,
    )
