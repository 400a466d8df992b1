"""The words of the fact ledger, and which facts need two people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from levelhead.ledger.subjects import FactSubject, subjects_in

__all__ = ["FactSubject", "subjects_in"]

TEXT_LIMIT: Final = 500
SOURCE_LIMIT: Final = 500
REASON_LIMIT: Final = 1_000
MOST_FACTS: Final = 500


class FactStatus(StrEnum):
    """How far a statement can be relied on."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    FALSE = "false"
    SUPERSEDED = "superseded"


# A changed text begins again as unconfirmed, from any state but superseded.
NEXT_STATUSES: Final[Mapping[FactStatus, frozenset[FactStatus]]] = {
    FactStatus.UNCONFIRMED: frozenset(
        {FactStatus.CONFIRMED, FactStatus.FALSE, FactStatus.SUPERSEDED}
    ),
    FactStatus.CONFIRMED: frozenset(
        {FactStatus.UNCONFIRMED, FactStatus.FALSE, FactStatus.SUPERSEDED}
    ),
    FactStatus.FALSE: frozenset({FactStatus.UNCONFIRMED}),
    FactStatus.SUPERSEDED: frozenset(),
}


TWO_PEOPLE: Final = frozenset(FactSubject) - {FactSubject.GENERAL}
# What reassures grows old: it is looked at again, by default after so long.
REASSURING: Final = frozenset({FactSubject.SAFE, FactSubject.ALL_CLEAR})
RECHECK_AFTER: Final = timedelta(minutes=30)
LONGEST_RECHECK: Final = timedelta(days=7)

# Whatever was chosen, the words say what it is: nobody gets round the second person by calling it
# general.
_ORDER: Final = (
    FactSubject.CASUALTIES, FactSubject.CUSTODY, FactSubject.ALL_CLEAR, FactSubject.SAFE,
    FactSubject.IDENTITY,
)  # fmt: skip


def subject_of(chosen: FactSubject, text: str) -> FactSubject:
    """What a statement is about: what was chosen, unless its words say something graver."""
    found = subjects_in(text)
    if chosen in TWO_PEOPLE or not found:
        return chosen
    return next(subject for subject in _ORDER if subject in found)


def people_needed(subject: FactSubject) -> int:
    """How many people must confirm it before it may be said."""
    return 2 if subject in TWO_PEOPLE else 1
