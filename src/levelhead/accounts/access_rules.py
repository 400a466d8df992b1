"""Whether a person may do something in an agency: asked by every action."""

from __future__ import annotations

from django.utils.translation import gettext as _

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Membership, User
from levelhead.kernel.errors import NotAllowed


def require(user: User, agency_id: int, ability: Ability) -> Membership:
    """The person's membership. Raises NotAllowed where it is missing or does not reach."""
    member = Membership.objects.filter(
        agency_id=agency_id, user=user, active=True, user__is_active=True
    ).first()
    if member is None or not member.may(ability):
        raise NotAllowed(
            _(
                "You may not do this here. Ask an administrator of the agency for the role it "
                "needs."
            ),
            ability=ability.value,
        )
    return member
