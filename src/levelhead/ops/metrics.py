"""The figures for a monitoring system, in the text form that Prometheus reads.

All come from tables that are kept up to date or from short partial indexes: a look costs the same
whatever the size of the archive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.conf import settings
from django.db.models import Count, F, Min, Sum
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from levelhead.accounts.models import Agency
from levelhead.channels.models import Channel, OutboxItem, OutboxState
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Tally
from levelhead.kernel import clock
from levelhead.ops.counting import BUCKETS, requests
from levelhead.ops.health import WAITING_STATES
from levelhead.publicpage.models import Snapshot
from levelhead.runtime.heartbeat import read_heartbeat
from levelhead.subscribers.models import Letter

CONTENT_TYPE = CONTENT_TYPE_LATEST
# What was sent is not counted: that would cost more with every message ever sent.
COUNTED_STATES = (*WAITING_STATES, OutboxState.FAILED)
MOST_CHANNELS = 1_000


def metrics_text(agency_ids: Collection[int] | None) -> bytes:
    """The figures of these agencies, or of all, and of this process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(agency_ids))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, agency_ids: Collection[int] | None) -> None:
        agencies = Agency.objects.all()
        if agency_ids is not None:
            agencies = agencies.filter(pk__in=agency_ids)
        self._slugs = dict(agencies.values_list("pk", "slug"))

    def describe(self) -> list[Metric]:
        # Registering asks for names; the database need not be read for that.
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        yield from self._cases()
        yield from self._outbox()
        yield from self._channels()
        yield from self._public_pages()
        yield from _worker()
        yield from _requests()

    def _cases(self) -> Iterator[Metric]:
        filed = CounterMetricFamily(
            "levelhead_posts_received", "Posts that were filed, each once.", labels=["agency"]
        )
        waiting = GaugeMetricFamily(
            "levelhead_open_cases", "Cases that wait for a person.", labels=["agency", "queue"]
        )
        tallies = Tally.objects.filter(agency_id__in=self._slugs)
        for agency_id, cases in tallies.values_list("agency_id").annotate(Sum("cases")):
            filed.add_metric([self._slugs[agency_id]], cases)
        opened = tallies.filter(state=CaseState.OPEN.value)
        for agency_id, queue, cases in opened.values_list("agency_id", "queue").annotate(
            Sum("cases")
        ):
            waiting.add_metric([self._slugs[agency_id], queue], cases)
        yield filed
        yield waiting

    def _outbox(self) -> Iterator[Metric]:
        items = GaugeMetricFamily(
            "levelhead_outbox_items",
            "Messages that wait to leave, are under way or could not be sent.",
            labels=["agency", "state"],
        )
        oldest = GaugeMetricFamily(
            "levelhead_outbox_oldest_waiting_seconds",
            "How long the oldest message that is to leave has waited.",
            labels=["agency"],
        )
        outbox = OutboxItem.objects.filter(agency_id__in=self._slugs)
        counts = {
            (agency_id, state): count
            for agency_id, state, count in outbox.filter(state__in=COUNTED_STATES)
            .values_list("agency_id", "state")
            .annotate(Count("pk"))
        }
        for agency_id, slug in self._slugs.items():
            for state in COUNTED_STATES:
                items.add_metric([slug, state.value], counts.get((agency_id, state.value), 0))
        waiting = outbox.filter(state__in=WAITING_STATES)
        since = dict(waiting.values_list("agency_id").annotate(Min("created_at")))
        for agency_id, slug in self._slugs.items():
            at = since.get(agency_id)
            age = (clock.now() - at).total_seconds() if at else 0.0
            oldest.add_metric([slug], max(0.0, age))
        yield items
        yield oldest

    def _channels(self) -> Iterator[Metric]:
        names = ["agency", "channel", "platform"]
        failures = GaugeMetricFamily(
            "levelhead_channel_failures",
            "Failures in a row, 0 for a channel that is well.",
            labels=names,
        )
        success = GaugeMetricFamily(
            "levelhead_channel_last_success_timestamp_seconds",
            "When the channel last answered as it should.",
            labels=names,
        )
        channels = Channel.objects.filter(agency_id__in=self._slugs).order_by("pk")
        for channel in channels.only(
            "agency_id", "name", "platform", "failures", "last_success_at"
        )[:MOST_CHANNELS]:
            values = [self._slugs[channel.agency_id], channel.name, channel.platform]
            failures.add_metric(values, channel.failures)
            if channel.last_success_at is not None:
                success.add_metric(values, channel.last_success_at.timestamp())
        yield failures
        yield success

    def _public_pages(self) -> Iterator[Metric]:
        behind = GaugeMetricFamily(
            "levelhead_public_page_behind_seconds",
            "How long public files have not been written as they should be; 0 is well.",
            labels=["agency"],
        )
        letters = GaugeMetricFamily(
            "levelhead_letters_waiting", "Mails to subscribers that wait to leave.",
            labels=["agency"],
        )  # fmt: skip
        since = dict(
            Snapshot.objects.filter(agency_id__in=self._slugs, written__lt=F("wanted"))
            .values_list("agency_id")
            .annotate(Min("failing_since"))
        )
        waiting = dict(
            Letter.objects.filter(agency_id__in=self._slugs, state="queued")
            .values_list("agency_id")
            .annotate(Count("pk"))
        )
        for agency_id, slug in self._slugs.items():
            at = since.get(agency_id)
            behind.add_metric([slug], max(0.0, (clock.now() - at).total_seconds()) if at else 0.0)
            letters.add_metric([slug], waiting.get(agency_id, 0))
        yield behind
        yield letters


def _worker() -> Iterator[Metric]:
    beat = read_heartbeat(settings.ENVIRONMENT.data)
    if beat is not None:
        yield GaugeMetricFamily(
            "levelhead_worker_heartbeat_age_seconds",
            "Time since the worker of this machine gave a sign of life.",
            value=beat.age_seconds,
        )


def _requests() -> Iterator[Metric]:
    answered, durations, seconds = requests.snapshot()
    counter = CounterMetricFamily(
        "levelhead_http_requests", "Requests that were answered.", labels=["method", "status"]
    )
    for (method, status), count in sorted(answered.items()):
        counter.add_metric([method, status], count)
    yield counter
    upto, buckets = 0, []
    for end, count in zip([*map(str, BUCKETS), "+Inf"], durations, strict=True):
        upto += count
        buckets.append((end, float(upto)))
    yield HistogramMetricFamily(
        "levelhead_http_request_seconds",
        "How long answers took.",
        buckets=buckets,
        sum_value=seconds,
    )
