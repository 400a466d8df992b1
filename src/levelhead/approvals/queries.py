"""What waits for approval, what became of it, and what the screens show of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final

from levelhead.accounts.models import Agency, User
from levelhead.approvals.asking import may_meet
from levelhead.approvals.domain import UNDO, ApprovalState, Because, Person, read_who
from levelhead.approvals.models import (
    ApprovalDemand,
    ApprovalDraft,
    ApprovalRequest,
    ApprovalRule,
    ApprovalRuleVersion,
)
from levelhead.approvals.people import list_people
from levelhead.approvals.wording import say_all, say_people, say_who
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound

# Requests that wait in one agency and are looked through for one person.
MOST: Final = 200
OWN: Final = 20
PAGE: Final = 50
REPORT_DAYS: Final = 90
REPORT_ROWS: Final = 5_000
VERSIONS: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One demand of a request, in words."""

    demand: ApprovalDemand
    who: str
    # Names of those who may meet it now.
    names: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A request as a person sees it."""

    request: ApprovalRequest
    lines: list[Line]
    # All names of those it waits for.
    waits_for: str
    # The person may decide now.
    mine: bool
    own: bool
    undo: bool

    @property
    def late(self) -> bool:
        """Nobody decided in time."""
        return self.request.escalated_at is not None and self.request.state == "waiting"


def show_requests(
    requests: Iterable[ApprovalRequest], *, agency_id: int, person: User
) -> list[Shown]:
    """Requests with their demands and who may meet them; two queries."""
    found = list(requests)
    if not found:
        return []
    people = list_people(agency_id)
    demands: dict[int, list[ApprovalDemand]] = defaultdict(list)
    for demand in (
        ApprovalDemand.objects.filter(request__in=found, dropped=False)
        .select_related("met_by")
        .order_by("pk")
    ):
        demands[demand.request_id].append(demand)
    return [_show(one, demands[one.pk], people, person) for one in found]


def _show(
    request: ApprovalRequest,
    demands: Sequence[ApprovalDemand],
    people: Sequence[Person],
    person: User,
) -> Shown:
    names = {one.id: one.name for one in people}
    lines, waits, mine = [], [], False
    for demand in demands:
        able = may_meet(demand, request, people)
        who = read_who(demand.who)
        if demand.met_by_id is None:
            waits += [one for one in able if one not in waits]
            mine = mine or any(one.id == person.pk for one in able)
        lines.append(
            Line(
                demand=demand,
                who=say_who(who, names) if who else "",
                names=say_people(able),
                why=say_all(Because(code, tuple(values)) for code, values in demand.because),
            )
        )
    undoable = request.state in (ApprovalState.APPROVED, ApprovalState.SENT_BACK)
    return Shown(
        request=request,
        lines=lines,
        waits_for=say_people(waits),
        mine=mine and request.state == ApprovalState.WAITING,
        own=request.author_id == person.pk,
        undo=undoable
        and request.decided_by_id == person.pk
        and request.decided_at is not None
        and clock.now() < request.decided_at + UNDO,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What waits: for the person, for others, the person's own, and what they should know."""

    mine: list[Shown]
    others: list[Shown]
    own: list[Shown]
    told: list[Shown]
    just_decided: list[Shown]
    more: bool


def read_page(agency: Agency, person: User) -> Page:
    """The page "Waits for me"; a bounded number of queries however much waits."""
    rows = ApprovalRequest.objects.select_related(
        "author", "decided_by", "seen_by", "case__post__author", "case__post__channel"
    ).defer("case__post__raw")
    now = clock.now()
    waiting = list(
        rows.filter(agency=agency, state=ApprovalState.WAITING.value).order_by("pk")[: MOST + 1]
    )
    told = list(
        rows.filter(agency=agency, state=ApprovalState.TOLD.value, seen_by=None).order_by("-pk")[
            :OWN
        ]
    )
    own = list(
        rows.filter(
            agency=agency,
            author=person,
            state__in=["approved", "sent_back", "failed"],
            asked_at__gt=now - timedelta(days=14),
        ).order_by("-pk")[:OWN]
    )
    decided = list(
        rows.filter(
            agency=agency, decided_by=person, decided_at__gt=now - UNDO,
            state__in=["approved", "sent_back"],
        ).order_by("-decided_at")[:5]
    )  # fmt: skip
    # One look at demands and people for all of them.
    every = {one.pk: one for one in [*waiting[:MOST], *told, *own, *decided]}
    shown = {
        one.request.pk: one
        for one in show_requests(every.values(), agency_id=agency.pk, person=person)
    }
    still = [shown[one.pk] for one in waiting[:MOST]]
    return Page(
        mine=[one for one in still if one.mine],
        others=[one for one in still if not one.mine and not one.own],
        own=[
            *[one for one in still if one.own],
            *[shown[one.pk] for one in own],
        ],
        told=[shown[one.pk] for one in told if not shown[one.pk].own],
        just_decided=[one for pk in [d.pk for d in decided] if (one := shown[pk]).undo],
        more=len(waiting) > MOST,
    )


