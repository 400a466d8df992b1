"""What screens show of issues, and how grave things are for the agency now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery

from levelhead.accounts.models import Agency
from levelhead.inbox.family import family_of
from levelhead.inbox.models import Case
from levelhead.issues.domain import (
    MAX_FACTS,
    FactState,
    IssueState,
    Question,
    group_questions,
)
from levelhead.issues.models import Issue, IssueConversation, IssueFact, IssueTopic
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound
from levelhead.topics.domain import FRESH
from levelhead.topics.models import Topic, TopicPost
from levelhead.topics.queries import fresh_topics, hours_of

BOARD: Final = 100
TALKED: Final = 20
CLOSED_PAGE: Final = 30
CONVERSATIONS: Final = 20
POSTS: Final = 15
# Questions that are looked through, of conversations and of topics each.
ASKED: Final = 150
# A conversation with more posts than this is said to have more.
COUNTED: Final = 1_000
CHOICES: Final = 50
FACTS_FOR_REPLY: Final = 20

Hours = list[tuple[datetime, int]]


@dataclass(frozen=True, kw_only=True)
class IssueLine:
    """An issue on the board."""

    issue: Issue
    # Of its topics: the highest level proposed, their hours put together, what is written now.
    proposed: int
    hours: Hours
    topics: int
    conversations: int

    @property
    def level(self) -> int:
        """The level that places it: a person's, or the proposed one until there is one."""
        return self.proposed if self.issue.level is None else self.issue.level


@dataclass(frozen=True, kw_only=True)
class TopicLine:
    """A topic that belongs to no issue yet."""

    topic: Topic
    hours: Hours


@dataclass(frozen=True, kw_only=True)
class Board:
    """All open issues by level, and what people talk about besides."""

    # Level -> issues, the gravest first.
    columns: list[tuple[int, list[IssueLine]]]
    talked: list[TopicLine]
    more: bool
    count: int


def _settled() -> Exists:
    """Whether a person has judged a topic, in an issue, since its level was last raised."""
    judged = Q(issue__level__isnull=False, issue__level_at__gte=OuterRef("raised_at"))
    closed = Q(issue__state=IssueState.CLOSED.value, issue__closed_at__gte=OuterRef("raised_at"))
    return Exists(IssueTopic.objects.filter(judged | closed, topic=OuterRef("pk")))


def attention_columns() -> dict[str, Subquery]:
    """For a query over Agency: the gravest topic that waits for a person, the gravest issue."""
    # Not `fresh_topics`: the agency is the outer query's.
    waiting = (
        Topic.objects.filter(
            agency=OuterRef("pk"), state="open", last_seen__gte=clock.now() - FRESH, level__gt=0
        )
        .filter(~_settled())
        .order_by("-level", "-raised_at")
    )
    decided = Issue.objects.filter(
        agency=OuterRef("pk"), state=IssueState.OPEN.value, level__isnull=False
    ).order_by("-level", "-level_at")
    return {
        "topic": Subquery(waiting.values("pk")[:1]),
        "topic_level": Subquery(waiting.values("level")[:1]),
        "issue": Subquery(decided.values("pk")[:1]),
        "issue_level": Subquery(decided.values("level")[:1]),
    }


def _lines(issues: list[Issue]) -> list[IssueLine]:
    ids = [issue.pk for issue in issues]
    topics_of: dict[int, list[tuple[int, int]]] = {pk: [] for pk in ids}
    links = IssueTopic.objects.filter(issue__in=ids).values_list(
        "issue_id", "topic_id", "topic__level"
    )
    for issue_id, topic_id, level in links:
        topics_of[issue_id].append((topic_id, level))
    hours = hours_of([topic for each in topics_of.values() for topic, _ in each])
    conversations = dict(
        IssueConversation.objects.filter(issue__in=ids)
        .values_list("issue_id")
        .annotate(Count("pk"))
    )
    return [
        IssueLine(
            issue=issue,
            proposed=max((level for _, level in topics_of[issue.pk]), default=0),
            hours=add_hours([hours[topic] for topic, _ in topics_of[issue.pk]]),
            topics=len(topics_of[issue.pk]),
            conversations=conversations.get(issue.pk, 0),
        )
        for issue in issues
    ]


def add_hours(several: list[Hours]) -> Hours:
    """The hours of several topics put together."""
    return [(rows[0][0], sum(count for _, count in rows)) for rows in zip(*several, strict=True)]


