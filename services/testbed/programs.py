"""Programs that tests need and that are no servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from testbed.service import Addresses


class Programs:
    """Installed, never started."""

    name: ClassVar[str] = "programs"
    programs: ClassVar[Mapping[str, str]] = {"msgfmt": "gettext", "chromium": "chromium"}
    needs: ClassVar[tuple[str, ...]] = ()
    variable: ClassVar[str | None] = None

    def install(self) -> None:
        pass

    def start(self, up: Mapping[str, Addresses]) -> Addresses:
        return {}

    def answers(self, addresses: Addresses) -> bool:
        return True

    def stop(self) -> bool:
        return False

    def value(self, addresses: Addresses) -> str:
        return ""
