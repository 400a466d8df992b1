"""Programs that ask the API: each with a key of one person."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client

from levelhead.accounts.models import Agency, User
from levelhead.api.domain import LIFETIMES, SCOPES, make_secret, write_token
from levelhead.api.models import ApiToken
from levelhead.kernel import clock

EVERYTHING = tuple(scope.value for scope in SCOPES)


def key_of(
    agency: Agency, person: User, *, scopes: tuple[str, ...] = EVERYTHING, **fields: Any
) -> str:
    """A key that acts as `person`, whoever may make keys."""
    secret = make_secret()
    expires = fields.pop("expires_at", clock.now() + timedelta(days=LIFETIMES[0]))
    token = ApiToken.objects.create(
        agency=agency, name="A program", digest=secret.digest, scopes=list(scopes),
        person=person, expires_at=expires, **fields,
    )  # fmt: skip
    return write_token(token.pk, secret.text)


class Program:
    """Sends requests with a key, below one agency."""

    def __init__(self, slug: str, key: str = "") -> None:
        self.base = f"/api/v1/{slug}"
        self.client = Client(headers={"authorization": f"Bearer {key}"} if key else {})

    def get(self, path: str, **given: Any) -> HttpResponse:
        return self.client.get(self.base + path, given)

    def post(self, path: str, body: object = None, *, once: str = "") -> HttpResponse:
        headers = {"idempotency-key": once} if once else {}
        data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {})
        return self.client.post(
            self.base + path, data, content_type="application/json", headers=headers
        )
