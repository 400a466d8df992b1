"""Signed tokens: of the link in a mail, and of the address that an answer by mail goes to.

Both are worked out from the row and the installation's secret key. The database alone opens
nothing: of the link it keeps only the hash.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from levelhead.research.models import ResearchRequest

TOKEN_LIMIT: Final = 64
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
# An id in 13 characters, the number of the link, and 100 bits of signature; in mail addresses
# upper and lower case are the same.
_MAIL_TOKEN: Final = re.compile(
    r"(?<![a-z0-9])q([a-z2-7]{13})-([0-9]{1,6})-([a-z2-7]{20})(?![a-z0-9])", re.IGNORECASE
)


def link_token(request_id: int, link_number: int) -> str:
    """The token of a request's link: 43 characters."""
    digest = salted_hmac(
        "levelhead.research.link", f"{request_id}:{link_number}", algorithm="sha256"
    ).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def hash_of(token: str) -> str:
    """What the database keeps of a token."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def find_by_token(token: str) -> ResearchRequest | None:
    """The request that a link's token opens, whatever its state; None for any other token.

    Also None where the secret key has changed since: the desk makes a new link.
    """
    if not token or len(token) > TOKEN_LIMIT:
        return None
    found = (
        ResearchRequest.objects.select_related("agency", "case__post")
        .filter(token_hash=hash_of(token))
        .first()
    )
    if found is None or not constant_time_compare(token, link_token(found.pk, found.link_number)):
        return None
    return found


def link_path(request: ResearchRequest) -> str:
    """The link without the host."""
    return reverse("ask", args=[link_token(request.pk, request.link_number)])


def mailed_link(request: ResearchRequest) -> str:
    """The link as it stands in a mail."""
    return str(settings.ENVIRONMENT.public_url) + link_path(request)


def mail_token(request_id: int, link_number: int) -> str:
    """The token in the address that answers by mail go to."""
    number = "".join(_ALPHABET[(request_id >> shift) & 31] for shift in range(60, -1, -5))
    return f"q{number}-{link_number}-{_mail_signature(request_id, link_number)}"


def _mail_signature(request_id: int, link_number: int) -> str:
    digest = salted_hmac(
        "levelhead.research.mail", f"{request_id}:{link_number}", algorithm="sha256"
    ).digest()
    return base64.b32encode(digest[:13]).decode("ascii").lower()[:20]


def find_mail_token(texts: Iterable[str]) -> tuple[int, int] | None:
    """The request and the number of its link in the first genuine token of these texts."""
    for text in texts:
        for mark in _MAIL_TOKEN.finditer(text[:20_000]):
            request_id = 0
            for letter in mark[1].lower():
                request_id = request_id << 5 | _ALPHABET.index(letter)
            link_number = int(mark[2])
            if constant_time_compare(mark[3].lower(), _mail_signature(request_id, link_number)):
                return request_id, link_number
    return None


def reply_address(request_id: int, link_number: int, sender: str) -> str:
    """The address that belongs to one question, below the installation's own."""
    local, _at, domain = sender.rpartition("@")
    return f"{local}+{mail_token(request_id, link_number)}@{domain}"
