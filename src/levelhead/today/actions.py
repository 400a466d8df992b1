"""Letting posts stand together, and taking it back: decided from a row, by whoever gets to it.

The request that asks does the first part itself, the worker the rest. What is done and what is
left stands on the rows, so a process that is killed loses nothing and decides nothing twice.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.clocks.domain import EndedBy
from levelhead.clocks.keeping import end_clocks, run_again
from levelhead.inbox.actions import move, place_of, save_case
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case
from levelhead.inbox.newest import NO_ID
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed, NotFound
from levelhead.live.actions import announce
from levelhead.today.domain import GRACE, UNDO, BatchState
from levelhead.today.models import StandBatch, StoodCase

# Posts decided in one transaction: others write between two of them.
PIECE: Final = 100
# Pieces that the request itself does; the worker does the rest.
AT_ONCE: Final = 3
_FORGOTTEN: Final = 1_000


def let_all_stand(*, agency: Agency, upto: int, by: User) -> StandBatch:
    """Let every post stand that can, up to the newest that the person saw.

    Raises NotAllowed, Invalid (nothing is left to let stand).
    """
    return _begin(agency=agency, upto=upto, only=None, by=by)


def let_one_stand(*, agency: Agency, case_id: int, by: User) -> StandBatch:
    """Let one post stand; taken back like many. Raises NotAllowed, Invalid."""
    return _begin(agency=agency, upto=case_id, only=case_id, by=by)


def _begin(*, agency: Agency, upto: int, only: int | None, by: User) -> StandBatch:
    require(by, agency.pk, Ability.WORK)
    now = clock.now()
    batch = StandBatch.objects.create(
        agency=agency, by=by, at=now, undo_until=now + UNDO, upto=upto, only=only,
        below=min(upto, NO_ID - 1) + 1,
    )  # fmt: skip
    batch = _go_on(batch.pk)
    if not batch.decided:
        StandBatch.objects.filter(pk=batch.pk).update(state=BatchState.FINAL.value)
        raise Invalid(
            _(
                "Nothing was decided: the post is not open any more, or a life may be at stake. "
                "Somebody may have been faster; the page shows what is left."
            )
        )
    return batch


def undo(*, agency: Agency, batch_id: int, by: User) -> StandBatch:
    """Take a batch back: exactly those posts that nobody touched since are open again.

    Raises NotFound, NotAllowed (somebody else's), Invalid (too late).
    """
    require(by, agency.pk, Ability.WORK)
    with transaction.atomic():
        batch = StandBatch.objects.select_for_update().filter(agency=agency, pk=batch_id).first()
        if batch is None:
            raise NotFound(_("There is nothing to undo here."))
        if batch.by_id != by.pk:
            raise NotAllowed(_("Only the person who let these posts stand can undo it this way."))
        if batch.state in (BatchState.UNDOING, BatchState.UNDONE):
            return batch
        if batch.state == BatchState.FINAL or clock.now() > batch.undo_until + GRACE:
            raise Invalid(_("It is too late to undo; open each post again from its page."))
        batch.state = BatchState.UNDOING
        batch.save(update_fields=["state"])
    return _go_on(batch.pk)


def work_on_batches() -> int:
    """Do one piece of what is left over from requests; gives how many posts it was about."""
    busy = StandBatch.objects.filter(state__in=[BatchState.DECIDING, BatchState.UNDOING])
    batch = busy.order_by("pk").first()
    if batch is not None:
        return max(1, _do_piece(batch.pk))
    return _forget()


def _go_on(batch_id: int) -> StandBatch:
    for _piece in range(AT_ONCE):
        if _do_piece(batch_id) < PIECE:
            break
    return StandBatch.objects.get(pk=batch_id)


def _do_piece(batch_id: int) -> int:
    """Decide or take back one piece; gives how many posts it was about."""
    with transaction.atomic():
        batch = StandBatch.objects.select_for_update(of=("self",)).select_related("by")
        locked = batch.get(pk=batch_id)
        if locked.state == BatchState.DECIDING:
            return _decide_piece(locked)
        if locked.state == BatchState.UNDOING:
            return _undo_piece(locked)
    return 0


def _decide_piece(batch: StandBatch) -> int:
    rows = Case.objects.filter(
        agency_id=batch.agency_id, state=CaseState.OPEN.value, post_id__lt=batch.below
    )
    if batch.only is None:
        rows = rows.filter(queue=Queue.STAND.value)
    else:
        # A person named this one: anything but danger to life can be let stand.
        rows = rows.filter(pk=batch.only).exclude(queue=Queue.NOW.value)
    ids = list(rows.order_by("-post_id").values_list("pk", flat=True)[:PIECE])
    # Looked at again under the lock: a colleague may have opened a reply meanwhile.
    cases = rows.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk")
    stood = []
    for case in cases:
        before = place_of(case)
        end_clocks(case, by_what=EndedBy.STOOD, at=clock.now(), by=batch.by)
        move(case, CaseState.STOOD)
        save_case(
            case, before, action="person:case:let_stand", by=batch.by,
            payload={"batch": batch.pk, "together": batch.only is None},
        )  # fmt: skip
        stood.append(
            StoodCase(
                agency_id=batch.agency_id, batch=batch, case=case, version=case.version
            )
        )  # fmt: skip
    StoodCase.objects.bulk_create(stood)
    batch.decided += len(stood)
    if ids:
        batch.below = min(ids)
    if len(ids) < PIECE:
        _end(batch, BatchState.DONE)
    batch.save(update_fields=["decided", "below", "state"])
    return len(ids)


def _undo_piece(batch: StandBatch) -> int:
    rows = list(StoodCase.objects.filter(batch=batch, settled=False).order_by("pk")[:PIECE])
    cases = {
        case.pk: case
        for case in Case.objects.select_for_update(of=("self",))
        .filter(agency_id=batch.agency_id, pk__in=[row.case_id for row in rows])
        .order_by("pk")
    }
    for row in rows:
        case = cases[row.case_id]
        if case.state != CaseState.STOOD or case.version != row.version:
            batch.left += 1
            continue
        before = place_of(case)
        move(case, CaseState.OPEN)
        run_again(case, at=clock.now())
        save_case(
            case, before, action="person:case:let_stand_undone", by=batch.by,
            payload={"batch": batch.pk},
        )  # fmt: skip
        batch.undone += 1
    StoodCase.objects.filter(pk__in=[row.pk for row in rows]).update(settled=True)
    if len(rows) < PIECE:
        _end(batch, BatchState.UNDONE)
    batch.save(update_fields=["undone", "left", "state"])
    return len(rows)


def _end(batch: StandBatch, state: BatchState) -> None:
    batch.state = state
    # The last piece may have been about no post at all, and the page says that there is more.
    announce(agency_id=batch.agency_id, kind="today.changed", payload={"batch": str(batch.pk)})


def _forget() -> int:
    """Put away what can no longer be taken back; gives how many rows went."""
    over = StandBatch.objects.filter(state__in=[BatchState.DONE, BatchState.UNDONE])
    batch = over.filter(undo_until__lt=clock.now() - GRACE).order_by("pk").first()
    if batch is None:
        return 0
    with transaction.atomic():
        ids = list(StoodCase.objects.filter(batch=batch).values_list("pk", flat=True)[:_FORGOTTEN])
        StoodCase.objects.filter(pk__in=ids).delete()
        if len(ids) < _FORGOTTEN:
            over.filter(pk=batch.pk).update(state=BatchState.FINAL.value)
    return max(1, len(ids))
