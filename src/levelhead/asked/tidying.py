"""What is too old is put away, room is made, and new answers are held against old questions."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Left

from levelhead.accounts.models import Agency
from levelhead.asked.counting import count_people
from levelhead.asked.domain import DAYS, LEAST_PEOPLE, GroupState, count_days
from levelhead.asked.grouping import MOST_GROUPS
from levelhead.asked.models import AskedCursor, AskedGroup, AskedPost
from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.knowledge.finding import find_best
from levelhead.knowledge.fitting import SURE_FROM
from levelhead.knowledge.models import KnowledgeHead
from levelhead.knowledge.queries import today_of
from levelhead.live.actions import announce

# Rows that one round deletes or counts anew.
CHUNK: Final = 500
# Posts of a group that are kept; what came before is in its counts.
MOST_POSTS: Final = 1_000
# Groups that one round holds against the answers.
COVERAGE_ROUND: Final = 8
_POST_CHARACTERS: Final = 2_000


def tidy(cursor: AskedCursor) -> bool:
    """Once a day put away what is older than the days that count; gives whether groups went."""
    today = today_of(cursor.agency)
    if cursor.tidied_on == today:
        return False
    old = clock.now() - timedelta(days=DAYS)
    with transaction.atomic():
        gone = list(
            AskedPost.objects.filter(agency_id=cursor.agency_id, at__lte=old)
            .order_by("at")
            .values_list("pk", flat=True)[:CHUNK]
        )
        AskedPost.objects.filter(pk__in=gone).delete()
        empty = list(
            AskedGroup.objects.filter(agency_id=cursor.agency_id, last_asked__lte=old).values_list(
                "pk", flat=True
            )[:CHUNK]
        )
        AskedGroup.objects.filter(pk__in=empty).delete()
        if len(gone) == CHUNK or len(empty) == CHUNK:
            return bool(empty)
        _count_anew(cursor.agency)
        AskedCursor.objects.filter(pk=cursor.pk).update(tidied_on=today)
    return bool(empty)


def _count_anew(agency: Agency) -> None:
    """The window moved on by a day: what was asked before it does not count any more."""
    today = today_of(agency)
    groups = list(
        AskedGroup.objects.filter(agency=agency, asked__gt=1).only("days", "asked", "people")
    )
    people = count_people(group.pk for group in groups)
    changed = []
    for group in groups:
        days = count_days(group.days, today)
        found = (sum(days.values()), people.get(group.pk, 0))
        if days != group.days or found != (group.asked, group.people):
            group.days, (group.asked, group.people) = days, found
            changed.append(group)
    AskedGroup.objects.bulk_update(changed, ["days", "asked", "people"], batch_size=100)
    _trim(agency)


def _trim(agency: Agency) -> None:
    crowded = (
        AskedPost.objects.filter(agency=agency)
        .values("group_id")
        .annotate(n=Count("pk"))
        .filter(n__gt=MOST_POSTS)
    )
    for row in crowded:
        posts = AskedPost.objects.filter(group_id=row["group_id"]).order_by("-at", "-pk")
        AskedPost.objects.filter(
            pk__in=list(posts.values_list("pk", flat=True)[MOST_POSTS : MOST_POSTS + CHUNK])
        ).delete()


def make_room(agency_id: int, count: int) -> set[int]:
    """Forget groups where there are too many: those of fewest people, longest ago."""
    if count <= MOST_GROUPS:
        return set()
    lonely = AskedGroup.objects.filter(
        agency_id=agency_id, people__lt=LEAST_PEOPLE, decided_at=None
    ).order_by("people", "last_asked")
    gone = set(lonely.values_list("pk", flat=True)[: count - MOST_GROUPS + MOST_GROUPS // 10])
    AskedGroup.objects.filter(pk__in=gone).delete()
    return gone


def check_coverage() -> bool:
    """Look for approved answers that fit by now what was asked before they were written.

    Gives False where the models cannot be read: then nothing is known, and it is tried again.
    """
    head = KnowledgeHead.objects.filter(agency=OuterRef("agency")).values("version")
    groups = (
        AskedGroup.objects.filter(state=GroupState.OPEN.value, people__gte=LEAST_PEOPLE)
        .annotate(head=Coalesce(Subquery(head), 0))
        .exclude(covered_version=F("head"))
        .select_related("agency")
        .order_by("pk")
    )
    return all(_look(group, group.head) for group in groups[:COVERAGE_ROUND])


def _look(group: AskedGroup, head: int) -> bool:
    posts = Post.objects.filter(pk__in=group.example_ids)
    texts = list(posts.annotate(excerpt=Left("text", _POST_CHARACTERS)).values_list("excerpt"))
    found = find_best(group.agency, texts=[text for (text,) in texts], lang=group.lang)
    if found is None:
        return False
    bar = SURE_FROM.get(group.lang, 100)
    fitting = [one.id for one in found if one is not None and one.percent >= bar]
    covered = max(fitting, key=fitting.count) if 2 * len(fitting) > len(texts) else None
    with transaction.atomic():
        AskedGroup.objects.filter(pk=group.pk).update(covered_by=covered, covered_version=head)
        if covered != group.covered_by_id:
            announce(agency_id=group.agency_id, kind="asked.changed", payload={})
    return True
