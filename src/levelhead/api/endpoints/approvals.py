"""Approvals: what waits, and what is decided about it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from levelhead.accounts.domain import Ability
from levelhead.api import shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import read_row
from levelhead.api.queries import Caller
from levelhead.api.telling import tell_person
from levelhead.approvals import deciding
from levelhead.approvals.models import ApprovalRequest
from levelhead.approvals.queries import Shown, find_request, list_waiting, show_requests

router = Router(tags=["approvals"])


@router.get("/{agency}/approvals", response=shapes.ApprovalPage, summary="What waits")
def approvals(
    request: HttpRequest,
    agency: str,
    mine: bool = Query(False, description="Only what the key's person may decide now."),
    after: str = Query("", description="From `next`."),
) -> shapes.ApprovalPage:
    """Replies that wait for approval, the oldest first."""
    caller = enter(request, agency, Ability.READ)
    rows, following = list_waiting(caller.agency, after=read_row(after) if after else 0)
    shown = show_requests(rows, agency_id=caller.agency.pk, person=caller.person)
    path = f"{request.path}?mine={'true' if mine else 'false'}&after={following}"
    return shapes.ApprovalPage(
        items=[tell_approval(one) for one in shown if one.mine or not mine],
        next=path if following else "",
    )


@router.get("/{agency}/approvals/{approval_id}", response=shapes.Approval, summary="One of them")
def one_approval(request: HttpRequest, agency: str, approval_id: str) -> shapes.Approval:
    """Where a request stands, who is asked, and the reply that it became."""
    caller = enter(request, agency, Ability.READ)
    return _tell(caller, find_request(caller.agency, read_row(approval_id)))


@router.post(
    "/{agency}/approvals/{approval_id}/approve", response=shapes.Approval, summary="Approve"
)
def approve(
    request: HttpRequest, agency: str, approval_id: str, body: shapes.Approve
) -> shapes.Approval:
    """Let it leave ten seconds from now, as it is or with other words.

    The key acts as its person: nobody approves their own, and only those who are asked may.
    """
    return _act(
        request,
        agency,
        approval_id,
        lambda found, caller: deciding.approve(
            request=found,
            by=caller.person,
            expected_version=body.version,
            text=body.text,
            all_the_same=body.all_the_same,
        ),
    )


@router.post(
    "/{agency}/approvals/{approval_id}/send-back", response=shapes.Approval, summary="Send back"
)
def send_back(
    request: HttpRequest, agency: str, approval_id: str, body: shapes.SendBack
) -> shapes.Approval:
    """Give it back to its author with the reason."""
    return _act(
        request,
        agency,
        approval_id,
        lambda found, caller: deciding.send_back(
            request=found, reason=body.reason, by=caller.person, expected_version=body.version
        ),
    )


@router.post(
    "/{agency}/approvals/{approval_id}/take-back", response=shapes.Approval, summary="Take back"
)
def take_back(
    request: HttpRequest, agency: str, approval_id: str, body: shapes.Change
) -> shapes.Approval:
    """Its author, or who manages the agency, takes it back before it left."""
    return _act(
        request,
        agency,
        approval_id,
        lambda found, caller: deciding.take_back(
            request=found, by=caller.person, expected_version=body.version
        ),
    )


@router.post("/{agency}/approvals/{approval_id}/undo", response=shapes.Approval, summary="Undo")
def undo(request: HttpRequest, agency: str, approval_id: str) -> shapes.Approval:
    """Take the own decision back within ten seconds."""
    return _act(
        request,
        agency,
        approval_id,
        lambda found, caller: deciding.undo(request=found, by=caller.person),
    )


def _act(
    request: HttpRequest,
    agency: str,
    approval_id: str,
    act: Callable[[ApprovalRequest, Caller], ApprovalRequest],
) -> shapes.Approval:
    caller = enter(request, agency, Ability.REPLY)

    def do() -> shapes.Approval:
        found = find_request(caller.agency, read_row(approval_id))
        act(found, caller)
        return _tell(caller, find_request(caller.agency, found.pk))

    return once(request, caller, do)


def _tell(caller: Caller, found: ApprovalRequest) -> shapes.Approval:
    shown = show_requests([found], agency_id=caller.agency.pk, person=caller.person)
    return tell_approval(shown[0])


def tell_approval(shown: Shown) -> shapes.Approval:
    """A request as programs see it."""
    row = shown.request
    return shapes.Approval(
        id=str(row.pk),
        case=str(row.case_id),
        state=row.state,
        text=row.text,
        author=tell_person(row.author),
        asked_at=row.asked_at,
        waits_for=shown.waits_for,
        mine=shown.mine,
        rules=[
            shapes.ApprovalRule(
                id=str(line.demand.rule_id),
                version=line.demand.rule_version,
                name=line.demand.name,
                who=line.demand.who,
                why=line.why,
                met_by=tell_person(line.demand.met_by) if line.demand.met_by else None,
            )
            for line in shown.lines
        ],
        decided_by=tell_person(row.decided_by) if row.decided_by else None,
        decided_at=row.decided_at,
        reason=row.reason,
        reply=str(row.reply_id) if row.reply_id else None,
        version=row.version,
    )
