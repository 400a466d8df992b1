"""What is known of a reply that is about to leave, and which rules ask about it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from levelhead.approvals.domain import Asks, Facts, Issue, Rule, Seen, evaluate
from levelhead.approvals.models import ApprovalRule
from levelhead.approvals.rules import read_rule
from levelhead.channels.models import OutboxState
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.domain import Visibility
from levelhead.inbox.models import Case
from levelhead.issues.domain import IssueState
from levelhead.issues.models import Issue as IssueRow
from levelhead.issues.models import IssueConversation, IssueTopic
from levelhead.kernel import clock
from levelhead.replies.models import Reply
from levelhead.topics.models import TopicPost

# Issues of one case that rules are asked about.
ISSUES = 20


def load_rules(agency_id: int) -> list[Rule]:
    """The rules that are switched on, in the order in which they were made."""
    rows = ApprovalRule.objects.filter(agency_id=agency_id, on=True).order_by("pk")
    return [rule for row in rows if (rule := read_rule(row)) is not None]


def gather(case: Case, *, draft: str, author: int, overruled: Sequence[str]) -> Facts:
    """The facts of a reply to `case`; three short queries."""
    sent = Reply.objects.filter(agency_id=case.agency_id).exclude(
        outbox_item__state=OutboxState.WITHDRAWN
    )
    post = case.post
    return Facts(
        now=clock.now(),
        draft=draft,
        author=author,
        post=post.text,
        label=case.label,
        disposition=case.disposition,
        channel=case.channel_id,
        hostility=case.hostility,
        life_safety=case.show_911 or case.disposition == Disposition.ALERT,
        first_to_post=not sent.filter(case=case).exists(),
        first_to_author=post.author_id is None
        or not sent.filter(case__post__author_id=post.author_id).exists(),
        overruled=tuple(overruled),
        issues=tuple(_issues(case)),
    )


def _issues(case: Case) -> list[Issue]:
    rows = IssueRow.objects.filter(agency_id=case.agency_id, state=IssueState.OPEN.value).filter(
        Q(
            pk__in=IssueConversation.objects.filter(conversation_id=case.conversation_id).values(
                "issue_id"
            )
        )
        | Q(
            pk__in=IssueTopic.objects.filter(
                topic_id__in=TopicPost.objects.filter(post_id=case.pk).values("topic_id")
            ).values("issue_id")
        )
    )
    # The gravest first: it is the one that is named.
    found = [
        Issue(id=pk, name=name, level=level or 0)
        for pk, name, level in rows.order_by("-pk").values_list("pk", "name", "level")[:ISSUES]
    ]
    return sorted(found, key=lambda one: -one.level)


def ask_rules(case: Case, *, draft: str, author: int, overruled: Sequence[str] = ()) -> list[Asks]:
    """The rules that want this reply approved; nothing is gathered where there are none."""
    rules = load_rules(case.agency_id)
    if not rules:
        return []
    return evaluate(rules, gather(case, draft=draft, author=author, overruled=overruled))


def look_at(case: Case) -> Seen:
    """What a reply is written for, as it is now."""
    last = (
        Reply.objects.filter(case=case)
        .exclude(outbox_item__state=OutboxState.WITHDRAWN)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    return Seen(
        revision=case.post.revision,
        last_reply=last,
        state=str(case.state),
        visible=case.post.visibility == Visibility.VISIBLE,
    )
