"""Tokens of a month: counted before they are used, corrected after, and never above the ceiling."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import formats
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.drafting.domain import OverCeiling
from levelhead.drafting.models import DraftingChoice, DraftingMonth, MadeDraft
from levelhead.kernel import clock


def month_of(agency: Agency) -> str:
    """The month that it is where the agency is."""
    return f"{clock.now().astimezone(ZoneInfo(agency.zone)):%Y-%m}"


def used_in(agency: Agency) -> DraftingMonth:
    """What this month has used so far."""
    month = month_of(agency)
    found = DraftingMonth.objects.filter(agency=agency, month=month).first()
    return found or DraftingMonth(agency=agency, month=month)


def reserve(agency: Agency, choice: DraftingChoice, tokens: int) -> DraftingMonth:
    """Count `tokens` before they are used; within a transaction. Raises OverCeiling."""
    month, _made = DraftingMonth.objects.get_or_create(agency=agency, month=month_of(agency))
    room = DraftingMonth.objects.filter(
        pk=month.pk, tokens__lte=choice.monthly_tokens - tokens
    ).update(tokens=F("tokens") + tokens)
    if not room:
        raise OverCeiling(say_ceiling(choice.monthly_tokens), tokens=tokens)
    return month


def say_ceiling(tokens: int) -> str:
    """What people are told who cannot have a draft."""
    return _(
        "No draft was asked for: what is left of this month’s %(tokens)s tokens is not enough. "
        "An administrator can raise the ceiling in the settings, under Drafting. Write the reply "
        "yourself, or use an approved answer."
    ) % {"tokens": formats.number_format(tokens, use_l10n=True, force_grouping=True)}


def correct(made: MadeDraft, tokens: int) -> None:
    """What was counted before becomes what was used; once, since the row says what is counted."""
    changed = MadeDraft.objects.filter(pk=made.pk, tokens=made.tokens).update(tokens=tokens)
    if changed:
        DraftingMonth.objects.filter(pk=made.month_id).update(
            tokens=Greatest(F("tokens") - made.tokens + tokens, 0)
        )
        made.tokens = tokens
