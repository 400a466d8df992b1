"""The pages of own posts: the list, one post, and saying an answer to everybody."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.pages import read_id
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import find_answer, today_of
from levelhead.posts import actions, queries
from levelhead.posts.forms import PostForm, new_post_form, read_post_form
from levelhead.posts.models import Delivery
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def own_posts(request: AgencyRequest) -> HttpResponse:
    """What the agency said to everybody, newest first."""
    posts, before = queries.list_posts(request.agency, before=read_id(request.GET.get("before")))
    return render(request, "posts/posts.html", {"posts": posts, "more_before": before})


@require_GET
@member(Ability.READ)
def own_post(request: AgencyRequest, own_post_id: int) -> HttpResponse:
    """One post, channel by channel."""
    return _show(request, own_post_id)


def _show(
    request: AgencyRequest, own_post_id: int, *, error: LevelheadError | None = None
) -> HttpResponse:
    found = queries.find_post(request.agency, own_post_id)
    return render(
        request,
        "posts/post.html",
        {
            "own_post": found,
            "arrived": queries.follow(found),
            "may_reply": request.member.may(Ability.REPLY),
            "error": error,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


@require_http_methods(["GET", "POST"])
@member(Ability.REPLY)
def say(request: AgencyRequest, answer_id: int) -> HttpResponse:
    """Write, look at and send what an answer says, to everybody. Nothing goes without a look."""
    answer = find_answer(request.agency, answer_id)
    if answer.state != "approved" or answer.stale_on(today_of(request.agency)):
        messages.error(
            request, _("Only an approved answer that is not past its review date can be posted.")
        )
        return redirect("answer", agency=request.agency.slug, answer_id=answer_id)
    if request.method == "GET":
        form = new_post_form(request.agency, answer, lang=request.GET.get("lang", ""))
        return _show_form(request, answer, form)
    form = read_post_form(request.agency, request.POST)
    step = request.POST.get("step", "")
    try:
        if step == "send":
            return _send(request, answer, form)
        if step == "look":
            actions.check_texts(request.agency, form.said)
    except (Conflict, Invalid) as error:
        form.show_errors(error)
        looking = step == "send" and not any(row.error for row in form.rows)
        return _show_form(request, answer, form, error=error, looking=looking)
    return _show_form(request, answer, form, looking=step == "look")


def _send(request: AgencyRequest, answer: Answer, form: PostForm) -> HttpResponse:
    sent = actions.send_post(
        agency=request.agency, said=form.said, answer=answer, lang=form.lang, by=request.person,
        form_token=form.token, answer_version=form.answer_version, all_the_same=form.all_the_same,
    )  # fmt: skip
    count = len(form.chosen)
    done = ngettext("On its way to %(n)d channel.", "On its way to %(n)d channels.", count) % {
        "n": count
    }
    messages.success(request, done)
    return redirect("own-post", agency=request.agency.slug, own_post_id=sent.pk)


def _show_form(
    request: AgencyRequest,
    answer: Answer,
    form: PostForm,
    *,
    looking: bool = False,
    error: LevelheadError | None = None,
) -> HttpResponse:
    if looking:
        form.check(request.agency, request.person)
    return render(
        request,
        "posts/look.html" if looking else "posts/say.html",
        {"answer": answer, "form": form, "error": error},
        status=status_of(error) if error else HTTPStatus.OK,
    )


def _act(
    request: AgencyRequest, delivery_id: int, act: Callable[[Delivery], None], done: str
) -> HttpResponse:
    delivery = queries.find_delivery(request.agency, delivery_id)
    try:
        act(delivery)
    except (Conflict, Invalid) as error:
        return _show(request, delivery.own_post_id, error=error)
    messages.success(request, done)
    return redirect("own-post", agency=request.agency.slug, own_post_id=delivery.own_post_id)


@require_POST
@member(Ability.REPLY)
def withdraw(request: AgencyRequest, delivery_id: int) -> HttpResponse:
    """Take a post back on one channel before it leaves."""
    return _act(
        request,
        delivery_id,
        lambda one: actions.withdraw_delivery(delivery=one, by=request.person),
        _("Taken back. Nobody saw it there."),
    )


@require_POST
@member(Ability.REPLY)
def retry(request: AgencyRequest, delivery_id: int) -> HttpResponse:
    """Have a post that failed on one channel sent again."""
    return _act(
        request,
        delivery_id,
        lambda one: actions.retry_delivery(delivery=one, by=request.person),
        _("The post is being sent again."),
    )


@require_POST
@member(Ability.REPLY)
def give_up(request: AgencyRequest, delivery_id: int) -> HttpResponse:
    """Do without a post that failed on one channel."""
    return _act(
        request,
        delivery_id,
        lambda one: actions.give_up_delivery(delivery=one, by=request.person),
        _("Kept as not sent; it is not shown on top any more."),
    )
