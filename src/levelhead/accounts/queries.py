"""Where a person belongs."""

from __future__ import annotations

from levelhead.accounts.models import Membership, User


def list_places(user: User) -> list[Membership]:
    """The agencies in which a person has a place."""
    places = Membership.objects.filter(user=user, active=True).select_related("agency")
    return list(places.order_by("agency__name")[:200])
