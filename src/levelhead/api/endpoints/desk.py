"""What the desk works with: approved answers, commitments, channels, the record."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from levelhead.accounts.domain import Ability
from levelhead.api import shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import read_row
from levelhead.api.telling import (
    tell_answer,
    tell_channel,
    tell_commitment,
    tell_event,
)
from levelhead.channels.queries import list_health
from levelhead.commitments import actions as commitment_actions
from levelhead.commitments.queries import (
    LAST_PAGE,
    SHOWS,
    find_commitment,
    list_commitments,
)
from levelhead.knowledge.queries import find_answer, list_answers, read_answer_choice
from levelhead.records.queries import list_chain_events

answers_router = Router(tags=["answers"])
commitments_router = Router(tags=["commitments"])
channels_router = Router(tags=["channels"])
records_router = Router(tags=["records"])


@answers_router.get("/{agency}/answers", response=shapes.AnswerPage, summary="List answers")
def answers(
    request: HttpRequest,
    agency: str,
    show: str = Query("in_use", description="in_use, draft, approved, stale, retired or all."),
    q: str = Query("", max_length=200, description="Words of the answer."),
    before: str = Query("", description="From `next`."),
) -> shapes.AnswerPage:
    """Approved answers and those that wait for approval, newest first."""
    caller = enter(request, agency, Ability.READ)
    choice = read_answer_choice({"show": show, "q": q, "before": before})
    page = list_answers(caller.agency, choice)
    following = ""
    if page.more_before is not None:
        following = f"{request.path}?" + urlencode(
            {"show": show, "q": q, "before": page.more_before}
        )
    return shapes.AnswerPage(items=[tell_answer(row.answer) for row in page.rows], next=following)


@answers_router.get("/{agency}/answers/{answer_id}", response=shapes.Answer, summary="One answer")
def answer(request: HttpRequest, agency: str, answer_id: str) -> shapes.Answer:
    """In all its languages."""
    caller = enter(request, agency, Ability.READ)
    return tell_answer(find_answer(caller.agency, read_row(answer_id)))


@commitments_router.get(
    "/{agency}/commitments", response=shapes.CommitmentPage, summary="List commitments"
)
def commitments(
    request: HttpRequest,
    agency: str,
    show: str = Query("all", description="all (that are open), mine or closed."),
    page: int = Query(1, ge=1, le=LAST_PAGE),
) -> shapes.CommitmentPage:
    """What the agency said it will do, by due date."""
    caller = enter(request, agency, Ability.READ)
    chosen = show if show in SHOWS else "all"
    found = list_commitments(caller.agency, caller.person, show=chosen, number=page)
    following = ""
    if found.more:
        following = f"{request.path}?" + urlencode({"show": chosen, "page": page + 1})
    return shapes.CommitmentPage(
        items=[tell_commitment(one) for one in found.rows],
        next=following,
        open=found.open,
        overdue=found.overdue,
    )


@commitments_router.get(
    "/{agency}/commitments/{commitment_id}", response=shapes.Commitment, summary="One commitment"
)
def commitment(request: HttpRequest, agency: str, commitment_id: str) -> shapes.Commitment:
    """Where it stands."""
    caller = enter(request, agency, Ability.READ)
    return tell_commitment(find_commitment(caller.agency, read_row(commitment_id)))


@commitments_router.post(
    "/{agency}/commitments/{commitment_id}/keep", response=shapes.Commitment, summary="It was kept"
)
def keep(
    request: HttpRequest, agency: str, commitment_id: str, body: shapes.Keep
) -> shapes.Commitment:
    """Close it, with what shows that it was kept."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Commitment:
        commitment_actions.keep_commitment(
            commitment=find_commitment(caller.agency, read_row(commitment_id)),
            evidence=body.evidence, note=body.note, by=caller.person,
            expected_version=body.version,
        )  # fmt: skip
        return tell_commitment(find_commitment(caller.agency, read_row(commitment_id)))

    return once(request, caller, act)


@commitments_router.post(
    "/{agency}/commitments/{commitment_id}/drop", response=shapes.Commitment, summary="Drop it"
)
def drop(
    request: HttpRequest, agency: str, commitment_id: str, body: shapes.Drop
) -> shapes.Commitment:
    """Close it as not to be kept, with the reason."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Commitment:
        commitment_actions.drop_commitment(
            commitment=find_commitment(caller.agency, read_row(commitment_id)),
            reason=body.reason, by=caller.person, expected_version=body.version,
        )  # fmt: skip
        return tell_commitment(find_commitment(caller.agency, read_row(commitment_id)))

    return once(request, caller, act)


@channels_router.get("/{agency}/channels", response=shapes.ChannelList, summary="List channels")
def channels(request: HttpRequest, agency: str) -> shapes.ChannelList:
    """Every channel and how it is."""
    caller = enter(request, agency, Ability.READ)
    return shapes.ChannelList(items=[tell_channel(one) for one in list_health(caller.agency)])


@records_router.get("/{agency}/records/{chain}", response=shapes.RecordPage, summary="The record")
def records(
    request: HttpRequest,
    agency: str,
    chain: str,
    after: int = Query(0, ge=0, description="The number of the last event that you have."),
) -> shapes.RecordPage:
    """Events of one chain in their order, at most 500; `desk` is what people did."""
    caller = enter(request, agency, Ability.RECORDS)
    events = list_chain_events(caller.agency, chain[:60], after=after)
    return shapes.RecordPage(
        items=[tell_event(event) for event in events],
        after=events[-1].seq if events else after,
    )
