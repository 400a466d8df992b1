"""The bounds and words of working together. Pure."""

from __future__ import annotations

from typing import Final

# A name that still fits the head of a list.
NAME_LIMIT: Final = 40
# Characters of an address that a view keeps.
ADDRESS_LIMIT: Final = 1_000
# Views of one person, and of the agency, which all of its people see.
MOST_OWN: Final = 20
MOST_SHARED: Final = 20
# Counts of views go up to here, then say that there are more.
COUNTED_TO: Final = 99
# How long a view that was deleted can be brought back.
UNDO_SECONDS: Final = 60
