"""The words that stand on the public page around what an agency says."""

from __future__ import annotations

from django.utils.translation import gettext as _

from levelhead.updates.domain import Audience


def audience_words(audience: Audience) -> str:
    """Whom an instruction is for, as they would say it themselves."""
    return {
        Audience.EVERYONE: _("Everyone"),
        Audience.INSIDE: _("If you are where it happens"),
        Audience.NEAR: _("If you are near"),
        Audience.FAMILIES: _("Families and friends"),
        Audience.PRESS: _("Press"),
    }[audience]


def verdict_words(verdict: str) -> str:
    """What became of a rumor."""
    return {
        "true": _("True"), "false": _("False"), "partly": _("Partly true"),
        "answered": _("Answered"),
    }.get(verdict, _("We do not know yet"))  # fmt: skip
