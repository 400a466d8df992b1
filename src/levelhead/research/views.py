"""The desk's side: the list, one question, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.commitments.forms import local_parts, read_due, read_reason
from levelhead.inbox.forms import Typed
from levelhead.inbox.pages import (
    back_to_conversation,
    read_id,
    read_version,
    show_conversation,
)
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.records.queries import list_subject_events
from levelhead.research import actions
from levelhead.research.domain import ANSWER_LIMIT, MailState
from levelhead.research.files import SUFFIXES, read_bytes
from levelhead.research.forms import read_ask_form
from levelhead.research.links import link_path
from levelhead.research.mailing import send_again
from levelhead.research.models import ResearchRequest
from levelhead.research.queries import (
    SHOWS,
    find_file,
    find_research,
    list_files,
    list_mails,
    list_research,
)
from levelhead.research.recording import mail_is_set_up
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def research(request: AgencyRequest) -> HttpResponse:
    """What colleagues were asked, by due date."""
    show = request.GET.get("show", "")
    page = list_research(
        request.agency,
        show=show if show in SHOWS else "waiting",
        after=request.GET.get("after", ""),
    )
    return render(
        request, "research/research.html", {"page": page, "mail_set_up": mail_is_set_up()}
    )


def _link(request: AgencyRequest, found: ResearchRequest) -> str:
    path = link_path(found)
    base = str(settings.ENVIRONMENT.public_url)
    return base + path if base else request.build_absolute_uri(path)


def _show(
    request: AgencyRequest,
    found: ResearchRequest,
    *,
    given: dict[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    may_work = request.member.may(Ability.WORK)
    sent, came = list_mails(found)
    return render(
        request,
        "research/request.html",
        {
            "one": found,
            "typed": given or {},
            "due_parts": local_parts(found.due_at, request.agency),
            "may_work": may_work,
            "may_reply": request.member.may(Ability.REPLY),
            "link": _link(request, found) if may_work and found.link_is_live else "",
            "files": list_files(found),
            "sent": sent,
            "came": came,
            "unsure": [
                mail for mail in sent if mail.state in (MailState.FAILED, MailState.UNCLEAR)
            ],
            "mail_set_up": mail_is_set_up(),
            "events": list_subject_events(request.agency, f"research:{found.pk}"),
        },
        status=status,
    )


@require_GET
@member(Ability.READ)
def question(request: AgencyRequest, request_id: int) -> HttpResponse:
    """One question: where it stands, what came back, what can be done."""
    return _show(request, find_research(request.agency, request_id))


@require_POST
@member(Ability.WORK)
def ask(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Ask a colleague about a conversation."""
    case = find_case(request.agency, post_id)
    form = read_ask_form(request.POST)
    try:
        asked = actions.ask(
            case=case,
            question=form.question,
            to_email=form.to_email,
            to_name=form.to_name,
            due_at=form.due_at(request.agency),
            kind=form.kind,
            by=request.person,
        )
    except (Conflict, Invalid) as error:
        return show_conversation(request, post_id, error=error, typed=Typed(asking=form))
    if asked.by_mail:
        messages.success(request, _("Asked. The mail to %(to)s is on its way.") % {"to": asked.to})
        return back_to_conversation(request, post_id)
    messages.warning(
        request,
        _("Noted, but mail is not set up here, so nothing was sent: copy the link below and pass "
          "it on yourself."),
    )  # fmt: skip
    found = reverse("question", args=[request.agency.slug, asked.pk])
    # A page of its own, also where only the conversation was asked for.
    part = bool(request.headers.get("HX-Request"))
    return HttpResponseClientRedirect(found) if part else redirect(found)


def _act(
    request: AgencyRequest,
    request_id: int,
    act: Callable[[ResearchRequest, int | None], str],
) -> HttpResponse:
    """Do it and say so; a mistake is said on the page, with what was typed."""
    found = find_research(request.agency, request_id)
    try:
        done = act(found, read_version(request.POST))
    except (Conflict, Invalid) as error:
        messages.error(request, error.message)
        typed = {name: request.POST.get(name, "")[: ANSWER_LIMIT + 1] for name in request.POST}
        fresh = find_research(request.agency, request_id)
        return _show(request, fresh, given=typed, status=status_of(error))
    messages.success(request, done)
    return redirect("question", agency=request.agency.slug, request_id=request_id)


