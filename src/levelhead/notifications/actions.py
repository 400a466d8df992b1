"""Telling people what concerns them, and what they do with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.alerts.calling import on_duty
from levelhead.inbox.models import Note
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.kernel.text import clean_name
from levelhead.live.actions import announce
from levelhead.notifications.domain import KEEP, KEY_LIMIT, WHAT_LIMIT, DeliveryState, Kind
from levelhead.notifications.models import Delivery, DutyKinds, Notification, Preferences
from levelhead.notifications.places import address_of_conversation
from levelhead.notifications.queueing import choice_of, queue_deliveries

# Unread ones that "mark all read" takes at once; with more it is pressed again.
ALL_AT_ONCE: Final = 1_000
UNDO_SECONDS: Final = 60
_SALT: Final = "notifications read"
_FORGET_AT_ONCE: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a notification tells of."""

    # Where it is looked at: a path such as /riverton/inbox/123/.
    address: str
    case_id: int | None = None
    note_id: int | None = None
    # A few words for the screen only.
    what: str = ""
    count: int = 1


def notify(
    *,
    agency_id: int,
    kind: Kind,
    key: str,
    to: Iterable[int],
    about: About,
    by: User | None = None,
    desk: bool = False,
) -> list[int]:
    """Tell people of something, each once for a key; gives the ids of those who were told now.

    Whoever did it (`by`) is not told, nor who is no member. `desk` adds those on duty, and so
    does the agency's choice for the kind. Mails and calls that people chose are written in the
    same transaction, the caller's where there is one.
    """
    if not key or len(key) > KEY_LIMIT:
        raise ValueError("A notification needs a key of at most 120 characters.")
    now = clock.now()
    with transaction.atomic():
        duty = {shift.user_id for shift in on_duty(agency_id, now)}
        if not desk:
            rules = DutyKinds.objects.filter(agency_id=agency_id).first()
            desk = rules is not None and kind.value in rules.kinds
        people = set(to) | (duty if desk else set())
        people -= {by.pk} if by else set()
        chosen = {
            one.user_id: one
            for one in Preferences.objects.filter(agency_id=agency_id, user_id__in=people)
        }
        told = _keep(agency_id, kind, key, people, chosen, about, by, now)
        if told:
            queue_deliveries(kind, told, chosen=chosen, duty=duty, now=now)
            _tell_screens(agency_id, [one.user_id for one in told])
    return [one.user_id for one in told]


def _keep(
    agency_id: int, kind: Kind, key: str, people: set[int], chosen: Mapping[int, Preferences],
    about: About, by: User | None, now: datetime,
) -> list[Notification]:  # fmt: skip
    if not people:
        return []
    members = Membership.objects.filter(
        agency_id=agency_id, user_id__in=people, active=True, user__is_active=True
    )
    here = sorted(members.values_list("user_id", flat=True))
    told_before = set(
        Notification.objects.filter(agency_id=agency_id, key=key, user_id__in=here).values_list(
            "user_id", flat=True
        )
    )
    rows = [
        Notification(
            agency_id=agency_id, user_id=pk, kind=kind, key=key, at=now, by=by,
            case_id=about.case_id, note_id=about.note_id, count=about.count,
            what=clean_name(about.what, WHAT_LIMIT), address=about.address,
            counts=choice_of(chosen.get(pk), kind).screen,
        )
        for pk in here
        if pk not in told_before
    ]  # fmt: skip
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    # Somebody may have told the same at the same moment: then theirs counts.
    ours = set(
        Notification.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
    )
    return [row for row in rows if row.pk in ours]


def _tell_screens(agency_id: int, people: Sequence[int]) -> None:
    announce(
        agency_id=agency_id, kind="notice.changed", payload={"people": [str(pk) for pk in people]}
    )


def tell_of_note(note: Note, people: set[int], desk: bool) -> None:
    """Whoever a note names is told of it. In the note's transaction."""
    case_id, address = address_of_conversation(note.agency_id, note.conversation_id)
    notify(
        agency_id=note.agency_id,
        kind=Kind.MENTION,
        key=f"note:{note.pk}",
        to=people,
        about=About(address=address, case_id=case_id, note_id=note.pk),
        by=note.by,
        desk=desk,
    )


def mark_read(*, agency: Agency, person: User, notification_id: int, read: bool = True) -> None:
    """One is read, or not read after all."""
    require(person, agency.pk, Ability.READ)
    with transaction.atomic():
        mine = Notification.objects.filter(
            agency=agency, user=person, pk=notification_id, read_at__isnull=read
        )
        if mine.update(read_at=clock.now() if read else None):
            _tell_screens(agency.pk, [person.pk])


def mark_all_read(*, agency: Agency, person: User, upto: int) -> tuple[int, str]:
    """All up to the newest that the person saw; gives how many, and what takes it back."""
    require(person, agency.pk, Ability.READ)
    with transaction.atomic():
        unread = Notification.objects.select_for_update().filter(
            agency=agency, user=person, read_at__isnull=True, pk__lte=upto
        )
        ids = list(unread.order_by("-pk").values_list("pk", flat=True)[:ALL_AT_ONCE])
        if ids:
            now = clock.now()
            Notification.objects.filter(pk__in=ids).update(read_at=now)
            _tell_screens(agency.pk, [person.pk])
    token = signing.dumps(
        {"agency": agency.pk, "by": person.pk, "ids": ids}, salt=_SALT, compress=True
    )
    return len(ids), token


def undo_all_read(*, agency: Agency, person: User, token: str) -> int:
    """Take "mark all read" back; gives how many are unread again."""
    require(person, agency.pk, Ability.READ)
    try:
        told = signing.loads(token, salt=_SALT, max_age=UNDO_SECONDS)
    except signing.SignatureExpired as error:
        raise Invalid(_("It is too late to undo; mark single ones as unread.")) from error
    except signing.BadSignature as error:
        raise Invalid(_("There is nothing to undo here.")) from error
    if told["agency"] != agency.pk or told["by"] != person.pk:
        raise NotAllowed(_("Only the person who did this can undo it this way."))
    with transaction.atomic():
        mine = Notification.objects.filter(agency=agency, user=person, pk__in=told["ids"])
        count = mine.filter(read_at__isnull=False).update(read_at=None)
        if count:
            _tell_screens(agency.pk, [person.pk])
    return count


def forget_notifications() -> int:
    """Remove what is older than three months, with its deliveries; gives how many."""
    before = clock.now() - KEEP
    ids = list(
        Notification.objects.filter(at__lt=before)
        .order_by("at")
        .values_list("pk", flat=True)[:_FORGET_AT_ONCE]
    )
    with transaction.atomic():
        Notification.objects.filter(pk__in=ids).delete()
        empty = Delivery.objects.filter(created_at__lt=before, items__isnull=True).exclude(
            state__in=[DeliveryState.QUEUED, DeliveryState.SENDING]
        )
        Delivery.objects.filter(
            pk__in=list(empty.values_list("pk", flat=True)[:_FORGET_AT_ONCE])
        ).delete()
    return len(ids)
