"""Numbers and times as people type them."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _

from levelhead.kernel.errors import Invalid

_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def read_number(text: str) -> int:
    """A small whole number. Raises Invalid."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Invalid(_("Give a whole number."))
    return int(text)


def read_minutes(text: str) -> int | None:
    """Minutes after midnight; None where nothing was typed. Raises Invalid."""
    if not text.strip():
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise Invalid(_("Quiet hours are times of the day, such as 22:00."))
    return int(found[1]) * 60 + int(found[2])
