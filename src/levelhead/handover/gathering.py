"""What the next shift must know, from what is there: every question bounded, none per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Left
from django.urls import reverse

from levelhead.accounts.models import Agency, User
from levelhead.channels.models import OutboxState
from levelhead.commitments.domain import CommitmentState
from levelhead.commitments.models import Commitment
from levelhead.handover.domain import AHEAD, LISTED, Section
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, Note
from levelhead.issues.domain import IssueState
from levelhead.issues.models import Issue
from levelhead.kernel import clock
from levelhead.notifications.domain import Kind
from levelhead.notifications.models import Notification
from levelhead.replies.models import Reply
from levelhead.research.domain import RequestState
from levelhead.research.models import ResearchRequest

EXCERPT: Final = 120
LEVEL: Final = 2
_WORKED_ON: Final = [CaseState.OPEN.value, CaseState.ANSWERING.value]
OWNED: Final = [*_WORKED_ON, CaseState.SNOOZED.value]
_ASKED: Final = [
    RequestState.WAITING.value, RequestState.NOT_MINE.value, RequestState.ANSWERED.value,
]  # fmt: skip
_OF_CASES: Final = (Section.FAILED, Section.CLOCKS, Section.MINE, Section.SNOOZED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing to know."""

    id: int
    text: str
    address: str
    # When something happens with it: due, or awake again.
    at: datetime | None = None
    owner: str = ""
    # Where a case or a question stands now, and the level of an issue.
    state: str = ""
    level: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A section with its lines."""

    section: Section
    lines: Sequence[Line]
    more: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """Ids of what a handover holds, by section, and where there was more than is listed."""

    ids: Mapping[Section, Sequence[int]]
    more: frozenset[Section]

    def to_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        return {
            "ids": {section.value: list(found) for section, found in self.ids.items()},
            "more": sorted(section.value for section in self.more),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Content:
        """What a row kept."""
        ids = told.get("ids", {})
        return cls(
            ids={section: ids.get(section.value, []) for section in Section},
            more=frozenset(Section(name) for name in told.get("more", [])),
        )

    def without(self, left_out: Mapping[Section, set[int]]) -> Content:
        """The same without what its giver left out."""
        return Content(
            ids={
                section: [pk for pk in found if pk not in left_out.get(section, set())]
                for section, found in self.ids.items()
            },
            more=self.more,
        )


def gather(agency: Agency, person: User) -> Content:
    """What is there now."""
    until = clock.now() + AHEAD
    cases = Case.objects.filter(agency=agency)
    rows: dict[Section, QuerySet[Any]] = {
        Section.FAILED: cases.filter(
            reply_failed=True,
            pk__in=Reply.objects.filter(
                agency=agency,
                outbox_item__agency=agency,
                outbox_item__state=OutboxState.FAILED,
            ).values("case_id"),
        ).order_by("pk"),
        Section.CLOCKS: cases.filter(
            state__in=_WORKED_ON, due_at__isnull=False, due_at__lte=until
        ).order_by("due_at", "pk"),
        Section.MINE: cases.filter(owner=person, state__in=OWNED).order_by("-pk"),
        Section.SNOOZED: cases.filter(
            state=CaseState.SNOOZED.value, wake_at__isnull=False, wake_at__lte=until
        ).order_by("wake_at", "pk"),
        Section.RESEARCH: ResearchRequest.objects.filter(
            agency=agency, state__in=_ASKED
        ).order_by("due_at", "pk"),
        Section.COMMITMENTS: Commitment.objects.filter(
            agency=agency, state=CommitmentState.OPEN.value, due_at__lte=until
        ).order_by("due_at", "pk"),
        Section.ISSUES: Issue.objects.filter(
            agency=agency, state=IssueState.OPEN.value, level__gte=LEVEL
        ).order_by("-level", "pk"),
        Section.MENTIONS: Notification.objects.filter(
            agency=agency, user=person, read_at__isnull=True, kind=Kind.MENTION.value,
            note__isnull=False,
        ).order_by("-pk"),
    }  # fmt: skip
    ids: dict[Section, list[int]] = {}
    more = set()
    for section in Section:
        column = "note_id" if section is Section.MENTIONS else "pk"
        found = list(rows[section].values_list(column, flat=True)[: LISTED + 1])
        ids[section] = found[:LISTED]
        if len(found) > LISTED:
            more.add(section)
    return Content(ids=ids, more=frozenset(more))


def show(agency: Agency, content: Content) -> list[Part]:
    """What a handover holds, as it stands now; a section without anything is left out."""
    lines = {
        **_cases(agency, content),
        Section.RESEARCH: _research(agency, content.ids[Section.RESEARCH]),
        Section.COMMITMENTS: _commitments(agency, content.ids[Section.COMMITMENTS]),
        Section.ISSUES: _issues(agency, content.ids[Section.ISSUES]),
        Section.MENTIONS: _mentions(agency, content.ids[Section.MENTIONS]),
    }
    return [
        Part(
            section=section,
            lines=[lines[section][pk] for pk in content.ids[section] if pk in lines[section]],
            more=section in content.more,
        )
        for section in Section
        if lines[section]
    ]


def _cases(agency: Agency, content: Content) -> dict[Section, dict[int, Line]]:
    wanted = {pk for section in _OF_CASES for pk in content.ids[section]}
    rows = (
        Case.objects.filter(agency=agency, pk__in=wanted)
        .select_related("owner")
        .annotate(excerpt=Left("post__text", EXCERPT))
    )
    found = {case.pk: case for case in rows} if wanted else {}
    owners = {case.pk: case.owner.name if case.owner else "" for case in found.values()}
    return {
        section: {
            pk: Line(
                id=pk,
                text=found[pk].excerpt,
                address=reverse("conversation", args=[agency.slug, pk]) + "?view=all",
                at=found[pk].wake_at if section is Section.SNOOZED else found[pk].due_at,
                owner=owners[pk],
                state=found[pk].state,
            )
            for pk in content.ids[section]
            if pk in found
        }
        for section in _OF_CASES
    }


def _research(agency: Agency, ids: Sequence[int]) -> dict[int, Line]:
    rows = ResearchRequest.objects.filter(agency=agency, pk__in=ids) if ids else []
    return {
        row.pk: Line(
            id=row.pk, text=row.question, at=row.due_at, owner=row.to,
            address=reverse("question", args=[agency.slug, row.pk]),
        )
        for row in rows
    }  # fmt: skip


def _commitments(agency: Agency, ids: Sequence[int]) -> dict[int, Line]:
    rows = (
        Commitment.objects.filter(agency=agency, pk__in=ids).select_related("owner") if ids else []
    )
    return {
        row.pk: Line(
            id=row.pk, text=row.what, at=row.due_at, owner=row.owner.name,
            address=reverse("commitment", args=[agency.slug, row.pk]),
        )
        for row in rows
    }  # fmt: skip


def _issues(agency: Agency, ids: Sequence[int]) -> dict[int, Line]:
    rows = Issue.objects.filter(agency=agency, pk__in=ids).select_related("owner") if ids else []
    return {
        row.pk: Line(
            id=row.pk, text=row.name, level=row.level, owner=row.owner.name,
            address=reverse("issue", args=[agency.slug, row.pk]),
        )
        for row in rows
    }  # fmt: skip


def _mentions(agency: Agency, ids: Sequence[int]) -> dict[int, Line]:
    """Notes that name the giver and were not read; the newest case of each conversation."""
    if not ids:
        return {}
    notes = list(Note.objects.filter(agency=agency, pk__in=ids).select_related("by"))
    cases = dict(
        Case.objects.filter(
            agency=agency, conversation_id__in={note.conversation_id for note in notes}
        )
        .order_by("pk")
        .values_list("conversation_id", "pk")[: 20 * LISTED]
    )
    return {
        note.pk: Line(
            id=note.pk, text=note.text, owner=note.by.name,
            address=reverse("conversation", args=[agency.slug, cases[note.conversation_id]])
            + f"?view=all#note-{note.pk}",
        )
        for note in notes
        if note.conversation_id in cases
    }  # fmt: skip


def owned(agency: Agency, person: User) -> QuerySet[Case]:
    """The cases that a person can hand over."""
    return Case.objects.filter(agency=agency, owner=person).filter(Q(state__in=OWNED))
