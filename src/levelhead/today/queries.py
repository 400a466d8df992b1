"""What Today shows: each part with a true count, its first rows and where the next begin.

Every question here walks an index and ends after a few rows, so that the page costs the same
whatever the archive holds. Counts come from the tallies, or walk COUNTED entries at most and then
say that there are more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet, Sum
from django.db.models.functions import Left
from django.utils import timezone

from levelhead.accounts.models import Agency, User
from levelhead.channels.models import Channel, ChannelState
from levelhead.commitments.domain import CommitmentState
from levelhead.commitments.models import Commitment
from levelhead.corrections.queries import Waiting, corrections_waiting
from levelhead.forecasts.queries import BranchLine, list_branches
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case, Tally
from levelhead.inbox.queries import EXCERPT
from levelhead.issues.queries import talked_about
from levelhead.kernel import clock
from levelhead.today.domain import SOON, BatchState, Section
from levelhead.today.models import StandBatch
from levelhead.today.neighbours import Research, research_waiting
from levelhead.today.rows import TodayRow, describe
from levelhead.today.walking import Place, count_needing, walk
from levelhead.topics.models import Topic

# Rows of a part at first, and at most however often more were asked for.
FIRST: Final = 5
MOST: Final = 100
# Rows of one page of a part.
PAGE: Final = 25
# What has no tally is counted up to here.
COUNTED: Final = 999
BESIDE: Final = 6
# What stands beside is counted up to here: each clock that is counted is a row to look at.
BESIDE_COUNTED: Final = 99
CHANNELS: Final = 200
# Topics and talks that show; the board of issues has the rest.
TALKED: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """How many, and whether there are more than were counted."""

    n: int
    more: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of Today that lists posts."""

    section: Section
    count: Count
    rows: Sequence[TodayRow] = ()
    # Where the rows behind these begin; empty at the end.
    after: str = ""

    @property
    def newest(self) -> int | None:
        """The newest post that the part shows."""
        return max((row.case.pk for row in self.rows), default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Channels:
    """Whether the agency hears."""

    proven: int
    # Never asked with success so far, and no trouble known.
    unproven: int
    troubled: Sequence[Channel]
    last_post_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Today:
    """The whole page."""

    parts: Mapping[str, Part]
    clocks: Sequence[Case]
    clocks_count: Count
    commitments: Sequence[Commitment]
    commitments_count: Count
    research: Research
    # What was said in an incident and is not so any more.
    corrections: Waiting
    # What people write about now that belongs to no issue; it is to be known, not to be emptied.
    talked: Sequence[Topic]
    # Talks that may turn on somebody.
    branches: Sequence[BranchLine]
    channels: Channels
    # What the person let stand and can still take back.
    batch: StandBatch | None
    # Whether the worker is still at it.
    deciding: bool
    # Nothing waits for anybody.
    empty: bool


def read_today(agency: Agency, person: User, *, shown: Mapping[str, int]) -> Today:
    """Everything of the page; `shown` says how many rows of a part a screen has open."""
    counts = count_parts(agency)
    places = {
        section: walk(agency.pk, section, after="", limit=_size(shown.get(section, FIRST)))
        if counts[section].n
        else []
        for section in Section
    }
    parts = _fill(agency, places, counts, {s: _size(shown.get(s, FIRST)) for s in Section})
    clocks, clocks_count = _clocks(agency)
    commitments, commitments_count = _commitments(agency)
    research = research_waiting(agency, limit=BESIDE)
    corrections = corrections_waiting(agency)
    batch = _last_batch(agency, person)
    return Today(
        parts={str(section): part for section, part in parts.items()},
        clocks=clocks,
        clocks_count=clocks_count,
        commitments=commitments,
        commitments_count=commitments_count,
        research=research,
        corrections=corrections,
        talked=talked_about(agency, limit=TALKED),
        branches=list_branches(agency, limit=TALKED),
        channels=_channels(agency),
        batch=batch,
        deciding=batch is not None and batch.state in (BatchState.DECIDING, BatchState.UNDOING),
        empty=not (
            any(count.n for count in counts.values())
            or clocks_count.n
            or commitments_count.n
            or research.count
            or corrections.count
        ),
    )


def read_part(agency: Agency, section: Section, *, after: str) -> Part:
    """One page of one part, behind `after`."""
    count = count_parts(agency)[section]
    places = {section: walk(agency.pk, section, after=after, limit=PAGE)}
    return _fill(agency, places, {section: count}, {section: PAGE})[section]


def _size(shown: int) -> int:
    return max(FIRST, min(shown, MOST))


def count_parts(agency: Agency) -> dict[Section, Count]:
    """How many posts each part holds; each open post is in exactly one."""
    queues = dict.fromkeys(Queue, 0)
    tallies = Tally.objects.filter(agency=agency, state=CaseState.OPEN.value)
    for queue, cases in tallies.values_list("queue").annotate(total=Sum("cases")):
        queues[Queue(queue)] = cases
    fits = _counted(count_needing(agency.pk, fits=True, most=COUNTED + 1))
    waiting = queues[Queue.NEEDS] - fits.n
    if fits.more:
        # What the tallies say of both together cannot be told apart: each is counted by itself.
        alone = _counted(count_needing(agency.pk, fits=False, most=COUNTED + 1))
        needs = Count(n=min(COUNTED, alone.n + queues[Queue.NOW]), more=alone.more)
    else:
        needs = Count(n=queues[Queue.NOW] + max(0, waiting))
    return {
        Section.NEEDS: needs,
        Section.FITS: fits,
        Section.CLAUSE: Count(n=queues[Queue.CLAUSE]),
        Section.STAND: Count(n=queues[Queue.STAND]),
    }


def _bounded(rows: QuerySet[Case] | QuerySet[Commitment]) -> Count:
    return _counted(rows.order_by()[: BESIDE_COUNTED + 1].count(), BESIDE_COUNTED)


def _counted(found: int, most: int = COUNTED) -> Count:
    return Count(n=min(found, most), more=found > most)


def _fill(
    agency: Agency,
    places: Mapping[Section, Sequence[Place]],
    counts: Mapping[Section, Count],
    sizes: Mapping[Section, int],
) -> dict[Section, Part]:
    """The rows of several parts, read together."""
    kept = {section: found[: sizes[section]] for section, found in places.items()}
    rows = describe(
        agency,
        {section: [place.case_id for place in found] for section, found in kept.items()},
    )
    return {
        section: Part(
            section=section,
            count=counts[section],
            rows=rows[section],
            after=kept[section][-1].key if len(found) > len(kept[section]) else "",
        )
        for section, found in places.items()
    }


def _clocks(agency: Agency) -> tuple[Sequence[Case], Count]:
    """Clocks that ran out or are about to, the first first."""
    rows = Case.objects.filter(
        agency=agency,
        state=CaseState.OPEN.value,
        due_at__isnull=False,
        due_at__lt=clock.now() + SOON,
    )
    found = list(
        rows.select_related("post__author")
        .defer("post__text", "post__raw")
        .annotate(excerpt=Left("post__text", EXCERPT))
        .order_by("due_at", "post_id")[: BESIDE + 1]
    )
    # Those shown are all of them: nothing is left to count.
    count = _bounded(rows) if len(found) > BESIDE else Count(n=len(found))
    return found[:BESIDE], count


def _commitments(agency: Agency) -> tuple[list[Commitment], Count]:
    """What is promised until the end of tomorrow, and what is late."""
    tomorrow = timezone.localtime(clock.now()) + timedelta(days=1)
    end = tomorrow.replace(hour=23, minute=59, second=59, microsecond=999_999)
    rows = Commitment.objects.filter(
        agency=agency, state=CommitmentState.OPEN.value, due_at__lte=end
    )
    found = list(rows.select_related("owner").order_by("due_at", "pk")[: BESIDE + 1])
    count = _bounded(rows) if len(found) > BESIDE else Count(n=len(found))
    return found[:BESIDE], count


def _channels(agency: Agency) -> Channels:
    channels = list(
        Channel.objects.filter(agency=agency)
        .only("name", "state", "failures", "last_success_at", "last_post_at", "last_error_at")
        .order_by("name")[:CHANNELS]
    )
    troubled = [
        channel
        for channel in channels
        if channel.state == ChannelState.SIGNED_OUT or channel.failures
    ]
    fine = [channel for channel in channels if channel not in troubled]
    return Channels(
        proven=sum(channel.last_success_at is not None for channel in fine),
        unproven=sum(channel.last_success_at is None for channel in fine),
        troubled=troubled[:BESIDE],
        last_post_at=max((at for c in channels if (at := c.last_post_at)), default=None),
    )


def _last_batch(agency: Agency, person: User) -> StandBatch | None:
    """What this person let stand last, while it can be taken back or is at work."""
    last = (
        StandBatch.objects.filter(agency=agency, by=person)
        .exclude(state=BatchState.FINAL.value)
        .order_by("-pk")
        .first()
    )
    if last is None:
        return None
    busy = last.state in (BatchState.DECIDING, BatchState.UNDOING)
    return last if busy or last.undo_until > clock.now() else None


def read_shown(given: Sequence[str]) -> dict[str, int]:
    """How many rows of each part a screen has open, as in "stand.40"; nonsense is left out."""
    shown: dict[str, int] = {}
    for text in given[: len(Section)]:
        name, _, number = text.partition(".")
        if name in set(Section) and number.isascii() and number.isdigit() and len(number) < 5:
            shown[name] = int(number)
    return shown
