"""People of an agency: given a place, another role, a new password; never without somebody who can.

A place is ended, never removed: what the person did stays theirs on the record.
"""

from __future__ import annotations

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.actions import add_member, record_event
from levelhead.accounts.domain import Ability, Role
from levelhead.accounts.models import Agency, Membership, User
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_name

NAME_LIMIT = 120
# Of a password that is drawn: 120 bits.
_DRAWN_BYTES = 15


def draw_password() -> str:
    """A password that nobody guesses; shown once."""
    return secrets.token_urlsafe(_DRAWN_BYTES)


def invite(
    *, agency: Agency, email: str, name: str, role: Role, by: User
) -> tuple[Membership, str | None]:
    """Give somebody a place, with a password where they are new on this installation."""
    require(by, agency.pk, Ability.MANAGE)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid(_("Give an e-mail address, such as dana@example.gov."), field="email") from (
            error
        )
    there = Membership.objects.filter(agency=agency, user__email=email).first()
    if there is not None:
        raise Invalid(
            _("%(email)s is one of your people already.") % {"email": email}
            if there.active
            else _("%(email)s had a place here: give it back below.") % {"email": email},
            field="email",
        )
    name = clean_name(name, NAME_LIMIT + 1)
    if not name or len(name) > NAME_LIMIT:
        raise Invalid(_("Give a name of 1 to %(n)d characters.") % {"n": NAME_LIMIT}, field="name")
    known = User.objects.filter(email=email).exists()
    password = None if known else draw_password()
    place = add_member(agency=agency, email=email, name=name, role=role, password=password, by=by)
    return place, password


def change_role(*, place: Membership, role: Role, by: User) -> Membership:
    """Have a person be something else here. Raises Invalid: the last administrator."""
    return _change(place, by, "person:member:role_changed", role=role)


def end_place(*, place: Membership, by: User) -> Membership:
    """A person belongs to the agency no more, at once. Raises Invalid: the last administrator."""
    return _change(place, by, "person:member:ended", active=False)


def give_back_place(*, place: Membership, by: User) -> Membership:
    """A person whose place was ended has it again, with the role of then."""
    return _change(place, by, "person:member:returned", active=True)


def _change(
    place: Membership, by: User, action: str, *, role: Role | None = None,
    active: bool | None = None,
) -> Membership:  # fmt: skip
    require(by, place.agency_id, Ability.MANAGE)
    with transaction.atomic():
        # One change of places at a time: two at once could each take the other away.
        Agency.objects.select_for_update().get(pk=place.agency_id)
        locked = Membership.objects.get(pk=place.pk)
        before = {"role": locked.role, "active": locked.active}
        locked.role = role.value if role is not None else locked.role
        locked.active = active if active is not None else locked.active
        after = {"role": locked.role, "active": locked.active}
        if after == before:
            return locked
        locked.save()
        left = Membership.objects.filter(
            agency_id=place.agency_id, active=True, role=Role.ADMINISTRATOR.value,
            user__is_active=True,
        )  # fmt: skip
        if not left.exists():
            raise Invalid(
                _("Somebody must be able to manage the agency: make another person an "
                  "administrator first.")
            )  # fmt: skip
        record_event(
            place.agency_id,
            subject=f"user:{locked.user_id}",
            action=action,
            by=by,
            payload={"before": before, "after": after},
        )
    return locked


def new_password(*, place: Membership, by: User) -> str:
    """Draw a password for somebody who has forgotten theirs; ends where they are signed in.

    Raises Invalid for who has a place elsewhere too: it would open that agency as well.
    """
    require(by, place.agency_id, Ability.MANAGE)
    elsewhere = Membership.objects.filter(user_id=place.user_id).exclude(agency_id=place.agency_id)
    if elsewhere.exists():
        raise Invalid(
            _("%(name)s has a place in another agency too. Whoever runs the installation gives a "
              "new password: levelhead password %(email)s")
            % {"name": place.user.name, "email": place.user.email}
        )  # fmt: skip
    password = draw_password()
    with transaction.atomic():
        place.user.set_password(password)
        place.user.save(update_fields=["password"])
        record_event(
            place.agency_id,
            subject=f"user:{place.user_id}",
            action="person:member:password_drawn",
            by=by,
            payload={},
        )
    return password


def draw_for(email: str) -> tuple[User, str]:
    """A new password, by whoever runs the installation. Raises Invalid where nobody has it."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise Invalid(f"Nobody here has the e-mail address {email.strip()[:254]!r}.")
    password = draw_password()
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        for agency_id in user.memberships.values_list("agency_id", flat=True):
            record_event(
                agency_id,
                subject=f"user:{user.pk}",
                action="person:member:password_drawn",
                by=None,
                payload={},
            )
    return user, password


def change_own_password(*, user: User, old: str, new: str, again: str) -> None:
    """Take another password. Raises Invalid with what is wrong; sessions elsewhere end."""
    if not user.check_password(old):
        raise Invalid(_("The password that you have now is another one."), field="old")
    if new != again:
        raise Invalid(_("The two new passwords are not the same."), field="again")
    try:
        validate_password(new, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="new") from error
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        for agency_id in user.memberships.values_list("agency_id", flat=True):
            record_event(
                agency_id,
                subject=f"user:{user.pk}",
                action="person:member:password_changed",
                by=user,
                payload={},
            )
