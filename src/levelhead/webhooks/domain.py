"""What is told to other programs, how it is signed, and when it is tried again. Pure.

The signature follows the Standard Webhooks specification (v1, HMAC-SHA256), for which checkers
exist in most languages.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

URL_LIMIT: Final = 500
MOST_TARGETS: Final = 10
# Events in one delivery.
BATCH: Final = 100
# Waits after the first, second, … failure in a row; then the last again and again.
WAITS: Final = (
    timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10),
    timedelta(hours=1), timedelta(hours=3),
)  # fmt: skip
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how a secret begins
# Hours of failure after which a person must look: nothing is given up, but it is said.
LOUD_AFTER: Final = timedelta(hours=1)


class TargetState(StrEnum):
    """Whether a target is told."""

    ON = "on"
    PAUSED = "paused"


class Topic(StrEnum):
    """What a target can ask to be told of: the beginnings of a record's actions."""

    CASES = "cases"
    REPLIES = "replies"
    ANSWERS = "answers"
    COMMITMENTS = "commitments"
    POSTS = "posts"
    SETTINGS = "settings"


# Of "source:subject:action" the subject decides.
SUBJECTS: Final[dict[Topic, frozenset[str]]] = {
    Topic.CASES: frozenset({"case", "note", "conversation"}),
    Topic.REPLIES: frozenset({"reply", "message", "approval", "drafting"}),
    Topic.ANSWERS: frozenset({"answer"}),
    Topic.COMMITMENTS: frozenset({"commitment"}),
    Topic.POSTS: frozenset({"post"}),
    Topic.SETTINGS: frozenset(
        {"agency", "member", "channel", "token", "webhook", "learning", "rule"}
    ),
}


def topic_of(action: str) -> Topic | None:
    """The topic that an action on the record belongs to."""
    subject = action.split(":")[1] if action.count(":") >= 2 else ""
    return next((topic for topic, names in SUBJECTS.items() if subject in names), None)


def make_secret() -> str:
    """A secret as both sides keep it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"


def wait_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    return WAITS[min(max(failures, 1), len(WAITS)) - 1]


class UrlFault(StrEnum):
    """Why an address is not taken."""

    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    SCHEME = "scheme"
    SECRETS = "secrets"


def find_fault(url: str, *, private: bool) -> UrlFault | None:
    """Why nothing should be sent to `url`; None where it can be.

    HTTPS only, unless `private` networks are allowed, where plain HTTP on them is too.
    """
    if len(url) > URL_LIMIT:
        return UrlFault.TOO_LONG
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return UrlFault.UNREADABLE
    if not url.isascii() or not url.isprintable() or " " in url or port == 0:
        return UrlFault.UNREADABLE
    if parts.scheme not in ({"https", "http"} if private else {"https"}) or not parts.hostname:
        return UrlFault.SCHEME
    if parts.username is not None or parts.password is not None or parts.fragment:
        return UrlFault.SECRETS
    return None


def choose_address(addresses: Sequence[str], *, private: bool) -> str | None:
    """The first address that may be called; None where all are inside our own walls.

    What a name stands for can change between two look-ups, so the one that was checked is the
    one that is called.
    """
    for text in addresses:
        try:
            address = ipaddress.ip_address(text.split("%")[0])
        except ValueError:
            continue
        mapped = getattr(address, "ipv4_mapped", None)
        inner = mapped or address
        if private and not inner.is_multicast and not inner.is_unspecified:
            return text
        if inner.is_global and not inner.is_multicast:
            return text
    return None
