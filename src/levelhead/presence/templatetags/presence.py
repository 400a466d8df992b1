"""Looking up who is at a row of the list."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from levelhead.presence.queries import Here

register = template.Library()


@register.filter
def of(present: Mapping[int, Here], case_id: int) -> Here | None:
    """Who is at this case; nothing where nobody else is."""
    return present.get(case_id) if present else None
