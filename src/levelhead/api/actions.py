"""Making keys, taking them back, and acting once on a request that comes twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.api.domain import (
    LIFETIMES,
    MOST_KEYS,
    NAME_LIMIT,
    ONCE_KEY_LIMIT,
    REMEMBER,
    make_secret,
    read_scopes,
    write_token,
)
from levelhead.api.models import ApiCall, ApiToken
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotFound
from levelhead.kernel.text import clean_name
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


@dataclass(frozen=True, slots=True)
class NewToken:
    """A key that was just made. `text` is shown now and never again."""

    token: ApiToken
    text: str


def make_token(
    *, agency: Agency, name: str, scopes: Collection[str], days: int, by: User
) -> NewToken:
    """A key with which a program acts as `by`. Raises Invalid, NotAllowed.

    What the person may not do the key cannot either, now or later.
    """
    require(by, agency.pk, Ability.MANAGE)
    name = clean_name(name, NAME_LIMIT + 1)
    if not name or len(name) > NAME_LIMIT:
        raise Invalid(_("Give the key a name of 1 to 120 characters: what is it for?"))
    chosen = read_scopes(scopes)
    if not chosen:
        raise Invalid(_("Choose what the key may do."))
    if days not in LIFETIMES:
        raise Invalid(_("Choose one of the lifetimes offered."))
    now = clock.now()
    secret = make_secret()
    with transaction.atomic():
        # The agency's row is the queue at which two who make keys at once wait.
        Agency.objects.select_for_update().get(pk=agency.pk)
        held = ApiToken.objects.filter(agency=agency, revoked_at=None, expires_at__gt=now)
        if held.count() >= MOST_KEYS:
            raise Invalid(
                _("There are %(most)d keys already. Take back those that nobody uses.")
                % {"most": MOST_KEYS}
            )
        token = ApiToken.objects.create(
            agency=agency, name=name, digest=secret.digest, scopes=list(chosen), person=by,
            made_at=now, expires_at=now + timedelta(days=days),
        )  # fmt: skip
        _record(token, "person:token:made", by, {"name": name, "scopes": list(chosen)})
    return NewToken(token=token, text=write_token(token.pk, secret.text))


def revoke_token(*, agency: Agency, token_id: int, by: User) -> ApiToken:
    """Take a key back, from this moment on. Once more does nothing. Raises NotFound."""
    require(by, agency.pk, Ability.MANAGE)
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().filter(agency=agency, pk=token_id).first()
        if token is None:
            raise NotFound(_("There is no such key here."))
        if token.revoked_at is None:
            token.revoked_at = clock.now()
            token.save(update_fields=["revoked_at"])
            _record(token, "person:token:revoked", by, {"name": token.name})
    return token


def _record(token: ApiToken, action: str, by: User, payload: dict[str, object]) -> None:
    append_events(
        agency_id=token.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"token:{token.pk}", action=action, actor=f"user:{by.pk}", payload=payload
            )
        ],
    )


def act_once(*, token: ApiToken, key: str, request: bytes, act: Callable[[], str]) -> str:
    """The answer of `act`, or the one that it gave when this key came before.

    What `act` writes and its answer are kept together or not at all, so that a program which
    never heard the answer may ask again. `request` says what was asked. Raises Invalid for a key
    that cannot be one, Conflict where the key stands for another request.
    """
    if len(key) > ONCE_KEY_LIMIT or not key.isascii() or not key.isprintable():
        raise Invalid(_("An Idempotency-Key has at most 100 printable ASCII characters."))
    digest = hashlib.sha256(request).hexdigest()
    kept = _find_call(token, key, digest)
    if kept is not None:
        return kept.answer
    try:
        with transaction.atomic():
            call = ApiCall.objects.create(
                agency_id=token.agency_id, token=token, key=key, digest=digest, at=clock.now()
            )
            answer = act()
            call.answer = answer
            call.save(update_fields=["answer"])
    except IntegrityError:
        # The same request at the same moment: the first one counted.
        kept = _find_call(token, key, digest)
        if kept is None:
            raise
        return kept.answer
    return answer


def _find_call(token: ApiToken, key: str, digest: str) -> ApiCall | None:
    call = ApiCall.objects.filter(token=token, key=key).first()
    if call is not None and call.digest != digest:
        raise Conflict(
            _("This Idempotency-Key was used for another request. Nothing was done; use a new one.")
        )
    return call


def forget_calls() -> int:
    """Remove answers older than a day; gives how many."""
    removed, _rows = ApiCall.objects.filter(at__lt=clock.now() - REMEMBER).delete()
    return removed
