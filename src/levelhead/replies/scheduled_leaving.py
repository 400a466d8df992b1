"""When the time of a scheduled reply comes: it is checked again, and leaves or is held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from levelhead.channels.models import ChannelState, OutboxItem, OutboxState
from levelhead.inbox.domain import CaseState, Visibility
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import today_of
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.replies.checking import check_draft, held_by
from levelhead.replies.domain import HeldFor, ScheduledState
from levelhead.replies.gate import Waits
from levelhead.replies.models import Reply, ScheduledReply, SendingChoice
from levelhead.replies.moments import LATE
from levelhead.replies.scheduling import send_row, tell

log = structlog.get_logger(__name__)

# Replies that one round looks at; the rest waits for the next.
ROUND = 20
_NEVER_PUBLIC = (OutboxState.WITHDRAWN, OutboxState.FAILED, OutboxState.GIVEN_UP)
_on_held: list[Callable[[ScheduledReply], None]] = []


def on_held(listener: Callable[[ScheduledReply], None]) -> None:
    """Have `listener` told of every scheduled reply that is held, in the same transaction."""
    if listener not in _on_held:
        _on_held.append(listener)


def leave_due() -> int:
    """Send what is due, or hold it; gives how many there were. Called by the worker."""
    due = (
        ScheduledReply.objects.filter(state=ScheduledState.WAITING, leaves_at__lte=clock.now())
        .filter(Q(agency__sending_choice__frozen_at__isnull=True) | Q(released_at__isnull=False))
        .order_by("leaves_at", "pk")
        .values_list("pk", "case_id")
    )
    count = 0
    for pk, case_id in list(due[:ROUND]):
        try:
            count += _leave(pk, case_id)
        except Exception as error:
            # A bug of ours must not keep the others; what broke is held, and said.
            log.exception("a scheduled reply could not be looked at", scheduled=pk)
            count += _hold_broken(pk, case_id, type(error).__name__)
    return count


def _leave(pk: int, case_id: int) -> int:
    with transaction.atomic():
        case, row = _lock(pk, case_id)
        if row is None or _frozen(row):
            return 0
        with translation.override(row.by.language):
            why, detail = find_obstacle(row, case, clock.now())
            if why is None:
                try:
                    with transaction.atomic():
                        reply = send_row(row, case, by=row.by, at_once=True)
                except Waits:
                    # What was to be asked went with the transaction; a person asks anew.
                    row.reply = None
                    why = HeldFor.REFUSED
                    detail = _(
                        "By now a rule wants it approved first. Open it and send it from the form; "
                        "then it is asked about."
                    )
                except LevelheadError as error:
                    row.reply = None
                    why, detail = HeldFor.REFUSED, error.message
        if why is not None:
            _hold(row, why, detail)
            return 1
        _record(row, "system:reply:left", {"reply": reply.pk})
        tell(row)
    return 1


def _lock(pk: int, case_id: int) -> tuple[Case, ScheduledReply | None]:
    """The case first, as everybody does."""
    case = (
        Case.objects.select_for_update(of=("self",))
        .select_related("post__channel", "agency")
        .get(pk=case_id)
    )
    row = (
        ScheduledReply.objects.select_for_update(of=("self",))
        .select_related("by")
        .filter(pk=pk, state=ScheduledState.WAITING, leaves_at__lte=clock.now())
        .first()
    )
    return case, row


def _frozen(row: ScheduledReply) -> bool:
    """Asked under a lock: once somebody froze them, none is on its way out any more."""
    if row.released_at is not None:
        return False
    choice = SendingChoice.objects.select_for_update().filter(agency_id=row.agency_id).first()
    return choice is not None and choice.frozen_at is not None


def find_obstacle(row: ScheduledReply, case: Case, now: datetime) -> tuple[HeldFor | None, str]:
    """What happened since a person looked at it that speaks against sending; None for nothing."""
    post, channel = case.post, case.post.channel
    if case.state in (CaseState.CLOSED, CaseState.STOOD) and row.case_state != case.state:
        return HeldFor.CLOSED, ""
    if _answered(row, case):
        return HeldFor.ANSWERED, ""
    if post.visibility != Visibility.VISIBLE:
        return HeldFor.DELETED, ""
    if post.revision != row.post_revision:
        return HeldFor.EDITED, ""
    if channel.state == ChannelState.SIGNED_OUT:
        return HeldFor.SIGNED_OUT, channel.name
    if channel.state == ChannelState.PAUSED:
        return HeldFor.PAUSED, channel.name
    gone = _answer_gone(row, case)
    if gone:
        return HeldFor.ANSWER_GONE, gone
    if now - row.leaves_at > LATE:
        return HeldFor.LATE, ""
    draft = check_draft(
        case, row.text, lang=row.by.language, person=row.by, signature=row.signature
    )
    for finding in held_by(draft):
        if finding.rule.value not in row.overruled:
            return HeldFor.CHECK, finding.why
    return None, ""


def _answered(row: ScheduledReply, case: Case) -> bool:
    if case.state == CaseState.ANSWERING:
        return True
    if case.state == CaseState.ANSWERED and row.case_state != CaseState.ANSWERED:
        return True
    newer = Reply.objects.filter(case=case, at__gt=row.made_at)
    if newer.exclude(outbox_item__state__in=_NEVER_PUBLIC).exists():
        return True
    # Somebody answered on the platform itself. What we sent comes back as a post as well.
    ids = Post.objects.filter(
        parent_id=case.pk, from_agency=True, received_at__gt=row.made_at
    ).values_list("external_id", flat=True)[:20]
    ours = OutboxItem.objects.filter(channel_id=case.channel_id, external_id__in=list(ids))
    return bool(set(ids) - set(ours.values_list("external_id", flat=True)))


def _answer_gone(row: ScheduledReply, case: Case) -> str:
    """The title of an approved answer that is not what it was when a person looked at it."""
    if not row.answers:
        return ""
    today = today_of(case.agency)
    answers = Answer.objects.filter(agency_id=row.agency_id).in_bulk(
        [one for one, _version in row.answers]
    )
    for pk, version in row.answers:
        answer = answers.get(pk)
        if answer is None:
            return "?"
        if (
            answer.state != AnswerState.APPROVED
            or answer.version != version
            or answer.stale_on(today)
        ):
            return answer.title
    return ""


def _hold(row: ScheduledReply, why: HeldFor, detail: str) -> None:
    row.state, row.held_for, row.held_detail = ScheduledState.HELD, why.value, detail[:2_000]
    row.held_at = clock.now()
    row.save()
    _record(row, "system:reply:held", {"why": why.value, "detail": detail[:2_000]})
    for listener in _on_held:
        listener(row)
    tell(row)


def _hold_broken(pk: int, case_id: int, what: str) -> int:
    with transaction.atomic():
        _case, row = _lock(pk, case_id)
        if row is None:
            return 0
        _hold(row, HeldFor.REFUSED, what)
    return 1


def _record(row: ScheduledReply, action: str, payload: dict[str, object]) -> None:
    append_events(
        agency_id=row.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"case:{row.case_id}",
                action=action,
                actor="system",
                payload={
                    "scheduled": row.pk,
                    "leaves_at": row.leaves_at.isoformat(),
                    **payload,
                },
            )
        ],
    )
