"""What is said about a claim, as a line for the next update."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from levelhead.corrections.domain import quote
from levelhead.rumors.domain import RumorState
from levelhead.rumors.models import Rumor


def line_for(rumor: Rumor) -> str:
    """The claim, what is so about it, and why; in the language of the incident."""
    with translation.override(rumor.incident.lang):
        said = {
            RumorState.FALSE: _("The rumor that “%(claim)s” is false."),
            RumorState.TRUE: _("It is true that “%(claim)s”."),
            RumorState.UNKNOWN: _("People say “%(claim)s”. We cannot confirm that."),
        }.get(RumorState(rumor.state), _("People say “%(claim)s”."))
        return f"{said % {'claim': quote(rumor.text).rstrip('.')}} {rumor.explanation}".strip()
