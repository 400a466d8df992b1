"""Replies: written once, sent once; where each one is."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from levelhead.accounts.domain import Ability
from levelhead.api import shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import read_row
from levelhead.api.telling import tell_reply, tell_waiting
from levelhead.drafting.door import say_read
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Invalid
from levelhead.replies.actions import retry_reply, send_reply, withdraw_reply
from levelhead.replies.gate import Waits
from levelhead.replies.queries import find_reply

router = Router(tags=["replies"])


@router.post("/{agency}/cases/{case_id}/reply", response=shapes.Reply, summary="Answer in public")
def reply(request: HttpRequest, agency: str, case_id: str, body: shapes.WriteReply) -> shapes.Reply:
    """Send a reply on its way. An Idempotency-Key is required: a reply cannot be called back.

    Where a rule wants it approved nothing is sent: the state is `waits_for_approval`, and
    `approval` says where it stands. What the reply check holds is refused with `held` until a
    person says why it goes all the same.
    The judgement stays with people: let a person see the text before a program sends it.
    """
    caller = enter(request, agency, Ability.REPLY)
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise Invalid(
            _("Send an Idempotency-Key with a reply, so that it cannot go out twice. Nothing left.")
        )

    def act() -> shapes.Reply:
        found = find_case(caller.agency, read_row(case_id))
        # The form's token too: the answer kept for the key is forgotten after a day, this never.
        form = hashlib.sha256(f"{caller.token.pk}:{key}".encode()).hexdigest()[:40]
        if body.draft_read:
            say_read(case=found, text=body.text, by=caller.person)
        try:
            sent = send_reply(
                case=found,
                text=body.text,
                by=caller.person,
                form_token=form,
                expected_version=body.version,
                answer_ids=[read_row(answer) for answer in body.answers],
                all_the_same=body.all_the_same,
                posts=body.posts,
            )
        except Waits as waits:
            return tell_waiting(waits.request_id, text=body.text, by=caller.person)
        return tell_reply(sent)

    return once(request, caller, act)


@router.get("/{agency}/replies/{reply_id}", response=shapes.Reply, summary="One reply")
def one_reply(request: HttpRequest, agency: str, reply_id: str) -> shapes.Reply:
    """Whether it left, where it is, or why not."""
    caller = enter(request, agency, Ability.READ)
    return tell_reply(find_reply(caller.agency, read_row(reply_id)))


@router.post("/{agency}/replies/{reply_id}/withdraw", response=shapes.Reply, summary="Take it back")
def withdraw(request: HttpRequest, agency: str, reply_id: str) -> shapes.Reply:
    """Only what has not left yet."""
    caller = enter(request, agency, Ability.REPLY)

    def act() -> shapes.Reply:
        withdraw_reply(reply=find_reply(caller.agency, read_row(reply_id)), by=caller.person)
        return tell_reply(find_reply(caller.agency, read_row(reply_id)))

    return once(request, caller, act)


@router.post("/{agency}/replies/{reply_id}/retry", response=shapes.Reply, summary="Try again")
def retry(request: HttpRequest, agency: str, reply_id: str) -> shapes.Reply:
    """Have a reply that failed sent again."""
    caller = enter(request, agency, Ability.REPLY)

    def act() -> shapes.Reply:
        retry_reply(reply=find_reply(caller.agency, read_row(reply_id)), by=caller.person)
        return tell_reply(find_reply(caller.agency, read_row(reply_id)))

    return once(request, caller, act)
