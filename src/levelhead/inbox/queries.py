"""What the list of the inbox shows: views, counts, filters, pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.db.models.functions import Left
from django.utils.dateparse import parse_datetime

from levelhead.accounts.models import Agency, User
from levelhead.analysis.domain import Label
from levelhead.channels.models import Channel
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case, Tally
from levelhead.inbox.newest import NO_ID, newest_case_ids
from levelhead.inbox.search import QUERY_LIMIT, find_post_ids, search_words

PAGE: Final = 50
# Most rows that one answer holds, for a screen that had loaded more when it was refreshed.
MOST: Final = 300
# Characters of a post that the list shows.
EXCERPT: Final = 240
# "mine" has no tally: counted up to here, then said to be more.
MINE_LIMIT: Final = 999
# A search with filters looks through this many posts that hold the words, then says how far it
# came and lets the person go on.
WINDOW: Final = 500
WINDOWS: Final = 6
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")

VIEWS: Final = ("needs", "now", "clause", "stand", "mine", "answered", "all")
_QUEUE_OF_VIEW: Final = {
    "needs": Queue.NEEDS,
    "now": Queue.NOW,
    "clause": Queue.CLAUSE,
    "stand": Queue.STAND,
}
_STATES_OF_VIEW: Final = {"answered": (CaseState.ANSWERED,), "all": tuple(CaseState)}
WORKING: Final = (CaseState.OPEN.value, CaseState.ANSWERING.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What the list is asked to show; the address of the page says it all."""

    view: str = "needs"
    label: str = ""
    channel: int | None = None
    lang: str = ""
    query: str = ""
    # "newest", or "clock": what is due first.
    sort: str = "newest"
    # Where the page begins: below this id, or behind this due time and id.
    before: int | None = None
    after: tuple[datetime, int] | None = None

    @property
    def filtered(self) -> bool:
        """Whether anything but the view was chosen."""
        return bool(self.label or self.channel or self.lang or self.query)

    @property
    def parameters(self) -> dict[str, str]:
        """As in an address, without the place in the list."""
        given = {
            "view": self.view if self.view != "needs" else "",
            "label": self.label,
            "channel": str(self.channel or ""),
            "lang": self.lang,
            "q": self.query,
            "sort": self.sort if self.sort != "newest" else "",
        }
        return {name: value for name, value in given.items() if value}

    @property
    def address(self) -> str:
        """The query of an address that shows the same list, with its question mark."""
        return self.address_with()

    def address_with(self, **changes: str) -> str:
        """The same, with other parameters changed."""
        given = {**self.parameters, **changes}
        given = {name: value for name, value in given.items() if value}
        return f"?{urlencode(given)}" if given else ""


def read_choice(given: Mapping[str, str]) -> Choice:
    """The choice in an address; what makes no sense there is left out."""
    view = given.get("view", "")
    label = given.get("label", "")
    lang = given.get("lang", "").lower()
    query = " ".join(given.get("q", "")[:QUERY_LIMIT].replace("\x00", " ").split())
    choice = Choice(
        view=view if view in VIEWS else "needs",
        label=label if label in {known.value for known in Label} else "",
        channel=_number(given.get("channel", "")),
        lang=lang if _LANGUAGE.fullmatch(lang) else "",
        query=query,
        sort="clock" if given.get("sort") == "clock" and not query else "newest",
        before=_number(given.get("before", "")),
    )
    due, _, last = given.get("after", "").partition("_")
    moment, last_id = _moment(due), _number(last)
    if moment is not None and last_id is not None:
        choice = replace(choice, after=(moment, last_id))
    return choice


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    number = int(text)
    return number if 0 < number <= NO_ID else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePage:
    """Some rows of the list."""

    rows: list[Case]
    # Address of the page behind this one; empty at the end.
    more: str = ""
    # Set where a search stopped before it found a full page.
    searched_to: bool = False
    # A search without a word that can be found.
    no_words: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many cases each view holds, and each label within the view that is open."""

    views: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    mine_more: bool = False


def count_cases(agency: Agency, person: User, choice: Choice) -> Counts:
    """Counts from the tallies: no screen counts rows."""
    views = dict.fromkeys(VIEWS, 0)
    labels: dict[str, int] = {}
    for state, queue, label, cases in Tally.objects.filter(agency=agency).values_list(
        "state", "queue", "label", "cases"
    ):
        held = {"all"}
        if state == CaseState.OPEN:
            held.add(queue)
        if state == CaseState.ANSWERED:
            held.add("answered")
        for view in held:
            views[view] += cases
        if choice.view in held:
            labels[label] = labels.get(label, 0) + cases
    mine = Case.objects.filter(agency=agency, owner=person, state__in=WORKING)
    views["mine"] = mine[: MINE_LIMIT + 1].count()
    return Counts(
        views={**views, "mine": min(views["mine"], MINE_LIMIT)},
        labels={label: cases for label, cases in labels.items() if cases},
        mine_more=views["mine"] > MINE_LIMIT,
    )


def _chosen(agency: Agency, person: User, choice: Choice) -> QuerySet[Case]:
    rows = Case.objects.filter(agency=agency)
    if choice.view in _QUEUE_OF_VIEW:
        rows = rows.filter(state=CaseState.OPEN.value, queue=_QUEUE_OF_VIEW[choice.view].value)
    elif choice.view == "mine":
        rows = rows.filter(owner=person, state__in=WORKING)
    elif choice.view == "answered":
        rows = rows.filter(state=CaseState.ANSWERED.value)
    if choice.label:
        rows = rows.filter(label=choice.label)
    if choice.channel:
        rows = rows.filter(channel_id=choice.channel)
    if choice.lang:
        rows = rows.filter(post__lang=choice.lang)
    return rows


def _with_words(rows: QuerySet[Case]) -> QuerySet[Case]:
    """With what a row shows; a post's words only as far as they are shown."""
    return (
        rows.select_related("post__author", "channel", "owner")
        .defer("post__text", "post__raw", "channel__settings", "channel__sealed_secrets")
        .annotate(excerpt=Left("post__text", EXCERPT))
    )


