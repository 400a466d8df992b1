"""Replies that leave later: choosing the time, changing one's mind, freezing them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.inbox.actions import lock_case, place_of, save_case
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_text, without_overrides
from levelhead.knowledge.models import Answer
from levelhead.live.actions import announce
from levelhead.replies.actions import (
    Follows,
    check_follows,
    check_overruled,
    check_way,
    send_reply,
)
from levelhead.replies.choosing import record_choice
from levelhead.replies.domain import LONGEST, REASON_LIMIT, ScheduledState
from levelhead.replies.gate import Outgoing, open_doors, would_wait
from levelhead.replies.models import Reply, ScheduledReply, SendingChoice
from levelhead.replies.moments import FURTHEST
from levelhead.replies.posting import plan_posts
from levelhead.replies.signatures import sign
from levelhead.replies.standing import UNDONE
from levelhead.research.posting import note_posted


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What a person wrote and chose on the form."""

    text: str
    form_token: str
    answer_ids: Sequence[int] = ()
    all_the_same: str = ""
    holding: bool = False
    full_answer_due: datetime | None = None
    posts: int = 1
    research_id: int | None = None
    # The scheduled reply that this one takes the place of.
    replaces: int | None = None


def schedule_reply(
    *, case: Case, words: Words, leaves_at: datetime, by: User, expected_version: int | None
) -> ScheduledReply:
    """Have a reply leave later. Everything is checked as if it left now, and again when it does.

    The case stays as it is, and its clock runs on. The same form twice gives the same row. Raises
    NotAllowed, Conflict, Invalid, NeedsPosts, Held.
    """
    require(by, case.agency_id, Ability.REPLY)
    text = without_overrides(clean_text(words.text, LONGEST + 1)).strip()
    if not words.form_token or len(words.form_token) > 40:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    already = _by_form(case, words.form_token)
    if already is not None:
        return already
    check_moment(leaves_at)
    overruled = check_overruled(case, text, words.all_the_same, by=by)
    try:
        with transaction.atomic():
            locked = lock_case(
                case, by=by, ability=Ability.REPLY, expected_version=expected_version
            )
            info = check_way(locked, text)
            if locked.state == CaseState.ANSWERING:
                raise Conflict(_("A reply to this post is already on its way. Look at it first."))
            if locked.show_911 or locked.queue == Queue.NOW:
                raise Invalid(
                    _("A life may be at stake: send this reply now. Nothing was scheduled.")
                )
            check_follows(
                Follows(holding=words.holding, due=words.full_answer_due, overruled=overruled),
                locked,
            )
            signed = sign(locked, text, by=by)
            plan_posts(text + signed, info, agency_id=locked.agency_id, agreed=words.posts)
            _check_doors(
                Outgoing(
                    case=locked, text=text, by=by, form_token=words.form_token,
                    answer_ids=words.answer_ids, holding=words.holding,
                    full_answer_due=words.full_answer_due, overruled=overruled,
                    posts=words.posts,
                )
            )  # fmt: skip
            row = _row_for(locked, words)
            row.text, row.signature, row.by = text, signed, by
            row.form_token = words.form_token
            row.leaves_at = leaves_at
            row.answers = _versions(locked, words.answer_ids)
            row.overruled = list(overruled.get("overruled", ()))  # type: ignore[call-overload]
            row.all_the_same = clean_text(words.all_the_same, REASON_LIMIT).strip()
            row.holding, row.full_answer_due = words.holding, words.full_answer_due
            row.posts, row.research_id = words.posts, words.research_id
            _look_anew(row, locked)
            row.save()
            _note(
                locked,
                row,
                by,
                "person:reply:scheduled",
                {"text": text + signed, **overruled},
                owner=by,
            )
    except IntegrityError as error:
        same = _by_form(case, words.form_token)
        if same is None:
            raise Conflict(_TAKEN()) from error
        return same
    return row


def _TAKEN() -> str:  # noqa: N802  # a text, in the language of whoever asks
    return _(
        "A reply to this post is scheduled already. Change that one, or take it back. Your words "
        "are still here."
    )


def _check_doors(outgoing: Outgoing) -> None:
    """Raise Invalid where somebody would have to approve it: better said now than at its time."""
    doors = open_doors(outgoing.case.agency_id, outgoing.form_token)
    if would_wait(doors, outgoing) is not None:
        raise Invalid(
            _(
                "A rule wants this reply approved first, so it cannot be scheduled. Press “Send "
                "reply”: then it is asked about, and leaves once it is approved. Nothing was "
                "scheduled; your words are still here."
            )
        )


