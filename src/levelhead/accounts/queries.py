"""Where a person belongs."""

from __future__ import annotations

from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency, Membership, User
from levelhead.kernel.errors import NotFound


def list_places(user: User) -> list[Membership]:
    """The agencies in which a person has a place."""
    places = Membership.objects.filter(user=user, active=True).select_related("agency")
    return list(places.order_by("agency__name")[:200])


def list_people(agency: Agency) -> list[Membership]:
    """Everybody who has or had a place, those who have first."""
    places = Membership.objects.filter(agency=agency).select_related("user")
    return list(places.order_by("-active", "user__name", "pk")[:1_000])


def find_place(agency: Agency, user_id: int) -> Membership:
    """A person's place in this agency, ended ones too. Raises NotFound."""
    found = (
        Membership.objects.filter(agency=agency, user_id=user_id)
        .select_related("user", "agency")
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return found
