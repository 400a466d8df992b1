"""Declaring an incident, changing its level, standing down, roles and notes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.incidents.domain import (
    CADENCE,
    LEVELS,
    LOG_LIMIT,
    MOST_TERMS,
    PLACE_LIMIT,
    REASON_LIMIT,
    TERM_LIMIT,
    TITLE_LIMIT,
    TOKEN_LIMIT,
    IncidentKind,
    IncidentState,
    RoomRole,
    first_word_due,
)
from levelhead.incidents.models import Duty, Guest, Incident, LogEntry
from levelhead.incidents.reading import read_line, read_text
from levelhead.incidents.recording import tell
from levelhead.issues.models import Issue
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_name
from levelhead.ledger.domain import subjects_in
from levelhead.replies.scheduling import freeze_scheduled

_SLUG_LENGTH: Final = 60
_before_end: Final[list[Callable[[Incident], None]]] = []


def before_end(listener: Callable[[Incident], None]) -> None:
    """Have `listener` asked, with the locked incident, before it ends; it raises to stop it."""
    if listener not in _before_end:
        _before_end.append(listener)


def declare(
    *,
    agency: Agency,
    kind: IncidentKind,
    title: str,
    why: str,
    by: User,
    form_token: str,
    level: int = 4,
    place: str = "",
    lang: str = "en",
    detected_at: datetime | None = None,
    issue: Issue | None = None,
    watched: str = "",
) -> Incident:
    """Say that it is one. Scheduled posts stop in the same moment. The same form gives the same.

    `detected_at` is when the desk noticed: the first post, not the declaration. Raises NotAllowed,
    Invalid.
    """
    require(by, agency.pk, Ability.REPLY)
    title = read_line(title, TITLE_LIMIT, _("Say in a few words what happened, and where."))
    why = read_text(why, REASON_LIMIT) or title
    check_headline(title)
    place = read_line(place, PLACE_LIMIT)
    check_headline(place)
    terms = read_terms(watched) if watched.strip() else terms_of_place(place)
    if not form_token or len(form_token) > TOKEN_LIMIT:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    _check_level(level)
    if issue is not None and issue.agency_id != agency.pk:
        raise Invalid(_("That issue is not of your agency."))
    known = Incident.objects.filter(agency=agency, form_token=form_token).first()
    if known is not None:
        return known
    now = clock.now()
    noticed = min(detected_at or now, now)
    try:
        with transaction.atomic():
            # One after the other in an agency: the number is the next.
            Agency.objects.select_for_update().get(pk=agency.pk)
            last = Incident.objects.filter(agency=agency).aggregate(last=Max("number"))["last"]
            number = (last or 0) + 1
            incident = Incident.objects.create(
                agency=agency, number=number, kind=kind.value, title=title, place=place,
                slug=_make_slug(number, title), lang=lang if lang in ("en", "es") else "en",
                level=level, detected_at=noticed, declared_at=now, declared_by=by,
                declared_why=why, issue=issue, next_word_due=first_word_due(noticed, now),
                form_token=form_token, watched="\n".join(terms),
            )  # fmt: skip
            held = freeze_scheduled(agency, by, _("Incident: %(title)s") % {"title": title})
            tell(
                incident, "person:incident:declared", by=by, text=why,
                payload={
                    "number": number, "kind": kind.value, "title": title, "place": place,
                    "level": level, "detected_at": noticed.isoformat(), "scheduled_held": held,
                    "issue": issue.pk if issue else None,
                },
            )  # fmt: skip
            _take_role(incident, RoomRole.LEAD, by, by)
    except IntegrityError:
        # The same form twice at the same moment: the first one counts.
        return Incident.objects.get(agency=agency, form_token=form_token)
    return incident


def set_level(
    *, incident: Incident, level: int, why: str, by: User, expected_version: int | None
) -> Incident:
    """Raise or lower it, with the reason; a graver level wants the next word sooner."""
    require(by, incident.agency_id, Ability.REPLY)
    _check_level(level)
    why = read_text(why, REASON_LIMIT, _("Say why this level; it is your judgment that counts."))
    with transaction.atomic():
        locked = lock_incident(incident, by=by, expected_version=expected_version)
        before, locked.level = locked.level, level
        soonest = clock.now() + CADENCE[level]
        if locked.next_word_due is not None and locked.next_word_due > soonest:
            locked.next_word_due = soonest
        return save_incident(
            locked, "person:incident:level_set", by, why, {"level": [before, level]}
        )


def stand_down(*, incident: Incident, why: str, by: User, expected_version: int | None) -> Incident:
    """End it, with the reason: the public page says so at once.

    What is frozen stays frozen until a person releases it.
    """
    require(by, incident.agency_id, Ability.REPLY)
    why = read_text(why, REASON_LIMIT, _("Say why it is over."))
    with transaction.atomic():
        locked = lock_incident(incident, by=by, expected_version=expected_version)
        for listener in _before_end:
            listener(locked)
        locked.state = IncidentState.OVER
        locked.over_at, locked.over_by, locked.over_why = clock.now(), by, why
        locked.next_word_due = None
        Duty.objects.filter(incident=locked, until__isnull=True).update(until=locked.over_at)
        return save_incident(locked, "person:incident:over", by, why, {"level": locked.level})


def reopen(*, incident: Incident, why: str, by: User, expected_version: int | None) -> Incident:
    """Go on with one that was over: it flared up again, or something said must be put right."""
    require(by, incident.agency_id, Ability.REPLY)
    why = read_text(why, REASON_LIMIT, _("Say why it goes on."))
    with transaction.atomic():
        locked = lock_incident(incident, by=by, expected_version=expected_version, over_too=True)
        if locked.runs:
            return locked
        locked.state = IncidentState.RUNNING
        locked.over_at, locked.over_by, locked.over_why = None, None, ""
        locked.next_word_due = clock.now() + CADENCE[locked.level]
        held = freeze_scheduled(
            locked.agency, by, _("Incident: %(title)s") % {"title": locked.title}
        )
        saved = save_incident(locked, "person:incident:reopened", by, why, {"scheduled_held": held})
        _take_role(saved, RoomRole.LEAD, by, by)
        return saved


def name_incident(
    *,
    incident: Incident,
    title: str,
    place: str,
    watched: str,
    by: User,
    expected_version: int | None,
) -> Incident:
    """Say better what happened and where, and what posts are found by. The address stays.

    Everybody reads the headline and the place: who may send may change them, and no more.
    """
    require(by, incident.agency_id, Ability.REPLY)
    title = read_line(title, TITLE_LIMIT, _("Say in a few words what happened, and where."))
    check_headline(title)
    place = read_line(place, PLACE_LIMIT)
    check_headline(place)
    terms = read_terms(watched)
    with transaction.atomic():
        locked = lock_incident(incident, by=by, expected_version=expected_version)
        before = [locked.title, locked.place, locked.watched_terms]
        locked.title, locked.place, locked.watched = title, place, "\n".join(terms)
        return save_incident(
            locked, "person:incident:named", by, title,
            {"before": before, "after": [title, place, terms]},
        )  # fmt: skip


def give_role(*, incident: Incident, role: RoomRole, user: User, by: User) -> Duty:
    """Have somebody do this from now on. Raises Invalid where they are no colleague."""
    with transaction.atomic():
        locked = lock_incident(incident, by=by)
        member = Membership.objects.filter(
            agency_id=locked.agency_id, user=user, active=True, user__is_active=True
        )
        if not member.exists():
            raise Invalid(_("Choose a colleague of your agency."))
        return _take_role(locked, role, user, by)


def note(*, incident: Incident, text: str, by: User) -> LogEntry:
    """Write a line into the log."""
    text = read_text(text, LOG_LIMIT, _("Write what should stand in the log."))
    with transaction.atomic():
        locked = lock_incident(incident, by=by, over_too=True, guests_too=True)
        return tell(locked, "person:incident:noted", by=by, text=text)


def lock_incident(
    incident: Incident,
    *,
    by: User,
    expected_version: int | None = None,
    over_too: bool = False,
    guests_too: bool = False,
) -> Incident:
    """The incident as it is now, locked. Raises NotAllowed, Conflict, Invalid where it is over.

    With `guests_too` also for people of an agency that sits in it now: looked at under the lock,
    so that nobody acts after their seat ended.
    """
    if not guests_too:
        require(by, incident.agency_id, Ability.WORK)
    locked = Incident.objects.select_for_update().get(pk=incident.pk, agency_id=incident.agency_id)
    if guests_too and not sits_as_guest(locked, by):
        require(by, incident.agency_id, Ability.WORK)
    if expected_version is not None and locked.version != expected_version:
        raise Conflict(
            _(
                "Somebody changed this incident while you looked at it. Nothing was changed. Look "
                "at it as it is now, then do it again if it is still right."
            ),
            version=locked.version,
        )
    if not locked.runs and not over_too:
        raise Invalid(_("This incident is over."))
    return locked


def sits_as_guest(incident: Incident, user: User) -> bool:
    """Whether the person may work for an agency that is a guest in it now."""
    if not incident.runs:
        return False
    seats = live_seats(incident).values("guest_id")
    members = Membership.objects.filter(
        user=user, agency_id__in=seats, active=True, user__is_active=True
    )
    return any(member.may(Ability.WORK) for member in members)


def live_seats(incident: Incident) -> QuerySet[Guest]:
    """The agencies that sit in it now: invited, accepted, not ended."""
    return Guest.objects.filter(incident=incident, accepted_at__isnull=False, until__isnull=True)


def save_incident(
    incident: Incident, action: str, by: User, text: str, payload: dict[str, object]
) -> Incident:
    """Keep a change and tell of it. In the caller's transaction."""
    incident.version += 1
    incident.save()
    tell(incident, action, by=by, text=text, payload=payload)
    return incident


