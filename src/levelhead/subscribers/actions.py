"""Asking for a subscription, making it, ending it, and an update's way to everybody who has one."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from levelhead.incidents.models import Incident, LogEntry
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.research.recording import mail_is_set_up
from levelhead.subscribers.domain import (
    KEPT_AFTER,
    LINKS_A_DAY,
    LINKS_AN_HOUR,
    MOST_SUBSCRIBERS,
    PORTION,
    LetterKind,
    LetterState,
)
from levelhead.subscribers.links import Asked, digest_of
from levelhead.subscribers.models import Letter, Mailing, Subscriber
from levelhead.updates.models import Update


def ask_for(*, incident: Incident, email: str, lang: str) -> None:
    """Send a link to an address, unless it has a subscription or had enough links.

    Says nothing of which it was: who asks need not be whose address it is.
    """
    if not incident.runs or not mail_is_set_up():
        return
    digest = digest_of(email)
    now = clock.now()
    with transaction.atomic():
        if Subscriber.objects.filter(
            incident=incident, digest=digest, ended_at__isnull=True
        ).exists():
            return
        links = Letter.objects.filter(kind=LetterKind.LINK.value)
        lately = links.filter(digest=digest, created_at__gt=now - timedelta(days=1))
        if lately.count() >= LINKS_A_DAY:
            return
        all_lately = links.filter(
            agency_id=incident.agency_id, created_at__gt=now - timedelta(hours=1)
        )
        if all_lately.count() >= LINKS_AN_HOUR:
            return
        Letter.objects.create(
            agency_id=incident.agency_id, incident=incident, kind=LetterKind.LINK.value,
            to_email=email, digest=digest, lang=lang, created_at=now, next_attempt_at=now,
        )  # fmt: skip


def subscribe(asked: Asked) -> Subscriber | None:
    """Make the subscription of who followed the link; the same link twice gives the same.

    None where the incident is over or has as many as it can serve.
    """
    incident = Incident.objects.filter(pk=asked.incident_id).first()
    if incident is None or not incident.runs:
        return None
    digest = digest_of(asked.email)
    there = Subscriber.objects.filter(incident=incident, digest=digest, ended_at__isnull=True)
    known = there.first()
    if known is not None:
        return known
    if Subscriber.objects.filter(incident=incident, ended_at__isnull=True).count() >= (
        MOST_SUBSCRIBERS
    ):
        return None
    try:
        with transaction.atomic():
            return Subscriber.objects.create(
                agency_id=incident.agency_id, incident=incident, email=asked.email, digest=digest,
                lang=asked.lang, confirmed_at=clock.now(),
            )  # fmt: skip
    except IntegrityError:
        return there.get()


def end_subscription(subscriber: Subscriber) -> None:
    """No further mail; the address is forgotten at once."""
    with transaction.atomic():
        Subscriber.objects.filter(pk=subscriber.pk, ended_at__isnull=True).update(
            ended_at=clock.now(), email=""
        )
        Letter.objects.filter(subscriber=subscriber, state=LetterState.QUEUED).update(
            state=LetterState.WITHDRAWN
        )


def note_told(incident: Incident, entry: LogEntry) -> None:
    """An update was sent: in its transaction, its way to all subscribers begins."""
    if entry.action != "person:update:sent":
        return
    now_there = Subscriber.objects.filter(incident=incident, ended_at__isnull=True)
    if now_there.exists():
        Mailing.objects.create(agency_id=incident.agency_id, update_of_id=entry.told["update"])


def make_letters() -> int:
    """Make the next portion of letters of what is under way; gives how many were made or passed.

    The letters and how far they are made are kept together: whoever dies, none is made twice.
    """
    keys = list(
        Mailing.objects.filter(done_at__isnull=True)
        .order_by("update_of")
        .values_list("pk", flat=True)[:10]
    )
    return sum(_make_portion(key) for key in keys)


def _make_portion(key: int) -> int:
    with transaction.atomic():
        mailing = (
            Mailing.objects.select_for_update(of=("self",))
            .select_related("update_of__incident")
            .get(pk=key)
        )
        if mailing.done_at is not None:
            return 0
        update: Update = mailing.update_of
        now = clock.now()
        portion = list(
            Subscriber.objects.filter(
                incident=update.incident, ended_at__isnull=True, pk__gt=mailing.upto,
                confirmed_at__lte=update.at,
            ).order_by("pk")[:PORTION]
        )  # fmt: skip
        Letter.objects.bulk_create(
            [
                Letter(
                    agency_id=update.agency_id, incident=update.incident, subscriber=one,
                    kind=LetterKind.UPDATE.value, update_of=update, lang=one.lang,
                    created_at=now, next_attempt_at=now,
                )
                for one in portion
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        changes: dict[str, object] = {"letters": F("letters") + len(portion)}
        if portion:
            changes["upto"] = portion[-1].pk
        if len(portion) < PORTION:
            changes["done_at"] = now
        Mailing.objects.filter(pk=key).update(**changes)
        if len(portion) < PORTION:
            tell(
                update.incident, "mail:update:handed_out", by=None,
                payload={"number": update.number, "letters": mailing.letters + len(portion)},
            )  # fmt: skip
    return max(1, len(portion))


def forget_old() -> int:
    """Addresses of incidents that are long over are forgotten; gives how many."""
    over = Subscriber.objects.filter(
        ended_at__isnull=True, incident__over_at__lt=clock.now() - KEPT_AFTER
    )
    keys = list(over.values_list("pk", flat=True)[:PORTION])
    return Subscriber.objects.filter(pk__in=keys).update(ended_at=clock.now(), email="")
