"""The posts about an incident: who needs help first, then who was there, the press, claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from levelhead.analysis.domain import Label
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case
from levelhead.inbox.search import find_post_ids
from levelhead.incidents.eyewitness import tells_from_there
from levelhead.incidents.models import Incident
from levelhead.issues.models import IssueConversation, IssueTopic
from levelhead.kernel.ids import EPOCH_MILLISECONDS, NODE_BITS, SEQUENCE_BITS
from levelhead.topics.models import TopicPost

# What was written before it was noticed belongs to it too.
BEFORE: Final = timedelta(hours=2)
# Posts of each way of finding, and in each group on the screen.
FOUND: Final = 100
SHOWN: Final = 8
_NEWEST: Final = (1 << 63) - 1


class Group(StrEnum):
    """Why somebody looks at a post first."""

    HELP = "help"
    EYEWITNESS = "eyewitness"
    MEDIA = "media"
    RUMOR = "rumor"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupLines:
    """Posts of one kind, newest first."""

    group: Group
    cases: list[Case] = field(default_factory=list)
    # All that were found, not only those shown.
    count: int = 0


def read_stream(incident: Incident) -> list[GroupLines]:
    """Posts of its issue and those with its words, in groups; bounded, however many there are."""
    cases = (
        Case.objects.filter(agency_id=incident.agency_id, pk__in=_newest(incident))
        .exclude(state=CaseState.OWN.value)
        .select_related("post__author", "channel")
        .defer("post__raw")
        .order_by("-pk")
    )
    groups: dict[Group, list[Case]] = {group: [] for group in Group}
    for case in cases:
        groups[group_of(case)].append(case)
    return [
        GroupLines(group=group, cases=found[:SHOWN], count=len(found))
        for group, found in groups.items()
        if found
    ]


def count_owed(incident: Incident) -> int:
    """Of the newest posts about it, those that nobody answered or decided on."""
    owed = [CaseState.OPEN.value, CaseState.SNOOZED.value, CaseState.ANSWERING.value]
    cases = Case.objects.filter(agency_id=incident.agency_id, pk__in=_newest(incident))
    return cases.filter(state__in=owed).count()


def _newest(incident: Incident) -> list[int]:
    ids = _of_issue(incident) | _by_words(incident)
    return sorted(ids, reverse=True)[: 2 * FOUND]


def group_of(case: Case) -> Group:
    """Why somebody looks at it first: whoever may be in danger goes before everything."""
    if case.show_911 or case.queue == Queue.NOW or case.label == Label.EMERGENCY:
        return Group.HELP
    if case.label == Label.PRESS:
        return Group.MEDIA
    if case.label == Label.MISINFORMED:
        return Group.RUMOR
    if tells_from_there(case.post.text):
        return Group.EYEWITNESS
    return Group.OTHER


def _of_issue(incident: Incident) -> set[int]:
    if incident.issue_id is None:
        return set()
    topics = IssueTopic.objects.filter(issue_id=incident.issue_id).values("topic_id")
    found = set(
        TopicPost.objects.filter(topic_id__in=topics)
        .order_by("-post_id")
        .values_list("post_id", flat=True)[:FOUND]
    )
    conversations = IssueConversation.objects.filter(issue_id=incident.issue_id).values(
        "conversation_id"
    )
    found |= set(
        Case.objects.filter(agency_id=incident.agency_id, conversation_id__in=conversations)
        .order_by("-pk")
        .values_list("pk", flat=True)[:FOUND]
    )
    return found


def _by_words(incident: Incident) -> set[int]:
    since = _first_id(incident)
    found: set[int] = set()
    for term in incident.watched_terms:
        # As a phrase: "Water Street" is not any street with water.
        query = '"' + term.replace('"', " ") + '"'
        found |= set(
            find_post_ids(
                agency_id=incident.agency_id, query=query, before=_NEWEST, limit=FOUND,
                since=since,
            )
        )  # fmt: skip
    return found


def _first_id(incident: Incident) -> int:
    """The lowest id that a post of then can have: ids grow with time."""
    moment = (incident.detected_at - BEFORE).timestamp() * 1_000 - EPOCH_MILLISECONDS
    return max(1, int(moment) << (NODE_BITS + SEQUENCE_BITS))
