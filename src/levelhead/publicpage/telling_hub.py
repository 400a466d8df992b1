"""Telling the WebSub hub that feeds changed: again until it took it, from the row that says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.db.models import F, Q

from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.errors import ChannelError
from levelhead.kernel.text import clean_text
from levelhead.publicpage.feeds import feed_addresses
from levelhead.publicpage.gathering import gather
from levelhead.publicpage.models import Snapshot
from levelhead.publicpage.rendering import languages_of
from levelhead.publicpage.site import site
from levelhead.webhooks import calling

log = structlog.get_logger(__name__)
# Longer than the calls of one round take together.
CLAIM: Final = timedelta(minutes=2)
LONGEST_WAIT: Final = timedelta(minutes=10)
ROUND: Final = 10


def tell_hub_due() -> int:
    """Tell the hub of what was written since; gives how many incidents were tried."""
    where = site()
    if not (where.hub and where.base):
        return 0
    tried = 0
    for row in _claim():
        tried += 1
        try:
            _tell(row)
        except ChannelError as error:
            _wait(row, error.message)
    return tried


def _claim() -> list[Snapshot]:
    now = clock.now()
    free = Q(hub_claimed_until__isnull=True) | Q(hub_claimed_until__lt=now)
    due = Snapshot.objects.filter(
        free, incident__isnull=False, hub_told__lt=F("written"), hub_next_attempt_at__lte=now
    )
    return [
        row
        for row in due.order_by("hub_next_attempt_at")[:ROUND]
        if Snapshot.objects.filter(free, pk=row.pk).update(hub_claimed_until=now + CLAIM)
    ]


def _tell(row: Snapshot) -> None:
    incident = Incident.objects.select_related("agency").get(snapshot=row)
    page = gather(incident, version=row.written)
    where = site()
    addresses = feed_addresses(page, where, languages_of(page)) if page is not None else []
    for address in addresses:
        # Hubs differ in which of the two names they read.
        body = urlencode({"hub.mode": "publish", "hub.url": address, "hub.topic": address})
        calling.post(
            where.hub,
            body=body.encode(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "User-Agent": "Levelhead",
            },
            private=settings.ENVIRONMENT.webhooks_private,
        )
    # What was written meanwhile is told in the next round.
    Snapshot.objects.filter(pk=row.pk).update(
        hub_told=row.written, hub_attempts=0, hub_last_error="", hub_claimed_until=None
    )


def _wait(row: Snapshot, why: str) -> None:
    pause = min(timedelta(seconds=2.0 ** min(row.hub_attempts + 1, 10)), LONGEST_WAIT)
    log.warning("the hub was not told of a public page", snapshot=row.pk, why=why)
    Snapshot.objects.filter(pk=row.pk).update(
        hub_attempts=F("hub_attempts") + 1, hub_last_error=clean_text(why, 500),
        hub_next_attempt_at=clock.now() + pause, hub_claimed_until=None,
    )  # fmt: skip