def _take_role(incident: Incident, role: RoomRole, user: User, by: User) -> Duty:
    now = clock.now()
    before = Duty.objects.filter(incident=incident, role=role.value, until__isnull=True).first()
    if before is not None:
        if before.user_id == user.pk:
            return before
        before.until = now
        before.save(update_fields=["until"])
    duty = Duty.objects.create(
        agency_id=incident.agency_id, incident=incident, role=role.value, user=user, at=now, by=by
    )
    tell(
        incident, "person:incident:role_given", by=by,
        payload={
            "role": role.value, "to": user.pk, "name": user.name,
            "from": before.user_id if before else None,
        },
    )  # fmt: skip
    return duty


def check_headline(title: str) -> None:
    """Raise Invalid where a title says what two people must confirm: the public reads it."""
    if subjects_in(title):
        raise Invalid(
            _(
                "The headline is public at once, so it must not say what two people have to "
                "confirm. Name the kind of event and the place; the rest goes into the facts."
            )
        )


def read_terms(text: str) -> list[str]:
    """Words, phrases and hashtags that posts are found by, one a line. Raises Invalid."""
    terms = list(dict.fromkeys(clean_name(line) for line in text.splitlines()[:100]))
    terms = [term for term in terms if term]
    if len(terms) > MOST_TERMS or any(len(term) > TERM_LIMIT for term in terms):
        raise Invalid(
            _("At most %(n)d lines with %(limit)d characters each to find posts by.")
            % {"n": MOST_TERMS, "limit": TERM_LIMIT}
        )
    return terms


def terms_of_place(place: str) -> list[str]:
    """Each part of a place by itself: "Pier 4, Water Street" is named by either."""
    parts = (part.strip(" .") for part in re.split(r"[,;/]| and | y ", place))
    return [part[:TERM_LIMIT] for part in parts if len(part) > 2][:MOST_TERMS]


def _make_slug(number: int, title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_LENGTH].strip("-")
    return f"{number}-{words}" if words else str(number)


def _check_level(level: int) -> None:
    if level not in LEVELS:
        raise Invalid(_("Choose one of the levels."))
