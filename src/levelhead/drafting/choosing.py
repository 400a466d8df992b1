"""An agency's choice of a model: whether, which one, and with what."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.channels.secrets import seal, unseal
from levelhead.drafting import calling, guarding
from levelhead.drafting.budget import reserve
from levelhead.drafting.domain import (
    CONTACT_LIMIT,
    KEY_LIMIT,
    LANGUAGES,
    MODEL_LIMIT,
    MOST_TOKENS,
    SECONDS,
    URL_LIMIT,
    NoDraftError,
    Sends,
    read_ways,
)
from levelhead.drafting.models import DraftingChoice
from levelhead.drafting.prompting import most_tokens, text_of
from levelhead.drafting.recording import record
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError, Invalid
from levelhead.kernel.text import clean_name, clean_text
from levelhead.webhooks.domain import find_fault

_TRY: Final = (
    {"role": "system", "content": 'Answer with JSON only: {"sentences": [], "missing": []}'},
    {"role": "user", "content": "This tests the connection. Answer with the empty lists."},
)
_TRY_TOKENS: Final = 60
_TRY_SECONDS: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the form of the settings says."""

    on: bool
    base_url: str
    model: str
    # Empty keeps the key that is there.
    key: str
    forget_key: bool
    seconds: int | None
    monthly_tokens: int | None
    languages: Collection[str]
    sends: str
    contact: str


def choice_of(agency: Agency) -> DraftingChoice:
    """What the agency chose; off where it never chose."""
    found = DraftingChoice.objects.filter(agency=agency).first()
    return found or DraftingChoice(agency=agency, languages=list(LANGUAGES))


def is_private() -> bool:
    """Whether the operator lets models inside private networks be asked."""
    allowed: bool = settings.ENVIRONMENT.drafting_private
    return allowed


def endpoint_of(choice: DraftingChoice) -> calling.Endpoint:
    """Whom to ask. Raises ConfigurationError where the key cannot be opened."""
    try:
        key = unseal(choice.sealed_key).get("key", "")
    except ConfigurationError as error:
        raise ConfigurationError(
            _(
                "The key of the model cannot be read: the installation’s secret key has changed. "
                "Give the model’s key again in the settings, under Drafting."
            )
        ) from error
    return calling.Endpoint(
        base_url=choice.base_url, model=choice.model, key=key, private=is_private(),
        ways=read_ways(choice.ways),
    )  # fmt: skip


def choose(*, agency: Agency, wanted: Wanted, by: User) -> DraftingChoice:
    """Have a model draft, or not. Raises NotAllowed, Invalid."""
    require(by, agency.pk, Ability.MANAGE)
    fields = _checked(wanted)
    with transaction.atomic():
        locked = Agency.objects.select_for_update().get(pk=agency.pk)
        choice = choice_of(agency)
        moved = (choice.base_url, choice.model) != (fields["base_url"], fields["model"])
        host_moved = choice.base_url != fields["base_url"]
        for name, value in fields.items():
            setattr(choice, name, value)
        if wanted.key:
            choice.sealed_key = seal({"key": wanted.key})
        elif wanted.forget_key or host_moved:
            # A key given for one address is not handed to another.
            choice.sealed_key = ""
        if moved:
            choice.ways, choice.tried_at = {}, None
            choice.tried_trouble = choice.tried_said = ""
        choice.save()
        if wanted.on and not locked.drafts:
            locked.drafts = agency.drafts = True
            locked.save(update_fields=["drafts"])
        record(
            agency_id=agency.pk, subject=f"agency:{agency.pk}", action="person:drafting:changed",
            by=by, payload={**fields, "has_key": bool(choice.sealed_key)},
        )  # fmt: skip
    guarding.forget_endpoints()
    return choice


