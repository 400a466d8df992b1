"""What the conversation and the reply form show of approvals."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Final

from levelhead.accounts.access import AgencyRequest
from levelhead.accounts.models import User
from levelhead.approvals.asking import askable
from levelhead.approvals.domain import ApprovalState
from levelhead.approvals.facts import ask_rules
from levelhead.approvals.models import ApprovalRequest
from levelhead.approvals.people import list_people
from levelhead.approvals.queries import Shown, list_drafts, list_of_case, show_requests
from levelhead.approvals.wording import say_all, say_people, say_who
from levelhead.inbox.models import Case
from levelhead.replies.forms import ReplyForm, new_reply_form

# Longer texts are shown one after the other.
DIFF_WORDS: Final = 4_000
# What is over and done is not shown above the form.
_OPEN: Final = frozenset({"waiting", "approved", "sent_back", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """Who would be asked about a reply, and why."""

    names: str
    who: str
    why: str
    rule: str
    # Nobody but the author could.
    nobody: bool
    # It goes at once, and they are told.
    told_only: bool


def foresee(
    case: Case, *, text: str, person: User, overruled: tuple[str, ...] = ()
) -> list[Foreseen]:
    """What sending these words would ask of whom; six short queries, one where no rule is on."""
    asks = ask_rules(case, draft=text, author=person.pk, overruled=overruled)
    if not asks:
        return []
    people = list_people(case.agency_id)
    names = {one.id: one.name for one in people}
    found = []
    for one in asks:
        able = askable(one.rule.who, one.rule.then, people, author=person.pk, escalated=False)
        found.append(
            Foreseen(
                names=say_people(able),
                who=say_who(one.rule.who, names),
                why=say_all(one.because),
                rule=one.rule.name,
                nobody=not able,
                told_only=one.told_only,
            )
        )
    return found


def foresee_on(
    request: AgencyRequest, case: Case, form: ReplyForm | None, shown: object
) -> list[Foreseen]:
    """What the form says before sending; nothing is asked where no rule was ever made."""
    if not request.agency.approves:
        return []
    text = form.text if form else ""
    return foresee(case, text=text, person=request.person, overruled=held_rules(shown))


def held_rules(shown: object) -> tuple[str, ...]:
    """The rules of the check that hold a draft: sending it all the same would overrule them."""
    return tuple(
        one.finding.rule.value
        for one in shown  # type: ignore[attr-defined]
        if one.finding.severity.value == "stop"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class OfCase:
    """Approvals of one case."""

    # What is under way or came back, newest first.
    open: list[Shown]
    # Reply id -> who approved it.
    approved: dict[int, ApprovalRequest]
    # Pieces of the difference, for each request whose words an approver changed.
    changes: dict[int, list[Piece]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed, went or came."""

    kind: str
    text: str


def approvals_of(request: AgencyRequest, case: Case) -> OfCase | None:
    """What a conversation shows; nothing is asked of the database where no rule was ever made."""
    if not request.agency.approves:
        return None
    rows = list_of_case(case)
    open_rows = [row for row in rows if row.state in _OPEN][:3]
    # A newer reply or request makes one that came back yesterday's news.
    if any(row.state in ("sent", "told") for row in rows[:1]):
        open_rows = []
    return OfCase(
        open=show_requests(open_rows, agency_id=request.agency.pk, person=request.person),
        approved={row.reply_id: row for row in rows if row.reply_id is not None},
        changes={
            row.pk: pieces for row in rows[:3] if row.decided_by_id and (pieces := changes_of(row))
        },
    )


def form_to_change(request: AgencyRequest, case: Case) -> ReplyForm | None:
    """The reply form with the words of one's own request in it."""
    asked = request.GET.get("change", "")
    if not request.agency.approves or not (asked.isascii() and asked.isdigit()):
        return None
    row = ApprovalRequest.objects.filter(
        case=case, author=request.person, pk=int(asked[:18]),
        state__in=[
            ApprovalState.WAITING.value, ApprovalState.SENT_BACK.value, ApprovalState.FAILED.value
        ],
    ).first()  # fmt: skip
    if row is None:
        return None
    return new_reply_form(
        text=row.text,
        answer_ids=tuple(row.terms.get("answers", ())),
        research_id=row.terms.get("research"),
    )


def changes_of(request: ApprovalRequest) -> list[Piece]:
    """The author's words against those that were approved; empty where nothing was changed."""
    drafts = list_drafts(request)
    own = [draft for draft in drafts if draft.by_id == request.author_id]
    if not own or own[-1].text == request.text:
        return []
    return diff_words(own[-1].text, request.text)


def diff_words(before: str, after: str) -> list[Piece]:
    """What went and what came, word by word."""
    old, new = re.findall(r"\S+|\s+", before), re.findall(r"\S+|\s+", after)
    if max(len(old), len(new)) > DIFF_WORDS:
        return [Piece("out", before), Piece("in", after)]
    pieces = []
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[i:j])))
            continue
        if j > i:
            pieces.append(Piece("out", "".join(old[i:j])))
        if m > k:
            pieces.append(Piece("in", "".join(new[k:m])))
    return pieces
