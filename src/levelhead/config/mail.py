"""Addresses of mail servers as settings have them, checked."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from levelhead.kernel.errors import ConfigurationError

# Scheme -> (port, whether the connection is encrypted from its first byte).
SMTP: Final = {"smtp": (587, False), "smtps": (465, True)}
IMAP: Final = {"imap": (143, False), "imaps": (993, True)}


@dataclass(frozen=True, kw_only=True, slots=True)
class MailServer:
    """One mail server and the account on it."""

    host: str
    port: int
    user: str
    password: str
    # Encrypted from the first byte; else STARTTLS is asked for, and must be given.
    tls: bool
    # A server on this machine may do without encryption.
    local: bool
    # The folder that is read; of IMAP only.
    folder: str


def read_server(setting: str, address: str, schemes: dict[str, tuple[int, bool]]) -> MailServer:
    """The server at an address such as smtp://user:password@host:587. Raises ConfigurationError."""
    example = "smtps://user:password@mail.example.gov" if "smtp" in schemes else (
        "imaps://user:password@mail.example.gov/INBOX"
    )  # fmt: skip
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{setting} is no address; give one like {example}.") from error
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(f"{setting} is no such address; give one like {example}.")
    standard, tls = schemes[parts.scheme]
    return MailServer(
        host=parts.hostname,
        port=port or standard,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
        local=_is_local(parts.hostname),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_web_address(setting: str, address: str) -> str:
    """The address under which people reach the desk, without a path at its end."""
    address = address.strip().rstrip("/")
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ConfigurationError(
            f"{setting} is no address; give one like https://desk.example.gov."
        )
    return address
