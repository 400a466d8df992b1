"""Clocks kept and missed: what runs out, what ran out, and how they ended in a period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Left

from levelhead.accounts.models import Agency
from levelhead.channels.models import Channel
from levelhead.clocks.domain import ANSWERS
from levelhead.clocks.keeping import class_of
from levelhead.clocks.models import ClockMark
from levelhead.doctrine.clocks import load_clocks
from levelhead.inbox.domain import CaseState
from levelhead.inbox.judging import triage_rules
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.csv_rows import csv_row

PERIODS: Final = (7, 28, 90)
# Cases that one list of the page shows; the rest is in the inbox, sorted by clock.
SHOWN: Final = 50
EXCERPT: Final = 120
CSV_ROWS: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the report is asked for; the address says it all."""

    days: int = 28
    channel: int | None = None
    clock_class: str = ""

    @property
    def address(self) -> str:
        """The query of an address that shows the same."""
        given = {"days": self.days, "channel": self.channel or "", "class": self.clock_class}
        return urlencode({name: value for name, value in given.items() if value})


def read_asked(given: Mapping[str, str]) -> Asked:
    """What an address asks for; what makes no sense there is left out."""
    days, channel, name = given.get("days", ""), given.get("channel", ""), given.get("class", "")
    return Asked(
        days=next((period for period in PERIODS if days == str(period)), 28),
        channel=int(channel) if channel.isascii() and channel.isdigit() and len(channel) < 19
        else None,
        clock_class=name if name in load_clocks().classes else "",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The ends of one kind of clock, of one class on one channel."""

    name: str
    channel: str
    kind: str
    in_time: int
    late: int
    unanswered: int

    @property
    def share(self) -> int | None:
        """Met in time, in percent of those that were met; none where none was."""
        met = self.in_time + self.late
        return round(100 * self.in_time / met) if met else None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningCase:
    """A case whose clock runs, with the name of its class."""

    case: Case
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The page."""

    asked: Asked
    since: datetime
    lines: list[Line] = field(default_factory=list)
    out: list[RunningCase] = field(default_factory=list)
    soon: list[RunningCase] = field(default_factory=list)
    channels: list[tuple[int, str]] = field(default_factory=list)
    classes: list[tuple[str, str]] = field(default_factory=list)


def make_report(agency: Agency, asked: Asked, lang: str) -> Report:
    """Everything on the page, in a number of queries that does not grow."""
    now = clock.now()
    since = now - timedelta(days=asked.days)
    names = {key: words.get(lang, words["en"]) for key, words in load_clocks().names.items()}
    channels = list(
        Channel.objects.filter(agency=agency).order_by("name").values_list("pk", "name")[:500]
    )
    by_id = dict(channels)
    rows = (
        _marks(agency, asked, since)
        .values("clock_class", "channel_id", "kind")
        .annotate(
            in_time=Count("pk", filter=Q(ended_by__in=_answers(), late=False)),
            late_ones=Count("pk", filter=Q(ended_by__in=_answers(), late=True)),
            unanswered=Count("pk", filter=~Q(ended_by__in=_answers())),
        )
        .order_by("clock_class", "channel_id", "kind")
    )
    return Report(
        asked=asked,
        since=since,
        lines=[
            Line(
                name=names.get(row["clock_class"], row["clock_class"]),
                channel=by_id.get(row["channel_id"], ""), kind=row["kind"],
                in_time=row["in_time"], late=row["late_ones"], unanswered=row["unanswered"],
            )
            for row in rows[:2_000]
        ],
        out=_running(agency, asked, names, Q(due_at__lte=now)),
        soon=_running(agency, asked, names, Q(due_at__gt=now)),
        channels=channels,
        classes=sorted(names.items(), key=lambda pair: pair[1]),
    )  # fmt: skip


def _answers() -> list[str]:
    return [one.value for one in ANSWERS]


def _marks(agency: Agency, asked: Asked, since: datetime) -> QuerySet[ClockMark]:
    marks = ClockMark.objects.filter(agency=agency, ended_at__gte=since, undone_at__isnull=True)
    if asked.channel:
        marks = marks.filter(channel_id=asked.channel)
    return marks.filter(clock_class=asked.clock_class) if asked.clock_class else marks


def _running(agency: Agency, asked: Asked, names: Mapping[str, str], when: Q) -> list[RunningCase]:
    cases = Case.objects.filter(when, agency=agency, state=CaseState.OPEN.value)
    if asked.channel:
        cases = cases.filter(channel_id=asked.channel)
    if asked.clock_class:
        rules = [rule.id for rule in triage_rules().rules if rule.clock == asked.clock_class]
        cases = cases.filter(rule__in=rules)
    found = (
        cases.select_related("owner", "channel")
        .defer("channel__settings", "channel__sealed_secrets")
        .annotate(excerpt=Left("post__text", EXCERPT))
        .order_by("due_at", "post_id")[:SHOWN]
    )
    return [RunningCase(case=case, name=names.get(class_of(case), "")) for case in found]


def as_csv(agency: Agency, asked: Asked) -> Iterator[str]:
    """The ends of clocks in the period as lines of a table, the newest first, bounded."""
    since = clock.now() - timedelta(days=asked.days)
    yield csv_row(
        ["case", "class", "channel", "clock", "started", "due", "ended", "ended by", "late"]
    )
    marks = (
        _marks(agency, asked, since)
        .select_related("channel")
        .defer("channel__settings", "channel__sealed_secrets")
    )
    for mark in marks.order_by("-ended_at", "-id")[:CSV_ROWS].iterator(chunk_size=500):
        yield csv_row([
            str(mark.case_id), mark.clock_class, mark.channel.name, mark.kind,
            mark.started_at.isoformat(), mark.due_at.isoformat(), mark.ended_at.isoformat(),
            mark.ended_by, "yes" if mark.late else "no",
        ])  # fmt: skip
