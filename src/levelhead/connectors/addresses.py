"""The address of a platform's server as a channel's settings have it."""

from __future__ import annotations

from urllib.parse import urlsplit

from levelhead.channels.domain import ChannelAccount
from levelhead.kernel.errors import ConfigurationError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def required(account: ChannelAccount, title: str, name: str, value: object) -> str:
    """A setting or secret that the channel cannot do without. Raises ConfigurationError."""
    if isinstance(value, str) and value.strip():
        return value
    raise ConfigurationError(
        f"The {title} channel {account.name!r} has no {name}. Add it in the channel's settings."
    )


def service_address(account: ChannelAccount, title: str, example: str) -> str:
    """The server's address; the account's key goes there, so it must be encrypted.

    Raises ConfigurationError.
    """
    service = required(account, title, "service", account.settings.get("service")).strip()
    try:
        parts = urlsplit(service)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    fits = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not host or not fits or parts.username or parts.query or parts.fragment:
        raise ConfigurationError(
            f"The {title} channel {account.name!r} has the service {service[:200]!r}. It must be "
            f"the https address of the account's server, such as {example}."
        )
    return service