def read_board(agency: Agency) -> Board:
    """The open issues, and the topics that are written about now and belong to none."""
    found = list(
        Issue.objects.filter(agency=agency, state=IssueState.OPEN.value)
        .select_related("owner")
        .order_by(F("level").desc(nulls_last=True), "-pk")[: BOARD + 1]
    )
    lines = _lines(found[:BOARD])
    talked = talked_about(agency, limit=TALKED)
    hours = hours_of([topic.pk for topic in talked])
    columns = [(level, [one for one in lines if one.level == level]) for level in (4, 3, 2, 1, 0)]
    return Board(
        columns=columns,
        talked=[TopicLine(topic=topic, hours=hours[topic.pk]) for topic in talked],
        more=len(found) > BOARD,
        count=len(lines),
    )


def talked_about(agency: Agency, *, limit: int) -> list[Topic]:
    """Topics that are written about now and belong to no open issue, the gravest first."""
    free = ~Exists(
        IssueTopic.objects.filter(topic=OuterRef("pk"), issue__state=IssueState.OPEN.value)
    )
    return list(fresh_topics(agency).filter(free).order_by("-level", "-last_seen")[:limit])


def list_closed(agency: Agency, *, before: int | None) -> tuple[list[Issue], int | None]:
    """The closed ones, the newest first, and where the next page begins."""
    rows = Issue.objects.filter(agency=agency, state=IssueState.CLOSED.value)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("owner", "closed_by").order_by("-pk")[: CLOSED_PAGE + 1])
    more = len(found) > CLOSED_PAGE
    return found[:CLOSED_PAGE], found[CLOSED_PAGE - 1].pk if more else None


def list_issues(
    agency: Agency, state: IssueState, *, before: int | None
) -> tuple[list[Issue], int | None]:
    """Those of a state, the newest first, and where the next page begins."""
    rows = Issue.objects.filter(agency=agency, state=state.value)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("owner").order_by("-pk")[: CLOSED_PAGE + 1])
    more = len(found) > CLOSED_PAGE
    return found[:CLOSED_PAGE], found[CLOSED_PAGE - 1].pk if more else None


def list_facts(issue: Issue) -> list[IssueFact]:
    """What was said to be so, the newest first."""
    rows = IssueFact.objects.filter(issue=issue).select_related("by")
    return list(rows.order_by("-pk")[:MAX_FACTS])


def find_issue(agency: Agency, issue_id: int) -> Issue:
    """An issue of this agency. Raises NotFound."""
    found = Issue.objects.select_related("owner", "level_by", "opened_by", "closed_by")
    issue = found.filter(agency=agency, pk=issue_id).first()
    if issue is None:
        raise NotFound(f"There is no issue {issue_id} here.")
    return issue


def find_issue_of_topic(topic: Topic) -> Issue | None:
    """The issue that a topic is part of: the open one, or else the last one."""
    links = IssueTopic.objects.select_related("issue").filter(topic=topic)
    link = links.order_by("-issue__state", "-pk").first()
    return link.issue if link else None


def list_choices(agency: Agency) -> list[Issue]:
    """The open issues that something can be added to, the newest first."""
    rows = Issue.objects.filter(agency=agency, state=IssueState.OPEN.value)
    return list(rows.order_by("-pk")[:CHOICES])


def list_choices_for(case: Case) -> tuple[list[Issue], list[Issue]]:
    """The open issues of a conversation, and those that it could be added to."""
    rows = Issue.objects.filter(agency_id=case.agency_id, state=IssueState.OPEN.value).annotate(
        holds=Exists(
            IssueConversation.objects.filter(
                issue=OuterRef("pk"), conversation_id__in=family_of(case.conversation_id)
            )
        )
    )
    found: list[Any] = list(rows.order_by("-pk")[:CHOICES])
    return [one for one in found if one.holds], [one for one in found if not one.holds]


def facts_for(case: Case) -> list[str]:
    """The approved facts of the open issues of a conversation: what a reply may rely on."""
    facts = IssueFact.objects.filter(
        state=FactState.APPROVED.value,
        issue__state=IssueState.OPEN.value,
        issue__conversation_links__conversation_id__in=family_of(case.conversation_id),
        agency_id=case.agency_id,
    )
    # Two conversations that were joined may both be part of one issue.
    return list(facts.order_by("-pk").values_list("text", flat=True).distinct()[:FACTS_FOR_REPLY])


def open_facts(agency: Agency) -> list[str]:
    """The approved facts of all open issues: what anything said in public may rely on."""
    facts = IssueFact.objects.filter(
        agency=agency, state=FactState.APPROVED.value, issue__state=IssueState.OPEN.value
    )
    return list(facts.order_by("-pk").values_list("text", flat=True)[:FACTS_FOR_REPLY])


