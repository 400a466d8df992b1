"""Agencies, people and their places: all writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability, Role
from levelhead.accounts.models import Agency, Membership, User, check_zone, default_schedule
from levelhead.doctrine.clocks import Schedule
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_name
from levelhead.live.models import LiveHead
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

# A school is closed for a summer; whoever is closed longer has made a mistake.
LONGEST_CLOSED = timedelta(days=120)
# Addresses of the installation itself.
TAKEN_SLUGS = frozenset(
    {
        "accounts",
        "alert",
        "ask",
        "health",
        "hooks",
        "live",
        "me",
        "metrics",
        "static",
        "api",
        "admin",
        "public",
    }
)


def record_event(
    agency_id: int, *, subject: str, action: str, by: User | None, payload: Mapping[str, object]
) -> None:
    """Note on the agency's record what was done to it or to its people; `by` None is the desk."""
    append_events(
        agency_id=agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=subject,
                action=action,
                actor=f"user:{by.pk}" if by else "system",
                payload=payload,
            )
        ],
    )


def _checked(*, name: str, zone: str, schedule: Mapping[str, object]) -> str:
    name = clean_name(name, 121)
    if not name or len(name) > 120:
        raise Invalid(_("An agency's name has 1 to 120 characters."))
    try:
        check_zone(zone)
    except ValidationError as error:
        raise Invalid(error.messages[0]) from error
    _check_open(Schedule.from_json({"zone": zone, **schedule}))
    return name


def _check_open(schedule: Schedule) -> None:
    """Refuse hours that leave no working day: every clock would wait for one."""
    now = clock.now()
    try:
        soon = schedule.office_days(now, 1) <= now + LONGEST_CLOSED
    except Invalid:
        soon = False
    if not soon:
        raise Invalid(
            _(
                "With these closed days the office does not open within the next %(days)d days. "
                "Take some of them out, or no clock could run."
            )
            % {"days": LONGEST_CLOSED.days},
            field="holidays",
        )


def create_agency(
    *,
    name: str,
    slug: str,
    zone: str = "America/Chicago",
    schedule: Mapping[str, object] | None = None,
) -> Agency:
    """A new agency on this installation. Raises Invalid."""
    schedule = dict(schedule or default_schedule())
    name = _checked(name=name, zone=zone, schedule=schedule)
    if slug in TAKEN_SLUGS or not re.fullmatch(r"[a-z0-9-]{1,60}", slug):
        raise Invalid(
            f"{slug[:60]!r} cannot be an agency's short name. Use lower-case letters, digits and "
            f"hyphens, and none of: {', '.join(sorted(TAKEN_SLUGS))}."
        )
    with transaction.atomic():
        if Agency.objects.filter(slug=slug).exists():
            raise Invalid(f"There is already an agency at /{slug}/. Choose another short name.")
        agency = Agency.objects.create(name=name, slug=slug, zone=zone, schedule=schedule)
        LiveHead.objects.create(agency=agency)
        record_event(
            agency.pk,
            subject=f"agency:{agency.pk}",
            action="system:agency:created",
            by=None,
            payload={"name": name, "slug": slug, "zone": zone},
        )
    return agency


def add_member(
    *, agency: Agency, email: str, name: str, role: Role, password: str | None, by: User | None
) -> Membership:
    """Give a person a place in an agency; a person who is new here gets the password."""
    if by is not None:
        require(by, agency.pk, Ability.MANAGE)
    with transaction.atomic():
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            user = User.objects.create_user(email, password, name=clean_name(name, 120))
        if Membership.objects.filter(agency=agency, user=user).exists():
            raise Invalid(f"{email} already belongs to {agency.name}.")
        member = Membership.objects.create(agency=agency, user=user, role=role)
        record_event(
            agency.pk,
            subject=f"user:{user.pk}",
            action="person:member:added",
            by=by,
            payload={"role": role.value},
        )
    return member


def change_agency_settings(
    *, agency: Agency, by: User, name: str, zone: str, schedule: Mapping[str, object]
) -> Agency:
    """Change what is true of the agency. Clocks that run already keep their times."""
    require(by, agency.pk, Ability.MANAGE)
    name = _checked(name=name, zone=zone, schedule=schedule)
    with transaction.atomic():
        locked = Agency.objects.select_for_update().get(pk=agency.pk)
        before = {"name": locked.name, "zone": locked.zone, "schedule": locked.schedule}
        locked.name, locked.zone, locked.schedule = name, zone, dict(schedule)
        locked.save()
        record_event(
            agency.pk,
            subject=f"agency:{agency.pk}",
            action="person:agency:settings_changed",
            by=by,
            payload={
                "before": before,
                "after": {"name": name, "zone": zone, "schedule": dict(schedule)},
            },
        )
    return locked


# As long as the column that keeps it.
PUBLIC_NAME_LIMIT = 60


def change_own_settings(*, user: User, language: str, public_name: str | None = None) -> User:
    """Change what a person chose for themselves. Without `public_name` it stays as it is."""
    if language not in dict(django_settings.LANGUAGES):
        raise Invalid(_("Choose one of the languages offered."))
    if public_name is not None:
        name = clean_name(public_name, PUBLIC_NAME_LIMIT + 1)
        if len(name) > PUBLIC_NAME_LIMIT:
            raise Invalid(
                _("A public name has at most %(limit)d characters. Nothing was saved.")
                % {"limit": PUBLIC_NAME_LIMIT}
            )
        user.public_name = name
    user.language = language
    user.save(update_fields=["language", "public_name"])
    return user
