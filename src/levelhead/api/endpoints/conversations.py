"""Conversations: joining those that are one matter, splitting off what is another."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from levelhead.accounts.domain import Ability
from levelhead.api import shapes_rooms as shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import read_row
from levelhead.api.telling_rooms import tell_conversation, tell_joining, tell_splitting
from levelhead.inbox.joined_page import joined_of
from levelhead.inbox.joining import find_joining, join_conversations, take_apart, undo_joining
from levelhead.inbox.splitting import (
    find_splitting,
    put_back,
    split_conversation,
    undo_splitting,
)
from levelhead.inbox.thread import find_case

router = Router(tags=["conversations"])


def _shapes(body: shapes.Seen) -> dict[int, int] | None:
    if body.shapes is None:
        return None
    return {read_row(pk): shape for pk, shape in body.shapes.items()}


def _shape_of(body: shapes.Seen, conversation_id: int) -> int | None:
    return (_shapes(body) or {}).get(conversation_id)


@router.get(
    "/{agency}/cases/{case_id}/conversation", response=shapes.Conversation,
    summary="How it was joined and split",
)  # fmt: skip
def conversation(request: HttpRequest, agency: str, case_id: str) -> shapes.Conversation:
    """What people joined with the conversation of a case, and what they split off."""
    caller = enter(request, agency, Ability.READ)
    case = find_case(caller.agency, read_row(case_id))
    return tell_conversation(case, joined_of(case))


@router.post(
    "/{agency}/cases/{case_id}/join", response=shapes.Joining, summary="Join another with it"
)
def join(request: HttpRequest, agency: str, case_id: str, body: shapes.Join) -> shapes.Joining:
    """Say that another conversation is the same matter: both show as this one from now on."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Joining:
        return tell_joining(
            join_conversations(
                keep=find_case(caller.agency, read_row(case_id)),
                other=find_case(caller.agency, read_row(body.other)),
                reason=body.reason, by=caller.person, seen=_shapes(body),
            )
        )  # fmt: skip

    return once(request, caller, act)


@router.post(
    "/{agency}/joinings/{joining_id}/undo", response=shapes.Joining, summary="Undo a joining"
)
def undo_join(request: HttpRequest, agency: str, joining_id: str) -> shapes.Joining:
    """While nothing was done since that belongs to both; otherwise take it apart."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Joining:
        found = find_joining(caller.agency, read_row(joining_id))
        undo_joining(joining=found, by=caller.person)
        return tell_joining(find_joining(caller.agency, found.pk))

    return once(request, caller, act)


@router.post(
    "/{agency}/joinings/{joining_id}/take-apart", response=shapes.Joining, summary="Take it apart"
)
def apart(
    request: HttpRequest, agency: str, joining_id: str, body: shapes.TakeBack
) -> shapes.Joining:
    """Each post, case and reply goes back; notes written since stay with the one that was kept."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Joining:
        found = find_joining(caller.agency, read_row(joining_id))
        take_apart(
            joining=found, reason=body.reason, by=caller.person,
            expected_shape=_shape_of(body, found.whole_id),
        )  # fmt: skip
        return tell_joining(find_joining(caller.agency, found.pk))

    return once(request, caller, act)


@router.post(
    "/{agency}/cases/{case_id}/split", response=shapes.Splitting, summary="Split off from here"
)
def split(request: HttpRequest, agency: str, case_id: str, body: shapes.Split) -> shapes.Splitting:
    """From this post on it is another matter: a conversation of its own."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Splitting:
        case = find_case(caller.agency, read_row(case_id))
        chosen = None if body.posts is None else {read_row(pk) for pk in body.posts}
        return tell_splitting(
            split_conversation(
                case=case, reason=body.reason, by=caller.person, chosen=chosen,
                expected_shape=_shape_of(body, case.conversation_id),
            )
        )  # fmt: skip

    return once(request, caller, act)


@router.post(
    "/{agency}/splittings/{splitting_id}/undo", response=shapes.Splitting,
    summary="Undo a splitting",
)  # fmt: skip
def undo_split(request: HttpRequest, agency: str, splitting_id: str) -> shapes.Splitting:
    """While nothing was done since in the branch; otherwise put it back."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Splitting:
        found = find_splitting(caller.agency, read_row(splitting_id))
        undo_splitting(splitting=found, by=caller.person)
        return tell_splitting(find_splitting(caller.agency, found.pk))

    return once(request, caller, act)


@router.post(
    "/{agency}/splittings/{splitting_id}/put-back", response=shapes.Splitting,
    summary="Put it back",
)  # fmt: skip
def back(
    request: HttpRequest, agency: str, splitting_id: str, body: shapes.TakeBack
) -> shapes.Splitting:
    """The posts go back to the conversation that they came from, with their notes."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Splitting:
        found = find_splitting(caller.agency, read_row(splitting_id))
        put_back(
            splitting=found, reason=body.reason, by=caller.person,
            expected_shape=_shape_of(body, found.made_id),
        )  # fmt: skip
        return tell_splitting(find_splitting(caller.agency, found.pk))

    return once(request, caller, act)
