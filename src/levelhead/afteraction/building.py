"""The after-action report: what the ledger, the updates, the board and the log say. Bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from levelhead.afteraction.domain import Promise, promises_of, share_kept
from levelhead.afteraction.models import Lesson
from levelhead.alerts.models import Alert
from levelhead.channels.models import OutboxState
from levelhead.corrections.domain import DueState
from levelhead.corrections.models import CorrectionDue
from levelhead.incidents.domain import first_word_due
from levelhead.incidents.models import Duty, Guest, Incident, LogEntry
from levelhead.incidents.stream import GroupLines, count_owed, read_stream
from levelhead.kernel import clock
from levelhead.ledger.domain import FactStatus, FactSubject
from levelhead.ledger.models import Fact, FactVersion
from levelhead.rumors.models import Rumor
from levelhead.rumors.queries import Spread, spread_of
from levelhead.updates.domain import Words
from levelhead.updates.models import Update, UpdateDelivery

# So many of each are in a report; an incident of days has some hundreds.
MOST: Final = 2_000
MOST_LINES: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class RumorLine:
    """A claim and how long it went round before it was answered."""

    rumor: Rumor
    spread: Spread
    answered_in: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FactLine:
    """A fact that did not stay as it was first written."""

    fact: Fact
    versions: Sequence[FactVersion]
    # Updates and replies that had said it, and how many of them were put right.
    said: int
    put_right: int
    longest: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """An update that a channel did not have at once."""

    delivery: UpdateDelivery
    arrived_after: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything, as it stands now."""

    incident: Incident
    made_at: datetime
    end: datetime
    highest_level: int
    first_word_in: timedelta | None
    first_word_due: datetime
    promises: Sequence[Promise]
    kept: int
    promised: int
    updates: Sequence[Update]
    current: Words | None
    rumors: Sequence[RumorLine]
    facts: Sequence[Fact]
    changed: Sequence[FactLine]
    failures: Sequence[Failure]
    deliveries: int
    stream: Sequence[GroupLines]
    owed: int
    corrections_open: int
    log: Sequence[LogEntry]
    duties: Sequence[Duty]
    guests: Sequence[Guest]
    calls: Sequence[Alert]
    lessons: Sequence[Lesson]

    @property
    def lasted(self) -> timedelta:
        """From the declaration to the end, or until now."""
        return self.end - self.incident.declared_at

    @property
    def casualties(self) -> list[Fact]:
        """Confirmed facts about dead and hurt."""
        return self._confirmed(FactSubject.CASUALTIES)

    @property
    def standing(self) -> list[Fact]:
        """Confirmed facts as they stand."""
        return [one for one in self.facts if one.status == FactStatus.CONFIRMED]

    def _confirmed(self, subject: FactSubject) -> list[Fact]:
        return [one for one in self.standing if one.subject == subject]


def report_of(incident: Incident) -> Report:
    """Read it all; some twenty queries, whatever happened."""
    now = clock.now()
    end = incident.over_at or now
    updates = list(
        Update.objects.filter(incident=incident)
        .select_related("by", "corrects")
        .prefetch_related("texts")
        .order_by("number")[:MOST]
    )
    due = first_word_due(incident.detected_at, incident.declared_at)
    promises = promises_of(
        noticed=incident.detected_at, first_due=due, end=end,
        updates=[(one.number, one.at, one.next_word_at) for one in updates],
    )  # fmt: skip
    kept, promised = share_kept(promises)
    log = list(
        LogEntry.objects.filter(incident=incident).select_related("by").order_by("pk")[:MOST_LINES]
    )
    facts = list(Fact.objects.filter(incident=incident).order_by("number")[:MOST])
    deliveries = UpdateDelivery.objects.filter(update_of__incident=incident)
    first = incident.first_word_at
    last = updates[-1] if updates else None
    return Report(
        incident=incident,
        made_at=now,
        end=end,
        highest_level=max([incident.level, *_levels(log)]),
        first_word_in=first - incident.detected_at if first is not None else None,
        first_word_due=due,
        promises=promises,
        kept=kept,
        promised=promised,
        updates=updates,
        current=_main(last) if last is not None else None,
        rumors=_rumors(incident),
        facts=facts,
        changed=_changed(incident, facts),
        failures=_failures(incident),
        deliveries=deliveries.count(),
        stream=read_stream(incident),
        owed=count_owed(incident),
        corrections_open=CorrectionDue.objects.filter(
            incident=incident, state=DueState.OPEN.value
        ).count(),
        log=log,
        duties=list(
            Duty.objects.filter(incident=incident).select_related("user").order_by("pk")[:MOST]
        ),
        guests=list(
            Guest.objects.filter(incident=incident, accepted_at__isnull=False)
            .select_related("guest")
            .order_by("pk")[:MOST]
        ),
        calls=list(
            Alert.objects.filter(incident=incident.pk, agency_id=incident.agency_id)
            .select_related("acknowledged_by")
            .order_by("pk")[:MOST]
        ),
        lessons=list(
            Lesson.objects.filter(incident=incident)
            .select_related("commitment__owner", "by")
            .order_by("pk")[:MOST]
        ),
    )


