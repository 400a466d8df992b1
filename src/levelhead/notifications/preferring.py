"""What people choose to hear of, and what also goes to whoever is on duty."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.notifications.domain import DAY_MINUTES, DIGEST_AT, Choice, Kind
from levelhead.notifications.models import DutyKinds, Preferences
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def change_preferences(
    *,
    agency: Agency,
    person: User,
    choices: Mapping[Kind, Choice],
    quiet_from: int | None,
    quiet_to: int | None,
    digest_at: int | None,
) -> Preferences:
    """Keep what a person chose for themselves. Raises Invalid."""
    require(person, agency.pk, Ability.READ)
    if (quiet_from is None) != (quiet_to is None):
        raise Invalid(_("Quiet hours need a beginning and an end."), field="quiet")
    for minute in (quiet_from, quiet_to, digest_at):
        if minute is not None and not 0 <= minute < DAY_MINUTES:
            raise Invalid(_("Give a time of the day, such as 22:00."), field="quiet")
    with transaction.atomic():
        kept, _new = Preferences.objects.select_for_update().get_or_create(
            agency=agency, user=person
        )
        kept.choices = {kind.value: choice.to_json() for kind, choice in choices.items()}
        kept.quiet_from, kept.quiet_to = quiet_from, quiet_to
        kept.digest_at = DIGEST_AT if digest_at is None else digest_at
        kept.save()
    return kept


def change_duty_kinds(*, agency: Agency, kinds: Collection[Kind], by: User) -> None:
    """Say which kinds also go to whoever is on duty; on the record, since it is for everybody."""
    require(by, agency.pk, Ability.MANAGE)
    wanted = sorted(kind.value for kind in kinds)
    with transaction.atomic():
        kept, _new = DutyKinds.objects.select_for_update().get_or_create(agency=agency)
        if kept.kinds == wanted:
            return
        before, kept.kinds = kept.kinds, wanted
        kept.save()
        append_events(
            agency_id=agency.pk,
            chain=DESK_CHAIN,
            at=clock.now(),
            events=[
                EventToRecord(
                    subject=f"agency:{agency.pk}",
                    action="person:notification:duty_changed",
                    actor=f"user:{by.pk}",
                    payload={"kinds": [before, wanted]},
                )
            ],
        )
