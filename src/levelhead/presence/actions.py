"""Being there and holding the pen.

Signs of life and the pen's coming and going are not on the record: they are gone in minutes and
nothing follows from them. Taking the pen out of somebody's hand is.

Whoever changes a pen holds the lock of its case, so that a reply that is sent and a pen that is
taken at the same moment come one after the other.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.inbox.actions import lock_case
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.live.actions import announce
from levelhead.presence.domain import (
    FRESH,
    GONE_AFTER,
    KEEP,
    MOST_WINDOWS,
    PenState,
    is_window,
    still_writes,
)
from levelhead.presence.models import Pen, Presence
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


class PenHeld(Conflict):
    """Somebody else is writing the reply."""

    code = "pen_held"


def tell(case: Case) -> None:
    """Have the open screens look again who is there; in the caller's transaction."""
    announce(agency_id=case.agency_id, kind="presence.changed", payload={"case": str(case.pk)})


def be_here(*, case: Case, by: User, window: str) -> None:
    """Keep that a person has a case open: one small write per beat, an event for a newcomer.

    Raises NotAllowed, Invalid (no name of a window).
    """
    require(by, case.agency_id, Ability.READ)
    _check_window(window)
    now = clock.now()
    mine = Presence.objects.filter(case=case, user=by)
    seen = dict(mine.values_list("window", "seen_at")[: MOST_WINDOWS + 1])
    if window in seen and abs(now - seen[window]) < FRESH:
        return
    was_here = any(now - at <= GONE_AFTER for at in seen.values())
    with transaction.atomic():
        _see(case, by, window, now)
        if not was_here:
            tell(case)


def _check_window(window: str) -> None:
    if not is_window(window):
        raise Invalid(_("This page is not valid any more. Load it again."))


def _see(case: Case, by: User, window: str, now: datetime) -> None:
    told = Presence.objects.filter(case=case, user=by, window=window).update(seen_at=now)
    if told:
        return
    old = Presence.objects.filter(user=by).order_by("-seen_at").values_list("pk", flat=True)
    Presence.objects.filter(pk__in=list(old[MOST_WINDOWS - 1 : 10 * MOST_WINDOWS])).delete()
    try:
        with transaction.atomic():
            Presence.objects.create(
                agency_id=case.agency_id, case=case, user=by, window=window, opened_at=now,
                seen_at=now,
            )  # fmt: skip
    except IntegrityError:
        # The same window twice at the same moment: one row says it.
        Presence.objects.filter(case=case, user=by, window=window).update(seen_at=now)


def leave(*, case: Case, by: User, window: str) -> None:
    """A window was closed, or shows something else now. With their last one a person's pen falls.

    Raises NotAllowed, Invalid.
    """
    require(by, case.agency_id, Ability.READ)
    _check_window(window)
    with transaction.atomic():
        Case.objects.select_for_update().only("pk").filter(pk=case.pk).first()
        gone, _rows = Presence.objects.filter(case=case, user=by, window=window).delete()
        others = Presence.objects.filter(case=case, user=by, seen_at__gte=clock.now() - GONE_AFTER)
        if others.exists():
            return
        fell = lay_down(case, by)
        if gone or fell:
            tell(case)


def leave_everywhere(user: User) -> None:
    """A person signed out: no window of theirs is open, and no pen in their hand."""
    held = Pen.objects.filter(holder=user).values_list("case_id", flat=True)
    open_in = Presence.objects.filter(user=user).values_list("case_id", flat=True)
    for case_id in sorted({*held, *open_in}):
        with transaction.atomic():
            case = Case.objects.select_for_update().get(pk=case_id)
            Presence.objects.filter(case=case, user=user).delete()
            lay_down(case, user)
            tell(case)


def lay_down(case: Case, by: User) -> bool:
    """Lay down the pen that a person holds; gives whether they held it. On a locked case."""
    return bool(
        Pen.objects.filter(case=case, holder=by).update(
            holder=None, taken_from=None, active_at=clock.now()
        )
    )


def hold_pen(case: Case, by: User, *, window: str) -> tuple[PenState, bool]:
    """A person writes on a locked case: theirs is the pen unless somebody else writes.

    Gives whose it is now, and whether that is news. Writing is a sign of life too.
    """
    now = clock.now()
    _see(case, by, window, now)
    pen = Pen.objects.filter(case=case).first()
    if pen is None:
        Pen.objects.create(agency_id=case.agency_id, case=case, holder=by, since=now, active_at=now)
        return PenState.MINE, True
    if pen.holder_id is not None and still_writes(pen.active_at, now):
        if pen.holder_id != by.pk:
            return PenState.THEIRS, False
        Pen.objects.filter(pk=pen.pk).update(active_at=now)
        return PenState.MINE, False
    _give(pen, by, now)
    return PenState.MINE, True


def _give(pen: Pen, to: User, now: datetime, *, taken_from: User | None = None) -> None:
    pen.holder, pen.since, pen.active_at, pen.taken_from = to, now, now, taken_from
    pen.save()


def look_at_pen(case: Case, by: User) -> PenState:
    """Who holds the pen of a case, seen by one person."""
    pen = Pen.objects.filter(case=case, holder__isnull=False).first()
    if pen is None or not still_writes(pen.active_at, clock.now()):
        return PenState.FREE
    return PenState.MINE if pen.holder_id == by.pk else PenState.THEIRS


def take_over_pen(*, case: Case, by: User, window: str) -> User | None:
    """Take the pen, out of somebody's hand if need be; gives from whom.

    Raises NotAllowed, Invalid.
    """
    _check_window(window)
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.REPLY, expected_version=None)
        before = Pen.objects.select_related("holder").filter(case=locked).first()
        state, _news = hold_pen(locked, by, window=window)
        if state is not PenState.THEIRS or before is None or before.holder is None:
            tell(locked)
            return None
        now = clock.now()
        taken_from = before.holder
        _give(before, by, now, taken_from=taken_from)
        append_events(
            agency_id=locked.agency_id,
            chain=DESK_CHAIN,
            at=now,
            events=[
                EventToRecord(
                    subject=f"case:{locked.pk}",
                    action="person:pen:taken_over",
                    actor=f"user:{by.pk}",
                    payload={"from": taken_from.pk},
                )
            ],
        )
        tell(locked)
    return taken_from


def check_pen(case: Case, by: User) -> None:
    """Nobody answers while somebody else writes. On a locked case; raises PenHeld."""
    pen = Pen.objects.select_related("holder", "agency").filter(case=case).first()
    if (
        pen is None
        or pen.holder is None
        or pen.holder_id == by.pk
        or not still_writes(pen.active_at, clock.now())
    ):
        return
    since = timezone.localtime(pen.since, ZoneInfo(pen.agency.zone))
    raise PenHeld(
        _(
            "%(name)s is writing a reply to this post since %(since)s. Nothing was sent, and your "
            "words are kept. Read what %(name)s has written; if yours should go all the same, take "
            "over the pen and send."
        )
        % {"name": pen.holder.name, "since": f"{since:%H:%M}"},
        holder=pen.holder.name,
        since=pen.since.isoformat(),
    )


def forget_absent() -> int:
    """Remove what old windows told; gives how many. Called by the worker."""
    removed, _rows = Presence.objects.filter(seen_at__lt=clock.now() - KEEP).delete()
    return removed
