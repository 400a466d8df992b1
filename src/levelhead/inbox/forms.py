"""What people fill in on a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from levelhead.analysis.domain import Label
from levelhead.commitments.forms import Terms
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.actions import NOTE_LIMIT, REASON_LIMIT
from levelhead.inbox.models import Case
from levelhead.research.forms import AskForm

# Conversations that one form carries.
_SHAPES: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """Words that were typed into a form that could not be used: they are shown again."""

    note: str = ""
    reason: str = ""
    closing: str = ""
    # What a person began to write down as a commitment.
    promised: Terms | None = None
    # What a person began to ask a colleague.
    asking: AskForm | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionForm:
    """Another decision; None where it stays as it is."""

    label: Label | None
    disposition: Disposition | None
    reason: str


def read_decision(given: QueryDict, case: Case) -> DecisionForm:
    """What was chosen, where it differs from what the case says."""
    label = given.get("label", "")
    disposition = given.get("disposition", "")
    return DecisionForm(
        label=Label(label) if label in set(Label) and label != case.label else None,
        disposition=(
            Disposition(disposition)
            if disposition in set(Disposition) and disposition != case.disposition
            else None
        ),
        reason=given.get("reason", "")[: REASON_LIMIT + 1],
    )


def read_note(given: QueryDict) -> str:
    """The note, a little over the limit at most so that the action can say so."""
    return given.get("note", "")[: NOTE_LIMIT + 1]


def read_shapes(given: QueryDict) -> dict[int, int]:
    """The conversations as the person saw them, from fields `shape` like `123:4`."""
    found: dict[int, int] = {}
    for text in given.getlist("shape")[:_SHAPES]:
        one, _colon, shape = text.partition(":")
        if all(part.isascii() and part.isdigit() and len(part) <= 19 for part in (one, shape)):
            found[int(one)] = int(shape)
    return found