def _by_form(case: Case, form_token: str) -> ScheduledReply | None:
    return ScheduledReply.objects.filter(agency_id=case.agency_id, form_token=form_token).first()


def _row_for(case: Case, words: Words) -> ScheduledReply:
    """The row that this one replaces, else a new one. Raises Conflict where one waits already."""
    rows = ScheduledReply.objects.select_for_update(of=("self",)).filter(
        case_id=case.pk, state__in=UNDONE
    )
    waiting = rows.first()
    if waiting is None:
        return ScheduledReply(agency_id=case.agency_id, case=case)
    if waiting.pk != words.replaces:
        raise Conflict(_TAKEN())
    return waiting


def check_moment(leaves_at: datetime) -> None:
    """Raise Invalid unless it is a time to come, and near enough."""
    now = clock.now()
    if leaves_at <= now:
        raise Invalid(
            _("This time has passed. Choose one to come, or send the reply now. Nothing was sent.")
        )
    if leaves_at > now + FURTHEST:
        raise Invalid(
            _("A reply can be scheduled for at most %(days)d days ahead. Nothing was sent.")
            % {"days": FURTHEST.days}
        )


def _versions(case: Case, answer_ids: Sequence[int]) -> list[list[int]]:
    found = Answer.objects.filter(agency_id=case.agency_id, pk__in=list(answer_ids)[:10])
    return [[pk, version] for pk, version in found.order_by("pk").values_list("pk", "version")]


def _look_anew(row: ScheduledReply, case: Case) -> None:
    """A person looked at how things stand; what happens from here on is what it is held for."""
    row.state = ScheduledState.WAITING
    row.held_for, row.held_detail, row.held_at = "", "", None
    row.made_at = clock.now()
    row.case_state, row.post_revision = str(case.state), case.post.revision


def move_scheduled(*, scheduled: ScheduledReply, leaves_at: datetime, by: User) -> ScheduledReply:
    """Have it leave at another time; whoever does that has looked at how things stand."""
    check_moment(leaves_at)
    with transaction.atomic():
        locked, row = _lock(scheduled, by)
        check_way(locked, row.text)
        if locked.state == CaseState.ANSWERING:
            raise Conflict(_("A reply to this post is already on its way. Look at it first."))
        before = row.leaves_at
        row.leaves_at = leaves_at
        row.answers = _versions(locked, [one for one, _version in row.answers])
        _look_anew(row, locked)
        row.save()
        _note(locked, row, by, "person:reply:schedule_moved", {"before": before.isoformat()})
    return row


def take_back_scheduled(*, scheduled: ScheduledReply, by: User) -> ScheduledReply:
    """Have it not leave at all. Raises Conflict where it left already."""
    with transaction.atomic():
        locked, row = _lock(scheduled, by)
        row.state = ScheduledState.TAKEN_BACK
        row.save()
        _note(locked, row, by, "person:reply:schedule_taken_back", {})
    return row


def send_scheduled_now(*, scheduled: ScheduledReply, by: User) -> Reply:
    """Send it now, whatever its time was or held it: a person decides. It can be taken back."""
    with transaction.atomic():
        locked, row = _lock(scheduled, by)
        reply = send_row(row, locked, by=by, at_once=False)
        _note(locked, row, by, "person:reply:schedule_sent_now", {"reply": reply.pk})
    return reply


def send_row(row: ScheduledReply, case: Case, *, by: User, at_once: bool) -> Reply:
    """Make a locked row the reply that it is. In the caller's transaction."""
    reply = send_reply(
        case=case, text=row.text, by=by, form_token=row.form_token, expected_version=None,
        answer_ids=[one for one, _version in row.answers], all_the_same=row.all_the_same,
        holding=row.holding, full_answer_due=row.full_answer_due, posts=row.posts,
        at_once=at_once, signature=row.signature,
    )  # fmt: skip
    row.state, row.reply = ScheduledState.SENT, reply
    row.save()
    note_posted(reply, row.research_id, by)
    return reply


def replace_scheduled(case: Case, scheduled_id: int | None, *, reply: Reply, by: User) -> None:
    """A form that began as a scheduled reply was sent: that one does not leave any more."""
    if scheduled_id is None:
        return
    with transaction.atomic():
        row = (
            ScheduledReply.objects.select_for_update(of=("self",))
            .filter(case_id=case.pk, agency_id=case.agency_id, pk=scheduled_id, state__in=UNDONE)
            .first()
        )
        if row is not None:
            row.state, row.reply = ScheduledState.SENT, reply
            row.save()


