"""Asking for a try, and deciding on what came of it: by a person, on the record."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.analysis.shipped import FEWEST, base_of
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.learning.corrections import count_corrections
from levelhead.learning.domain import ACCEPTABLE, UNDER_WAY, ProposalState
from levelhead.learning.in_force import in_force
from levelhead.learning.models import Proposal
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def ask_for_try(*, agency: Agency, by: User | None, at_once: bool = False) -> Proposal:
    """Have it tried what the corrections teach; changes nothing of how posts are read.

    The worker does it; with `at_once` the caller does, and owns the claim. `by` is None for a
    command on the machine. Raises Invalid with too few corrections, Conflict while one is tried.
    """
    if by is not None:
        require(by, agency.pk, Ability.MANAGE)
    count = count_corrections(agency)
    if count < FEWEST:
        raise Invalid(
            _(
                "There are %(count)d corrections; with fewer than %(needed)d nothing can be "
                "learned that would hold. Nothing was done."
            )
            % {"count": count, "needed": FEWEST},
            corrections=count,
            needed=FEWEST,
        )
    now = clock.now()
    with transaction.atomic():
        # One at a time for each agency: numbers do not meet.
        Agency.objects.select_for_update().get(pk=agency.pk)
        proposals = Proposal.objects.filter(agency=agency)
        if proposals.filter(state__in=[state.value for state in UNDER_WAY]).exists():
            raise Conflict(_("It is being tried already; look again in a minute."))
        last = proposals.aggregate(last=Max("number"))["last"] or 0
        proposal = Proposal.objects.create(
            agency=agency,
            number=last + 1,
            state=ProposalState.AT_WORK if at_once else ProposalState.WAITING,
            asked_by=by,
            asked_at=now,
            begun_at=now if at_once else None,
        )
        _announce(proposal)
    return proposal


def accept(*, agency: Agency, number: int, by: User) -> Proposal:
    """Put a proposal in force for the posts to come; what is filed keeps its label.

    Raises NotAllowed, Conflict where it is no longer there to accept, Invalid where the models
    are not those it was fitted on.
    """
    require(by, agency.pk, Ability.MANAGE)
    with transaction.atomic():
        proposal = _lock(agency, number)
        if proposal.state not in ACCEPTABLE:
            raise Conflict(_("This proposal cannot be accepted now; look at what became of it."))
        if proposal.base != base_of():
            raise Invalid(
                _(
                    "The models have changed since this was tried, so it no longer fits. Nothing "
                    "was done; try again what can be learned."
                )
            )
        before = _accepted(agency)
        if before is not None:
            Proposal.objects.filter(pk=before.pk).update(state=ProposalState.REPLACED.value)
        proposal.replaces = before
        _decide(proposal, ProposalState.ACCEPTED, by, "person:learning:accepted")
    return proposal


def decline(*, agency: Agency, number: int, by: User) -> Proposal:
    """Set a proposal aside. Raises NotAllowed, Conflict."""
    require(by, agency.pk, Ability.MANAGE)
    with transaction.atomic():
        proposal = _lock(agency, number)
        if proposal.state != ProposalState.READY:
            raise Conflict(_("This proposal does not wait for a decision any more."))
        _decide(proposal, ProposalState.DECLINED, by, "person:learning:declined")
    return proposal


def revert(*, agency: Agency, by: User) -> tuple[Proposal, Proposal | None]:
    """Take back what is in force: what was in force before is again, or the shipped models alone.

    Gives what was taken back and what is in force now. Raises NotAllowed, Conflict.
    """
    require(by, agency.pk, Ability.MANAGE)
    with transaction.atomic():
        proposal = _accepted(agency)
        if proposal is None:
            raise Conflict(_("Nothing that was learned is in force."))
        again = proposal.replaces
        if again is not None and not (
            again.state == ProposalState.REPLACED and again.base == base_of()
        ):
            again = None
        proposal.state = ProposalState.REVERTED
        proposal.save()
        if again is not None:
            again.state = ProposalState.ACCEPTED
            again.save()
        _decide(
            proposal, ProposalState.REVERTED, by, "person:learning:reverted",
            now_in_force=again.number if again else None,
        )  # fmt: skip
    return proposal, again


def _lock(agency: Agency, number: int) -> Proposal:
    found = Proposal.objects.select_for_update().filter(agency=agency, number=number).first()
    if found is None:
        raise Invalid(_("There is no proposal %(number)d.") % {"number": number})
    return found


def _accepted(agency: Agency) -> Proposal | None:
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("replaces")
    return rows.filter(agency=agency, state=ProposalState.ACCEPTED.value).first()


def _decide(
    proposal: Proposal, state: ProposalState, by: User, action: str, **more: object
) -> None:
    proposal.state = state
    proposal.decided_by, proposal.decided_at = by, clock.now()
    proposal.save()
    append_events(
        agency_id=proposal.agency_id,
        chain=DESK_CHAIN,
        at=proposal.decided_at,
        events=[
            EventToRecord(
                subject=f"proposal:{proposal.pk}",
                action=action,
                actor=f"user:{by.pk}",
                payload={
                    "number": proposal.number,
                    "adapter": proposal.adapter_hash,
                    "base": proposal.base,
                    "figures": proposal.measured,
                    "replaces": proposal.replaces.number if proposal.replaces else None,
                    **more,
                },
            )
        ],
    )
    _announce(proposal)
    # This process at least need not wait until it looks again.
    transaction.on_commit(lambda: in_force().forget())


def _announce(proposal: Proposal) -> None:
    announce(
        agency_id=proposal.agency_id,
        kind="learning.changed",
        payload={"number": proposal.number},
    )
