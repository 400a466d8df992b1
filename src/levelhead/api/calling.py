"""The door for programs: a key in the Authorization header, a scope for each address."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Schema
from ninja.security import HttpBearer

from levelhead.accounts.domain import Ability
from levelhead.api.actions import act_once
from levelhead.api.queries import Caller, find_caller
from levelhead.kernel.errors import NotAllowed, NotFound
from levelhead.records.through import acting_through

Made = TypeVar("Made", bound=Schema)


class Key(HttpBearer):
    """`Authorization: Bearer lh_…`; cookies count for nothing here."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """Who calls; None is answered with 401."""
        return find_caller(token)


def enter(request: HttpRequest, agency: str, ability: Ability) -> Caller:
    """The caller, where key and person reach `ability` in this agency.

    Another agency looks like none: nobody learns which there are.
    """
    caller: Caller = request.auth  # type: ignore[attr-defined]  # the door sets it
    if caller.agency.slug != agency:
        raise NotFound(_("There is no such agency for this key."))
    if not caller.may(ability):
        raise NotAllowed(
            _("This key may not do that: it needs the scope “%(scope)s”, and so does its person.")
            % {"scope": ability.value},
            ability=ability.value,
        )
    return caller


def once(request: HttpRequest, caller: Caller, act: Callable[[], Made]) -> Made:
    """Do `act`; with an Idempotency-Key the same request a second time gives the same answer."""
    with acting_through(f"token:{caller.token.pk}"):
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return act()
        asked = b"\n".join(
            (str(request.method).encode(), request.get_full_path().encode(), request.body)
        )
        answer = act_once(
            token=caller.token, key=key, request=asked, act=lambda: act().model_dump_json()
        )
        # What was kept has the shape of what was made.
        return cast("Made", json.loads(answer))
