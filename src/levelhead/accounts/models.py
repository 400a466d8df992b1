"""People, agencies, and who belongs where."""

from __future__ import annotations

import json
import zoneinfo
from functools import lru_cache
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from levelhead.accounts.domain import Ability, Role, allows
from levelhead.doctrine.clocks import Schedule
from levelhead.kernel import clock


class AgencyOwned(models.Model):
    """Every row belongs to an agency; nothing crosses from one to another."""

    # No index of its own: a table that is searched by agency has one that says how.
    agency = models.ForeignKey(
        "accounts.Agency", on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class UserManager(BaseUserManager["User"]):
    """Makes people; the e-mail address is what they sign in with."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        """A person with a usable password, or none until one is set."""
        if not email:
            raise ValueError("A person needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    # How the public sees this person, where it is not by name; empty for the name.
    public_name = models.CharField(max_length=60, default="", db_default="", blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=clock.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def signs_as(self) -> str:
        """The name under what this person writes in public."""
        return self.public_name or self.name


def check_zone(value: str) -> None:
    """Raise ValidationError unless `value` names a time zone."""
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError(
            _("%(zone)s is not a time zone. Give one such as America/Chicago.")
            % {"zone": value[:60]}
        ) from error


def default_schedule() -> dict[str, object]:
    """Monday to Friday, 8 to 17, no holidays."""
    return {
        "hours": {
            day: [["08:00", "17:00"]]
            for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
        },
        "holidays": [],
    }


@lru_cache(maxsize=4096)
def _read_schedule(zone: str, told: str) -> Schedule:
    """One object for the same hours: it remembers due times that were worked out before."""
    return Schedule.from_json({"zone": zone, **json.loads(told)})


class Agency(models.Model):
    """A public body that uses this installation."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(unique=True, max_length=60)
    zone = models.CharField(
        _("time zone"), max_length=60, default="America/Chicago", validators=[check_zone]
    )
    # Office hours by weekday and holidays; doctrine.clocks.Schedule reads and checks it.
    schedule = models.JSONField(default=default_schedule)
    created_at = models.DateTimeField(default=clock.now)
    # Set with the first rule of approval: who has none is asked nothing more for it.
    approves = models.BooleanField(default=False, db_default=False)
    # Set when drafting by a model is first turned on, for the same reason.
    drafts = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name_plural = "agencies"

    def __str__(self) -> str:
        return self.name

    @property
    def office_schedule(self) -> Schedule:
        """Office hours in the agency's zone."""
        return _read_schedule(self.zone, json.dumps(self.schedule, sort_keys=True))


class Membership(AgencyOwned):
    """A person's place in an agency."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(
        max_length=20, choices=[(role.value, role.value) for role in Role], default=Role.VIEWER
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "user"], name="one_membership_per_agency")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.agency_id} as {self.role}"

    def may(self, ability: Ability) -> bool:
        """Whether this person may do it here."""
        return self.active and allows(Role(self.role), ability)
