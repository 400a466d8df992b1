"""Research: questions to colleagues who have no account."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router
from ninja.params.functions import Query

from levelhead.accounts.domain import Ability
from levelhead.api import shapes_rooms as shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import read_row
from levelhead.api.shapes import Change
from levelhead.api.telling_rooms import tell_research, tell_research_whole
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Invalid
from levelhead.research import actions
from levelhead.research.domain import Kind
from levelhead.research.queries import SHOWS, find_research, list_research

router = Router(tags=["research"])


def with_zone(given: datetime | None) -> datetime | None:
    """A time that says its zone. Raises Invalid."""
    if given is not None and given.tzinfo is None:
        raise Invalid(_("Give the time with its zone, such as 2027-03-10T17:00:00-06:00."))
    return given


@router.get("/{agency}/research", response=shapes.ResearchPage, summary="List questions")
def research(
    request: HttpRequest,
    agency: str,
    show: str = Query("waiting", description="waiting (by due time), answered or closed."),
    after: str = Query("", description="From `next`."),
) -> shapes.ResearchPage:
    """Questions to colleagues, 50 at a time."""
    caller = enter(request, agency, Ability.READ)
    chosen = show if show in SHOWS else "waiting"
    page = list_research(caller.agency, show=chosen, after=after)
    following = ""
    if page.more_after:
        following = f"{request.path}?" + urlencode({"show": chosen, "after": page.more_after})
    return shapes.ResearchPage(
        items=[tell_research(one) for one in page.rows], next=following, waiting=page.waiting,
        overdue=page.overdue, answered=page.answered,
    )  # fmt: skip


@router.get(
    "/{agency}/research/{request_id}", response=shapes.ResearchWhole, summary="One question"
)
def question(request: HttpRequest, agency: str, request_id: str) -> shapes.ResearchWhole:
    """With what came back. The colleague's link is given to nobody here."""
    caller = enter(request, agency, Ability.READ)
    return tell_research_whole(find_research(caller.agency, read_row(request_id)))


@router.post("/{agency}/research", response=shapes.ResearchWhole, summary="Ask a colleague")
def ask(request: HttpRequest, agency: str, body: shapes.Ask) -> shapes.ResearchWhole:
    """The mail leaves with it. An Idempotency-Key is required: a mail cannot be called back."""
    caller = enter(request, agency, Ability.WORK)
    if not request.headers.get("Idempotency-Key", ""):
        raise Invalid(
            _("Send an Idempotency-Key with it, so that nobody is asked twice. Nothing left.")
        )
    if body.kind not in set(Kind):
        raise Invalid(_("Kinds: %(kinds)s.") % {"kinds": ", ".join(Kind)})
    due_at = with_zone(body.due_at)

    def act() -> shapes.ResearchWhole:
        asked = actions.ask(
            case=find_case(caller.agency, read_row(body.case)), question=body.question,
            to_email=body.to_email, to_name=body.to_name, due_at=due_at, kind=Kind(body.kind),
            by=caller.person,
        )  # fmt: skip
        return tell_research_whole(find_research(caller.agency, asked.pk))

    return once(request, caller, act)


@router.post(
    "/{agency}/research/{request_id}/remind", response=shapes.ResearchWhole, summary="Remind"
)
def remind(
    request: HttpRequest, agency: str, request_id: str, body: Change
) -> shapes.ResearchWhole:
    """Send the colleague a reminder now."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.ResearchWhole:
        found = find_research(caller.agency, read_row(request_id))
        actions.remind(request=found, by=caller.person, expected_version=body.version)
        return tell_research_whole(find_research(caller.agency, found.pk))

    return once(request, caller, act)


@router.post(
    "/{agency}/research/{request_id}/release", response=shapes.ResearchWhole,
    summary="Release the answer",
)  # fmt: skip
def release(
    request: HttpRequest, agency: str, request_id: str, body: shapes.Release
) -> shapes.ResearchWhole:
    """Say what of the answer may be told in public; needs the scope `reply`."""
    caller = enter(request, agency, Ability.REPLY)

    def act() -> shapes.ResearchWhole:
        found = find_research(caller.agency, read_row(request_id))
        actions.release(
            request=found, text=body.text, by=caller.person, expected_version=body.version
        )
        return tell_research_whole(find_research(caller.agency, found.pk))

    return once(request, caller, act)


@router.post(
    "/{agency}/research/{request_id}/withdraw", response=shapes.ResearchWhole,
    summary="Take the question back",
)  # fmt: skip
def withdraw(
    request: HttpRequest, agency: str, request_id: str, body: shapes.Withdraw
) -> shapes.ResearchWhole:
    """The link is dead from then on, and what has not left does not leave."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.ResearchWhole:
        found = find_research(caller.agency, read_row(request_id))
        actions.withdraw(
            request=found, reason=body.reason, by=caller.person, expected_version=body.version
        )
        return tell_research_whole(find_research(caller.agency, found.pk))

    return once(request, caller, act)
