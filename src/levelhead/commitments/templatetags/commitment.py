"""The words for how far a commitment is."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from levelhead.commitments.domain import CommitmentState, distance_to
from levelhead.kernel import clock

register = template.Library()


@register.filter
def lateness(due: datetime) -> str:
    """How late it is, or how long there still is, in words."""
    distance = distance_to(due, clock.now())
    count = distance.count
    if distance.unit == "minutes" and count == 0:
        return _("due just now")
    if distance.late:
        words = {
            "minutes": ngettext("%(n)d minute late", "%(n)d minutes late", count),
            "hours": ngettext("%(n)d hour late", "%(n)d hours late", count),
            "days": ngettext("%(n)d day late", "%(n)d days late", count),
        }
    else:
        words = {
            "minutes": ngettext("%(n)d minute left", "%(n)d minutes left", count),
            "hours": ngettext("%(n)d hour left", "%(n)d hours left", count),
            "days": ngettext("%(n)d day left", "%(n)d days left", count),
        }
    return words[distance.unit] % {"n": count}


@register.filter
def commitment_words(state: str) -> str:
    """Where a commitment stands, in words."""
    return {
        CommitmentState.ASKED: _("not decided yet"),
        CommitmentState.OPEN: _("open"),
        CommitmentState.KEPT: _("kept"),
        CommitmentState.DROPPED: _("dropped"),
        CommitmentState.NO_PROMISE: _("not a promise"),
    }[CommitmentState(state)]
