"""What the links in mails carry: signed, and worth nothing where the secret key changed."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from levelhead.incidents.models import Incident
from levelhead.publicpage.domain import LANGUAGES
from levelhead.subscribers.domain import LINK_HOLDS, read_address
from levelhead.subscribers.models import Subscriber
from levelhead.updates.framing import public_path

_CONFIRM = "levelhead.subscribers.confirm"
_END = "levelhead.subscribers.end"
TOKEN_LIMIT = 800


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Somebody followed the link in the mail to their address."""

    incident_id: int
    email: str
    lang: str


def digest_of(email: str) -> str:
    """What stands for an address where the address itself is not kept."""
    return salted_hmac(
        "levelhead.subscribers.address", email.casefold(), algorithm="sha256"
    ).hexdigest()


def confirm_token(incident: Incident, email: str, lang: str) -> str:
    """Of the link that makes a subscription; all of it stands in the link and nowhere else."""
    return signing.dumps([incident.pk, email, lang], salt=_CONFIRM)


def read_confirm(token: str) -> Asked | None:
    """What the link says; None where it is not ours or too old."""
    if not token or len(token) > TOKEN_LIMIT:
        return None
    try:
        told = signing.loads(token, salt=_CONFIRM, max_age=LINK_HOLDS)
        incident_id, email, lang = told
    except (signing.BadSignature, ValueError, TypeError):
        return None
    address = read_address(str(email))
    if address is None or lang not in LANGUAGES:
        return None
    return Asked(incident_id=int(incident_id), email=address, lang=lang)


def end_token(subscriber_id: int) -> str:
    """Of the link that ends a subscription; it holds for ever."""
    mark = salted_hmac(_END, str(subscriber_id), algorithm="sha256").hexdigest()[:32]
    return f"{subscriber_id}-{mark}"


def find_to_end(incident: Incident, token: str) -> Subscriber | None:
    """Whose subscription of this incident a link ends; None for any other token."""
    number, _, _mark = token.partition("-")
    if len(token) > 80 or not number.isascii() or not number.isdigit() or len(number) > 19:
        return None
    if not constant_time_compare(token, end_token(int(number))):
        return None
    return Subscriber.objects.filter(pk=int(number), incident=incident).first()


def address_of(incident: Incident, *steps: str) -> str:
    """A full address below the incident's public page."""
    base = str(settings.ENVIRONMENT.public_url).rstrip("/")
    return base + public_path(incident) + "".join(f"{step}/" for step in steps)