def _main(update: Update) -> Words | None:
    texts = list(update.texts.all())
    return next((one.words for one in texts if one.main), texts[0].words if texts else None)


def _levels(log: Sequence[LogEntry]) -> list[int]:
    return [
        max(entry.told["level"]) for entry in log if entry.action == "person:incident:level_set"
    ]


def _rumors(incident: Incident) -> list[RumorLine]:
    rumors = list(
        Rumor.objects.filter(incident=incident)
        .select_related("correction", "owner", "answered_by")
        .order_by("number")[:MOST]
    )
    spreads = spread_of(rumors)
    return [
        RumorLine(
            rumor=one,
            spread=spreads.get(one.pk) or Spread(),
            answered_in=_answered_in(one),
        )
        for one in rumors
    ]


def _answered_in(rumor: Rumor) -> timedelta | None:
    """Until the public could read it: the update counts, the verdict where none said so."""
    at = rumor.correction.at if rumor.correction is not None else rumor.answered_at
    return at - rumor.first_seen_at if at is not None else None


def _changed(incident: Incident, facts: Sequence[Fact]) -> list[FactLine]:
    """Facts that were confirmed once and then changed, or turned out false."""
    versions: dict[int, list[FactVersion]] = {}
    rows = FactVersion.objects.filter(fact__incident=incident).select_related("by")
    for row in rows.order_by("fact_id", "version")[: 5 * MOST]:
        versions.setdefault(row.fact_id, []).append(row)
    dues: dict[int, list[CorrectionDue]] = {}
    for due in CorrectionDue.objects.filter(incident=incident).order_by("pk")[: 5 * MOST]:
        dues.setdefault(due.fact_id, []).append(due)
    lines = []
    for fact in facts:
        had = versions.get(fact.pk, [])
        confirmed = [one for one in had if one.status == FactStatus.CONFIRMED]
        stayed = not confirmed or (had[-1].pk == confirmed[-1].pk and len(confirmed) == 1)
        if stayed and not dues.get(fact.pk):
            continue
        settled = [one for one in dues.get(fact.pk, []) if one.closed_at is not None]
        lines.append(
            FactLine(
                fact=fact, versions=had, said=len(dues.get(fact.pk, [])), put_right=len(settled),
                longest=max(
                    (one.closed_at - one.at for one in settled if one.closed_at), default=None
                ),
            )
        )  # fmt: skip
    return lines


def _failures(incident: Incident) -> list[Failure]:
    rows = (
        UpdateDelivery.objects.filter(update_of__incident=incident)
        .filter(~Q(outbox_item__state=OutboxState.SENT.value) | Q(outbox_item__attempts__gt=1))
        .select_related("update_of", "channel", "outbox_item", "without_by")
        .defer("text", "outbox_item__text", "outbox_item__receipt")
        .order_by("update_of__number", "pk")
    )
    return [
        Failure(
            delivery=one,
            arrived_after=one.outbox_item.sent_at - one.update_of.at
            if one.outbox_item.sent_at is not None
            else None,
        )
        for one in rows[:MOST]
    ]
