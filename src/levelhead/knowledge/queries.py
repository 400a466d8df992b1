"""What the pages show of answers."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import urlencode

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from levelhead.accounts.domain import ABILITIES, Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.channels.models import Channel, OutboxState
from levelhead.connectors.registry import platform_info
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError, NotFound
from levelhead.knowledge.channel_forms import ChannelKind, kind_of
from levelhead.knowledge.domain import AnswerState, fold
from levelhead.knowledge.models import Answer, AnswerUse, AnswerVersion

PAGE: Final = 50
QUERY_LIMIT: Final = 200
WORDS_LIMIT: Final = 8
VERSIONS: Final = 20
USES: Final = 10
COLLEAGUES: Final = 500
# A reply that was taken back before anybody saw it used nothing.
_NOT_TAKEN_BACK: Final = ~Q(uses__reply__outbox_item__state=OutboxState.WITHDRAWN)
# What the list can be narrowed to.
SHOWN: Final = ("in_use", "draft", "approved", "stale", "again", "retired", "all")


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerChoice:
    """Which answers the list shows."""

    show: str = "in_use"
    query: str = ""
    before: int | None = None

    def address_with(self, **changes: str) -> str:
        """The query part of an address for this choice, with changes; empty for the plain list."""
        given = {"show": self.show if self.show != "in_use" else "", "q": self.query, **changes}
        kept = {name: value for name, value in given.items() if value}
        return "?" + urlencode(kept) if kept else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerRow:
    """One line of the list."""

    answer: Answer
    stale: bool
    uses: int
    last_used: datetime | None
    # Of these uses, after how many the same person asked again.
    asked_again: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPage:
    """A page of the list, and the counts beside its filters."""

    rows: list[AnswerRow]
    # Where the next page begins; None on the last.
    more_before: int | None
    counts: Mapping[str, int]


def today_of(agency: Agency) -> date:
    """The day that it is where the agency is."""
    return clock.now().astimezone(zoneinfo.ZoneInfo(agency.zone)).date()


def read_answer_choice(given: Mapping[str, str]) -> AnswerChoice:
    """The choice in an address; what is not one is left out."""
    show, before = given.get("show", ""), given.get("before", "")
    number = before.isascii() and before.isdigit() and len(before) < 19
    return AnswerChoice(
        show=show if show in SHOWN else "in_use",
        query=given.get("q", "").replace("\x00", "")[:QUERY_LIMIT].strip(),
        before=int(before) if number else None,
    )


def _shown(show: str, today: date) -> Q:
    if show == "stale":
        return Q(state=AnswerState.APPROVED.value, review_on__lt=today)
    if show == "in_use":
        return ~Q(state=AnswerState.RETIRED.value)
    if show == "again":
        again = AnswerUse.objects.filter(answer=OuterRef("pk"), asked_again=True)
        return ~Q(state=AnswerState.RETIRED.value) & Q(Exists(again))
    return Q(state=show) if show != "all" else Q()


def list_answers(agency: Agency, choice: AnswerChoice) -> AnswerPage:
    """Answers of an agency, newest first; two questions to the database however many there are."""
    today = today_of(agency)
    rows = Answer.objects.filter(agency=agency)
    counts = rows.aggregate(**{show: Count("pk", filter=_shown(show, today)) for show in SHOWN})
    rows = rows.filter(_shown(choice.show, today))
    for word in fold(choice.query).split()[:WORDS_LIMIT]:
        rows = rows.filter(words__contains=word)
    if choice.before is not None:
        rows = rows.filter(pk__lt=choice.before)
    found = list(
        rows.select_related("owner", "approved_by")
        .defer("words")
        .annotate(
            used=Count("uses", filter=_NOT_TAKEN_BACK),
            last_used=Max("uses__at", filter=_NOT_TAKEN_BACK),
            again=Count("uses", filter=_NOT_TAKEN_BACK & Q(uses__asked_again=True)),
        )
        .order_by("-pk")[: PAGE + 1]
    )
    shown = found[:PAGE]
    return AnswerPage(
        rows=[
            AnswerRow(
                answer=answer,
                stale=answer.stale_on(today),
                uses=answer.used,
                last_used=answer.last_used,
                asked_again=answer.again,
            )
            for answer in shown
        ],
        more_before=shown[-1].pk if len(found) > PAGE else None,
        counts=counts,
    )


def find_answer(agency: Agency, answer_id: int) -> Answer:
    """An answer of this agency. Raises NotFound."""
    answer = (
        Answer.objects.select_related("agency", "owner", "edited_by", "approved_by")
        .filter(agency=agency, pk=answer_id)
        .first()
    )
    if answer is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return answer


def list_versions(answer: Answer) -> list[AnswerVersion]:
    """What it said before, newest first."""
    versions = AnswerVersion.objects.filter(answer=answer)
    return list(versions.select_related("edited_by", "approved_by").order_by("-number")[:VERSIONS])


def list_uses(answer: Answer) -> tuple[list[AnswerUse], int]:
    """The replies that were last written from it, newest first, and how many there are in all."""
    uses = AnswerUse.objects.filter(answer=answer).exclude(
        reply__outbox_item__state=OutboxState.WITHDRAWN
    )
    return list(uses.select_related("by", "reply").order_by("-pk")[:USES]), uses.count()


def kind_of_channel(channel: Channel) -> ChannelKind:
    """The kind of channel that words are chosen for."""
    try:
        limit = platform_info(channel.platform).text_limit
    except ConfigurationError:
        limit = None
    looks_like = channel.settings.get("looks_like")
    return kind_of(
        channel.name, channel.platform,
        looks_like=looks_like if isinstance(looks_like, str) else "", limit=limit,
    )  # fmt: skip


def list_owners(agency: Agency) -> list[User]:
    """Who can own an answer."""
    people = User.objects.filter(
        memberships__agency=agency, memberships__active=True, is_active=True
    )
    return list(people.order_by("name", "pk")[:COLLEAGUES])


def count_approvers(agency: Agency) -> int:
    """How many people could approve an answer."""
    roles = [role.value for role, abilities in ABILITIES.items() if Ability.REPLY in abilities]
    places = Membership.objects.filter(
        agency=agency, active=True, user__is_active=True, role__in=roles
    )
    return places.count()


def offerable(agency: Agency, today: date) -> QuerySet[Answer]:
    """Answers that may be offered today: approved, and not past their review date."""
    return Answer.objects.filter(
        agency=agency, state=AnswerState.APPROVED.value, review_on__gte=today
    )
