"""Handovers on other pages, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import template
from django.utils.translation import gettext_lazy

from levelhead.accounts.domain import Ability
from levelhead.handover.domain import HandoverState, Section
from levelhead.handover.forms import GivingForm
from levelhead.handover.models import Handover
from levelhead.handover.queries import is_loud, on_today

register = template.Library()

SECTIONS: Final = {
    Section.FAILED: gettext_lazy("Replies that did not leave"),
    Section.CLOCKS: gettext_lazy("Clocks of the next 12 hours"),
    Section.MINE: gettext_lazy("Cases of the giver"),
    Section.SNOOZED: gettext_lazy("Put aside, back within 12 hours"),
    Section.RESEARCH: gettext_lazy("Questions to colleagues"),
    Section.COMMITMENTS: gettext_lazy("Commitments due within 12 hours"),
    Section.ISSUES: gettext_lazy("Issues of level 2 and more"),
    Section.MENTIONS: gettext_lazy("Notes that name the giver, not read yet"),
}
STATES: Final = {
    HandoverState.GIVEN: gettext_lazy("waits to be taken"),
    HandoverState.TAKEN: gettext_lazy("taken"),
    HandoverState.WITHDRAWN: gettext_lazy("taken back by its giver"),
}


@register.inclusion_tag("handover/_on_today.html", takes_context=True)
def handover_on_today(context: Mapping[str, Any]) -> dict[str, Any]:
    """What waits to be taken, what nobody took, and the offer near the end of a shift."""
    request = context["request"]
    shown = {"agency": request.agency, "csrf_token": context.get("csrf_token")}
    if not request.member.may(Ability.WORK):
        return shown
    shifts = context["strip"].duty.shifts
    return {**shown, "today": on_today(request.agency, request.person, shifts)}


@register.filter
def section_words(value: str) -> str:
    """What a section is called."""
    return str(SECTIONS[Section(value)])


@register.filter
def handover_state_words(value: str) -> str:
    """Where a handover stands."""
    return str(STATES[HandoverState(value)])


@register.filter
def loud(handover: Handover) -> bool:
    """Whether nobody has taken it for too long."""
    return is_loud(handover)


@register.simple_tag
def is_left_out(form: GivingForm, section: str, number: int) -> bool:
    """Whether the giver left a line out."""
    return number in form.left_out.get(Section(section), set())


@register.filter
def choice_for(form: GivingForm, case_id: int) -> str:
    """What the giver chose for a case."""
    return form.cases.get(case_id, "")