@dataclass(frozen=True, kw_only=True)
class ConversationLine:
    """A conversation of an issue, with how much is written in it."""

    case: Case
    posts: int
    # More than were counted.
    many: bool


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for one level or another."""

    topics: list[Topic]
    hours: Hours
    proposed: int
    conversations: list[ConversationLine]
    more_conversations: bool
    questions: list[Question]
    posts: list[Case]
    examples: dict[int, Case] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What is kept with a judgment: figures and ids, and no post's words."""
        return {
            "proposed": self.proposed,
            "topics": [
                {
                    "topic": topic.pk, "name": topic.name, "level": topic.level,
                    "posts": topic.posts, "baseline": topic.baseline, "authors": topic.spread,
                    "reasons": topic.reason_list, "examples": topic.example_ids,
                    "last_seen": topic.last_seen.isoformat(),
                }
                for topic in self.topics
            ],
            "posts_per_hour": [count for _, count in self.hours],
            "conversations": [
                [line.case.conversation_id, line.posts] for line in self.conversations
            ],
            "at": clock.now().isoformat(),
        }  # fmt: skip


def read_evidence(issue: Issue, *, themes: list[list[int]] | None = None) -> Evidence:
    """Topics, hours, conversations, questions and posts of an issue; bounded, however large."""
    topics = list(Topic.objects.filter(issue_links__issue=issue).order_by("-level", "-last_seen"))
    hours = hours_of([topic.pk for topic in topics])
    links = list(
        IssueConversation.objects.filter(issue=issue)
        .order_by("-pk")
        .values_list("post__conversation_id", "post_id")[: CONVERSATIONS + 1]
    )
    # Two that were joined since are one; it shows by the post that was added first.
    links = list({shown: (shown, post_id) for shown, post_id in links}.values())
    topic_posts = (
        TopicPost.objects.filter(topic__in=topics)
        .values("post_id")
        .annotate(newest=Max("pk"))
        .order_by("-post_id")
        .values_list("post_id", flat=True)
    )
    recent = list(topic_posts[:ASKED])
    shown = {post_id for _, post_id in links[:CONVERSATIONS]}
    shown |= {pk for each in themes or [] for pk in each}
    shown |= {pk for topic in topics[:5] for pk in topic.example_ids}
    shown |= set(recent[:POSTS])
    cases = {case.pk: case for case in _cases(issue.agency_id).filter(pk__in=shown).order_by("-pk")}
    counts = _count_posts([conversation for conversation, _ in links[:CONVERSATIONS]])
    conversations = [
        ConversationLine(
            case=cases[post_id], posts=min(counts[conversation], COUNTED),
            many=counts[conversation] > COUNTED,
        )
        for conversation, post_id in links[:CONVERSATIONS]
        if post_id in cases
    ]  # fmt: skip
    conversations.sort(key=lambda line: -line.posts)
    return Evidence(
        topics=topics,
        hours=add_hours([hours[topic.pk] for topic in topics]),
        proposed=max((topic.level for topic in topics), default=0),
        conversations=conversations,
        more_conversations=len(links) > CONVERSATIONS,
        questions=_questions(issue, [conversation for conversation, _ in links], recent),
        posts=[cases[pk] for pk in recent[:POSTS] if pk in cases],
        examples=cases,
    )


def _questions(issue: Issue, conversations: list[int], posts: list[int]) -> list[Question]:
    asked = Case.objects.filter(agency_id=issue.agency_id, label="question").order_by("-pk")
    found: dict[int, str] = {}
    for rows in (
        asked.filter(conversation_id__in=conversations) if conversations else None,
        asked.filter(pk__in=posts) if posts else None,
    ):
        if rows is not None:
            found.update(rows.values_list("pk", "post__text")[:ASKED])
    return group_questions(sorted(found.items()))


def _count_posts(conversations: list[int]) -> dict[int, int]:
    """Posts of each conversation, counted no further than is said."""
    if not conversations:
        return {}
    one = (
        "SELECT %s AS conversation, COUNT(*) AS posts FROM (SELECT 1 FROM inbox_post "
        "WHERE conversation_id = %s LIMIT %s) AS bounded"
    )
    values = [value for pk in conversations for value in (pk, pk, COUNTED + 1)]
    with connection.cursor() as cursor:
        # Only the number of parts comes from outside; what they look for goes in as values.
        cursor.execute(" UNION ALL ".join([one] * len(conversations)), values)
        return {int(pk): int(posts) for pk, posts in cursor.fetchall()}


def _cases(agency_id: int) -> QuerySet[Case, Any]:
    return (
        Case.objects.filter(agency_id=agency_id)
        .select_related("post__author", "channel")
        .defer("post__raw")
    )
