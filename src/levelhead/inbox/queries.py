"""What the list of the inbox shows: views, counts, filters, pages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Left

from levelhead.accounts.models import Agency, User
from levelhead.channels.models import Channel
from levelhead.inbox.choice import QUEUE_OF_VIEW, WORKING, Choice
from levelhead.inbox.choice import VIEWS as VIEWS
from levelhead.inbox.choice import read_choice as read_choice
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.folding import count_copies, folds
from levelhead.inbox.models import Case, Tally
from levelhead.inbox.newest import NO_ID
from levelhead.inbox.search import search_terms
from levelhead.inbox.walking import (
    MOST_AUTHORS,
    bounds_of,
    find_author_ids,
    find_walk,
    owner_of,
    states_of,
)

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
WINDOWS: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePage:
    """Some rows of the list."""

    rows: list[Case]
    # Address of the page behind this one; empty at the end.
    more: str = ""
    # Set where a search stopped before it found a full page.
    searched_to: bool = False
    # More people have this name than are looked at.
    many_people: bool = False
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
        if state in (CaseState.ANSWERED, CaseState.SNOOZED):
            held.add(state)
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
    states = states_of(choice)
    if len(states) < len(CaseState):
        rows = rows.filter(state__in=[state.value for state in states])
    if choice.view in QUEUE_OF_VIEW:
        rows = rows.filter(queue=QUEUE_OF_VIEW[choice.view].value)
    owner_id = owner_of(choice, person)
    if owner_id is not None:
        rows = rows.filter(owner_id=owner_id)
    if choice.owner == "nobody":
        rows = rows.filter(owner__isnull=True)
    given: dict[str, object] = {
        "label": choice.label,
        "channel_id": choice.channel,
        "post__lang": choice.lang,
        "disposition": choice.disposition,
        "may_break": choice.clause,
        "cluster": choice.like,
    }
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    since, until = choice.span
    if since is not None:
        rows = rows.filter(post__received_at__gte=since)
    return rows.filter(post__received_at__lt=until) if until is not None else rows


def _with_words(rows: QuerySet[Case]) -> QuerySet[Case]:
    """With what a row shows; a post's words only as far as they are shown."""
    return (
        rows.select_related("post__author", "channel", "owner")
        .defer("post__text", "post__raw", "channel__settings", "channel__sealed_secrets")
        .annotate(excerpt=Left("post__text", EXCERPT))
    )


def list_cases(
    agency: Agency, person: User, choice: Choice, *, shown: int = PAGE, only_ids: bool = False
) -> CasePage:
    """One page of the list; `shown` rows at most, up to MOST.

    With `only_ids` the rows hold nothing that a screen would show: they are counted.
    """
    size = max(1, min(shown, MOST))
    authors: list[int] = []
    if choice.who:
        authors = find_author_ids(agency, choice.who)
        if not authors:
            return CasePage(rows=[])
    many_people = len(authors) > MOST_AUTHORS
    rows = _chosen(agency, person, choice)
    rows = rows.only("post_id", "due_at") if only_ids else _with_words(rows)
    if authors:
        rows = rows.filter(post__author_id__in=authors)
    if choice.sort == "clock":
        return _due_first(rows, choice, size, many_people)
    if choice.query and not search_terms(choice.query):
        return CasePage(rows=[], no_words=True)
    return replace(_walk(agency, person, choice, rows, authors, size), many_people=many_people)


def _due_first(rows: QuerySet[Case], choice: Choice, size: int, many_people: bool) -> CasePage:
    rows = rows.filter(due_at__isnull=False).order_by("due_at", "post_id")
    if choice.after:
        due, last = choice.after
        rows = rows.filter(Q(due_at__gt=due) | Q(due_at=due, post_id__gt=last))
    found = list(rows[: size + 1])
    more = ""
    if len(found) > size:
        found.pop()
        last_row = found[-1]
        if last_row.due_at is not None:
            more = choice.address_with(after=f"{last_row.due_at.isoformat()}_{last_row.pk}")
    return CasePage(rows=found, more=more, many_people=many_people)


def _walk(
    agency: Agency,
    person: User,
    choice: Choice,
    rows: QuerySet[Case],
    authors: list[int],
    size: int,
) -> CasePage:
    """Walk newest first, a window at a time, until the page is full or it was enough."""
    bounds = bounds_of(agency, choice.span)
    if bounds is None:
        return CasePage(rows=[])
    walk = find_walk(agency, person, choice, authors[:MOST_AUTHORS], bounds[0])
    before = min(bounds[1], choice.before or NO_ID)
    page = _Filling(agency, choice, rows, size)
    # A short look first, which is enough for most; then all the rest at once, because beginning a
    # walk over common words costs more than going on with it.
    first = WINDOW if choice.query or choice.narrowed else min(WINDOW, 2 * size)
    for limit in (first, WINDOW * WINDOWS - first):
        ids = walk(before, limit)
        for start in range(0, len(ids), WINDOW):
            page.take(ids[start : start + WINDOW])
            if page.full:
                return page.turn(str(page.ids[-1]))
        if len(ids) < limit:
            return page.turn("")
        before = ids[-1]
    return replace(page.turn(str(before)), searched_to=True)


class _Filling:
    """A page that is being filled; copies of what it has are left out."""

    def __init__(self, agency: Agency, choice: Choice, rows: QuerySet[Case], size: int) -> None:
        self._agency, self._choice, self._rows, self._size = agency, choice, rows, size
        self._folds = folds(choice)
        self._shown: set[int] = set()
        self.ids: list[int] = []
        self.full = False

    def take(self, ids: list[int]) -> None:
        """Add those of `ids` that fit, newest first, until there are enough."""
        fit = self._rows.filter(post_id__in=ids).order_by("-post_id").values_list(
            "post_id", "cluster", "queue"
        )  # fmt: skip
        # Without copies nothing is left out, and a page more than full is enough.
        found = list(fit if self._folds else fit[: self._size + 1 - len(self.ids)])
        for pk, cluster, queue in found:
            # Danger is never behind another row.
            if self._folds and cluster is not None and queue != Queue.NOW:
                if cluster in self._shown:
                    continue
                self._shown.add(cluster)
            if len(self.ids) == self._size:
                self.full = True
                return
            self.ids.append(pk)

    def turn(self, before: str) -> CasePage:
        """The page, with the address of the next one."""
        rows = list(self._rows.filter(post_id__in=self.ids).order_by("-post_id"))
        if self._folds:
            count_copies(self._agency.pk, self._choice, rows)
        return CasePage(rows=rows, more=self._choice.address_with(before=before) if before else "")


def count_chosen(agency: Agency, person: User, choice: Choice, *, most: int) -> tuple[int, bool]:
    """How many cases a choice holds, up to `most`, and whether there are or may be more.

    Bounded: what a walk has not looked through yet may hold more.
    """
    page = list_cases(
        agency,
        person,
        replace(choice, before=None, after=None, copies=True),
        shown=most,
        only_ids=True,
    )
    return len(page.rows), bool(page.more) or page.many_people


def list_channels(agency: Agency) -> list[tuple[int, str]]:
    """The channels to choose from: (id, name)."""
    return list(
        Channel.objects.filter(agency=agency).order_by("name").values_list("pk", "name")[:200]
    )
