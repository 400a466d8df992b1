"""How replies of the agency leave: the settings page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.channels.models import Channel
from levelhead.kernel.errors import Invalid
from levelhead.replies import choosing
from levelhead.replies.domain import MOST_UNDO_SECONDS
from levelhead.replies.models import SendingChoice
from levelhead.replies.signing import SIGNATURE_LIMIT, SignHow, make_signature
from levelhead.web.middleware import status_of

CHANNELS: Final = 100
_FIELD: Final = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelRow:
    """How one channel signs; an empty `how` is as the agency does."""

    channel: Channel
    how: str
    text: str


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def sending(request: AgencyRequest) -> HttpResponse:
    """Undo, signature, and the sentence that offers another way; each part is saved alone."""
    error: Invalid | None = None
    if request.method == "POST":
        try:
            _save(request)
        except Invalid as found:
            error = found
        else:
            messages.success(request, _("Saved. Replies that are on their way stay as they are."))
            return redirect("reply-sending", agency=request.agency.slug)
    choice = choosing.choice_of(request.agency.pk)
    channels = list(Channel.objects.filter(agency=request.agency).order_by("name")[:CHANNELS])
    given = request.POST if error is not None else None
    return render(
        request,
        "replies/sending.html",
        {
            "error": error,
            "undo_seconds": _given(given, "undo_seconds", str(choosing.undo_seconds(choice))),
            "most": MOST_UNDO_SECONDS,
            "how": _given(given, "how", choice.sign_how),
            "text": _given(given, "text", choice.sign_text),
            "text_limit": SIGNATURE_LIMIT,
            "channels": [_row(channel, choice, given) for channel in channels],
            "offers": [
                (lang, _given(given, f"offer_{lang}", choice.other_way.get(lang, "")))
                for lang in choosing.OFFER_LANGUAGES
            ],
            "offer_limit": choosing.OFFER_LIMIT,
            "signed": make_signature(
                SignHow(choice.sign_how),
                choice.sign_text,
                choosing.signer_of(request.person, request.agency),
            ),
        },
        status=200 if error is None else status_of(error),
    )


def _given(given: QueryDict | None, name: str, kept: str) -> str:
    """What was typed where it could not be saved, else what is in force."""
    return kept if given is None else given.get(name, kept)[:_FIELD]


def _row(channel: Channel, choice: SendingChoice, given: QueryDict | None) -> ChannelRow:
    own = choice.sign_by_channel.get(str(channel.pk)) or {}
    return ChannelRow(
        channel=channel,
        how=_given(given, f"how_{channel.pk}", own.get("how", "")),
        text=_given(given, f"text_{channel.pk}", own.get("text", "")),
    )


def _save(request: AgencyRequest) -> None:
    given, agency, by = request.POST, request.agency, request.person
    part = given.get("part", "")
    if part == "undo":
        text = given.get("undo_seconds", "").strip()
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1
        choosing.choose_undo(agency=agency, seconds=number, by=by)
    elif part == "signature":
        own = {}
        for pk in Channel.objects.filter(agency=agency).values_list("pk", flat=True)[:CHANNELS]:
            if given.get(f"how_{pk}"):
                own[pk] = (_how(given.get(f"how_{pk}", "")), given.get(f"text_{pk}", "")[:_FIELD])
        choosing.choose_signature(
            agency=agency, how=_how(given.get("how", "")), text=given.get("text", "")[:_FIELD],
            by_channel=own, by=by,
        )  # fmt: skip
    elif part == "offer":
        sentences = {
            lang: given.get(f"offer_{lang}", "")[: 2 * _FIELD] for lang in choosing.OFFER_LANGUAGES
        }
        choosing.choose_other_way(agency=agency, sentences=sentences, by=by)
    else:
        raise Invalid(_("This form is not valid any more. Load the page again."))


def _how(text: str) -> SignHow:
    try:
        return SignHow(text)
    except ValueError as error:
        raise Invalid(_("Choose how replies are signed. Nothing was saved.")) from error
