"""The services by which people are called, through apprise: addresses checked, calls made."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _

from levelhead.alerts.domain import ADDRESS_LIMIT
from levelhead.kernel.errors import ChannelBusy, ChannelRefused, Invalid, SendUnclear

# They would put a window on the server's own screen, where nobody sits.
OF_THIS_MACHINE: Final = frozenset(
    {"dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "syslog"}
)
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{1,30})://", re.IGNORECASE)
# In the library's words for an error of the connection: these were never connected.
_NEVER_CONNECTED: Final = (
    "connection refused", "newconnectionerror", "connecttimeout", "name or service not known",
    "nameresolutionerror", "no route to host", "network is unreachable", "getaddrinfo",
)  # fmt: skip
_BROKEN: Final = ("socket exception", "connection error", "smtp")
_STATUS: Final = re.compile(r"error=(\d{3})")


def read_address(address: str) -> str:
    """An address as it may be shown, its keys left out. Raises Invalid where it is none."""
    # Here, not above: it brings well over a hundred services, which pages need not wait for.
    import apprise

    scheme = _SCHEME.match(address)
    if scheme is None or len(address) > ADDRESS_LIMIT:
        raise Invalid(
            _("That is not an address of a service. They look like ntfys://host/topic."),
            field="address",
        )
    if scheme[1].lower() in OF_THIS_MACHINE:
        raise Invalid(
            _("%(scheme)s shows on the server's own screen, where nobody sits.")
            % {"scheme": scheme[1]},
            field="address",
        )
    service = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if service is None:
        raise Invalid(
            _("No service can be called at that address. Look at how its kind is written."),
            field="address",
        )
    shown: str = service.url(privacy=True)  # type: ignore[no-untyped-call]
    return shown.partition("?")[0][:200]


def call(address: str, *, title: str, body: str) -> None:
    """Call once. Raises SendUnclear where it may have arrived, ChannelRefused, ChannelBusy."""
    import apprise

    service = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if service is None:
        raise ChannelRefused("The address is not one that can be called any more.")
    with apprise.LogCapture(level=10, fmt="%(message)s") as heard:  # type: ignore[no-untyped-call]
        called = service.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
        said = heard.getvalue().lower()
    if called:
        return
    if any(word in said for word in _BROKEN) and not any(w in said for w in _NEVER_CONNECTED):
        raise SendUnclear("The connection ended while the call was made; it may have arrived.")
    status = _STATUS.search(said)
    if status is None:
        raise ChannelBusy("The service could not be reached.")
    why = f"The service answered with the error {status[1]}."
    # 408 and 429 are passing; the other errors of this kind say that the address is wrong.
    if status[1].startswith("4") and status[1] not in ("408", "429"):
        raise ChannelRefused(why)
    raise ChannelBusy(why)
