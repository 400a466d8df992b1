"""The way out of mails and calls about notifications: claimed by one worker, sent once.

A row says `sending` from just before the other side gets the words; where nobody knows how that
ended it becomes `unclear`, and its person decides. Before that moment trying again is safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from levelhead.accounts.models import Membership, User
from levelhead.alerts import service
from levelhead.channels.secrets import unseal
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, LevelheadError, SendUnclear
from levelhead.kernel.ids import new_id
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.notifications.domain import DeliveryState, Way, end_of_quiet
from levelhead.notifications.letters import compose_call, compose_mail
from levelhead.notifications.models import Delivery, DeliveryItem, Notification, Preferences
from levelhead.research.recording import mail_is_set_up
from levelhead.research.smtp import MailUnclearError, hand_over

log = structlog.get_logger(__name__)

# Longer than all time-outs of one hand-over together.
CLAIM: Final = timedelta(minutes=3)
# A digest waits for a day at most, and then for the end of quiet hours.
LATEST: Final = timedelta(hours=50)
LONGEST_WAIT_SECONDS: Final = 600.0
# About two days.
TRIES: Final = 300
ROUND: Final = 50


def _due(now: datetime) -> Q:
    # Times further ahead than we ever write are from a clock that has been set back since.
    free = (
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + CLAIM)
    )
    turn = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + LATEST)
    return Q(state=DeliveryState.QUEUED) & free & turn & _possible()


def _possible() -> Q:
    return Q() if mail_is_set_up() else Q(way=Way.CALL)


def claim_next(limit: int) -> list[Delivery]:
    """Take deliveries that are due; each is given to one caller only."""
    note_interrupted()
    now = clock.now()
    claimed: list[Delivery] = []
    for one in Delivery.objects.filter(_due(now)).order_by("next_attempt_at", "id")[:limit]:
        token = new_id()
        mine = Delivery.objects.filter(_due(now), pk=one.pk, claim=one.claim).update(
            claim=token, claimed_until=now + CLAIM, attempts=one.attempts + 1
        )
        if mine == 1:
            one.claim, one.attempts = token, one.attempts + 1
            claimed.append(one)
    return claimed


def note_interrupted() -> int:
    """A worker was killed while the other side had the words: say that nobody knows."""
    cut_off = Delivery.objects.filter(state=DeliveryState.SENDING, claimed_until__lt=clock.now())
    return sum(
        _finish(one, DeliveryState.UNCLEAR, "Levelhead was stopped while it was handed over.")
        for one in list(cut_off.order_by("pk")[:ROUND])
    )


def deliver(delivery: Delivery) -> None:
    """Bring a claimed mail or call to where it goes, or say why not."""
    fresh = Delivery.objects.select_related("agency", "user", "target").get(pk=delivery.pk)
    fresh.claim, fresh.attempts = delivery.claim, delivery.attempts
    if _put_off(fresh):
        return
    told = _still_unread(fresh)
    if not told:
        _finish(fresh, DeliveryState.WITHDRAWN)
        return
    try:
        left = _hand_over(fresh, told)
    except (MailUnclearError, SendUnclear) as error:
        _finish(fresh, DeliveryState.UNCLEAR, error.message)
    except LevelheadError as error:
        if error.permanent:
            _finish(fresh, DeliveryState.FAILED, error.message)
        else:
            _wait(fresh, error.message)
    except Exception as error:
        log.exception("a notification could not be sent", delivery=fresh.pk)
        _after_a_break(fresh, f"Sending broke unexpectedly ({type(error).__name__}).")
    else:
        if left:
            _finish(fresh, DeliveryState.SENT)


def _hand_over(delivery: Delivery, told: list[Notification]) -> bool:
    if delivery.way == Way.CALL:
        place = delivery.target
        if place is None or not place.active:
            _finish(delivery, DeliveryState.WITHDRAWN)
            return False
        title, body = compose_call(delivery, told)
        address = unseal(place.sealed)["address"]
        if not _begin(delivery, told):
            return False
        service.call(address, title=title, body=body)
        return True
    message, back = compose_mail(delivery, told)
    return hand_over(message, back=back, before_words=lambda: _begin(delivery, told))


def _begin(delivery: Delivery, told: Sequence[Notification]) -> bool:
    """From here on it may have left: say so before the words go."""
    with transaction.atomic():
        rows = Delivery.objects.select_for_update().filter(
            pk=delivery.pk, claim=delivery.claim, state=DeliveryState.QUEUED
        )
        if rows.first() is None:
            return False
        waiting = DeliveryItem.objects.filter(
            delivery=delivery, notification__read_at__isnull=True
        ).values_list("notification_id", flat=True)
        if set(waiting) - {one.pk for one in told}:
            # Something joined while the words were put together: they are put together anew.
            rows.update(claimed_until=None)
            return False
        rows.update(state=DeliveryState.SENDING)
    return True


def _still_unread(delivery: Delivery) -> list[Notification]:
    """What it tells of and its person has not read; nothing once the person has left."""
    here = Membership.objects.filter(
        agency_id=delivery.agency_id, user_id=delivery.user_id, active=True, user__is_active=True
    )
    if not here.exists():
        return []
    told = Notification.objects.filter(deliveries__delivery=delivery, read_at__isnull=True)
    return list(told.select_related("by", "case__post").order_by("pk")[:500])


def _put_off(delivery: Delivery) -> bool:
    """In quiet hours nothing leaves, also not what was tried before and waits."""
    wants = Preferences.objects.filter(
        agency_id=delivery.agency_id, user_id=delivery.user_id
    ).first()
    if wants is None:
        return False
    now = clock.now()
    awake = end_of_quiet(now, zone=delivery.agency.zone, start=wants.quiet_from, end=wants.quiet_to)
    if awake == now:
        return False
    Delivery.objects.filter(
        pk=delivery.pk, claim=delivery.claim, state=DeliveryState.QUEUED
    ).update(next_attempt_at=awake, claimed_until=None, attempts=delivery.attempts - 1)
    return True


def _after_a_break(delivery: Delivery, why: str) -> None:
    """Whether it is certain that nothing left is on the row."""
    begun = Delivery.objects.filter(
        pk=delivery.pk, claim=delivery.claim, state=DeliveryState.SENDING
    ).exists()
    if begun:
        _finish(delivery, DeliveryState.UNCLEAR, why)
    else:
        _wait(delivery, why)


def _wait(delivery: Delivery, why: str) -> None:
    now = clock.now()
    if delivery.attempts >= TRIES:
        _finish(delivery, DeliveryState.FAILED, why)
        return
    seconds = min(2.0 ** min(delivery.attempts, 10), LONGEST_WAIT_SECONDS)
    log.warning("a notification was not sent yet", delivery=delivery.pk, why=why)
    again = {
        "state": DeliveryState.QUEUED, "claimed_until": None,
        "next_attempt_at": now + timedelta(seconds=seconds), "last_error": clean_text(why, 2_000),
    }  # fmt: skip
    mine = Delivery.objects.filter(pk=delivery.pk, claim=delivery.claim)
    try:
        with transaction.atomic():
            mine.update(**again)
    except IntegrityError:
        # Another digest began to wait meanwhile; this one goes out as a mail of its own.
        mine.update(**again, way=Way.MAIL)


def _finish(delivery: Delivery, state: DeliveryState, why: str = "") -> int:
    now = clock.now()
    with transaction.atomic():
        mine = Delivery.objects.filter(pk=delivery.pk, claim=delivery.claim).update(
            state=state, claimed_until=None, last_error=clean_text(why, 2_000),
            sent_at=now if state is DeliveryState.SENT else None,
        )  # fmt: skip
        if mine == 1 and why:
            log.error("a notification did not surely leave", delivery=delivery.pk, why=why)
            announce(
                agency_id=delivery.agency_id, kind="notice.changed",
                payload={"people": [str(delivery.user_id)]},
            )  # fmt: skip
    return mine


def send_again(*, delivery: Delivery, by: User) -> None:
    """Have what failed, or of which nobody knows, sent again by its person's wish."""
    if delivery.user_id != by.pk:
        raise Invalid(_("Only the person it goes to can have it sent again."))
    done = Delivery.objects.filter(
        pk=delivery.pk, state__in=[DeliveryState.FAILED, DeliveryState.UNCLEAR]
    ).update(
        state=DeliveryState.QUEUED, next_attempt_at=clock.now(), created_at=clock.now(),
        claimed_until=None, last_error="", attempts=0,
        way=Way.MAIL if delivery.way == Way.DIGEST else delivery.way,
    )  # fmt: skip
    if done != 1:
        raise Invalid(_("This is not one that can be sent again."))


def next_delivery_in() -> float:
    """Seconds until the next one is due."""
    soonest = (
        Delivery.objects.filter(_possible(), state=DeliveryState.QUEUED, claimed_until=None)
        .order_by("next_attempt_at")
        .values_list("next_attempt_at", flat=True)
        .first()
    )
    if soonest is None:
        return LONGEST_WAIT_SECONDS
    return max(0.0, (soonest - clock.now()).total_seconds())


def free_claims() -> None:
    """Take over at once what a killed worker of this data folder had under way."""
    soon = clock.now()
    Delivery.objects.filter(
        state__in=[DeliveryState.QUEUED, DeliveryState.SENDING], claimed_until__gt=soon
    ).update(claimed_until=soon)


def deliver_due(limit: int = 20) -> int:
    """Deliver what is due, one after the other; gives how many were tried."""
    claimed = claim_next(limit)
    for one in claimed:
        deliver(one)
    return len(claimed)
