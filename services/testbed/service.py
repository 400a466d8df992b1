"""What a test service is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

Addresses = Mapping[str, object]


class Service(Protocol):
    """One server that tests talk to; a module of its own in this package, listed in catalog."""

    name: ClassVar[str]
    # Program that must be there -> Debian package that brings it.
    programs: ClassVar[Mapping[str, str]]
    # Services that must be up first, by name.
    needs: ClassVar[tuple[str, ...]]
    # Environment variable that hands the address to tests; None where there is none.
    variable: ClassVar[str | None]

    def install(self) -> None:
        """Bring what packages do not: done once, cheap when repeated. Raises ServiceError."""
        ...

    def start(self, up: Mapping[str, Addresses]) -> Addresses:
        """Start and wait until it answers; gives its addresses. `up`: those of what it needs.

        Called only where it does not run. Raises ServiceError.
        """
        ...

    def answers(self, addresses: Addresses) -> bool:
        """True where the server at these addresses answers now."""
        ...

    def stop(self) -> bool:
        """Stop it; false where it was not running."""
        ...

    def value(self, addresses: Addresses) -> str:
        """What `variable` says."""
        ...
