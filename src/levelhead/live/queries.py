"""What the live streams read: heads of the logs, events after a number, and who may listen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Membership
from levelhead.kernel.errors import NotAllowed, NotFound
from levelhead.live.models import LiveEvent, LiveHead

# So many missed events are sent again; for a screen that missed more, loading anew is quicker.
MOST_MISSED = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """A person who may hear an agency's events."""

    agency_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an agency's log."""

    seq: int
    kind: str
    # JSON text on one line.
    payload: str


def current_head(agency_id: int) -> int:
    """The last number given in an agency's log; 0 where there is none yet."""
    return LiveHead.objects.filter(pk=agency_id).values_list("seq", flat=True).first() or 0


def current_heads(agency_ids: Iterable[int]) -> dict[int, int]:
    """The last number of each of these agencies: one query, whoever listens."""
    return dict(LiveHead.objects.filter(pk__in=list(agency_ids)).values_list("pk", "seq"))


def events_between(agency_id: int, *, after: int, upto: int) -> list[Event] | None:
    """The events after one number up to another, in order.

    None where they are too many or no longer all there: the screen must be loaded anew.
    """
    if upto <= after:
        return []
    if upto - after > MOST_MISSED:
        return None
    rows = (
        LiveEvent.objects.filter(agency_id=agency_id, seq__gt=after, seq__lte=upto)
        .order_by("seq")
        .values_list("seq", "kind", "payload")
    )
    events = [Event(*row) for row in rows]
    # The numbers have no gaps: what is missing was forgotten.
    return events if len(events) == upto - after else None


def listener_for(*, session_key: str, agency_slug: str) -> Listener:
    """Who listens with this session. Raises NotAllowed without a signed-in person, and NotFound
    for an agency that is not there or not theirs: the two look alike on purpose."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key or None)
    user = get_user(request)
    if not user.is_authenticated or not user.is_active:
        raise NotAllowed("Sign in again; this page cannot be kept up to date without.")
    member = (
        Membership.objects.filter(agency__slug=agency_slug, user_id=user.pk, active=True)
        .only("agency_id", "role", "active")
        .first()
    )
    if member is None or not member.may(Ability.READ):
        raise NotFound("There is no such agency, or it is not yours to see.")
    return Listener(agency_id=member.agency_id, user_id=member.user_id)
