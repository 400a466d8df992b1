"""What people are told of drafts: why there is none, and why a sentence was struck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from levelhead.drafting.domain import SourceKind, Struck, Trouble

TROUBLES: Final[Mapping[str, Promise]] = {
    Trouble.ADDRESS: gettext_lazy(
        "The model’s address lies inside a private network, or would send without encryption. "
        "Where that network is yours, the operator can set LEVELHEAD_DRAFTING_PRIVATE=true."
    ),
    Trouble.NAME: gettext_lazy(
        "The name in the model’s address cannot be looked up. Is it spelled right?"
    ),
    Trouble.UNREACHABLE: gettext_lazy("The model could not be reached, or it broke off."),
    Trouble.TIMEOUT: gettext_lazy("The model did not answer within the time limit."),
    Trouble.KEY: gettext_lazy(
        "The model does not accept the key. An administrator can give another in the settings."
    ),
    Trouble.MODEL: gettext_lazy(
        "There is no such model at this address. An administrator can check its name and the "
        "address; many end with /v1."
    ),
    Trouble.BUSY: gettext_lazy("The model asks us to slow down. Try again in a few minutes."),
    Trouble.DOWN: gettext_lazy("The model is not well. Try again later."),
    Trouble.MOVED: gettext_lazy(
        "The address sends us elsewhere, which we do not follow. An administrator can give the "
        "new address."
    ),
    Trouble.REFUSED: gettext_lazy("The model refused the request."),
    Trouble.FILTERED: gettext_lazy("The model’s filter stopped this answer."),
    Trouble.EMPTY: gettext_lazy("The model gave an empty answer."),
    Trouble.CUT: gettext_lazy("The model’s answer was too long and broke off; it was not used."),
    Trouble.TOO_LARGE: gettext_lazy("The model sent far too much; it was not read to its end."),
    Trouble.GARBLED: gettext_lazy("The model’s answer could not be read."),
    Trouble.CIRCUIT: gettext_lazy("The model is given a rest after several failures."),
    Trouble.CROWDED: gettext_lazy(
        "Other drafts are being made right now. Try again in a few seconds."
    ),
    Trouble.STOPPED: gettext_lazy("The draft was broken off, as when the server starts anew."),
}
STRUCK: Final[Mapping[str, Promise]] = {
    Struck.UNSOURCED: gettext_lazy("names no source"),
    Struck.UNSUPPORTED: gettext_lazy("its source does not say that"),
    Struck.OPPOSITE: gettext_lazy("its source says the opposite, or says it with a limit"),
    Struck.MIXED: gettext_lazy("its source has that number or day for something else"),
    Struck.NUMBER: gettext_lazy("a number that is in no source"),
    Struck.DATE: gettext_lazy("a date or time that is in no source"),
    Struck.LINK: gettext_lazy("a link or address that is in no source"),
    Struck.PHONE: gettext_lazy("a phone number that is in no source"),
    Struck.NAME: gettext_lazy("a name that is in no source"),
    Struck.PROMISE: gettext_lazy("a promise that no source makes"),
    Struck.LANGUAGE: gettext_lazy("not in the language of the post"),
    Struck.MARKUP: gettext_lazy("holds marks that are no plain text"),
    Struck.TOO_LONG: gettext_lazy("too long"),
}
KINDS: Final[Mapping[str, Promise]] = {
    SourceKind.ANSWER: gettext_lazy("answer"),
    SourceKind.FACT: gettext_lazy("fact"),
    SourceKind.RESEARCH: gettext_lazy("a colleague’s answer"),
    SourceKind.CONTACT: gettext_lazy("contact data"),
}
