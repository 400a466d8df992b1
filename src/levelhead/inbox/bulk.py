"""One act for many cases: each with its own event on the record, all of it undoable for a while."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.analysis.domain import Label
from levelhead.inbox.actions import (
    BULK_LIMIT,
    UNDO_SECONDS,
    BulkOutcome,
    change_decision,
    place_of,
    save_case,
)
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case, DecisionChange
from levelhead.kernel.errors import Invalid, NotAllowed

SAMPLE: Final = 5
_SALT: Final = "many-cases"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Some of the open posts that say nearly the same, to be read before one decision for all."""

    # At random, at most SAMPLE.
    cases: list[Case]
    # Of so many open ones, of which so many are decided at once; `more` where there are others.
    count: int
    more: bool
    # Give it to `cases_of_sample` with the decision: it holds for the posts that were there.
    token: str


def _lock_all(agency: Agency, ids: Sequence[int], by: User) -> list[Case]:
    """The open cases among `ids`, locked; never one in which a life may be at stake."""
    require(by, agency.pk, Ability.WORK)
    if not ids:
        raise Invalid(_("Choose at least one post first."))
    if len(ids) > BULK_LIMIT:
        raise Invalid(
            _("At most %(limit)d at once; you chose %(chosen)d.")
            % {"limit": BULK_LIMIT, "chosen": len(ids)}
        )
    rows = Case.objects.select_for_update().filter(
        agency=agency, pk__in=ids, state=CaseState.OPEN.value
    )
    return list(rows.exclude(queue=Queue.NOW.value).order_by("pk"))


def assign_many(*, agency: Agency, ids: Sequence[int], owner: User | None, by: User) -> BulkOutcome:
    """Give open cases to a colleague, or to nobody."""
    kept: dict[str, Any] = {}
    with transaction.atomic():
        cases = _lock_all(agency, ids, by)
        if (
            owner is not None
            and not Membership.objects.filter(agency=agency, user=owner, active=True).exists()
        ):
            raise NotAllowed(_("This person does not belong to the agency."))
        for case in cases:
            owner_before = case.owner_id
            case.owner = owner
            save_case(
                case, place_of(case), action="person:case:assigned", by=by,
                payload={"owner": owner.pk if owner else None, "together": len(cases)},
            )  # fmt: skip
            kept[str(case.pk)] = [case.version, owner_before]
    return _outcome("owner", agency, by, kept)


def label_many(*, agency: Agency, ids: Sequence[int], label: Label, by: User) -> BulkOutcome:
    """Say of open cases what they are; each is kept as a correction to learn from."""
    kept: dict[str, Any] = {}
    with transaction.atomic():
        for case in _lock_all(agency, ids, by):
            if case.label == label:
                continue
            before = [case.label, case.corrected, case.may_break]
            changed = change_decision(
                case=case, label=label, disposition=None,
                reason=_("together with others"), by=by, expected_version=None,
            )  # fmt: skip
            kept[str(case.pk)] = [changed.version, *before]
    return _outcome("label", agency, by, kept)


def _outcome(kind: str, agency: Agency, by: User, kept: dict[str, Any]) -> BulkOutcome:
    token = signing.dumps(
        {"kind": kind, "agency": agency.pk, "by": by.pk, "cases": kept}, salt=_SALT, compress=True
    )
    return BulkOutcome(done=[int(pk) for pk in kept], undo_token=token)


def undo_many(*, agency: Agency, undo_token: str, by: User) -> int:
    """Take back what was done to many cases; those changed since stay. Gives how many."""
    require(by, agency.pk, Ability.WORK)
    told = _read(undo_token, UNDO_SECONDS)
    if told["agency"] != agency.pk or told["by"] != by.pk:
        raise NotAllowed(_("Only the person who did this can undo it this way."))
    count = 0
    with transaction.atomic():
        rows = Case.objects.select_for_update().filter(agency=agency, pk__in=told["cases"])
        for case in list(rows.order_by("pk")):
            version, *before = told["cases"][str(case.pk)]
            if case.version != version:
                continue
            place = place_of(case)
            if told["kind"] == "owner":
                case.owner_id = before[0]
                payload: dict[str, object] = {"owner": before[0]}
            else:
                payload = {"label": [case.label, before[0]]}
                case.label, case.corrected, case.may_break = before
                # What was taken back teaches nothing; the record keeps both.
                last = DecisionChange.objects.filter(case=case, by=by).order_by("-id").first()
                if last is not None:
                    last.delete()
            save_case(case, place, action="person:case:undone", by=by, payload=payload)
            count += 1
    return count


def _read(token: str, seconds: int) -> dict[str, Any]:
    try:
        told: dict[str, Any] = signing.loads(token, salt=_SALT, max_age=seconds)
    except signing.SignatureExpired as error:
        raise Invalid(_("It is too late for this; look at the list again.")) from error
    except signing.BadSignature as error:
        raise Invalid(_("This form is not valid any more; look at the list again.")) from error
    return told


def draw_sample(agency: Agency, cluster: int, by: User) -> Sample:
    """A few of the open posts that say nearly the same, at random."""
    ids = list(
        Case.objects.filter(agency=agency, cluster=cluster, state=CaseState.OPEN.value)
        .exclude(queue=Queue.NOW.value)
        .order_by("post_id")
        .values_list("post_id", flat=True)[: BULK_LIMIT + 1]
    )
    more = len(ids) > BULK_LIMIT
    ids = ids[:BULK_LIMIT]
    drawn = secrets.SystemRandom().sample(ids, min(SAMPLE, len(ids)))
    cases = Case.objects.filter(agency=agency, pk__in=drawn)
    token = signing.dumps(
        {"agency": agency.pk, "by": by.pk, "cluster": cluster, "upto": ids[-1] if ids else 0},
        salt=_SALT,
    )
    return Sample(
        cases=list(
            cases.select_related("post__author", "channel").defer("post__raw").order_by("-post_id")
        ),
        count=len(ids),
        more=more,
        token=token,
    )


def cases_of_sample(agency: Agency, token: str, by: User) -> list[int]:
    """The open posts for which a sample stood: none that came after it was shown."""
    # An hour is long enough to read five posts and ask somebody.
    told = _read(token, 3_600)
    if told["agency"] != agency.pk or told["by"] != by.pk or "cluster" not in told:
        raise NotAllowed(_("This form is not yours; look at the posts yourself first."))
    return list(
        Case.objects.filter(
            agency=agency,
            cluster=told["cluster"],
            state=CaseState.OPEN.value,
            post_id__lte=told["upto"],
        )
        .exclude(queue=Queue.NOW.value)
        .order_by("post_id")
        .values_list("post_id", flat=True)[:BULK_LIMIT]
    )
