"""Reading the record for what concerns people: no room has to know whom to tell.

How far an agency's record was read moves on in the transaction that tells people, so that each
event is told of once, also across restarts and with several workers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.commitments.domain import CommitmentState
from levelhead.commitments.models import Commitment
from levelhead.kernel import clock
from levelhead.notifications.actions import About, notify
from levelhead.notifications.domain import DUE_SOON, Kind
from levelhead.notifications.models import DueTold, FollowPlace
from levelhead.notifications.places import address_of_case, slug_of
from levelhead.records.domain import DESK_CHAIN
from levelhead.records.models import RecordChain, RecordEvent
from levelhead.replies.models import Reply
from levelhead.research.models import ResearchRequest

# Events that one transaction tells of, and how far it looks ahead for them.
BATCH: Final = 200
LOOK_THROUGH: Final = 5_000
AGENCIES: Final = 200
ROUND: Final = 200

_ASSIGNED: Final = "person:case:assigned"


def follow_records() -> int:
    """Tell of what happened since the last round; gives how many events there were."""
    place = FollowPlace.objects.filter(agency_id=OuterRef("agency_id")).values("seq")
    behind = RecordChain.objects.filter(name=DESK_CHAIN).annotate(told=Coalesce(Subquery(place), 0))
    chains = list(behind.filter(seq__gt=F("told")).order_by("pk").values_list("pk", flat=True))
    return sum(_follow(pk) for pk in chains[:AGENCIES])


def _follow(chain_id: int) -> int:
    agency_id = RecordChain.objects.values_list("agency_id", flat=True).get(pk=chain_id)
    FollowPlace.objects.get_or_create(agency_id=agency_id)
    with transaction.atomic():
        locked = FollowPlace.objects.select_for_update(skip_locked=True)
        place = locked.filter(agency_id=agency_id).first()
        if place is None:
            return 0  # Another worker is at it.
        # The head moves in the transaction of its events: all up to it are there.
        head = RecordChain.objects.values_list("seq", flat=True).get(pk=chain_id)
        upto = min(head, place.seq + LOOK_THROUGH)
        events = list(
            RecordEvent.objects.filter(
                chain_id=chain_id, seq__gt=place.seq, seq__lte=upto, action__in=list(_TELLERS)
            ).order_by("seq")[:BATCH]
        )
        _tell(agency_id, events)
        place.seq = events[-1].seq if len(events) == BATCH else upto
        place.save(update_fields=["seq"])
    return len(events)


def _tell(agency_id: int, events: list[RecordEvent]) -> None:
    if not events:
        return
    slug = slug_of(agency_id)
    together: dict[tuple[str, int], list[RecordEvent]] = {}
    for event in events:
        given: Mapping[str, Any] = json.loads(event.payload)
        if event.action == _ASSIGNED:
            owner = given.get("owner")
            # What a handover gives is told with the handover.
            if (
                isinstance(owner, int)
                and event.actor != f"user:{owner}"
                and "handover" not in given
            ):
                apart = 0 if given.get("together", 1) > 1 else event.seq
                together.setdefault((f"{event.actor} {apart}", owner), []).append(event)
            continue
        _TELLERS[event.action](event, given, slug)
    for (_key, owner), found in together.items():
        _tell_assigned(found, owner, slug)


def _tell_assigned(found: list[RecordEvent], owner: int, slug: str) -> None:
    first = found[0]
    case_id = _number(first.subject)
    one = len(found) == 1
    notify(
        agency_id=first.agency_id,
        kind=Kind.ASSIGNED,
        key=f"event:{first.pk}",
        to=[owner],
        about=About(
            address=address_of_case(slug, case_id)
            if one
            else reverse("inbox", args=[slug]) + "?view=mine",
            case_id=case_id,
            count=len(found),
        ),
        by=_person(first.actor),
    )


def _tell_research(event: RecordEvent, given: Mapping[str, Any], slug: str) -> None:
    asked = ResearchRequest.objects.filter(
        agency_id=event.agency_id, pk=_number(event.subject)
    ).first()
    if asked is None:
        return
    overdue = event.action == "system:research:overdue"
    notify(
        agency_id=event.agency_id,
        kind=Kind.RESEARCH_OVERDUE if overdue else Kind.RESEARCH_ANSWERED,
        key=f"event:{event.pk}",
        to=[asked.asked_by_id],
        about=About(
            address=reverse("question", args=[slug, asked.pk]),
            case_id=asked.case_id,
            what=asked.question,
        ),
    )


def _tell_failed_reply(event: RecordEvent, given: Mapping[str, Any], slug: str) -> None:
    reply = (
        Reply.objects.select_related("case")
        .filter(agency_id=event.agency_id, pk=given.get("reply", 0))
        .first()
    )
    if reply is None:
        return
    owner = reply.case.owner_id
    notify(
        agency_id=event.agency_id,
        kind=Kind.REPLY_FAILED,
        key=f"event:{event.pk}",
        to={reply.by_id, *([owner] if owner else [])},
        about=About(
            address=address_of_case(slug, reply.case_id), case_id=reply.case_id, what=reply.text
        ),
    )


def _tell_overdue(event: RecordEvent, given: Mapping[str, Any], slug: str) -> None:
    late = Commitment.objects.filter(agency_id=event.agency_id, pk=_number(event.subject)).first()
    if late is not None:
        _tell_commitment(late, Kind.COMMITMENT_OVERDUE, f"event:{event.pk}", slug)


def _tell_commitment(one: Commitment, kind: Kind, key: str, slug: str) -> None:
    notify(
        agency_id=one.agency_id,
        kind=kind,
        key=key,
        to=[one.owner_id],
        about=About(
            address=reverse("commitment", args=[slug, one.pk]), case_id=one.case_id, what=one.what
        ),
    )


def tell_due() -> int:
    """Tell owners of commitments that are due within a day; gives how many."""
    now = clock.now()
    told = DueTold.objects.filter(commitment=OuterRef("pk"), due_at=OuterRef("due_at"))
    due = Commitment.objects.filter(
        state=CommitmentState.OPEN.value, due_at__gt=now, due_at__lte=now + DUE_SOON
    ).exclude(Exists(told))
    count = 0
    for one in list(due.select_related("agency").order_by("due_at")[:ROUND]):
        assert one.due_at is not None  # noqa: S101  # by the query
        with transaction.atomic():
            DueTold.objects.update_or_create(
                commitment=one, defaults={"agency_id": one.agency_id, "due_at": one.due_at}
            )
            key = f"commitment:{one.pk}:due:{one.due_at.timestamp():.0f}"
            _tell_commitment(one, Kind.COMMITMENT_DUE, key, one.agency.slug)
        count += 1
    return count


def _number(subject: str) -> int:
    return int(subject.partition(":")[2])


def _person(actor: str) -> User | None:
    head, _colon, number = actor.partition(":")
    return User.objects.filter(pk=int(number)).first() if head == "user" else None


_Teller = Callable[[RecordEvent, Mapping[str, Any], str], None]
_TELLERS: Final[Mapping[str, _Teller]] = {
    _ASSIGNED: lambda event, given, slug: None,
    "colleague:research:answered": _tell_research,
    "colleague:research:not_mine": _tell_research,
    "system:research:overdue": _tell_research,
    "outbox:reply:failed": _tell_failed_reply,
    "system:commitment:overdue": _tell_overdue,
}
