"""Giving a shift's word to the next, taking it, and taking it back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.alerts.models import Shift
from levelhead.handover.domain import (
    LOUD_AFTER,
    MOST_CASES,
    NEXT_SHIFT,
    WORDS_LIMIT,
    HandoverState,
)
from levelhead.handover.gathering import OWNED, Content, owned
from levelhead.handover.models import HandedCase, Handover
from levelhead.inbox.actions import place_of, save_case
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.notifications.actions import About, notify
from levelhead.notifications.domain import Kind
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

ROUND = 100


def keep_words(*, agency: Agency, words: str, by: User) -> Handover:
    """Keep what a person began to write; nobody else sees it."""
    require(by, agency.pk, Ability.WORK)
    words = _read_words(words)
    with transaction.atomic():
        draft = _draft(agency, by)
        draft.words = words
        draft.save(update_fields=["words"])
    return draft


def _draft(agency: Agency, by: User) -> Handover:
    draft, _new = Handover.objects.select_for_update().get_or_create(
        agency=agency, by=by, state=HandoverState.DRAFT, defaults={"started_at": clock.now()}
    )
    return draft


def give(
    *,
    agency: Agency,
    to: User | None,
    words: str,
    content: Content,
    cases: Mapping[int, User | None],
    keeps: Collection[int] | None,
    form_token: str,
    by: User,
) -> Handover:
    """Hand the shift over to a person, or to the shift (`to` is None).

    `cases` says who gets which of the giver's cases, None being the shift. Where `keeps` is given,
    all others that the giver owns go to `to`, except those in it. The same form sent twice gives
    the same handover. Raises NotAllowed, Invalid.
    """
    require(by, agency.pk, Ability.WORK)
    words = _read_words(words)
    if not 0 < len(form_token) <= 40 or not form_token.isprintable():
        raise Invalid(_("This form is not valid any more. Load the page again; copy your words."))
    _check_receivers(agency, {to, *cases.values()} - {None}, by)
    if len(cases) > MOST_CASES:
        raise Invalid(_("At most %(n)d cases at once; hand the others over from the inbox.")
                      % {"n": MOST_CASES})  # fmt: skip
    now = clock.now()
    with transaction.atomic():
        handover = _draft(agency, by)
        before = Handover.objects.filter(agency=agency, by=by, form_token=form_token).first()
        if before is not None:
            return before
        handover.form_token = form_token
        handover.words, handover.to, handover.content = words, to, content.to_json()
        handover.state, handover.given_at = HandoverState.GIVEN, now
        handover.save()
        handed = _hand_cases(handover, cases, keeps)
        _record(
            handover,
            "person:handover:given",
            by,
            {"to": to.pk if to else None, "words": words, "cases": handed},
        )
        _tell_receivers(handover, now)
        _announce(handover)
    return handover


def _check_receivers(agency: Agency, people: set[User | None], by: User) -> None:
    ids = {person.pk for person in people if person}
    if by.pk in ids:
        raise Invalid(_("Choose somebody else: this is your own shift."))
    here = Membership.objects.filter(
        agency=agency, user_id__in=ids, active=True, user__is_active=True
    )
    working = {place.user_id for place in here if place.may(Ability.WORK)}
    if ids - working:
        raise Invalid(_("Choose a colleague of your agency who can work on cases."))


def _hand_cases(
    handover: Handover, cases: Mapping[int, User | None], keeps: Collection[int] | None
) -> list[int]:
    """Change the owner of the giver's cases, each with its own event; gives which."""
    mine = owned(handover.agency, handover.by)
    rows = mine.filter(pk__in=list(cases))
    if keeps is not None:
        rows = mine.exclude(pk__in=list(keeps))
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: MOST_CASES + 1])
    if len(ids) > MOST_CASES:
        raise Invalid(_("You own more than %(n)d cases. Hand some over from the inbox first.")
                      % {"n": MOST_CASES})  # fmt: skip
    handed = []
    for case in mine.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk"):
        owner = cases.get(case.pk, handover.to)
        case.owner = owner
        save_case(
            case, place_of(case), action="person:case:assigned", by=handover.by,
            payload={"owner": owner.pk if owner else None, "handover": handover.pk},
        )  # fmt: skip
        handed.append(
            HandedCase(
                agency_id=handover.agency_id, handover=handover, case=case,
                owner_before=handover.by, owner_after=owner, version=case.version,
            )
        )  # fmt: skip
    HandedCase.objects.bulk_create(handed)
    return [row.case_id for row in handed]


def _tell_receivers(handover: Handover, now: datetime) -> None:
    """The receiver, whoever got a case, and for the shift those on duty now or soon."""
    people = set(
        HandedCase.objects.filter(handover=handover, owner_after__isnull=False).values_list(
            "owner_after_id", flat=True
        )
    )
    if handover.to_id is not None:
        people.add(handover.to_id)
    else:
        people |= set(
            Shift.objects.filter(
                agency_id=handover.agency_id, ends_at__gt=now, starts_at__lte=now + NEXT_SHIFT
            ).values_list("user_id", flat=True)[:20]
        )
    notify(
        agency_id=handover.agency_id,
        kind=Kind.HANDOVER,
        key=f"handover:{handover.pk}",
        to=people,
        about=About(address=_address(handover), what=handover.words),
        by=handover.by,
        desk=handover.to_id is None,
    )


