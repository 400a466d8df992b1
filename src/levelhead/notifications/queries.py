"""What pages show of notifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency, User
from levelhead.alerts.models import Target
from levelhead.inbox.models import Note
from levelhead.kernel.errors import NotFound
from levelhead.notifications.domain import Choice, DeliveryState, Kind, Mail
from levelhead.notifications.models import Delivery, DutyKinds, Notification, Preferences
from levelhead.notifications.words import KINDS, sentence_of
from levelhead.research.recording import mail_is_set_up

PAGE: Final = 50
EXCERPT: Final = 200
DELIVERIES: Final = 20
NAMED: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A notification in words."""

    row: Notification
    sentence: str
    # The first line of the post, and what else the screen may say.
    excerpt: str
    what: str

    @property
    def unread(self) -> bool:
        """Whether it waits to be read."""
        return self.row.read_at is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """The notifications of one day, in the agency's zone; the unread ones come first."""

    day: date
    unread: bool
    rows: Sequence[Shown]


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationPage:
    """A page of the list."""

    days: Sequence[Day]
    # Where the next page begins, as in "read.123"; empty at the end.
    after: str
    any_unread: bool
    newest: int


def unread_column(person_id: int) -> dict[str, Subquery]:
    """How many count at a person's bell, as a column of a query on their agency."""
    mine = Notification.objects.filter(
        agency=OuterRef("pk"), user_id=person_id, read_at__isnull=True, counts=True
    )
    counted = mine.order_by().values("agency").annotate(n=Count("pk")).values("n")
    return {"unread": Subquery(counted)}


def list_notifications(agency: Agency, person: User, *, after: str) -> NotificationPage:
    """Unread ones, then read ones, each newest first."""
    part, _dot, number = after.partition(".")
    behind = int(number) if number.isascii() and number.isdigit() and len(number) < 20 else None
    mine = Notification.objects.filter(agency=agency, user=person)
    found: list[Notification] = []
    if part != "read":
        found = _take(mine.filter(read_at__isnull=True), behind, PAGE + 1)
        behind = None
    if len(found) <= PAGE:
        found += _take(mine.filter(read_at__isnull=False), behind, PAGE + 1 - len(found))
    kept = found[:PAGE]
    more = len(found) > PAGE
    last = kept[-1] if more else None
    return NotificationPage(
        days=_by_day(kept),
        after=f"{'read' if last.read_at else 'unread'}.{last.pk}" if last else "",
        any_unread=any(row.read_at is None for row in kept),
        newest=max((row.pk for row in kept), default=0),
    )


def _take(rows: QuerySet[Notification], behind: int | None, limit: int) -> list[Notification]:
    if behind is not None:
        rows = rows.filter(pk__lt=behind)
    shown = rows.select_related("by", "note").annotate(
        post_text=Left(F("case__post__text"), EXCERPT)
    )
    return list(shown.order_by("-pk")[:limit])


def _by_day(rows: Sequence[Notification]) -> list[Day]:
    days: list[Day] = []
    for row in rows:
        day, unread = timezone.localtime(row.at).date(), row.read_at is None
        if not days or (days[-1].day, days[-1].unread) != (day, unread):
            days.append(Day(day=day, unread=unread, rows=[]))
        list_of: Any = days[-1].rows
        list_of.append(_in_words(row))
    return days


def _in_words(row: Notification) -> Shown:
    text = getattr(row, "post_text", "") or ""
    lines = text.strip().splitlines()
    return Shown(
        row=row,
        sentence=sentence_of(row),
        excerpt=lines[0] if lines and row.count == 1 else "",
        what=row.note.text[:EXCERPT] if row.note else row.what,
    )


def say_who_was_told(note: Note) -> str:
    """Who heard of a note by being named, for its author; empty where it names nobody."""
    if not note.mentions:
        return ""
    told = Notification.objects.filter(agency_id=note.agency_id, note=note).select_related("user")
    names = ", ".join(one.user.name for one in told.order_by("user__name")[:NAMED])
    if names:
        return " " + _("Told: %(names)s.") % {"names": names}
    return " " + _("Nobody was told: nobody else is on duty.")


def find_notification(agency: Agency, person: User, notification_id: int) -> Notification:
    """One of this person's own. Raises NotFound."""
    found = Notification.objects.filter(agency=agency, user=person, pk=notification_id).first()
    if found is None:
        raise NotFound(f"There is no notification {notification_id} here.")
    return found


def find_delivery(agency: Agency, person: User, delivery_id: int) -> Delivery:
    """One to this person. Raises NotFound."""
    found = Delivery.objects.filter(agency=agency, user=person, pk=delivery_id).first()
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id} here.")
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownKind:
    """A kind with what the person chose."""

    key: str
    title: str
    choice: Choice
    on_duty: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownPreferences:
    """Everything that a person can choose."""

    kept: Preferences
    kinds: Sequence[ShownKind]
    mails: Sequence[str]
    # Where calls to this person go; an administrator adds places.
    places: Sequence[Target]
    mail_on: bool
    # The last mails and calls to this person.
    deliveries: Sequence[Delivery]


def read_preferences(
    agency: Agency, person: User, *, typed: Preferences | None = None
) -> ShownPreferences:
    """What the person chose, or what they typed where it could not be kept."""
    kept = typed or Preferences.objects.filter(agency=agency, user=person).first()
    kept = kept or Preferences(agency=agency, user=person)
    duty = DutyKinds.objects.filter(agency=agency).first()
    return ShownPreferences(
        kept=kept,
        kinds=[
            ShownKind(
                key=kind.value,
                title=str(KINDS[kind]),
                choice=Choice.from_json(kept.choices.get(kind.value)),
                on_duty=duty is not None and kind.value in duty.kinds,
            )
            for kind in Kind
        ],
        mails=[mail.value for mail in Mail],
        places=list(
            Target.objects.filter(agency=agency, user=person, active=True).order_by("pk")[:10]
        ),
        mail_on=mail_is_set_up(),
        deliveries=list(
            Delivery.objects.filter(agency=agency, user=person)
            .exclude(state=DeliveryState.WITHDRAWN)
            .select_related("target")
            .order_by("-pk")[:DELIVERIES]
        ),
    )
