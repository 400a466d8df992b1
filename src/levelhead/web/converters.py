"""Parts of addresses."""

from __future__ import annotations

from typing import Final

LARGEST_ID: Final = (1 << 63) - 1


class RowIdConverter:
    """A row's id, as large as a database takes; anything larger is no address."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """Raises ValueError, which is "no such address" to Django."""
        number = int(value)
        if number > LARGEST_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)
