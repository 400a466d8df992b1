"""What was typed into a correction stays, also where it was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from levelhead.corrections.planning import InLanguage

register = template.Library()


@register.simple_tag
def typed_lead(typed: Mapping[str, Any], update_id: int, text: InLanguage) -> str:
    """The lead as it was typed, or the draft."""
    if typed and typed.get("update") == update_id:
        return str(typed["leads"].get(text.lang, text.lead))
    return text.lead


@register.simple_tag
def typed_known(typed: Mapping[str, Any], update_id: int, text: InLanguage, place: int) -> str:
    """A fact's words as they were typed, or as the ledger has them."""
    if typed and typed.get("update") == update_id:
        known = typed["known"].get(text.lang, ())
        if place < len(known):
            return str(known[place])
    return text.known[place]
