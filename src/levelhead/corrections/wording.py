"""What a correction says: what was said, that it is not so, and what is so instead."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from levelhead.corrections.domain import Said, Truth, quote
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Fact
from levelhead.ledger.saying import fold


def truth_of(fact: Fact, text: str) -> tuple[Truth, Fact | None]:
    """How what was said stands, and the confirmed fact that may be said instead."""
    now = fact
    if fact.status == FactStatus.SUPERSEDED and fact.superseded_by is not None:
        now = fact.superseded_by
    if now.status == FactStatus.CONFIRMED:
        same = now.pk == fact.pk and fold(now.text) == fold(text)
        return (Truth.STANDS if same else Truth.REPLACED), now
    if fact.status == FactStatus.FALSE:
        return Truth.FALSE, None
    return Truth.UNSURE, None


def head_of(number: int | None, lang: str) -> str:
    """How a correction begins; `number` is the update's, None for a reply."""
    with translation.override(lang):
        return _("Correction to update %(n)d:") % {"n": number} if number else _("Correction:")


def draft_text(said: Said, *, lang: str, number: int | None, ledger_lang: str) -> str:
    """The draft in one language; `number` is the update's, None for a reply.

    What the ledger says in another language stands in double brackets: a person translates it, and
    nothing leaves while it is there.
    """
    with translation.override(lang):
        parts = [
            head_of(number, lang),
            _("We said “%(text)s”.") % {"text": quote(said.text).rstrip(".")},
        ]
        if said.truth is Truth.STANDS:
            parts.append(_("We checked it again, and it is so."))
        elif said.truth is Truth.UNSURE:
            parts.append(_("We are not sure of that any more. We are checking, and tell you here."))
        else:
            parts.append(_("That is not true."))
            if said.instead:
                instead = said.instead if lang == ledger_lang else f"[[{quote(said.instead)}]]"
                parts.append(_("In fact: %(text)s") % {"text": instead})
        return " ".join(parts)
