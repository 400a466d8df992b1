"""What pages show of handovers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q
from django.db.models.functions import Left

from levelhead.accounts.models import Agency, User
from levelhead.alerts.models import Shift
from levelhead.handover.domain import LOUD_AFTER, OFFER_BEFORE, HandoverState
from levelhead.handover.models import HandedCase, Handover
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound

PAGE: Final = 30
# What Today looks back over; an older one that waits is on the page of handovers.
TODAY: Final = timedelta(hours=48)
# A handover given so recently was for this shift.
THIS_SHIFT: Final = timedelta(hours=4)
HANDED: Final = 50
EXCERPT: Final = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class HandoverPage:
    """The history, newest first."""

    rows: Sequence[Handover]
    # Where the next page begins.
    before: int | None


def list_handovers(agency: Agency, *, before: int | None) -> HandoverPage:
    """What was given; drafts are their writers' own."""
    rows = (
        Handover.objects.filter(agency=agency)
        .exclude(state=HandoverState.DRAFT.value)
        .select_related("by", "to", "taken_by")
        .annotate(cases=Count("handed"))
    )
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    return HandoverPage(rows=found[:PAGE], before=found[PAGE - 1].pk if len(found) > PAGE else None)


def find_handover(agency: Agency, handover_id: int) -> Handover:
    """One that was given. Raises NotFound."""
    found = (
        Handover.objects.filter(agency=agency, pk=handover_id)
        .exclude(state=HandoverState.DRAFT.value)
        .select_related("agency", "by", "to", "taken_by")
        .first()
    )
    if found is None:
        raise NotFound(f"There is no handover {handover_id} here.")
    return found


def find_draft(agency: Agency, person: User) -> Handover | None:
    """What this person began to write."""
    return Handover.objects.filter(
        agency=agency, by=person, state=HandoverState.DRAFT.value
    ).first()


def list_handed(handover: Handover) -> Sequence[HandedCase]:
    """The first of the cases that changed hands with it, each with how its post begins."""
    rows = HandedCase.objects.filter(handover=handover).select_related("owner_after", "case__owner")
    begun = rows.annotate(excerpt=Left("case__post__text", EXCERPT))
    return list(begun.order_by("pk")[:HANDED])


@dataclass(frozen=True, kw_only=True, slots=True)
class OnToday:
    """What Today says of handovers to one person."""

    # For this person or for the shift, and not taken yet.
    to_take: list[Handover]
    # This person's own that nobody has taken.
    waiting: list[Handover]
    # When this person's shift ends, where it is time to write the handover.
    ends_at: datetime | None


def on_today(agency: Agency, person: User, shifts: list[Shift]) -> OnToday:
    """One query; `shifts` are those that run now."""
    now = clock.now()
    rows = Handover.objects.filter(agency=agency, given_at__gte=now - TODAY).filter(
        Q(state=HandoverState.GIVEN.value) | Q(state=HandoverState.TAKEN.value, by=person)
    )
    found = list(rows.select_related("by", "to").order_by("-given_at")[:20])
    given = [one for one in found if one.state == HandoverState.GIVEN]
    lately = any(
        one.by_id == person.pk and one.given_at and one.given_at > now - THIS_SHIFT for one in found
    )
    ends = [shift.ends_at for shift in shifts if shift.user_id == person.pk]
    soon = bool(ends) and max(ends) <= now + OFFER_BEFORE
    return OnToday(
        to_take=[one for one in given if one.by_id != person.pk and one.to_id in (None, person.pk)],
        waiting=[one for one in given if one.by_id == person.pk],
        ends_at=max(ends) if soon and not lately else None,
    )


def is_loud(handover: Handover) -> bool:
    """Whether nobody has taken it for too long."""
    return (
        handover.state == HandoverState.GIVEN
        and handover.given_at is not None
        and handover.given_at <= clock.now() - LOUD_AFTER
    )
