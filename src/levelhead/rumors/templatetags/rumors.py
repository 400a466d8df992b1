"""The words of the rumor board."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

STATES = {
    "open": _("not answered"),
    "answered": _("answered"),
    "true": _("true"),
    "false": _("false"),
    "unknown": _("cannot be confirmed"),
}
RESPONSES = {
    "none": _("nothing is done"),
    "monitor": _("watched"),
    "correct": _("to be corrected"),
    "escalate": _("to the lead"),
}
HARMS = {
    0: _("0, harmless"),
    1: _("1, a nuisance"),
    2: _("2, people may act wrongly"),
    3: _("3, people may be hurt"),
}


@register.filter
def rumor_state_words(state: str) -> str | Promise:
    """What is known about a claim."""
    return STATES.get(state, state)


@register.filter
def rumor_response_words(response: str) -> str | Promise:
    """What is done about a claim."""
    return RESPONSES.get(response, response)


@register.filter
def harm_words(harm: int) -> str | Promise:
    """How much harm a claim does."""
    return HARMS.get(harm, str(harm))
