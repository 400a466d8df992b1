"""What a program's key looks like and what it may do. Pure."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from levelhead.accounts.domain import Ability

# What a key can be given; managing people and settings is for people.
SCOPES: Final = (Ability.READ, Ability.WORK, Ability.REPLY, Ability.RECORDS)
NAME_LIMIT: Final = 120
# Days that a key lives; none lives for ever.
LIFETIMES: Final = (30, 90, 365)
MOST_KEYS: Final = 50
# An answer is kept so long for the same request to come again.
REMEMBER: Final = timedelta(days=1)
ONCE_KEY_LIMIT: Final = 100

_SECRET_BYTES: Final = 32
_TOKEN: Final = re.compile(r"lh_(\d{1,19})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret when it is made: shown once, kept as its hash."""

    text: str
    digest: str


def make_secret() -> Secret:
    """256 random bits; so many need no slow hash."""
    text = secrets.token_urlsafe(_SECRET_BYTES)
    return Secret(text=text, digest=hash_secret(text))


def hash_secret(text: str) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_token(token_id: int, secret: str) -> str:
    """A key as its holder writes it: `lh_<id>_<secret>`."""
    return f"lh_{token_id}_{secret}"


def read_token(text: str) -> tuple[int, str] | None:
    """The id and the digest of a key's secret; None where it cannot be one."""
    found = _TOKEN.fullmatch(text.strip())
    if found is None:
        return None
    return int(found[1]), hash_secret(found[2])


def read_scopes(given: Collection[str]) -> tuple[str, ...]:
    """The known ones, in their order; reading is part of each."""
    chosen = [scope.value for scope in SCOPES if scope.value in given]
    if chosen and Ability.READ.value not in chosen and chosen != [Ability.RECORDS.value]:
        chosen.insert(0, Ability.READ.value)
    return tuple(chosen)
