"""What many ask, and what the agency says to everybody."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router
from ninja.params.functions import Query

from levelhead.accounts.domain import Ability
from levelhead.api import shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import read_row
from levelhead.api.telling import tell_asked, tell_own_post
from levelhead.asked.queries import list_asked
from levelhead.inbox.pages import read_id
from levelhead.kernel.errors import Invalid
from levelhead.knowledge.queries import find_answer
from levelhead.posts.actions import send_post
from levelhead.posts.domain import Said
from levelhead.posts.queries import find_post, list_posts

asked_router = Router(tags=["asked often"])
posts_router = Router(tags=["own posts"])


@asked_router.get("/{agency}/asked", response=shapes.AskedPage, summary="List what is asked often")
def asked(
    request: HttpRequest,
    agency: str,
    show: str = Query("open", description="open, in_work or aside."),
    after: str = Query("", max_length=40, description="From `next`."),
) -> shapes.AskedPage:
    """Questions of the last 30 days that at least three people asked and no answer fits."""
    caller = enter(request, agency, Ability.READ)
    page = list_asked(caller.agency, show=show, after=after)
    following = ""
    if page.more:
        following = f"{request.path}?" + urlencode({"show": show, "after": page.more})
    return shapes.AskedPage(items=[tell_asked(row) for row in page.rows], next=following)


@posts_router.get("/{agency}/posts", response=shapes.OwnPostPage, summary="List own posts")
def own_posts(
    request: HttpRequest,
    agency: str,
    before: str = Query("", max_length=20, description="From `next`."),
) -> shapes.OwnPostPage:
    """What the agency said to everybody, newest first."""
    caller = enter(request, agency, Ability.READ)
    found, more = list_posts(caller.agency, before=read_id(before))
    following = f"{request.path}?" + urlencode({"before": more}) if more else ""
    return shapes.OwnPostPage(items=[tell_own_post(one) for one in found], next=following)


@posts_router.get("/{agency}/posts/{post_id}", response=shapes.OwnPost, summary="One own post")
def own_post(request: HttpRequest, agency: str, post_id: str) -> shapes.OwnPost:
    """Where it is, channel by channel."""
    caller = enter(request, agency, Ability.READ)
    return tell_own_post(find_post(caller.agency, read_row(post_id)))


@posts_router.post(
    "/{agency}/answers/{answer_id}/post", response=shapes.OwnPost, summary="Say it to everybody"
)
def say(
    request: HttpRequest, agency: str, answer_id: str, body: shapes.SayToEverybody
) -> shapes.OwnPost:
    """Post what an approved answer says. An Idempotency-Key is required.

    It goes on all the channels that are named, or on none. What the reply check holds is refused
    with `held` until a person says why it goes all the same: let a person see the words first.
    """
    caller = enter(request, agency, Ability.REPLY)
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise Invalid(
            _("Send an Idempotency-Key with a post, so that it cannot go out twice. Nothing left.")
        )

    def act() -> shapes.OwnPost:
        # The form's token too: the answer kept for the key is forgotten after a day, this never.
        form = hashlib.sha256(f"{caller.token.pk}:{key}".encode()).hexdigest()[:40]
        sent = send_post(
            agency=caller.agency,
            said=[Said(channel_id=read_row(one.channel), text=one.text) for one in body.on],
            answer=find_answer(caller.agency, read_row(answer_id)),
            lang=body.lang,
            by=caller.person,
            form_token=form,
            answer_version=body.version,
            all_the_same=body.all_the_same,
        )
        return tell_own_post(find_post(caller.agency, sent.pk))

    return once(request, caller, act)