def take(*, handover: Handover, by: User) -> Handover:
    """ "I have it": cases that were given to the shift and are still nobody's become theirs."""
    require(by, handover.agency_id, Ability.WORK)
    with transaction.atomic():
        locked = _lock(handover)
        if locked.state == HandoverState.TAKEN and locked.taken_by_id == by.pk:
            return locked  # The same tap twice.
        if locked.state != HandoverState.GIVEN:
            raise Conflict(_("This handover is not waiting any more. Look at who has it."))
        if locked.by_id == by.pk:
            raise Invalid(_("You gave this one; somebody else takes it, or you take it back."))
        if locked.to_id not in (None, by.pk):
            raise NotAllowed(
                _("This handover is for %(name)s. They take it, or its giver gives it to you.")
                % {"name": locked.to.name if locked.to else ""}
            )
        locked.state, locked.taken_by, locked.taken_at = HandoverState.TAKEN, by, clock.now()
        locked.save(update_fields=["state", "taken_by", "taken_at"])
        taken = _take_cases(locked, by)
        _record(locked, "person:handover:taken", by, {"cases": taken})
        _announce(locked)
    return locked


def _take_cases(handover: Handover, by: User) -> list[int]:
    free = HandedCase.objects.filter(handover=handover, owner_after__isnull=True)
    ids = list(free.values_list("case_id", flat=True)[:MOST_CASES])
    rows = Case.objects.select_for_update().filter(
        agency_id=handover.agency_id, pk__in=ids, owner__isnull=True, state__in=OWNED
    )
    taken = []
    for case in rows.order_by("pk"):
        case.owner = by
        save_case(
            case, place_of(case), action="person:case:assigned", by=by,
            payload={"owner": by.pk, "handover": handover.pk},
        )  # fmt: skip
        taken.append(case.pk)
    return taken


def withdraw(*, handover: Handover, by: User) -> tuple[Handover, int]:
    """Take it back before anybody has it: cases that nobody touched since are the giver's again.

    Gives how many came back.
    """
    require(by, handover.agency_id, Ability.WORK)
    with transaction.atomic():
        locked = _lock(handover)
        if locked.by_id != by.pk:
            raise NotAllowed(_("Only its giver can take a handover back."))
        if locked.state != HandoverState.GIVEN:
            raise Conflict(_("It is too late to take it back. Look at who has it."))
        locked.state = HandoverState.WITHDRAWN
        locked.save(update_fields=["state"])
        handed = {row.case_id: row for row in locked.handed.all()[:MOST_CASES]}
        rows = Case.objects.select_for_update().filter(
            agency_id=locked.agency_id, pk__in=list(handed)
        )
        back = []
        for case in rows.order_by("pk"):
            if case.version != handed[case.pk].version:
                continue
            case.owner_id = handed[case.pk].owner_before_id
            save_case(
                case, place_of(case), action="person:case:assigned", by=by,
                payload={"owner": case.owner_id, "handover": locked.pk},
            )  # fmt: skip
            back.append(case.pk)
        # The words go on in the next draft, where there is none yet.
        Handover.objects.get_or_create(
            agency_id=locked.agency_id, by=by, state=HandoverState.DRAFT,
            defaults={"words": locked.words, "started_at": clock.now()},
        )  # fmt: skip
        _record(locked, "person:handover:withdrawn", by, {"cases": back})
        _announce(locked)
    return locked, len(back)


def tell_waiting() -> int:
    """Tell the giver of each handover that nobody took in time, once; gives how many."""
    now = clock.now()
    late = Handover.objects.filter(
        state=HandoverState.GIVEN.value, loud_at__isnull=True, given_at__lte=now - LOUD_AFTER
    )
    count = 0
    for pk in list(late.order_by("given_at").values_list("pk", flat=True)[:ROUND]):
        with transaction.atomic():
            handover = (
                late.select_for_update(of=("self",)).select_related("agency").filter(pk=pk).first()
            )
            if handover is None:
                continue
            handover.loud_at = now
            handover.save(update_fields=["loud_at"])
            _record(handover, "system:handover:waiting", None, {})
            notify(
                agency_id=handover.agency_id,
                kind=Kind.HANDOVER_WAITS,
                key=f"handover:{pk}:waiting",
                to=[handover.by_id],
                about=About(address=_address(handover)),
            )
            _announce(handover)
            count += 1
    return count


def _lock(handover: Handover) -> Handover:
    rows = Handover.objects.select_for_update(of=("self",)).select_related("agency", "by", "to")
    return rows.get(pk=handover.pk, agency_id=handover.agency_id)


def _read_words(words: str) -> str:
    words = clean_text(words, WORDS_LIMIT + 1).strip()
    if len(words) > WORDS_LIMIT:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": WORDS_LIMIT})
    return words


def _address(handover: Handover) -> str:
    return reverse("handover", args=[handover.agency.slug, handover.pk])


def _announce(handover: Handover) -> None:
    announce(
        agency_id=handover.agency_id, kind="handover.changed",
        payload={"handover": str(handover.pk), "state": str(handover.state)},
    )  # fmt: skip


def _record(
    handover: Handover,
    action: str,
    by: User | None,
    payload: Mapping[str, object],
) -> None:
    append_events(
        agency_id=handover.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"handover:{handover.pk}",
                action=action,
                actor=f"user:{by.pk}" if by else "system",
                payload=payload,
            )
        ],
    )
