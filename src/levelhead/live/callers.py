"""Who calls a live stream and from which page: read from the request alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from django.http.request import split_domain_port, validate_host

from levelhead.kernel.errors import Invalid, NotAllowed, NotFound

_PATH = re.compile(r"/live/(?P<slug>[-a-zA-Z0-9_]{1,60})/")
_NUMBER = re.compile(r"\d{1,19}")
_COOKIE_LIMIT = 8_192
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """What a request for a stream says."""

    agency_slug: str
    session_key: str
    # The last event the screen has seen; None where it wants only what comes.
    after: int | None
    # The page's origin as the browser gives it; empty where it gives none.
    origin: str


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case; of repeated ones the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def read_caller(
    *,
    path: str,
    query: bytes,
    headers: dict[str, str],
    session_cookie: str,
    allowed_hosts: Sequence[str],
    page_port: int,
) -> Caller:
    """What the request asks. Raises NotFound, NotAllowed and Invalid."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise NotFound("Here are only live streams, at /live/<agency>/.")
    host, _ = split_domain_port(headers.get("host", ""))
    if not host or not validate_host(host, allowed_hosts):
        raise Invalid("This host name is not served here; LEVELHEAD_ALLOWED_HOSTS lists those.")
    origin = headers.get("origin", "")
    if origin and not origin_allowed(
        origin, host=host, allowed_hosts=allowed_hosts, page_port=page_port
    ):
        raise NotAllowed("A page of another site may not listen here.")
    return Caller(
        agency_slug=found["slug"],
        session_key=_cookie(headers.get("cookie", ""), session_cookie),
        after=_after(query, headers),
        origin=origin,
    )


def origin_allowed(origin: str, *, host: str, allowed_hosts: Sequence[str], page_port: int) -> bool:
    """Whether a page of this origin may use the person's cookie here.

    It is ours when it stands on the host that is called, or on another that pages are served
    under, and on the pages' port or the one that a proxy in front gives them.
    """
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return False
    if (port or DEFAULT_PORTS[parts.scheme]) not in {page_port, DEFAULT_PORTS[parts.scheme]}:
        return False
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.lower()
    # "*" says that any host name leads here, not that any site may listen.
    named = [pattern for pattern in allowed_hosts if pattern != "*"]
    return name == host or validate_host(name, named)


def _cookie(header: str, name: str) -> str:
    if len(header) > _COOKIE_LIMIT:
        return ""
    try:
        jar = SimpleCookie(header)
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def _after(query: bytes, headers: dict[str, str]) -> int | None:
    given = headers.get("last-event-id", "").strip()
    if not given:
        try:
            fields = parse_qs(query.decode("ascii", "replace"), max_num_fields=10)
        except ValueError as error:
            raise Invalid("The address has too many fields.") from error
        given = fields.get("after", [""])[-1].strip()
    if not given:
        return None
    if not _NUMBER.fullmatch(given):
        raise Invalid("The last event is given as a number.")
    return min(int(given), (1 << 63) - 1)
