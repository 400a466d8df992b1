"""What a conversation's page shows of its joinings and splittings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from levelhead.inbox.family import family_of
from levelhead.inbox.joining import is_unclear as joining_unclear
from levelhead.inbox.models import Case, Joining, Post, Splitting
from levelhead.inbox.splitting import is_unclear as splitting_unclear
from levelhead.replies.models import Reply

SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitLine:
    """A branch that is another matter now, with a post to follow the link to."""

    splitting: Splitting
    post: Post
    may_undo: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """How people joined and split a conversation."""

    # The conversations that show as this one.
    family: list[int]
    joinings: list[Joining]
    # The joining that can be taken back with one press; None where that is unclear.
    undoable: Joining | None
    # Where this conversation was split off; None where it was not.
    split_from: SplitLine | None
    split_off: list[SplitLine]
    # Its other posts that somebody works on or worked on, newest first.
    cases: list[Case]
    # The replies to its other posts.
    replies: list[Reply]


def joined_of(case: Case) -> Joined | None:
    """How the conversation of a case was joined and split; None where nobody ever did either."""
    if not case.post.conversation.shape:
        return None
    shown = case.conversation_id
    family = list(family_of(shown)[:500])
    joinings = list(
        Joining.objects.filter(undone_at=None, agency_id=case.agency_id)
        .filter(Q(whole__in=family) | Q(part__in=family))
        .select_related(
            "by", "part_post__author", "part_post__channel", "whole_post__author",
            "whole_post__channel",
        )
        .defer("part_post__raw", "whole_post__raw")
        .order_by("-pk")[:SHOWN]
    )  # fmt: skip
    undoable = joinings[0] if joinings and not joining_unclear(joinings[0], family) else None
    splits = list(
        Splitting.objects.filter(undone_at=None, agency_id=case.agency_id)
        .filter(Q(source__in=family) | Q(made__in=family) | Q(post__thread__in=family))
        .select_related("by", "post__author", "post__parent")
        .defer("post__raw", "post__parent__raw")
        .order_by("-pk")[: SHOWN + 1]
    )
    came = next((one for one in splits if one.made_id in family), None)
    return Joined(
        family=family,
        joinings=joinings,
        undoable=undoable,
        split_from=_line_back(came),
        split_off=[
            SplitLine(splitting=one, post=one.post) for one in splits if one.made_id not in family
        ],
        cases=_other_cases(case) if joinings else [],
        replies=_other_replies(case) if joinings else [],
    )


def _line_back(splitting: Splitting | None) -> SplitLine | None:
    if splitting is None:
        return None
    # The post that it answered, or any of the conversation that it came from.
    post = splitting.post.parent
    if post is None or post.conversation_id == splitting.made_id:
        post = Post.objects.filter(conversation_id=splitting.source_id).order_by("pk").first()
    if post is None:
        return None
    return SplitLine(splitting=splitting, post=post, may_undo=not splitting_unclear(splitting))


def _other_cases(case: Case) -> list[Case]:
    rows = Case.objects.filter(conversation_id=case.conversation_id).exclude(pk=case.pk)
    return list(
        rows.exclude(state="own")
        .select_related("post__author", "channel", "owner")
        .defer("post__raw", "channel__settings", "channel__sealed_secrets")
        .order_by("-post_id")[:SHOWN]
    )


def _other_replies(case: Case) -> list[Reply]:
    rows = Reply.objects.filter(case__conversation_id=case.conversation_id).exclude(case=case)
    return list(
        rows.select_related("outbox_item", "by", "case__post__author").order_by("-pk")[:SHOWN]
    )
