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
from levelhead.channels.domain import Capability, PlatformInfo
from levelhead.channels.models import ChannelState, OutboxItem, OutboxState
from levelhead.clocks.domain import FURTHEST_ANSWER, EndedBy
from levelhead.clocks.keeping import end_clocks
from levelhead.connectors.registry import channel_info
from levelhead.inbox.actions import lock_case, move, place_of, save_case
from levelhead.inbox.domain import CaseState, Visibility
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_text, without_overrides
from levelhead.knowledge.actions import count_use
from levelhead.live.actions import announce
from levelhead.replies.checking import check_draft, held_by
from levelhead.replies.choosing import choice_of
from levelhead.replies.domain import LONGEST, REASON_LIMIT, Held, find_unfilled
from levelhead.replies.gate import Door, Outgoing, Waits, hold, let_out, open_doors
from levelhead.replies.leaving import bring_back, hold_seconds, keep_before
from levelhead.replies.models import Reply
from levelhead.replies.posting import (
    add_posts,
    is_last,
    plan_posts,
    posts_told,
    reply_of,
    retry_posts,
)
from levelhead.replies.signatures import sign

log = structlog.get_logger(__name__)
# Parts that a refusal names.
UNFILLED_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Follows:
    """What goes with a reply: a full answer that is promised, findings that were overruled."""

    holding: bool
    due: datetime | None
    # For the record: rules of the reply check, and why it went all the same.
    overruled: Mapping[str, object]
    # As how many posts it may leave.
    posts: int = 1
    # Its time was chosen before; nobody is there to take it back. And how it was signed then.
    at_once: bool = False
    signature: str | None = None


_before_sending: list[Callable[[Case, User], None]] = []
_on_sent: list[Callable[[Reply], None]] = []
_on_withdrawn: list[Callable[[Reply, User], None]] = []
_on_failed: list[Callable[[Reply], None]] = []


def before_sending(listener: Callable[[Case, User], None]) -> None:
    """Have `listener` asked, with the locked case and who sends; it raises to stop it."""
    if listener not in _before_sending:
        _before_sending.append(listener)


def on_sent(listener: Callable[[Reply], None]) -> None:
    """Have `listener` told of every reply that is sent on its way, in the same transaction."""
    if listener not in _on_sent:
        _on_sent.append(listener)


def on_withdrawn(listener: Callable[[Reply, User], None]) -> None:
    """Have `listener` told of every reply that was taken back, in the same transaction."""
    if listener not in _on_withdrawn:
        _on_withdrawn.append(listener)


def on_failed(listener: Callable[[Reply], None]) -> None:
    """Have `listener` told of every reply that could not be sent, in the same transaction.

    Whoever wrote it is `reply.by`; what happened is in its `items`.
    """
    if listener not in _on_failed:
        _on_failed.append(listener)


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
    posts: int = 1,
    at_once: bool = False,
    signature: str | None = None,
) -> Reply:
    """Answer a post. The same form sent twice gives the same reply.

    `answer_ids` are the approved answers that it was written from. `all_the_same` says why the
    reply goes although the reply check holds it; the record keeps it. A `holding` reply is a first
    word: the case stays open, and the full answer is due at its clock, or at `full_answer_due`
    where the case has none. `posts` is how many posts the person saw that it takes: a longer one
    is refused. It can be taken back for as long as the agency says, unless it goes `at_once`.
    `signature` is what is added to the words; None is what the agency says. Raises NotAllowed,
    Conflict (somebody else answered or changed it), Invalid (empty, too long, a part not filled
    in), NeedsPosts, Held; Waits where others must approve it first: nothing was sent, and the
    request for their approval is kept.
    """
    require(by, case.agency_id, Ability.REPLY)
    text = without_overrides(clean_text(text, LONGEST + 1)).strip()
    if not form_token or len(form_token) > 40:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    sent_already = Reply.objects.filter(agency_id=case.agency_id, form_token=form_token).first()
    if sent_already is not None:
        return _same(sent_already, text)
    doors = open_doors(case.agency_id, form_token)
    try:
        overruled = check_overruled(case, text, all_the_same, by=by, signature=signature)
        follows = Follows(
            holding=holding, due=full_answer_due, overruled=overruled, posts=posts,
            at_once=at_once, signature=signature,
        )  # fmt: skip
        sent = _send(case, text, by, form_token, expected_version, answer_ids, follows, doors)
    except IntegrityError:
        # The same form twice at the same moment: the first one counts.
        open_doors(case.agency_id, form_token)
        first = Reply.objects.filter(agency_id=case.agency_id, form_token=form_token).first()
        if first is None:
            raise
        return _same(first, text)
    if isinstance(sent, Waits):
        # Raised, so that no caller takes it for a reply; what it waits for is committed.
        raise sent
    return sent


