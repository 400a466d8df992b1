"""Telling the targets: in the order of the record, again until they took it.

How far each was told is a row of its own, moved on only after the other side said yes. A program
that dies in between tells the same events again, under the same ids: once or more, never lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from levelhead.channels.secrets import unseal
from levelhead.kernel import clock
from levelhead.kernel.errors import ChannelError, ConfigurationError
from levelhead.records.models import RecordChain, RecordEvent
from levelhead.webhooks import calling
from levelhead.webhooks.domain import BATCH, TargetState, sign, topic_of, wait_after
from levelhead.webhooks.models import WebhookPlace, WebhookTarget

log = structlog.get_logger(__name__)
# So long nobody else takes the target: more than one request may last.
CLAIM = timedelta(seconds=60)
# A target that is told of everything asks again so often.
IDLE = timedelta(seconds=2)
# Events looked through in one round, told or not.
LOOK_THROUGH = 2_000
# Deliveries to one target in one round; then the others have their turn.
DELIVERIES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """Events of one chain for one target."""

    chain: str
    events: list[RecordEvent]
    # How far the chain has been looked through when these are told.
    upto: int


def claim_due(limit: int) -> list[WebhookTarget]:
    """Take at most so many targets that are due, so that nobody else serves them meanwhile."""
    now = clock.now()
    due = WebhookTarget.objects.filter(
        _free(now), state=TargetState.ON.value, next_attempt_at__lte=now
    )
    taken = []
    for target in due.select_related("agency").order_by("next_attempt_at")[:limit]:
        claimed = WebhookTarget.objects.filter(_free(now), pk=target.pk)
        if claimed.update(claimed_until=now + CLAIM):
            taken.append(target)
    return taken


def _free(now: datetime) -> Q:
    return Q(claimed_until=None) | Q(claimed_until__lt=now)


def deliver(target: WebhookTarget) -> int:
    """Tell a claimed target what it has not been told, until it is up to date or fails.

    Gives how many deliveries it took.
    """
    done = 0
    try:
        while done < DELIVERIES:
            parcel = _next_parcel(target)
            if parcel is None:
                break
            _tell(target, parcel)
            done += 1
    except (ChannelError, ConfigurationError) as error:
        _note_failure(target, error.message)
        return done
    again = clock.now() + (IDLE if done < DELIVERIES else timedelta(0))
    WebhookTarget.objects.filter(pk=target.pk).update(claimed_until=None, next_attempt_at=again)
    return done


def free_claims() -> None:
    """Forget who serves which target: for the start of the only worker there is."""
    WebhookTarget.objects.filter(claimed_until__isnull=False).update(claimed_until=None)


def _next_parcel(target: WebhookTarget) -> Parcel | None:
    """The next events that the target asked for; passes over the others on the way."""
    places = dict(target.places.values_list("chain", "seq"))
    wanted = set(target.topics)
    for chain in RecordChain.objects.filter(agency_id=target.agency_id).order_by("pk"):
        place = places.get(chain.name, 0)
        if chain.seq <= place:
            continue
        rows = RecordEvent.objects.filter(chain=chain, seq__gt=place).order_by("seq")
        events: list[RecordEvent] = []
        upto = place
        for event in rows[:LOOK_THROUGH]:
            upto = event.seq
            topic = topic_of(event.action)
            if topic is not None and topic.value in wanted:
                events.append(event)
                if len(events) == BATCH:
                    break
        if events:
            return Parcel(chain=chain.name, events=events, upto=upto)
        _move_on(target, chain.name, upto)
    return None


def _tell(target: WebhookTarget, parcel: Parcel) -> None:
    told = [
        {
            "id": str(event.pk), "chain": parcel.chain, "seq": event.seq, "at": event.at,
            "subject": event.subject, "action": event.action, "actor": event.actor,
            "payload": json.loads(event.payload), "hash": event.hash,
        }
        for event in parcel.events
    ]  # fmt: skip
    body = json.dumps(
        {"type": "record.events", "agency": target.agency.slug, "events": told},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    first, last = parcel.events[0].seq, parcel.events[-1].seq
    # The same events have the same id, however often they are told.
    message_id = f"msg_{target.pk}_{parcel.chain.replace(':', '-')}_{first}_{last}"
    timestamp = int(clock.now().timestamp())
    secret = unseal(target.sealed_secret)["secret"]
    calling.post(
        target.url,
        body=body,
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Levelhead webhooks",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(
                secret, message_id=message_id, timestamp=timestamp, body=body
            ),
        },
        private=settings.ENVIRONMENT.webhooks_private,
    )
    with transaction.atomic():
        _move_on(target, parcel.chain, parcel.upto)
        now = clock.now()
        WebhookTarget.objects.filter(pk=target.pk).update(
            failures=0, failing_since=None, last_error="", last_success_at=now,
            claimed_until=now + CLAIM,
        )  # fmt: skip
    target.failures, target.failing_since = 0, None


def _move_on(target: WebhookTarget, chain: str, seq: int) -> None:
    """Only forwards, whoever else was at it."""
    WebhookPlace.objects.get_or_create(
        target=target, chain=chain, defaults={"agency_id": target.agency_id, "seq": 0}
    )
    WebhookPlace.objects.filter(target=target, chain=chain, seq__lt=seq).update(seq=seq)


def _note_failure(target: WebhookTarget, why: str) -> None:
    now = clock.now()
    failures = target.failures + 1
    WebhookTarget.objects.filter(pk=target.pk).update(
        failures=failures,
        failing_since=target.failing_since or now,
        last_error=why[:500],
        next_attempt_at=now + wait_after(failures),
        claimed_until=None,
    )
    log.warning("a webhook could not be delivered", target=target.pk, failures=failures, why=why)
