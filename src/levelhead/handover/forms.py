"""The form of a handover: what was ticked, and who gets which case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from levelhead.accounts.models import User
from levelhead.handover.domain import LISTED, WORDS_LIMIT, Section
from levelhead.inbox.pages import read_id
from levelhead.kernel.errors import Invalid

KEEP = "keep"
SHIFT = "shift"
_MOST_FIELDS = 4 * LISTED


@dataclass(frozen=True, kw_only=True, slots=True)
class GivingForm:
    """What a person filled in; empty for a page that is opened."""

    words: str = ""
    # A colleague's id; empty for the shift.
    to: str = ""
    left_out: Mapping[Section, set[int]] = field(default_factory=dict)
    # Case -> "" (to the receiver), KEEP, SHIFT or a colleague's id.
    cases: Mapping[int, str] = field(default_factory=dict)
    # All other cases of the giver go to the receiver as well.
    rest_too: bool = False
    form_token: str = ""


def read_giving(given: QueryDict) -> GivingForm:
    """The form as it was sent."""
    return GivingForm(
        words=given.get("words", "")[: WORDS_LIMIT + 1],
        to=given.get("to", "")[:20],
        left_out={
            section: _ids(given, f"shown-{section.value}") - _ids(given, f"in-{section.value}")
            for section in Section
            if section is not Section.MINE
        },
        cases={pk: given.get(f"case-{pk}", "")[:20] for pk in sorted(_ids(given, "shown-mine"))},
        rest_too=given.get("rest") == "yes",
        form_token=given.get("form_token", "")[:41],
    )


def _ids(given: QueryDict, name: str) -> set[int]:
    return {pk for text in given.getlist(name)[:_MOST_FIELDS] if (pk := read_id(text)) is not None}


def receivers_of(
    form: GivingForm, colleagues: Sequence[User]
) -> tuple[User | None, dict[int, User | None]]:
    """Who gets the shift, and who gets each case that is handed over. Raises Invalid."""
    people = {str(one.pk): one for one in colleagues}

    def person(text: str) -> User:
        if text not in people:
            raise Invalid(_("Choose a colleague of your agency."))
        return people[text]

    to = person(form.to) if form.to else None
    cases: dict[int, User | None] = {}
    for pk, choice in form.cases.items():
        if choice == KEEP:
            continue
        if choice == SHIFT:
            cases[pk] = None
        else:
            cases[pk] = person(choice) if choice else to
    return to, cases