def _checked(wanted: Wanted) -> dict[str, object]:
    if "\0" in wanted.base_url + wanted.model + wanted.key + wanted.contact:
        raise Invalid(_("A field holds a character (NUL) that cannot be kept. Nothing was saved."))
    base_url = wanted.base_url.strip().rstrip("/")
    model = clean_name(wanted.model, MODEL_LIMIT + 1)
    if base_url and (
        len(base_url) > URL_LIMIT or find_fault(base_url, private=is_private()) or "?" in base_url
    ):
        raise Invalid(
            _(
                "This address cannot be used. Write it as the model’s documentation gives it, "
                "such as https://models.example.com/v1, without user, password, ? or #. Nothing "
                "was saved."
            )
            if is_private()
            else _(
                "This address cannot be used. Write it as the model’s documentation gives it, "
                "such as https://models.example.com/v1, without user, password, ? or #. An address "
                "with http:// or inside your own network works only where the operator has set "
                "LEVELHEAD_DRAFTING_PRIVATE. Nothing was saved."
            ),
            field="base_url",
        )
    if len(model) > MODEL_LIMIT:
        raise Invalid(_("The model’s name is too long. Nothing was saved."), field="model")
    if len(wanted.key) > KEY_LIMIT or not (wanted.key.isascii() and wanted.key.isprintable()):
        raise Invalid(
            _("The key holds characters that no key has. Copy it again. Nothing was saved."),
            field="key",
        )
    if wanted.on and not (base_url and model):
        raise Invalid(
            _("Give the address and the model’s name before you turn drafting on."),
            field="base_url" if not base_url else "model",
        )
    low, high = SECONDS
    if wanted.seconds is None or not low <= wanted.seconds <= high:
        raise Invalid(
            _("Choose a time limit from %(low)d to %(high)d seconds. Nothing was saved.")
            % {"low": low, "high": high},
            field="seconds",
        )
    if wanted.monthly_tokens is None or not 0 <= wanted.monthly_tokens <= MOST_TOKENS:
        raise Invalid(
            _("Give a ceiling of tokens: a whole number, 0 or more. Nothing was saved."),
            field="monthly_tokens",
        )
    contact = clean_text(wanted.contact, CONTACT_LIMIT + 1).strip()
    if len(contact) > CONTACT_LIMIT:
        raise Invalid(
            _("The contact data have more than %(limit)d characters. Nothing was saved.")
            % {"limit": CONTACT_LIMIT},
            field="contact",
        )
    languages = [lang for lang in LANGUAGES if lang in wanted.languages]
    if wanted.on and not languages:
        raise Invalid(_("Choose at least one language. Nothing was saved."), field="languages")
    return {
        "on": wanted.on, "base_url": base_url, "model": model, "seconds": wanted.seconds,
        "monthly_tokens": wanted.monthly_tokens, "languages": languages,
        "sends": wanted.sends if wanted.sends in set(Sends) else Sends.POST.value,
        "contact": contact,
    }  # fmt: skip


def try_endpoint(*, agency: Agency, by: User) -> DraftingChoice:
    """Ask the model for next to nothing and keep what came of it. Raises NotAllowed, Invalid.

    Outside of any transaction while it waits. Its few tokens count like all others.
    """
    require(by, agency.pk, Ability.MANAGE)
    choice = choice_of(agency)
    if not (choice.base_url and choice.model):
        raise Invalid(_("Save an address and the model’s name first."))
    slot = guarding.take_slot()
    if slot is None:
        raise Invalid(_("Drafts are being made right now. Try again in a few seconds."))
    trouble, said, ways = "", "", read_ways(choice.ways)
    try:
        with transaction.atomic():
            reserve(agency, choice, most_tokens(text_of(_TRY), _TRY_TOKENS))
        endpoint = endpoint_of(choice)
        seconds = min(choice.seconds, _TRY_SECONDS)
        answered = calling.ask(endpoint, _TRY, seconds=seconds, answer_tokens=_TRY_TOKENS)
        if answered is not None:
            said, ways = answered.model, answered.ways
    except NoDraftError as failed:
        trouble, said = failed.trouble.value, failed.said
    except ConfigurationError as error:
        raise Invalid(error.message) from error
    finally:
        slot.give_back()
    with transaction.atomic():
        DraftingChoice.objects.filter(agency=agency).update(
            tried_at=clock.now(), tried_trouble=trouble, tried_said=said[:300],
            ways=ways.as_json(),
        )  # fmt: skip
        record(
            agency_id=agency.pk, subject=f"agency:{agency.pk}", action="person:drafting:tried",
            by=by, payload={"trouble": trouble, "model": choice.model},
        )  # fmt: skip
    guarding.forget_endpoints()
    return choice_of(agency)
