"""The sentence of a notification, in the language in force."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from levelhead.notifications.domain import DeliveryState, Kind, Mail, Way
from levelhead.notifications.models import Notification

# What each kind is called where a person chooses.
KINDS: Final = {
    Kind.MENTION: gettext_lazy("I am named in a note"),
    Kind.ASSIGNED: gettext_lazy("A case is given to me"),
    Kind.RESEARCH_ANSWERED: gettext_lazy("A colleague answers what I asked"),
    Kind.RESEARCH_OVERDUE: gettext_lazy("An answer that I asked for is overdue"),
    Kind.REPLY_FAILED: gettext_lazy("A reply of mine does not leave"),
    Kind.COMMITMENT_DUE: gettext_lazy("A commitment of mine is due within a day"),
    Kind.COMMITMENT_OVERDUE: gettext_lazy("A commitment of mine is overdue"),
    Kind.APPROVAL: gettext_lazy("My approval is asked for"),
    Kind.HANDOVER: gettext_lazy("A shift is handed over to me"),
    Kind.HANDOVER_WAITS: gettext_lazy("Nobody has taken my handover"),
}
# The same for whoever is on duty.
DESK_KINDS: Final = {
    Kind.MENTION: gettext_lazy("Somebody is named in a note"),
    Kind.ASSIGNED: gettext_lazy("A case is given to somebody"),
    Kind.RESEARCH_ANSWERED: gettext_lazy("A colleague answers a question"),
    Kind.RESEARCH_OVERDUE: gettext_lazy("A colleague’s answer is overdue"),
    Kind.REPLY_FAILED: gettext_lazy("A reply does not leave"),
    Kind.COMMITMENT_DUE: gettext_lazy("A commitment is due within a day"),
    Kind.COMMITMENT_OVERDUE: gettext_lazy("A commitment is overdue"),
    Kind.APPROVAL: gettext_lazy("An approval is asked for"),
    Kind.HANDOVER: gettext_lazy("A shift is handed over"),
    Kind.HANDOVER_WAITS: gettext_lazy("Nobody has taken a handover"),
}
MAILS: Final = {
    Mail.NO: gettext_lazy("no"),
    Mail.NOW: gettext_lazy("at once"),
    Mail.DIGEST: gettext_lazy("in one a day"),
}
WAYS: Final = {
    Way.MAIL: gettext_lazy("E-mail"),
    Way.DIGEST: gettext_lazy("E-mail of the day"),
    Way.CALL: gettext_lazy("Call"),
}
DELIVERY_STATES: Final = {
    DeliveryState.QUEUED: gettext_lazy("waits"),
    DeliveryState.SENDING: gettext_lazy("is leaving"),
    DeliveryState.SENT: gettext_lazy("left"),
    DeliveryState.UNCLEAR: gettext_lazy("nobody knows whether it left"),
    DeliveryState.FAILED: gettext_lazy("could not leave"),
    DeliveryState.WITHDRAWN: gettext_lazy("was not needed any more"),
}


def sentence_of(one: Notification) -> str:
    """What happened, in one sentence without a resident's words or name."""
    who = one.by.name if one.by else _("Levelhead")
    given = {"who": who, "n": one.count}
    match Kind(one.kind):
        case Kind.MENTION:
            return _("%(who)s named you in a note") % given
        case Kind.ASSIGNED:
            return (
                ngettext("%(who)s gave you %(n)d case", "%(who)s gave you %(n)d cases", one.count)
                % given
            )
        case Kind.RESEARCH_ANSWERED:
            return _("A colleague answered a question of the desk")
        case Kind.RESEARCH_OVERDUE:
            return _("A colleague’s answer is overdue")
        case Kind.REPLY_FAILED:
            return _("A reply did not leave")
        case Kind.COMMITMENT_DUE:
            return _("A commitment is due within a day")
        case Kind.COMMITMENT_OVERDUE:
            return _("A commitment is overdue")
        case Kind.APPROVAL:
            return _("%(who)s asks for approval") % given
        case Kind.HANDOVER:
            return _("%(who)s hands the shift over") % given
        case Kind.HANDOVER_WAITS:
            return _("Nobody has taken your handover yet")