def count_mine(agency: Agency, person: User) -> list[Shown]:
    """What waits for this person; asked only in an agency that approves."""
    if not agency.approves:
        return []
    rows = (
        ApprovalRequest.objects.select_related("author", "case")
        .filter(agency=agency, state=ApprovalState.WAITING.value)
        .order_by("pk")[:MOST]
    )
    shown = show_requests(rows, agency_id=agency.pk, person=person)
    return [one for one in shown if one.mine]


def find_request(agency: Agency, request_id: int) -> ApprovalRequest:
    """A request of this agency. Raises NotFound."""
    found = (
        ApprovalRequest.objects.select_related(
            "author", "decided_by", "seen_by", "reply", "agency",
            "case__post__author", "case__post__channel", "case__post__conversation",
            "case__channel", "case__owner",
        )
        .defer("case__post__raw")
        .filter(agency=agency, pk=request_id)
        .first()
    )  # fmt: skip
    if found is None:
        raise NotFound(f"There is no request for approval {request_id} here.")
    return found


def list_waiting(agency: Agency, *, after: int) -> tuple[list[ApprovalRequest], int | None]:
    """What waits, the oldest first, and where the next page begins."""
    rows = ApprovalRequest.objects.select_related("author", "decided_by").filter(
        agency=agency, state=ApprovalState.WAITING.value, pk__gt=after
    )
    found = list(rows.order_by("pk")[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def list_of_case(case: Case) -> list[ApprovalRequest]:
    """The newest requests of a case."""
    rows = ApprovalRequest.objects.select_related("author", "decided_by").filter(case=case)
    return list(rows.order_by("-pk")[:OWN])


def list_drafts(request: ApprovalRequest) -> list[ApprovalDraft]:
    """The words as they were written, in order."""
    rows = ApprovalDraft.objects.select_related("by").filter(request=request)
    return list(rows.order_by("number")[:VERSIONS])


def list_rules(agency: Agency) -> list[ApprovalRule]:
    """The rules of an agency, those in force first."""
    return list(ApprovalRule.objects.filter(agency=agency).order_by("-on", "pk")[:MOST])


def find_rule(agency: Agency, rule_id: int) -> ApprovalRule:
    """A rule of this agency. Raises NotFound."""
    row = ApprovalRule.objects.filter(agency=agency, pk=rule_id).first()
    if row is None:
        raise NotFound(f"There is no rule of approval {rule_id} here.")
    return row


def list_versions(rule: ApprovalRule) -> list[ApprovalRuleVersion]:
    """A rule as it was, newest first."""
    rows = ApprovalRuleVersion.objects.select_related("by").filter(rule=rule)
    return list(rows.order_by("-number")[:VERSIONS])


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportLine:
    """How one rule worked in the last ninety days."""

    name: str
    asked: int
    decided: int
    # Median minutes from asking to the decision; None where nothing was decided.
    minutes: int | None
    changed: int
    sent_back: int

    @property
    def changed_percent(self) -> int | None:
        """How many of those decided an approver changed."""
        return round(100 * self.changed / self.decided) if self.decided else None

    @property
    def sent_back_percent(self) -> int | None:
        """How many of those decided were sent back."""
        return round(100 * self.sent_back / self.decided) if self.decided else None


def read_report(agency: Agency) -> list[ReportLine]:
    """By rule: how long approvals took, how often words were changed or sent back."""
    since = clock.now() - timedelta(days=REPORT_DAYS)
    rows = list(
        ApprovalDemand.objects.filter(agency=agency, dropped=False, request__asked_at__gt=since)
        .exclude(request__state="told")
        .select_related("request", "rule")
        .order_by("-pk")[:REPORT_ROWS]
    )
    changed = set(
        ApprovalDraft.objects.filter(
            request__in={row.request_id for row in rows}, form_token=""
        ).values_list("request_id", flat=True)
    )
    by_rule: dict[int, list[ApprovalDemand]] = defaultdict(list)
    for row in rows:
        by_rule[row.rule_id].append(row)
    lines = []
    for demands in by_rule.values():
        ended = [(row, row.met_at or row.request.decided_at) for row in demands]
        took = [(at - row.request.asked_at).total_seconds() for row, at in ended if at]
        lines.append(
            ReportLine(
                name=demands[0].rule.name,
                asked=len(demands),
                decided=len(took),
                minutes=round(median(took) / 60) if took else None,
                changed=sum(r.request_id in changed for r, at in ended if at),
                sent_back=sum(r.request.state == "sent_back" for r, at in ended if at),
            )
        )
    return sorted(lines, key=lambda one: -one.asked)
