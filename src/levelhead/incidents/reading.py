"""Reading what people typed into an incident: bounded, cleaned, with a word about what is wrong."""

from __future__ import annotations

from django.utils.translation import gettext as _

from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_name, clean_text


def read_text(text: str, limit: int, missing: str = "") -> str:
    """Text of one or several lines. Raises Invalid: too long, or empty where `missing` is said."""
    _check_length(text, limit)
    return _check_there(clean_text(text, limit).strip(), missing)


def read_line(text: str, limit: int, missing: str = "") -> str:
    """Text on one line. Raises Invalid: too long, or empty where `missing` is said."""
    _check_length(text, limit)
    return _check_there(clean_name(text, limit), missing)


def _check_length(text: str, limit: int) -> None:
    if len(text) > limit:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": limit})


def _check_there(read: str, missing: str) -> str:
    if missing and not read:
        raise Invalid(missing)
    return read
