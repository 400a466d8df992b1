"""What the pages show of questions that are asked often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.asked.domain import LEAST_PEOPLE, SET_ASIDE, GroupState, days_in_order
from levelhead.asked.models import AskedGroup, AskedPost
from levelhead.channels.models import OutboxState
from levelhead.inbox.domain import CaseState, Visibility
from levelhead.inbox.models import Post
from levelhead.kernel.errors import NotFound
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import today_of
from levelhead.replies.models import Reply

PAGE: Final = 10
EXCERPT: Final = 300
REPLIES: Final = 5
ANSWERS: Final = 200
SHOWN: Final = ("open", "in_work", "aside")


@dataclass(frozen=True, kw_only=True, slots=True)
class Handled:
    """What became of the posts that asked it."""

    # Posts that are looked at: those that are kept.
    posts: int = 0
    replied: int = 0
    # Replies that were written from an approved answer.
    from_answer: int = 0
    stood: int = 0
    closed: int = 0
    waiting: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedRow:
    """A question with everything that its row shows."""

    group: AskedGroup
    days: Sequence[tuple[date, int]]
    # Name of a channel -> posts.
    channels: Sequence[tuple[str, int]] = ()
    examples: Sequence[Post] = ()
    handled: Handled = field(default_factory=Handled)


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedPage:
    """A page of the list, and the counts beside its filters."""

    rows: Sequence[AskedRow]
    counts: Mapping[str, int]
    # Where the next page begins; empty on the last.
    more: str = ""


def _shown(show: str, today: date) -> Q:
    """Which questions a filter shows."""
    if show == "aside":
        return Q(state__in=[state.value for state in SET_ASIDE])
    offered = {"state": AnswerState.APPROVED.value, "review_on__gte": today}
    wanted = Q(state=GroupState.OPEN.value, people__gte=LEAST_PEOPLE)
    # What an approved answer fits by now, or one that was to say it, is answered.
    wanted &= ~_is("covered_by", offered) & ~_is("answer", offered)
    in_work = Q(answer__isnull=False, answer__state=AnswerState.DRAFT.value)
    return wanted & (in_work if show == "in_work" else ~_is("answer", {"state": "draft"}))


def _is(name: str, what: Mapping[str, object]) -> Q:
    return Q(**{f"{name}__isnull": False}, **{f"{name}__{key}": v for key, v in what.items()})


def list_asked(agency: Agency, *, show: str, after: str = "") -> AskedPage:
    """Questions of an agency, those most often asked first."""
    show = show if show in SHOWN else "open"
    today = today_of(agency)
    groups = AskedGroup.objects.filter(agency=agency)
    counts = groups.aggregate(**{one: Count("pk", filter=_shown(one, today)) for one in SHOWN})
    found = list(_after(_light(groups).filter(_shown(show, today)), after)[: PAGE + 1])
    shown = found[:PAGE]
    return AskedPage(
        rows=describe(agency, shown),
        counts=counts,
        more=f"{shown[-1].asked}.{shown[-1].pk}" if len(found) > PAGE else "",
    )


def _light(groups: QuerySet[AskedGroup]) -> QuerySet[AskedGroup]:
    return (
        groups.select_related("answer", "decided_by")
        .defer("meaning", "words", "answer__texts", "answer__words")
        .order_by("-asked", "-pk")
    )


def _after(groups: QuerySet[AskedGroup], after: str) -> QuerySet[AskedGroup]:
    asked, _dot, pk = after.partition(".")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        return groups
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return groups
    return groups.filter(Q(asked__lt=int(asked)) | Q(asked=int(asked), pk__lt=int(pk)))


def list_top(agency: Agency, *, limit: int) -> list[AskedGroup]:
    """The first of the list, without their details: one question to the database."""
    groups = AskedGroup.objects.filter(agency=agency)
    return list(_light(groups).filter(_shown("open", today_of(agency)))[:limit])


def find_group(agency: Agency, group_id: int) -> AskedGroup:
    """A question of this agency. Raises NotFound."""
    found = (
        AskedGroup.objects.select_related("answer", "decided_by", "covered_by")
        .defer("meaning", "words")
        .filter(agency=agency, pk=group_id)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return found


def describe(agency: Agency, groups: Sequence[AskedGroup]) -> list[AskedRow]:
    """The rows of a page; the same number of questions however many there are."""
    today = today_of(agency)
    if not groups:
        return []
    ids = [group.pk for group in groups]
    channels, handled = _channels(ids), _handled(ids)
    posts = (
        Post.objects.filter(
            agency=agency, visibility=Visibility.VISIBLE,
            pk__in=[pk for group in groups for pk in group.example_ids],
        )
        .select_related("channel")
        .only("lang", "created_at", "channel__name")
        .annotate(excerpt=Left("text", EXCERPT))
        .in_bulk()
    )  # fmt: skip
    return [
        AskedRow(
            group=group,
            days=days_in_order(group.days, today),
            channels=channels[group.pk],
            examples=[posts[pk] for pk in group.example_ids if pk in posts],
            handled=handled[group.pk],
        )
        for group in groups
    ]


def _channels(ids: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    rows = (
        AskedPost.objects.filter(group_id__in=ids)
        .values_list("group_id", "post__channel__name")
        .annotate(n=Count("pk"))
        .order_by("-n", "post__channel__name")
    )
    for group_id, name, count in rows:
        found[group_id].append((name, count))
    return found


def _handled(ids: Sequence[int]) -> dict[int, Handled]:
    states: dict[int, dict[str, int]] = defaultdict(dict)
    posts = AskedPost.objects.filter(group_id__in=ids)
    for group_id, state, count in posts.values_list("group_id", "post__case__state").annotate(
        n=Count("pk")
    ):
        states[group_id][state] = count
    sent = Reply.objects.filter(
        case__post__asked__group_id__in=ids, outbox_item__state=OutboxState.SENT
    )
    replied = {
        row["case__post__asked__group_id"]: row
        for row in sent.values("case__post__asked__group_id").annotate(
            n=Count("case_id", distinct=True),
            used=Count("case_id", distinct=True, filter=Q(answers_used__isnull=False)),
        )
    }
    none = {"n": 0, "used": 0}
    return {
        pk: Handled(
            posts=sum(states[pk].values()),
            replied=replied.get(pk, none)["n"],
            from_answer=replied.get(pk, none)["used"],
            stood=states[pk].get(CaseState.STOOD.value, 0),
            closed=states[pk].get(CaseState.CLOSED.value, 0),
            waiting=sum(
                states[pk].get(state.value, 0) for state in (CaseState.OPEN, CaseState.SNOOZED)
            ),
        )
        for pk in ids
    }


def last_replies(group: AskedGroup) -> list[Reply]:
    """What was last answered to it: raw material for an answer."""
    sent = Reply.objects.filter(
        agency_id=group.agency_id, case__post__asked__group=group,
        outbox_item__state=OutboxState.SENT,
    )  # fmt: skip
    return list(sent.select_related("by").order_by("-pk")[:REPLIES])


def list_answers_for(group: AskedGroup) -> list[Answer]:
    """Answers that it may be a part of: those that say something in its language."""
    answers = (
        Answer.objects.filter(agency_id=group.agency_id)
        .exclude(state=AnswerState.RETIRED.value)
        .only("title", "texts")
        .order_by("title", "pk")[:ANSWERS]
    )
    return [answer for answer in answers if answer.texts.get(group.lang)]
