"""What approvers and authors do with a request: each in one transaction, with one event."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.approvals.asking import (
    check_somebody,
    keep_draft,
    may_meet,
    put_demands,
    say_rules,
    tell_asked,
    tell_decided,
)
from levelhead.approvals.domain import (
    HOLDING,
    NEXT,
    REASON_LIMIT,
    UNDO,
    ApprovalState,
    what_changed,
)
from levelhead.approvals.facts import ask_rules, look_at
from levelhead.approvals.models import ApprovalDemand, ApprovalRequest
from levelhead.approvals.people import list_people
from levelhead.approvals.recording import record, seen_of
from levelhead.approvals.wording import say_changed
from levelhead.connectors.registry import channel_info
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.kernel.text import clean_text
from levelhead.replies.checking import check_draft, held_by
from levelhead.replies.choosing import choice_of
from levelhead.replies.domain import LONGEST, Held, find_unfilled
from levelhead.replies.posting import plan_posts
from levelhead.replies.signatures import sign


def lock_request(
    request: ApprovalRequest, *, by: User, expected_version: int | None
) -> ApprovalRequest:
    """The request as it is now, locked. Raises NotAllowed, Conflict where it changed meanwhile."""
    require(by, request.agency_id, Ability.READ)
    locked = (
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("case__post__channel", "author", "agency")
        .get(pk=request.pk, agency_id=request.agency_id)
    )
    if expected_version is not None and locked.version != expected_version:
        raise Conflict(
            _(
                "Somebody changed or decided this while you looked at it. Nothing of yours was "
                "done: look at what changed."
            ),
            version=locked.version,
        )
    return locked


def approve(
    *,
    request: ApprovalRequest,
    by: User,
    expected_version: int | None,
    text: str | None = None,
    all_the_same: str = "",
) -> ApprovalRequest:
    """Let a reply leave, as it is or with other words (`text`), once every rule is met.

    It leaves ten seconds later, so that it can be undone. Raises NotAllowed, Conflict where the
    case, the post or the words are not what was asked about any more, Invalid, Held.
    """
    with transaction.atomic():
        locked = lock_request(request, by=by, expected_version=expected_version)
        mine = _check_approver(locked, by)
        changed = what_changed(seen_of(locked), look_at(locked.case))
        if changed is not None:
            raise Conflict(say_changed(changed))
        before = locked.text
        if text is not None:
            text = clean_text(text, LONGEST + 1).strip()
        if text is not None and text != before:
            _change_words(locked, text, by, all_the_same)
            mine = _check_approver(locked, by)
        now = clock.now()
        for demand in mine:
            demand.met_by, demand.met_at = by, now
            demand.save(update_fields=["met_by", "met_at"])
        left = list(locked.demands.filter(dropped=False, met_by=None))
        payload: dict[str, object] = {
            "author": locked.author_id,
            "rules": [demand.rule_id for demand in mine],
            "text": locked.text,
            **({"text_before": before} if locked.text != before else {}),
        }
        if left:
            _save(locked, "person:approval:part_approved", by, payload)
            people = list_people(locked.agency_id)
            asked = {p.id: None for demand in left for p in may_meet(demand, locked, people)}
            tell_asked(locked, list(asked))
            return locked
        _move(locked, ApprovalState.APPROVED)
        locked.decided_by, locked.decided_at = by, now
        locked.send_after = now + UNDO
        same = locked.text == _authors_words(locked)
        action = "person:approval:approved" if same else "person:approval:changed"
        _save(locked, action, by, payload)
        tell_decided(locked)
        return locked


def send_back(
    *, request: ApprovalRequest, reason: str, by: User, expected_version: int | None
) -> ApprovalRequest:
    """Give it back to its author with the reason. Raises Invalid without one."""
    reason = clean_text(reason, REASON_LIMIT + 1).strip()
    if not reason or len(reason) > REASON_LIMIT:
        raise Invalid(_("Say what should be different, in 1 to 1,000 characters."))
    with transaction.atomic():
        locked = lock_request(request, by=by, expected_version=expected_version)
        _check_approver(locked, by)
        _move(locked, ApprovalState.SENT_BACK)
        locked.decided_by, locked.decided_at = by, clock.now()
        locked.reason = reason
        _save(locked, "person:approval:sent_back", by, {"reason": reason})
        tell_decided(locked)
        return locked


def take_back(
    *, request: ApprovalRequest, by: User, expected_version: int | None
) -> ApprovalRequest:
    """The author thinks better of it; or an administrator does it for one who is away."""
    with transaction.atomic():
        locked = lock_request(request, by=by, expected_version=expected_version)
        if locked.author_id != by.pk:
            require(by, locked.agency_id, Ability.MANAGE)
        _move(locked, ApprovalState.TAKEN_BACK)
        locked.send_after = None
        _save(locked, "person:approval:taken_back", by, {})
        tell_decided(locked)
        return locked


def undo(*, request: ApprovalRequest, by: User) -> ApprovalRequest:
    """Take the own decision back within ten seconds, before anything left. Raises Conflict."""
    with transaction.atomic():
        locked = lock_request(request, by=by, expected_version=None)
        now = clock.now()
        if (
            locked.decided_by_id != by.pk
            or locked.decided_at is None
            or now >= locked.decided_at + UNDO
            or locked.state not in (ApprovalState.APPROVED, ApprovalState.SENT_BACK)
        ):
            raise Conflict(_("It is too late to undo this, or there is nothing to undo."))
        others = ApprovalRequest.objects.filter(case=locked.case, state__in=HOLDING)
        if others.exclude(pk=locked.pk).exists():
            raise Conflict(_("Another reply to this post waits for approval now. Look at it."))
        _move(locked, ApprovalState.WAITING)
        words = _authors_words(locked)
        if locked.text != words:
            locked.text = words
            locked.terms = {**locked.terms, **locked.terms.get("own", {})}
            asks = ask_rules(
                locked.case, draft=words, author=locked.author_id,
                overruled=locked.terms.get("overruled", ()),
            )  # fmt: skip
            if asks:
                put_demands(locked, [one for one in asks if not one.told_only] or asks)
        locked.demands.filter(dropped=False, met_by=by).update(met_by=None, met_at=None)
        locked.decided_by = locked.decided_at = locked.send_after = None
        locked.reason = ""
        _save(locked, "person:approval:undone", by, {})
        tell_decided(locked)
        return locked


def see(*, request: ApprovalRequest, by: User) -> ApprovalRequest:
    """Say that one knows of a reply that went without asking."""
    with transaction.atomic():
        locked = lock_request(request, by=by, expected_version=None)
        if locked.state != ApprovalState.TOLD:
            raise Conflict(_("This one did not go without asking."))
        if locked.seen_by_id is None:
            _eligible(locked, by)
            locked.seen_by = by
            _save(locked, "person:approval:seen", by, {})
        return locked


def _eligible(request: ApprovalRequest, by: User) -> list[ApprovalDemand]:
    """The demands that this person may meet. Raises NotAllowed where there is none."""
    if request.author_id == by.pk:
        raise NotAllowed(_("Nobody approves their own reply. A colleague must look at it."))
    people = list_people(request.agency_id)
    mine = [
        demand
        for demand in request.demands.filter(dropped=False).order_by("pk")
        if any(person.id == by.pk for person in may_meet(demand, request, people))
    ]
    if not mine:
        raise NotAllowed(_("This waits for somebody else's approval, not for yours."))
    return mine


def _check_approver(request: ApprovalRequest, by: User) -> list[ApprovalDemand]:
    if request.state != ApprovalState.WAITING:
        raise Conflict(_("This does not wait for approval any more. Look at what became of it."))
    mine = [demand for demand in _eligible(request, by) if demand.met_by_id is None]
    if not mine:
        raise Conflict(_("You approved this already; it waits for somebody else."))
    return mine


def _change_words(request: ApprovalRequest, text: str, by: User, all_the_same: str) -> None:
    """Other words: checked as those of an author are, and whoever approved the earlier ones
    is asked again.
    """
    overruled = check_words(request, text, all_the_same)
    request.text = text
    # An undo brings back what the author's own words were allowed.
    own = {key: request.terms.get(key) for key in overruled}
    request.terms = {**request.terms, "own": request.terms.get("own", own), **overruled}
    keep_draft(request, text, by)
    request.demands.filter(dropped=False).exclude(met_by=by).update(met_by=None, met_at=None)
    here = set(request.demands.filter(dropped=False).values_list("rule_id", flat=True))
    asks = [
        one
        for one in ask_rules(
            request.case, draft=text, author=request.author_id,
            overruled=request.terms.get("overruled", ()),
        )
        if not one.told_only and one.rule.id not in here
    ]  # fmt: skip
    check_somebody(asks, list_people(request.agency_id), author=request.author_id)
    ApprovalDemand.objects.bulk_create(
        [
            ApprovalDemand(
                agency_id=request.agency_id, request=request, rule_id=one.rule.id,
                rule_version=one.rule.version, name=one.rule.name, who=one.rule.who.key,
                then=one.rule.then.key,
                because=[[why.code, list(why.values)] for why in one.because],
            )
            for one in asks
        ]
    )  # fmt: skip
    if asks:
        record(request, "system:approval:more_rules", by=None, payload={"rules": say_rules(asks)})


def check_words(request: ApprovalRequest, text: str, all_the_same: str) -> dict[str, object]:
    """What the terms say of the check of other words. Raises Invalid, Held."""
    if not text:
        raise Invalid(_("Write the reply first."))
    unfilled = find_unfilled(text)
    if unfilled:
        raise Invalid(
            _("The reply still has a part to fill in: %(parts)s. Nothing was sent.")
            % {"parts": ", ".join(unfilled[:5])}
        )
    channel = request.case.post.channel
    signed = sign(request.case, text, by=request.author, choice=choice_of(request.agency_id))
    plan_posts(
        text + signed, channel_info(channel.platform, channel.settings),
        agency_id=request.agency_id, agreed=request.terms.get("posts", 1),
    )  # fmt: skip
    held = held_by(
        check_draft(request.case, text, lang=get_language() or "en", person=request.author)
    )
    reason = clean_text(all_the_same, REASON_LIMIT).strip() or str(
        request.terms.get("all_the_same", "")
    )
    if held and not reason:
        raise Held(
            _(
                "The reply check holds these words: %(why)s Change them, or say why they should go "
                "all the same. Nothing was sent."
            )
            % {"why": held[0].why}
        )
    return {
        "all_the_same": reason if held else "",
        "overruled": sorted({finding.rule.value for finding in held}),
    }


def _authors_words(request: ApprovalRequest) -> str:
    """The newest words of the author."""
    newest = request.drafts.filter(by=request.author_id).order_by("-number").first()
    return newest.text if newest else request.text


def _move(request: ApprovalRequest, state: ApprovalState) -> None:
    if state not in NEXT[ApprovalState(request.state)]:
        raise Conflict(_("Somebody was faster: look at what became of this reply."))
    request.state = state


def _save(
    request: ApprovalRequest, action: str, by: User | None, payload: dict[str, object]
) -> None:
    request.version += 1
    request.save()
    record(request, action, by=by, payload=payload)
