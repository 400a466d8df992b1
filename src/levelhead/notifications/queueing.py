"""The mails and calls that follow from notifications, as each person chose."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from levelhead.accounts.models import Agency
from levelhead.alerts.models import Target
from levelhead.notifications.domain import (
    Choice,
    DeliveryState,
    Kind,
    Mail,
    Way,
    end_of_quiet,
    next_time,
)
from levelhead.notifications.models import Delivery, DeliveryItem, Notification, Preferences
from levelhead.research.recording import mail_is_set_up


def choice_of(wants: Preferences | None, kind: Kind) -> Choice:
    """What a person wants of a kind; without a row of their own, the defaults."""
    return Choice.from_json(wants.choices.get(kind.value) if wants else None)


def queue_deliveries(
    kind: Kind,
    told: Sequence[Notification],
    *,
    chosen: Mapping[int, Preferences],
    duty: Collection[int],
    now: datetime,
) -> None:
    """Write what is to leave; in the transaction of the notifications. The defaults send nothing.

    `chosen` holds people's preferences by their id, `duty` who is on duty.
    """
    if not chosen:
        return
    agency = Agency.objects.get(pk=told[0].agency_id)
    may_mail = mail_is_set_up()
    for one in told:
        wants = chosen.get(one.user_id)
        if wants is None:
            continue
        choice = choice_of(wants, kind)
        if choice.on_duty_only and one.user_id not in duty:
            continue
        awake = end_of_quiet(now, zone=agency.zone, start=wants.quiet_from, end=wants.quiet_to)
        if may_mail and choice.mail is Mail.NOW:
            _queue(one, Way.MAIL, at=awake, now=now)
        elif may_mail and choice.mail is Mail.DIGEST:
            _join_digest(one, wants, agency, now)
        if choice.call:
            places = Target.objects.filter(agency=agency, user_id=one.user_id, active=True)
            for place in places.order_by("pk")[:10]:
                _queue(one, Way.CALL, at=awake, now=now, target=place)


def _queue(
    one: Notification, way: Way, *, at: datetime, now: datetime, target: Target | None = None
) -> Delivery:
    delivery = Delivery.objects.create(
        agency_id=one.agency_id, user_id=one.user_id, way=way, target=target, next_attempt_at=at,
        created_at=now,
    )  # fmt: skip
    DeliveryItem.objects.create(agency_id=one.agency_id, delivery=delivery, notification=one)
    return delivery


def _join_digest(one: Notification, wants: Preferences, agency: Agency, now: datetime) -> None:
    """Into the digest that waits; its row is locked, so that it does not leave meanwhile."""
    waiting = Delivery.objects.select_for_update().filter(
        agency_id=one.agency_id, user_id=one.user_id, way=Way.DIGEST, state=DeliveryState.QUEUED
    )
    open_one = waiting.first()
    if open_one is None:
        at = next_time(now, zone=agency.zone, minute=wants.digest_at)
        at = end_of_quiet(at, zone=agency.zone, start=wants.quiet_from, end=wants.quiet_to)
        try:
            with transaction.atomic():
                _queue(one, Way.DIGEST, at=at, now=now)
            return
        except IntegrityError:
            # Two things at the same moment: both go into the digest of the first.
            open_one = waiting.get()
    DeliveryItem.objects.create(agency_id=one.agency_id, delivery=open_one, notification=one)
