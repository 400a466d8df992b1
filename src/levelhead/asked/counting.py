"""How often a question was asked and by how many, and what follows from it."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Q

from levelhead.accounts.models import Agency
from levelhead.asked.domain import DAYS, LEAST_PEOPLE, SET_ASIDE, GroupState, comes_back, count_days
from levelhead.asked.models import AskedGroup, AskedPost
from levelhead.kernel import clock
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.queries import today_of
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def note_counts(agency: Agency, touched: Mapping[int, Sequence[datetime]]) -> bool:
    """Count what was asked just now; gives whether a screen may show it. In a transaction."""
    zone, today = zoneinfo.ZoneInfo(agency.zone), today_of(agency)
    people = count_people(touched)
    events = []
    shown = False
    for group in AskedGroup.objects.filter(pk__in=list(touched)).select_related("answer"):
        days = Counter(group.days)
        days.update(at.astimezone(zone).date().isoformat() for at in touched[group.pk])
        group.days = count_days(days, today)
        group.asked = sum(group.days.values())
        group.people = people.get(group.pk, 0)
        if _comes_back(group):
            group.state, group.answer = GroupState.OPEN.value, None
            group.version += 1
            events.append(_came_back(group))
        shown = shown or group.people >= LEAST_PEOPLE
        group.save(update_fields=["days", "asked", "people", "state", "answer", "version"])
    append_events(agency_id=agency.pk, chain=DESK_CHAIN, at=clock.now(), events=events)
    return shown


def count_people(groups: Iterable[int]) -> dict[int, int]:
    """How many people asked in the days that count; those without a name count as one."""
    since = clock.now() - timedelta(days=DAYS)
    found = (
        AskedPost.objects.filter(group_id__in=list(groups), at__gt=since)
        .values("group_id")
        .annotate(
            named=Count("post__author_id", distinct=True),
            unnamed=Count("pk", filter=Q(post__author_id=None)),
        )
    )
    return {row["group_id"]: row["named"] + bool(row["unnamed"]) for row in found}


def _comes_back(group: AskedGroup) -> bool:
    if not comes_back(group.asked, group.decided_asked):
        return False
    if group.state in SET_ASIDE:
        return True
    # An approved answer was to say it, and people ask on.
    return group.answer is not None and group.answer.state == AnswerState.APPROVED


def _came_back(group: AskedGroup) -> EventToRecord:
    return EventToRecord(
        subject=f"asked:{group.pk}",
        action="system:asked:came_back",
        actor="system",
        payload={"asked": group.asked, "until_decided": group.decided_asked},
    )