@require_POST
@member(Ability.WORK)
def withdraw(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Ask no more."""

    def act(found: ResearchRequest, version: int | None) -> str:
        actions.withdraw(
            request=found, reason=read_reason(request.POST), by=request.person,
            expected_version=version,
        )  # fmt: skip
        return _("Taken back. The link opens nothing any more.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.WORK)
def revoke(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Close the link."""

    def act(found: ResearchRequest, version: int | None) -> str:
        actions.revoke_link(request=found, by=request.person, expected_version=version)
        return _("The link opens nothing any more. Send a new one when you know to whom.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.WORK)
def renew(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Send a new link."""

    def act(found: ResearchRequest, version: int | None) -> str:
        done = actions.send_new_link(request=found, by=request.person, expected_version=version)
        if done.by_mail:
            return _("A new link is on its way; the old one opens nothing any more.")
        return _("There is a new link below; the old one opens nothing any more.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.WORK)
def remind(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Send a reminder."""

    def act(found: ResearchRequest, version: int | None) -> str:
        actions.remind(request=found, by=request.person, expected_version=version)
        return _("A reminder is on its way.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.WORK)
def due(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Give the colleague another date."""

    def act(found: ResearchRequest, version: int | None) -> str:
        actions.change_due(
            request=found,
            due_at=read_due(
                request.POST.get("day", "")[:12], request.POST.get("at", "")[:8], request.agency
            ),
            reason=read_reason(request.POST, "why"),
            by=request.person,
            expected_version=version,
        )
        return _("The due date was changed. The page behind the link shows it.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.WORK)
def pass_on(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Ask somebody else the same."""

    def act(found: ResearchRequest, version: int | None) -> str:
        done = actions.pass_on(
            request=found,
            to_email=request.POST.get("to_email", "")[:300],
            to_name=request.POST.get("to_name", "")[:300],
            by=request.person,
            expected_version=version,
        )
        return _("%(to)s is asked now; the old link opens nothing any more.") % {"to": done.to}

    return _act(request, request_id, act)


@require_POST
@member(Ability.WORK)
def ask_again(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Ask back about an answer."""

    def act(found: ResearchRequest, version: int | None) -> str:
        actions.ask_again(
            request=found,
            note=read_reason(request.POST, "missing"),
            due_at=read_due(request.POST.get("day", "")[:12], "", request.agency),
            by=request.person,
            expected_version=version,
        )
        return _("Asked back, with a new link. The first answer stays on the record.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.REPLY)
def release(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Say that the answer may be told in public."""

    def act(found: ResearchRequest, version: int | None) -> str:
        text = request.POST.get("text", "").replace("\r\n", "\n")[: ANSWER_LIMIT + 1]
        actions.release(request=found, text=text, by=request.person, expected_version=version)
        return _("Released. Put it into the reply now; nothing is public before that is sent.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.REPLY)
def unrelease(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Take a release back before it is posted."""

    def act(found: ResearchRequest, version: int | None) -> str:
        actions.take_release_back(request=found, by=request.person, expected_version=version)
        return _("Not released any more.")

    return _act(request, request_id, act)


@require_POST
@member(Ability.WORK)
def mail_again(request: AgencyRequest, request_id: int) -> HttpResponse:
    """Have a mail that did not surely leave sent again."""

    def act(found: ResearchRequest, version: int | None) -> str:
        del version
        mail = found.mails.filter(pk=read_id(request.POST.get("mail")) or 0).first()
        if mail is None:
            raise Invalid(_("There is no such mail here."))
        send_again(mail=mail, by=request.person)
        return _("The mail is being sent again.")

    return _act(request, request_id, act)


@require_GET
@member(Ability.READ)
def file(request: AgencyRequest, file_id: int) -> HttpResponse:
    """A file that a colleague sent: to be saved, never shown as a page of ours."""
    found = find_file(request.agency, file_id)
    response = HttpResponse(read_bytes(found), content_type=found.content_type)
    name = found.name
    suffix = SUFFIXES.get(found.content_type, "")
    # The name says what the bytes are, whatever the sender called them.
    if suffix and not name.lower().endswith((suffix, ".jpeg", ".csv")):
        name += suffix
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def policy(request: AgencyRequest) -> HttpResponse:
    """The days for records requests, and what "not mine" leads to."""
    status = HTTPStatus.OK
    if request.method == "POST":
        days = request.POST.get("records_days", "").strip()
        try:
            number = int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0
            actions.change_policy(
                agency=request.agency,
                records_days=number,
                passes_on=request.POST.get("passes_on") == "yes",
                checked=request.POST.get("checked") == "yes",
                by=request.person,
            )
        except Invalid as error:
            messages.error(request, error.message)
            status = HTTPStatus.BAD_REQUEST
        else:
            messages.success(request, _("Saved. Dates that were given already stay."))
            return redirect("research-policy", agency=request.agency.slug)
    return render(
        request,
        "research/policy.html",
        {"policy": actions.policy_of(request.agency), "mail": settings.ENVIRONMENT.mail_from},
        status=status,
    )
