"""The words for how far an approval is."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from levelhead.approvals.domain import Because
from levelhead.approvals.wording import STATES, say_all
from levelhead.web import words

register = template.Library()


@register.filter
def approval_words(state: str) -> str:
    """Where a request stands, in words."""
    return words.of(STATES, state)


@register.filter
def because_words(because: Iterable[Because]) -> str:
    """Reasons in words."""
    return say_all(because)


@register.filter
def lookup(found: dict[object, object], key: object) -> object:
    """What a mapping has for a key; nothing where it has none."""
    return found.get(key)
