"""What pages show of commitments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency, User
from levelhead.commitments.domain import CLOSED, CommitmentState
from levelhead.commitments.models import Commitment, PublicEntry, Register
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound

SHOWS: Final = ("all", "mine", "closed")
PAGE: Final = 50
LAST_PAGE: Final = 1_000
ON_CASE: Final = 20
ASKED: Final = 20
# On the public register, open and closed.
ON_REGISTER: Final = 200


@dataclass(frozen=True, kw_only=True)
class CommitmentPage:
    """A page of the register."""

    show: str
    rows: list[Commitment]
    number: int
    more: bool
    # How many are open, and how many of them are late; and the same of the person's own.
    open: int
    overdue: int
    mine: int
    # Promises in replies on which nobody has decided, the oldest first.
    asked: list[Commitment]

    @property
    def late(self) -> list[Commitment]:
        """Those of the page that are overdue."""
        return [row for row in self.rows if self._is_late(row)]

    @property
    def others(self) -> list[Commitment]:
        """Those of the page that are not."""
        return [row for row in self.rows if not self._is_late(row)]

    def _is_late(self, row: Commitment) -> bool:
        is_open = row.state == CommitmentState.OPEN
        return is_open and row.due_at is not None and row.due_at < clock.now()


def _shown() -> QuerySet[Commitment]:
    return Commitment.objects.select_related("owner", "case__post__author", "closed_by").defer(
        "case__post__raw", "case__post__text"
    )


def list_commitments(agency: Agency, person: User, *, show: str, number: int) -> CommitmentPage:
    """The open ones by due date, or the closed ones, the newest first."""
    ours = Commitment.objects.filter(agency=agency)
    is_open = Q(state=CommitmentState.OPEN.value)
    counts = ours.filter(is_open).aggregate(
        open=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=clock.now())),
        mine=Count("pk", filter=Q(owner=person)),
    )
    rows = _shown().filter(agency=agency)
    if show == "closed":
        rows = rows.filter(state__in=[state.value for state in CLOSED])
        rows = rows.order_by("-closed_at", "-pk")
    else:
        rows = rows.filter(is_open).order_by(F("due_at").asc(nulls_last=True), "pk")
        if show == "mine":
            rows = rows.filter(owner=person)
    start = (number - 1) * PAGE
    found = list(rows[start : start + PAGE + 1])
    asked = _shown().filter(agency=agency, state=CommitmentState.ASKED.value).order_by("pk")
    return CommitmentPage(
        show=show,
        rows=found[:PAGE],
        number=number,
        more=len(found) > PAGE and number < LAST_PAGE,
        asked=list(asked[:ASKED]) if show != "closed" and number == 1 else [],
        **counts,
    )


def find_commitment(agency: Agency, commitment_id: int) -> Commitment:
    """A commitment of this agency. Raises NotFound."""
    found = _shown().select_related("made_by", "reply").filter(agency=agency, pk=commitment_id)
    commitment = found.first()
    if commitment is None:
        raise NotFound(f"There is no commitment {commitment_id} here.")
    return commitment


def list_commitments_of(case: Case) -> list[Commitment]:
    """What was promised in a conversation, what is undecided and open first, then by due date."""
    rows = Commitment.objects.select_related("owner").filter(
        agency_id=case.agency_id, case__conversation_id=case.conversation_id
    )
    rows = rows.exclude(state=CommitmentState.NO_PROMISE.value)
    found = list(rows.order_by("-pk")[:ON_CASE])
    found.sort(key=lambda row: (row.state not in ("asked", "open"), row.due_at is None,
                                row.due_at or row.made_at))  # fmt: skip
    return found


@dataclass(frozen=True, kw_only=True)
class PublicPage:
    """What everybody sees."""

    open: list[PublicEntry]
    closed: list[PublicEntry]


def find_public_agency(slug: str) -> Agency:
    """The agency whose register everybody may see. Raises NotFound."""
    register = Register.objects.select_related("agency").filter(agency__slug=slug, on=True).first()
    if register is None:
        raise NotFound(_("There is no such page."))
    return register.agency


def list_public(agency: Agency) -> PublicPage:
    """What is on the register: the open ones by due date, the closed ones newest first."""
    entries = PublicEntry.objects.select_related("commitment").filter(agency=agency)
    is_open = entries.filter(commitment__state=CommitmentState.OPEN.value)
    closed = entries.filter(commitment__state__in=[state.value for state in CLOSED])
    return PublicPage(
        open=list(
            is_open.order_by(F("commitment__due_at").asc(nulls_last=True), "pk")[:ON_REGISTER]
        ),
        closed=list(closed.order_by("-commitment__closed_at", "-pk")[:ON_REGISTER]),
    )


def find_public_entry(commitment: Commitment) -> PublicEntry | None:
    """What the register says of a commitment; None where it is not on it."""
    return PublicEntry.objects.select_related("by").filter(commitment=commitment).first()


def register_is_on(agency: Agency) -> bool:
    """Whether everybody can see the agency's register."""
    return Register.objects.filter(agency=agency, on=True).exists()