def list_cases(agency: Agency, person: User, choice: Choice, *, shown: int = PAGE) -> CasePage:
    """One page of the list; `shown` rows at most, up to MOST."""
    size = max(1, min(shown, MOST))
    if choice.query:
        return _search(agency, person, choice, size)
    rows = _with_words(_chosen(agency, person, choice))
    if choice.sort == "clock":
        rows = rows.filter(due_at__isnull=False).order_by("due_at", "post_id")
        if choice.after:
            due, last = choice.after
            rows = rows.filter(Q(due_at__gt=due) | Q(due_at=due, post_id__gt=last))
    else:
        rows = _newest(rows, agency, choice, size + 1)
    found = list(rows[: size + 1])
    more = ""
    if len(found) > size:
        found.pop()
        last_row = found[-1]
        if last_row.due_at is not None and choice.sort == "clock":
            place = f"{last_row.due_at.isoformat()}_{last_row.pk}"
            more = choice.address_with(after=place)
        else:
            more = choice.address_with(before=str(last_row.pk))
    return CasePage(rows=found, more=more)


def _newest(rows: QuerySet[Case], agency: Agency, choice: Choice, limit: int) -> QuerySet[Case]:
    """The rows, newest first; where they stand in many queues, by a walk that sorts no archive."""
    states = _STATES_OF_VIEW.get(choice.view)
    if states is None or choice.channel or choice.lang:
        rows = rows.order_by("-post_id")
        return rows.filter(post_id__lt=choice.before) if choice.before else rows
    ids = newest_case_ids(
        agency_id=agency.pk,
        states=states,
        queues=tuple(Queue),
        label=choice.label,
        before=choice.before,
        limit=limit,
    )
    return rows.filter(post_id__in=ids).order_by("-post_id")


def _search(agency: Agency, person: User, choice: Choice, size: int) -> CasePage:
    """Walk the posts with these words, newest first, until the page is full or it was enough."""
    if not search_words(choice.query):
        return CasePage(rows=[], no_words=True)
    rows = _with_words(_chosen(agency, person, choice))
    found: list[Case] = []
    before = choice.before or NO_ID
    for _ in range(WINDOWS):
        ids = find_post_ids(agency_id=agency.pk, query=choice.query, before=before, limit=WINDOW)
        found += rows.filter(post_id__in=ids).order_by("-post_id")[: size + 1 - len(found)]
        if len(found) > size:
            found.pop()
            return CasePage(rows=found, more=choice.address_with(before=str(found[-1].pk)))
        if len(ids) < WINDOW:
            return CasePage(rows=found)
        before = ids[-1]
    return CasePage(rows=found, more=choice.address_with(before=str(before)), searched_to=True)


def list_channels(agency: Agency) -> list[tuple[int, str]]:
    """The channels to choose from: (id, name)."""
    return list(
        Channel.objects.filter(agency=agency).order_by("name").values_list("pk", "name")[:200]
    )