def release_one(*, scheduled: ScheduledReply, by: User) -> ScheduledReply:
    """Let this one leave at its time although all are frozen. Raises Conflict, NotAllowed.

    Where its time has passed it is held and says so: nothing old goes out unseen.
    """
    with transaction.atomic():
        locked, row = _lock(scheduled, by)
        if row.released_at is None:
            row.released_at = clock.now()
            row.save(update_fields=["released_at"])
            _note(locked, row, by, "person:reply:schedule_released", {})
    return row


def _lock(scheduled: ScheduledReply, by: User) -> tuple[Case, ScheduledReply]:
    """The case first, as everybody does; then the row, while it waits or is held."""
    locked = lock_case(scheduled.case, by=by, ability=Ability.REPLY, expected_version=None)
    row = (
        ScheduledReply.objects.select_for_update(of=("self",))
        .filter(pk=scheduled.pk, state__in=UNDONE)
        .first()
    )
    if row is None:
        raise Conflict(_("It is too late for that: this reply has left, or was taken back."))
    return locked, row


def _note(
    case: Case,
    row: ScheduledReply,
    by: User,
    action: str,
    payload: Mapping[str, object],
    *,
    owner: User | None = None,
) -> None:
    # As it is now: sending a reply has changed it.
    fresh = Case.objects.get(pk=case.pk)
    before = place_of(fresh)
    fresh.owner = fresh.owner or owner
    save_case(
        fresh,
        before,
        action=action,
        by=by,
        payload={"scheduled": row.pk, "leaves_at": row.leaves_at.isoformat(), **payload},
    )
    tell(row)


def tell(row: ScheduledReply) -> None:
    """Screens that show it ask again."""
    announce(
        agency_id=row.agency_id,
        kind="reply.changed",
        payload={"case": str(row.case_id), "state": row.state},
    )


def freeze_scheduled(agency: Agency, by: User, reason: str) -> int:
    """Let no scheduled reply leave by itself until `release_scheduled`; gives how many wait.

    People may still send one, change it or take it back. Raises NotAllowed, Invalid.
    """
    require(by, agency.pk, Ability.REPLY)
    reason = clean_text(reason, REASON_LIMIT).strip()
    if not reason:
        raise Invalid(_("Say in a few words why scheduled replies are not to leave."))
    with transaction.atomic():
        choice, _new = SendingChoice.objects.select_for_update().get_or_create(agency=agency)
        undone = ScheduledReply.objects.filter(agency=agency, state__in=UNDONE)
        # What was released from an earlier stop is stopped again: somebody looks at each anew.
        undone.filter(released_at__isnull=False).update(released_at=None)
        waiting = undone.count()
        if choice.frozen_at is not None:
            return waiting
        choice.frozen_at, choice.frozen_by, choice.frozen_reason = clock.now(), by, reason
        choice.save(update_fields=["frozen_at", "frozen_by", "frozen_reason"])
        record_choice(
            agency.pk,
            by,
            "person:replies:scheduled_frozen",
            {"reason": reason, "waiting": waiting},
        )
        announce(agency_id=agency.pk, kind="reply.changed", payload={"case": "", "state": ""})
    return waiting


def release_scheduled(agency: Agency, by: User, reason: str = "") -> int:
    """Let scheduled replies leave again; gives how many wait.

    One whose time passed meanwhile is held, so that nothing old goes out unseen.
    """
    require(by, agency.pk, Ability.REPLY)
    reason = clean_text(reason, REASON_LIMIT).strip()
    with transaction.atomic():
        choice = SendingChoice.objects.select_for_update().filter(agency=agency).first()
        waiting = ScheduledReply.objects.filter(agency=agency, state__in=UNDONE).count()
        if choice is None or choice.frozen_at is None:
            return waiting
        choice.frozen_at, choice.frozen_by, choice.frozen_reason = None, None, ""
        choice.save(update_fields=["frozen_at", "frozen_by", "frozen_reason"])
        record_choice(
            agency.pk,
            by,
            "person:replies:scheduled_released",
            {"reason": reason, "waiting": waiting},
        )
        announce(agency_id=agency.pk, kind="reply.changed", payload={"case": "", "state": ""})
    return waiting
