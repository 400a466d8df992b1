"""Cases: the list, one case, its conversation, and what people do to it."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Router
from ninja.params.functions import Query

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.analysis.domain import Label
from levelhead.api import shapes
from levelhead.api.calling import enter, once
from levelhead.api.queries import Caller
from levelhead.api.telling import tell_case, tell_note, tell_row, tell_thread
from levelhead.doctrine.domain import Disposition
from levelhead.inbox import actions
from levelhead.inbox.domain import CaseState
from levelhead.inbox.queries import PAGE, VIEWS, list_cases, read_choice
from levelhead.inbox.search import QUERY_LIMIT
from levelhead.inbox.thread import find_case, list_colleagues, read_thread
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.replies.queries import list_replies

router = Router(tags=["cases"])


def read_row(text: str) -> int:
    """A row's number in an address or a body. Raises Invalid."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 19 and int(text) < 2**63):
        raise Invalid(_("“%(id)s” is not an id of this desk.") % {"id": text[:40]})
    return int(text)


@router.get("/{agency}/cases", response=shapes.CasePage, summary="List cases")
def cases(
    request: HttpRequest,
    agency: str,
    view: str = Query("needs", description=f"One of {', '.join(VIEWS)}."),
    label: str = Query("", description="Only this label."),
    channel: str = Query("", description="Only this channel's id."),
    lang: str = Query("", description="Only this language, such as `es`."),
    q: str = Query("", max_length=QUERY_LIMIT, description="Words that the post holds."),
    sort: str = Query("newest", description="`newest`, or `clock`: what is due first."),
    before: str = Query("", description="From `next`."),
    after: str = Query("", description="From `next`."),
) -> shapes.CasePage:
    """As the inbox shows them, 50 at a time; what is no such choice is passed over."""
    caller = enter(request, agency, Ability.READ)
    choice = read_choice(
        {
            "view": view, "label": label, "channel": channel, "lang": lang, "q": q, "sort": sort,
            "before": before, "after": after,
        }
    )  # fmt: skip
    page = list_cases(caller.agency, caller.person, choice, shown=PAGE)
    following = f"{request.path}{page.more}" if page.more else ""
    return shapes.CasePage(items=[tell_row(case) for case in page.rows], next=following)


def _tell(caller: Caller, post_id: int) -> shapes.Case:
    case = find_case(caller.agency, post_id)
    return tell_case(case, list_replies(case), get_language() or "en")


@router.get("/{agency}/cases/{case_id}", response=shapes.Case, summary="One case")
def case(request: HttpRequest, agency: str, case_id: str) -> shapes.Case:
    """With its post, its reasons and its replies."""
    return _tell(enter(request, agency, Ability.READ), read_row(case_id))


@router.get("/{agency}/cases/{case_id}/thread", response=shapes.Thread, summary="Its conversation")
def thread(request: HttpRequest, agency: str, case_id: str) -> shapes.Thread:
    """The posts around it."""
    caller = enter(request, agency, Ability.READ)
    post = find_case(caller.agency, read_row(case_id)).post
    return tell_thread(post, read_thread(post, answers_after=None, others_after=None))


@router.post("/{agency}/cases/{case_id}/assign", response=shapes.Case, summary="Assign it")
def assign(request: HttpRequest, agency: str, case_id: str, body: shapes.Assign) -> shapes.Case:
    """To a colleague, or to nobody."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Case:
        found = find_case(caller.agency, read_row(case_id))
        owner = find_colleague(caller, body.owner) if body.owner is not None else None
        actions.assign_case(
            case=found, owner=owner, by=caller.person, expected_version=body.version
        )
        return _tell(caller, found.pk)

    return once(request, caller, act)


def find_colleague(caller: Caller, email: str) -> User:
    """Somebody of the agency by e-mail address. Raises Invalid."""
    for colleague in list_colleagues(caller.agency):
        if colleague.email == email.strip().lower():
            return colleague
    raise Invalid(_("Choose a colleague of your agency."))


@router.post("/{agency}/cases/{case_id}/decide", response=shapes.Case, summary="Decide otherwise")
def decide(request: HttpRequest, agency: str, case_id: str, body: shapes.Decide) -> shapes.Case:
    """Change the label, the disposition, or both; kept as a correction to learn from."""
    caller = enter(request, agency, Ability.WORK)
    try:
        label = Label(body.label) if body.label else None
        disposition = Disposition(body.disposition) if body.disposition else None
    except ValueError as error:
        raise Invalid(
            _("Labels: %(labels)s. Dispositions: %(dispositions)s.")
            % {"labels": ", ".join(Label), "dispositions": ", ".join(Disposition)}
        ) from error

    def act() -> shapes.Case:
        found = find_case(caller.agency, read_row(case_id))
        actions.change_decision(
            case=found, label=label, disposition=disposition, reason=body.reason,
            by=caller.person, expected_version=body.version,
        )  # fmt: skip
        return _tell(caller, found.pk)

    return once(request, caller, act)


@router.post("/{agency}/cases/{case_id}/let-stand", response=shapes.Case, summary="Let it stand")
def let_stand(request: HttpRequest, agency: str, case_id: str, body: shapes.Change) -> shapes.Case:
    """Decide that the post needs no answer. Life safety is closed with a reason instead."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Case:
        found = find_case(caller.agency, read_row(case_id))
        if body.version is not None and found.version != body.version:
            raise Conflict(_("Somebody changed this case meanwhile. Nothing was done."))
        done = actions.let_stand(cases=[found], by=caller.person).done
        if not done and found.state != CaseState.STOOD:
            raise Conflict(
                _("This case cannot be let stand: it is not open, or a life may be at stake.")
            )
        return _tell(caller, found.pk)

    return once(request, caller, act)


@router.post("/{agency}/cases/{case_id}/close", response=shapes.Case, summary="Close it")
def close(request: HttpRequest, agency: str, case_id: str, body: shapes.Close) -> shapes.Case:
    """Dealt with in another way, with the reason."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Case:
        found = find_case(caller.agency, read_row(case_id))
        actions.close_case(
            case=found, reason=body.reason, by=caller.person, expected_version=body.version
        )
        return _tell(caller, found.pk)

    return once(request, caller, act)


@router.post("/{agency}/cases/{case_id}/reopen", response=shapes.Case, summary="Open it again")
def reopen(request: HttpRequest, agency: str, case_id: str, body: shapes.Change) -> shapes.Case:
    """Take a case up again."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.Case:
        found = find_case(caller.agency, read_row(case_id))
        actions.reopen_case(case=found, by=caller.person, expected_version=body.version)
        return _tell(caller, found.pk)

    return once(request, caller, act)


@router.post("/{agency}/cases/{case_id}/notes", response=shapes.NoteMade, summary="Add a note")
def note(request: HttpRequest, agency: str, case_id: str, body: shapes.Note) -> shapes.NoteMade:
    """For colleagues; it never leaves the agency."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.NoteMade:
        found = find_case(caller.agency, read_row(case_id))
        made = actions.add_note(
            conversation=found.post.conversation, text=body.text, by=caller.person
        )
        return tell_note(made)

    return once(request, caller, act)
