"""The words for how far a question to a colleague is."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

from levelhead.research.domain import Arrival, MailKind, MailState, RequestState

register = template.Library()


@register.filter
def research_state(state: str) -> str:
    """Where a question stands, in words."""
    return {
        RequestState.WAITING: _("waits for the answer"),
        RequestState.NOT_MINE: _("somebody else was named"),
        RequestState.ANSWERED: _("answered, to be released"),
        RequestState.RELEASED: _("released, to be posted"),
        RequestState.POSTED: _("in the reply"),
        RequestState.WITHDRAWN: _("taken back"),
    }[RequestState(state)]


@register.filter
def mail_state(state: str) -> str:
    """Where a mail stands, in words."""
    return {
        MailState.QUEUED: _("waits to leave"),
        MailState.SENDING: _("is being handed over"),
        MailState.UNCLEAR: _("may have left; nobody knows"),
        MailState.SENT: _("left"),
        MailState.FAILED: _("did not leave"),
        MailState.WITHDRAWN: _("was stopped before it left"),
    }[MailState(state)]


@register.filter
def mail_kind(kind: str) -> str:
    """Why a mail was sent, in words."""
    return {
        MailKind.ASK: _("Question"),
        MailKind.ASK_AGAIN: _("Question back"),
        MailKind.REMINDER: _("Reminder"),
        MailKind.OVERDUE: _("Overdue notice"),
    }[MailKind(kind)]


@register.filter
def arrival_words(arrival: str) -> str:
    """What a mail that came is, in words."""
    return {
        Arrival.ANSWER: _("answer"),
        Arrival.LATE: _("came when no answer was waited for"),
        Arrival.AUTOMATIC: _("automatic answer; nobody wrote it"),
        Arrival.BOUNCE: _("the mail did not arrive"),
    }[Arrival(arrival)]
