"""Who is at a case: for its page, and for the rows of the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from levelhead.accounts.models import Agency, User
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.presence.domain import (
    GONE_AFTER,
    MOST_SHOWN,
    PEN_SILENT,
    PenState,
    is_here,
    still_writes,
)
from levelhead.presence.models import Pen, Presence

# Rows that one look reads; a window that is open told of itself last.
_MOST: Final = 100
_MOST_IN_LIST: Final = 1_000
# Whoever holds a pen has a row that is no older.
_OLDEST: Final = PEN_SILENT + GONE_AFTER


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """Who else is at a case, seen by one person."""

    # Colleagues who look at it, without the one who writes.
    lookers: tuple[str, ...] = ()
    # How many more look at it.
    more: int = 0
    pen: PenState = PenState.FREE
    # Who holds the pen, and since when.
    writer: User | None = None
    since: datetime | None = None
    # The holder took the pen from the person who looks at this page.
    taken_from_me: bool = False

    @property
    def writes(self) -> str:
        """The colleague who writes; empty where nobody else does."""
        return self.writer.name if self.writer and self.pen is PenState.THEIRS else ""


def who_is_here(case: Case, person: User) -> Here:
    """Who else is at a case; one query, and a second where somebody is or was."""
    now = clock.now()
    rows = _rows(case.agency_id, [case.pk], now, _MOST)
    if not rows:
        return Here()
    pen = _pens([case.pk], now).get(case.pk)
    return _here(rows, pen, person, now)


def mark_rows(agency: Agency, person: User, case_ids: Sequence[int]) -> Mapping[int, Here]:
    """Who is at which of these cases: one query for a whole list, two where somebody is."""
    now = clock.now()
    rows = _rows(agency.pk, case_ids, now, _MOST_IN_LIST) if case_ids else []
    if not rows:
        return {}
    by_case: dict[int, list[Presence]] = {}
    for row in rows:
        by_case.setdefault(row.case_id, []).append(row)
    pens = _pens(by_case, now)
    return {
        case_id: _here(found, pens.get(case_id), person, now) for case_id, found in by_case.items()
    }


def _rows(agency_id: int, case_ids: Iterable[int], now: datetime, most: int) -> list[Presence]:
    rows = Presence.objects.filter(
        agency_id=agency_id, case_id__in=list(case_ids), seen_at__gte=now - _OLDEST
    )
    return list(rows.select_related("user").order_by("-seen_at")[:most])


def _pens(case_ids: Iterable[int], now: datetime) -> dict[int, Pen]:
    pens = Pen.objects.filter(case_id__in=list(case_ids), holder__isnull=False)
    return {
        pen.case_id: pen
        for pen in pens.select_related("holder")
        if still_writes(pen.active_at, now)
    }


def _here(rows: Iterable[Presence], pen: Pen | None, person: User, now: datetime) -> Here:
    writer = pen.holder if pen is not None else None
    names = sorted(
        {
            (row.user.name, row.user_id)
            for row in rows
            if is_here(row.seen_at, now)
            and row.user_id != person.pk
            and (writer is None or row.user_id != writer.pk)
        }
    )
    shown = tuple(name for name, _id in names[:MOST_SHOWN])
    found = Here(lookers=shown, more=len(names) - len(shown))
    if pen is None or writer is None:
        return found
    return Here(
        lookers=shown,
        more=len(names) - len(shown),
        pen=PenState.MINE if writer.pk == person.pk else PenState.THEIRS,
        writer=writer,
        since=pen.since,
        taken_from_me=pen.taken_from_id == person.pk and writer.pk != person.pk,
    )
