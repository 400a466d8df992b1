"""Where a browser finds the live stream."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def stream_base(request: HttpRequest) -> str:
    """The address below which the stream is: the one that was set, else our port on this host."""
    environment = settings.ENVIRONMENT
    if environment.stream_url:
        return str(environment.stream_url).rstrip("/")
    host = urlsplit(f"//{request.get_host()}").hostname or "localhost"
    if ":" in host:
        host = f"[{host}]"
    return f"{request.scheme}://{host}:{environment.stream_port}"


def stream_origin(request: HttpRequest) -> str:
    """Scheme, host and port of the stream, for the content policy."""
    parts = urlsplit(stream_base(request))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def stream_url(request: HttpRequest, slug: str, after: int) -> str:
    """The stream of an agency from an event on."""
    return f"{stream_base(request)}/live/{slug}/?after={after}"
