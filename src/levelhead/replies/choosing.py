"""How replies of an agency leave and are signed: what is chosen, and changing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.channels.models import Channel
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_text
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.replies.domain import MOST_UNDO_SECONDS
from levelhead.replies.models import SendingChoice
from levelhead.replies.signing import (
    SIGNATURE_LIMIT,
    Signer,
    SignHow,
    find_strange,
    make_signature,
)

OFFER_LIMIT: Final = 300
OFFER_LANGUAGES: Final = ("en", "es")


def choice_of(agency_id: int) -> SendingChoice:
    """What the agency chose; what holds without a choice where it never chose."""
    found = SendingChoice.objects.filter(agency_id=agency_id).first()
    return found or SendingChoice(agency_id=agency_id)


def undo_seconds(choice: SendingChoice) -> int:
    """For how long a reply can be taken back."""
    if choice.undo_seconds is not None:
        return choice.undo_seconds
    standard: int = settings.REPLY_UNDO_SECONDS
    return standard


def signer_of(person: User, agency: Agency) -> Signer:
    """Who signs, as the public may know it."""
    return Signer(name=person.signs_as, chosen=bool(person.public_name), agency=agency.name)


def how_signed(choice: SendingChoice, channel_id: int) -> tuple[SignHow, str]:
    """How replies on a channel are signed: its own way, else the agency's."""
    own = choice.sign_by_channel.get(str(channel_id))
    if own:
        return SignHow(own["how"]), str(own["text"])
    return SignHow(choice.sign_how), choice.sign_text


def signature_for(choice: SendingChoice, *, channel: Channel, person: User, agency: Agency) -> str:
    """The signature of a person on a channel; empty for none."""
    how, text = how_signed(choice, channel.pk)
    return make_signature(how, text, signer_of(person, agency))


def choose_undo(*, agency: Agency, seconds: int, by: User) -> None:
    """For how long replies can be taken back from now on. Raises NotAllowed, Invalid."""
    if not 0 <= seconds <= MOST_UNDO_SECONDS:
        raise Invalid(
            _("Choose a number of seconds from 0 to %(most)d. Nothing was saved.")
            % {"most": MOST_UNDO_SECONDS},
            field="undo_seconds",
        )
    _change(agency, by, "person:replies:undo_changed", {"undo_seconds": seconds})


def choose_signature(
    *,
    agency: Agency,
    how: SignHow,
    text: str,
    by_channel: Mapping[int, tuple[SignHow, str]],
    by: User,
) -> None:
    """How replies are signed from now on, and where otherwise. Raises NotAllowed, Invalid."""
    channels = set(Channel.objects.filter(agency=agency).values_list("pk", flat=True))
    own = {
        str(channel): {"how": one.value, "text": _checked(one, words, f"text_{channel}")}
        for channel, (one, words) in by_channel.items()
        if channel in channels
    }
    changes = {"sign_how": how.value, "sign_text": _checked(how, text, "text")}
    _change(agency, by, "person:replies:signature_changed", {**changes, "sign_by_channel": own})


def choose_other_way(*, agency: Agency, sentences: Mapping[str, str], by: User) -> None:
    """The sentence, by language, that offers another way. Raises NotAllowed, Invalid."""
    kept = {}
    for lang in OFFER_LANGUAGES:
        words = " ".join(clean_text(sentences.get(lang, ""), OFFER_LIMIT + 1).split())
        if len(words) > OFFER_LIMIT:
            raise Invalid(
                _("The sentence has at most %(limit)d characters. Nothing was saved.")
                % {"limit": OFFER_LIMIT},
                field=f"offer_{lang}",
            )
        if words:
            kept[lang] = words
    _change(agency, by, "person:replies:other_way_changed", {"other_way": kept})


def _checked(how: SignHow, text: str, field: str) -> str:
    text = " ".join(clean_text(text, SIGNATURE_LIMIT + 1).split())
    if how is not SignHow.OWN:
        return ""
    if not text:
        raise Invalid(
            _("Write the signature, or choose another way. Nothing was saved."), field=field
        )
    if len(text) > SIGNATURE_LIMIT:
        raise Invalid(
            _("A signature has at most %(limit)d characters. Nothing was saved.")
            % {"limit": SIGNATURE_LIMIT},
            field=field,
        )
    if strange := find_strange(text):
        raise Invalid(
            _(
                "%(place)s is no placeholder. There are {first}, {name}, {initials} and {agency}. "
                "Nothing was saved."
            )
            % {"place": strange[0]},
            field=field,
        )
    return text


def _change(agency: Agency, by: User, action: str, changes: Mapping[str, object]) -> None:
    require(by, agency.pk, Ability.MANAGE)
    with transaction.atomic():
        choice, _new = SendingChoice.objects.select_for_update().get_or_create(agency=agency)
        before = {name: getattr(choice, name) for name in changes}
        if before == dict(changes):
            return
        for name, value in changes.items():
            setattr(choice, name, value)
        choice.save(update_fields=list(changes))
        record_choice(agency.pk, by, action, {"before": before, "after": dict(changes)})


def record_choice(agency_id: int, by: User, action: str, payload: Mapping[str, object]) -> None:
    """Write on the record what a person chose. In the caller's transaction."""
    append_events(
        agency_id=agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"agency:{agency_id}",
                action=action,
                actor=f"user:{by.pk}",
                payload=payload,
            )
        ],
    )