def _same(reply: Reply, text: str) -> Reply:
    """The reply of a form that is sent again. Raises Conflict where it says something else now."""
    if reply.text != text:
        raise Conflict(
            _(
                "This form was sent already, with other words. Those are on their way or have "
                "arrived; what you wrote now was not sent. It is kept: look at the reply first."
            )
        )
    return reply


def check_overruled(
    case: Case, text: str, all_the_same: str, *, by: User, signature: str | None = None
) -> Mapping[str, object]:
    """What the record is to say of findings that were overruled; raises Held where none was."""
    lang = get_language() or "en"
    held = held_by(check_draft(case, text, lang=lang, person=by, signature=signature))
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
    doors: Sequence[Door],
) -> Reply | Waits:
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.REPLY, expected_version=expected_version)
        for listener_before in _before_sending:
            listener_before(locked, by)
        info = check_way(locked, text)
        post = locked.post
        channel = post.channel
        if locked.state == CaseState.ANSWERING:
            raise Conflict(_("A reply to this post is already on its way. Look at it first."))
        check_follows(follows, locked)
        choice = choice_of(locked.agency_id)
        signed = sign(locked, text, by=by, choice=choice, signature=follows.signature)
        texts = plan_posts(text + signed, info, agency_id=locked.agency_id, agreed=follows.posts)
        waits = hold(
            doors,
            Outgoing(
                case=locked, text=text, by=by, form_token=form_token, answer_ids=answer_ids,
                holding=follows.holding, full_answer_due=follows.due, overruled=follows.overruled,
                posts=follows.posts,
            ),
        )  # fmt: skip
        if waits is not None:
            return waits
        before = place_of(locked)
        held = 0 if follows.at_once else hold_seconds(locked, choice)
        item = outbox.enqueue(
            channel=channel,
            text=texts[0],
            by=by,
            parent_external_id=post.external_id,
            thread_external_id=post.thread_id_on_platform,
            lang=post.lang if post.lang in {"en", "es"} else "",
            hold_seconds=held,
        )
        reply = Reply.objects.create(
            agency_id=locked.agency_id,
            case=locked,
            outbox_item=item,
            text=text + signed,
            signature=signed,
            case_before=keep_before(locked),
            by=by,
            at=clock.now(),
            form_token=form_token,
            holding=follows.holding,
            full_answer_due=follows.due if locked.substance_due is None else None,
        )
        add_posts(reply, texts[1:])
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
                "text": reply.text,
                "marker": item.marker,
                **({"can_be_taken_back_seconds": held} if held else {}),
                **({"holding": True} if reply.holding else {}),
                **({"posts": len(texts)} if len(texts) > 1 else {}),
                **follows.overruled,
            },
        )
        for listener in _on_sent:
            listener(reply)
        let_out(doors, reply)
    return reply


def check_way(case: Case, text: str) -> PlatformInfo:
    """What the platform takes; raises Invalid where these words cannot go there now."""
    post = case.post
    channel = post.channel
    info = channel_info(channel.platform, channel.settings)
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
    if Capability.REPLY not in info.capabilities:
        raise Invalid(
            _("%(channel)s is for reading only; answer in another way.") % {"channel": channel.name}
        )
    if post.visibility != Visibility.VISIBLE:
        raise Invalid(_("The post was deleted by its author; there is nothing to reply to."))
    if channel.state == ChannelState.SIGNED_OUT:
        raise Invalid(
            _("%(channel)s must be connected again before anything can be sent.")
            % {"channel": channel.name}
        )
    return info


def check_follows(follows: Follows, case: Case) -> None:
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
        before = place_of(locked)
        if not retry_posts(reply):
            raise Invalid(_("This reply is not one that failed."))
        for door in open_doors(reply.agency_id, ""):
            door.hold_retry(reply)
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
        bring_back(locked, reply)
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
    reply = reply_of(item)
    if reply is None:
        return
    if item.state == OutboxState.FAILED or (item.state == OutboxState.SENT and is_last(item)):
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
            payload={
                "reply": reply.pk,
                "url": item.url,
                "error": item.last_error,
                **posts_told(reply),
            },
        )
        if not sent:
            for listener in _on_failed:
                listener(reply)
    announce(
        agency_id=item.agency_id,
        kind="reply.changed",
        payload={"case": str(reply.case_id), "state": str(item.state)},
    )
