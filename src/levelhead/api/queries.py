"""The agency's keys, and whose a key is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.api.domain import read_token
from levelhead.api.models import ApiToken
from levelhead.kernel import clock

_MINUTE = timedelta(minutes=1)
SHOWN = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A program that may come in: as whom, where, and how far."""

    agency: Agency
    person: User
    member: Membership
    token: ApiToken

    def may(self, ability: Ability) -> bool:
        """Both the key and the person that it acts as must reach that far."""
        return ability.value in self.token.scopes and self.member.may(ability)


def find_caller(text: str) -> Caller | None:
    """Whose a key is; None where it is unknown, taken back, out of date, or its person gone."""
    read = read_token(text)
    if read is None:
        return None
    token_id, digest = read
    now = clock.now()
    token = (
        ApiToken.objects.select_related("agency", "person")
        .filter(pk=token_id, digest=digest, revoked_at=None, expires_at__gt=now)
        .first()
    )
    if token is None or not token.person.is_active:
        return None
    member = Membership.objects.filter(
        agency_id=token.agency_id, user_id=token.person_id, active=True
    ).first()
    if member is None:
        return None
    if token.last_used_at is None or now - token.last_used_at >= _MINUTE:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return Caller(agency=token.agency, person=token.person, member=member, token=token)


def list_tokens(agency: Agency) -> tuple[list[ApiToken], list[ApiToken], datetime]:
    """Keys in use and those that are over, the newest first; and the moment that was true."""
    now = clock.now()
    tokens = list(
        ApiToken.objects.select_related("person").filter(agency=agency).order_by("-pk")[:SHOWN]
    )
    held = [token for token in tokens if token.revoked_at is None and token.expires_at > now]
    return held, [token for token in tokens if token not in held], now
