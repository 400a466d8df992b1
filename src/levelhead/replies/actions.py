"""Answering: a reply is written once, leaves once, and its outcome is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.channels.domain import Capability
from levelhead.channels.models import ChannelState, OutboxItem, OutboxState
from levelhead.clocks.domain import FURTHEST_ANSWER, EndedBy
from levelhead.clocks.keeping import end_clocks
from levelhead.connectors.registry import platform_info
from levelhead.inbox.actions import lock_case, move, place_of, save_case
from levelhead.inbox.domain import CaseState, Visibility
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_text
from levelhead.knowledge.actions import count_use
from levelhead.live.actions import announce
from levelhead.replies.checking import check_draft, held_by
from levelhead.replies.domain import REASON_LIMIT, Held, find_unfilled
from levelhead.replies.models import Reply

log = structlog.get_logger(__name__)
LONGEST = 63_206
# Parts that a refusal names.
UNFILLED_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Follows:
    """What goes with a reply: a full answer that is promised, findings that were overruled."""

    holding: bool
    due: datetime | None
    # For the record: rules of the reply check, and why it went all the same.
    overruled: Mapping[str, object]


_on_sent: list[Callable[[Reply], None]] = []
_on_withdrawn: list[Callable[[Reply, User], None]] = []


def on_sent(listener: Callable[[Reply], None]) -> None:
    """Have `listener` told of every reply that is sent on its way, in the same transaction."""
    if listener not in _on_sent:
        _on_sent.append(listener)


def on_withdrawn(listener: Callable[[Reply, User], None]) -> None:
    """Have `listener` told of every reply that was taken back, in the same transaction."""
    if listener not in _on_withdrawn:
        _on_withdrawn.append(listener)


def send_reply(
    *,
    case: Case,
    text: str,
    by: User,
    form_token: str,
    expected_version: int | None,
    answer_ids: Sequence[int] = (),
    all_the_same: str = "",
    holding: bool = False,
    full_answer_due: datetime | None = None,
) -> Reply:
    """Answer a post. The same form sent twice gives the same reply.

    `answer_ids` are the approved answers that it was written from. `all_the_same` says why the
    reply goes although the reply check holds it; the record keeps it. A `holding` reply is a first
    word: the case stays open, and the full answer is due at its clock, or at `full_answer_due`
    where the case has none. Raises NotAllowed, Conflict (somebody else answered or changed it),
    Invalid (empty, too long, a part not filled in), Held.
    """
    require(by, case.agency_id, Ability.REPLY)
    text = clean_text(text, LONGEST + 1).strip()
    if not form_token or len(form_token) > 40:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    sent_already = Reply.objects.filter(agency_id=case.agency_id, form_token=form_token).first()
    if sent_already is not None:
        return sent_already
    try:
        overruled = _check(case, text, all_the_same)
        follows = Follows(holding=holding, due=full_answer_due, overruled=overruled)
        return _send(case, text, by, form_token, expected_version, answer_ids, follows)
    except IntegrityError:
        # The same form twice at the same moment: the first one counts.
        return Reply.objects.get(agency_id=case.agency_id, form_token=form_token)


def _check(case: Case, text: str, all_the_same: str) -> Mapping[str, object]:
    """What the record is to say of findings that were overruled; raises Held where none was."""
    held = held_by(check_draft(case, text, lang=get_language() or "en"))
    if not held:
        return {}
    rules = sorted({finding.rule.value for finding in held})
    reason = clean_text(all_the_same, REASON_LIMIT).strip()
    if not reason:
        raise Held(
            _(
                "The reply check holds this reply: %(why)s Change it, or say why it should go all "
                "the same. Nothing was sent."
            )
            % {"why": held[0].why},
            rules=rules,
        )
    return {"overruled": rules, "reason": reason}


def _send(
    case: Case,
    text: str,
    by: User,
    form_token: str,
    expected_version: int | None,
    answer_ids: Sequence[int],
    follows: Follows,
) -> Reply:
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.REPLY, expected_version=expected_version)
        post = locked.post
        channel = post.channel
        info = platform_info(channel.platform)
        if not text:
            raise Invalid(_("Write the reply first."))
        unfilled = find_unfilled(text)
        if unfilled:
            raise Invalid(
                _(
                    "The reply still has a part to fill in: %(parts)s. Write there what fits this "
                    "person, or take it out. Nothing was sent."
                )
                % {"parts": ", ".join(unfilled[:UNFILLED_NAMED])},
                unfilled=unfilled,
            )
        if info.text_limit is not None and len(text) > info.text_limit:
            raise Invalid(
                _("The reply has %(length)d characters; %(platform)s takes %(limit)d. Shorten it.")
                % {"length": len(text), "platform": info.title, "limit": info.text_limit}
            )
        if Capability.REPLY not in info.capabilities:
            raise Invalid(
                _("%(channel)s is for reading only; answer in another way.")
                % {"channel": channel.name}
            )
        if post.visibility != Visibility.VISIBLE:
            raise Invalid(_("The post was deleted by its author; there is nothing to reply to."))
        if channel.state == ChannelState.SIGNED_OUT:
            raise Invalid(
                _("%(channel)s must be connected again before anything can be sent.")
                % {"channel": channel.name}
            )
        if locked.state == CaseState.ANSWERING:
            raise Conflict(_("A reply to this post is already on its way. Look at it first."))
        _check_follows(follows, locked)
        before = place_of(locked)
        item = outbox.enqueue(
            channel=channel,
            text=text,
            by=by,
            parent_external_id=post.external_id,
            thread_external_id=post.conversation.key,
            lang=post.lang if post.lang in {"en", "es"} else "",
        )
        reply = Reply.objects.create(
            agency_id=locked.agency_id,
            case=locked,
            outbox_item=item,
            text=text,
            by=by,
            at=clock.now(),
            form_token=form_token,
            holding=follows.holding,
            full_answer_due=follows.due if locked.substance_due is None else None,
        )
        if answer_ids:
            count_use(answer_ids=answer_ids, reply=reply, by=by)
        move(locked, CaseState.ANSWERING)
        locked.owner = locked.owner or by
        locked.reply_failed = False
        save_case(
            locked,
            before,
            action="person:reply:sent",
            by=by,
            payload={
                "reply": reply.pk,
                "text": text,
                "marker": item.marker,
                **({"holding": True} if reply.holding else {}),
                **follows.overruled,
            },
        )
        for listener in _on_sent:
            listener(reply)
    return reply


def _check_follows(follows: Follows, case: Case) -> None:
    """A holding reply leaves a clock behind that runs. Raises Invalid."""
    if not follows.holding:
        return
    if case.ack_met_at is not None:
        raise Invalid(
            _("The first word was given already; the full answer is due. Nothing was sent.")
        )
    if case.substance_due is None:
        now = clock.now()
        if follows.due is None or not now < follows.due <= now + FURTHEST_ANSWER:
            raise Invalid(_("Say by when the full answer comes: a time to come. Nothing was sent."))


def retry_reply(*, reply: Reply, by: User) -> None:
    """Have a reply that failed sent again."""
    with transaction.atomic():
        locked = lock_case(reply.case, by=by, ability=Ability.REPLY, expected_version=None)
        item = OutboxItem.objects.select_for_update().get(pk=reply.outbox_item_id)
        if item.state != OutboxState.FAILED:
            raise Invalid(_("This reply is not one that failed."))
        before = place_of(locked)
        outbox.retry(item)
        if locked.state != CaseState.ANSWERING:
            move(locked, CaseState.ANSWERING)
        locked.reply_failed = False
        save_case(locked, before, action="person:reply:retried", by=by, payload={"reply": reply.pk})


def withdraw_reply(*, reply: Reply, by: User) -> None:
    """Take back a reply that has not left yet. Raises Conflict where it is too late."""
    with transaction.atomic():
        locked = lock_case(reply.case, by=by, ability=Ability.REPLY, expected_version=None)
        if not outbox.withdraw(reply.outbox_item):
            raise Conflict(_("It is too late to take this back: the reply is being sent."))
        before = place_of(locked)
        if locked.state == CaseState.ANSWERING:
            move(locked, CaseState.OPEN)
        save_case(
            locked, before, action="person:reply:withdrawn", by=by, payload={"reply": reply.pk}
        )
        for listener in _on_withdrawn:
            listener(reply, by)


def _end_clocks(case: Case, reply: Reply) -> None:
    """What arrived meets the first clock, or both. In time is what the person can read in time."""
    if reply.holding and case.substance_due is None:
        case.substance_due = reply.full_answer_due
    end_clocks(
        case,
        by_what=EndedBy.HOLDING if reply.holding else EndedBy.REPLY,
        at=clock.now(),
        by=reply.by,
        reply_id=reply.pk,
    )


def note_outcome(item: OutboxItem) -> None:
    """The outbox tells what became of an item: the case follows. In the outbox's transaction."""
    reply = Reply.objects.select_related("case").filter(outbox_item=item).first()
    if reply is None:
        return
    if item.state in (OutboxState.SENT, OutboxState.FAILED):
        case = Case.objects.select_for_update().get(pk=reply.case_id)
        before = place_of(case)
        sent = item.state == OutboxState.SENT
        if case.state == CaseState.ANSWERING:
            move(case, CaseState.ANSWERED if sent and not reply.holding else CaseState.OPEN)
        case.reply_failed = not sent
        if sent:
            _end_clocks(case, reply)
        save_case(
            case,
            before,
            action="outbox:reply:arrived" if sent else "outbox:reply:failed",
            by=None,
            payload={"reply": reply.pk, "url": item.url, "error": item.last_error},
        )
    announce(
        agency_id=item.agency_id,
        kind="reply.changed",
        payload={"case": str(reply.case_id), "state": str(item.state)},
    )
