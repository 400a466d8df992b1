"""The door of replies: what a rule wants approved is kept as a request instead of being sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import QueryDict
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency, User
from levelhead.approvals.domain import (
    HOLDING,
    ApprovalState,
    Asks,
    Person,
    Who,
    ask_next_at,
    read_who,
    what_changed,
    who_may,
)
from levelhead.approvals.facts import ask_rules, look_at
from levelhead.approvals.models import ApprovalDemand, ApprovalDraft, ApprovalRequest
from levelhead.approvals.people import list_people
from levelhead.approvals.recording import record, seen_of
from levelhead.approvals.wording import say_all, say_changed, say_people
from levelhead.commitments.answering import answer_on_form
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.replies.gate import Door, Outgoing, Waits
from levelhead.replies.models import Reply
from levelhead.research.posting import note_posted

PREFIX = "approved:"
# Fields of a reply form about what it promises; see commitments.forms.
_PROMISE = re.compile(r"p[0-9]-[a-z]+$")
# Told in the transaction of what happened: the request, and the ids of those who are asked.
Asked = Callable[[ApprovalRequest, Sequence[int]], None]
Decided = Callable[[ApprovalRequest], None]
_on_asked: list[Asked] = []
_on_decided: list[Decided] = []


def on_asked(listener: Asked) -> None:
    """Have `listener` told whenever people are asked: at first, anew, and the next in line."""
    if listener not in _on_asked:
        _on_asked.append(listener)


def on_decided(listener: Decided) -> None:
    """Have `listener` told of every decision, of what left, and of what could not."""
    if listener not in _on_decided:
        _on_decided.append(listener)


def tell_asked(request: ApprovalRequest, people: Sequence[int]) -> None:
    """Tell those who listen; in the caller's transaction."""
    for listener in _on_asked:
        listener(request, people)


def tell_decided(request: ApprovalRequest) -> None:
    """Tell those who listen; in the caller's transaction."""
    for listener in _on_decided:
        listener(request)


def askable(
    who: Who | None, then: Who | None, people: Sequence[Person], *, author: int, escalated: bool
) -> list[Person]:
    """Those who may approve now: the next in line too, once it is their turn or nobody else is."""
    found = who_may(who, people, author=author) if who is not None else []
    if then is not None and (escalated or not found):
        found += [one for one in who_may(then, people, author=author) if one not in found]
    return found


def may_meet(
    demand: ApprovalDemand, request: ApprovalRequest, people: Sequence[Person]
) -> list[Person]:
    """Those who may meet a demand now."""
    return askable(
        read_who(demand.who), read_who(demand.then), people,
        author=request.author_id, escalated=request.escalated_at is not None,
    )  # fmt: skip


def door_of(agency_id: int, form_token: str) -> Door | None:
    """The door of an agency that approves replies; one look where it does not."""
    rows: Any = (
        Agency.objects.filter(pk=agency_id, approves=True)
        .annotate(
            asked=Subquery(
                ApprovalDraft.objects.filter(
                    agency_id=OuterRef("pk"), form_token=form_token
                ).values("request_id")[:1]
            )
        )
        .values_list("asked", flat=True)
    )
    found = list(rows)
    if not found:
        return None
    if form_token and found[0] is not None:
        raise _waits_already(ApprovalRequest.objects.get(pk=found[0]))
    return _Door()


def _waits_already(request: ApprovalRequest) -> Conflict:
    if request.state in HOLDING:
        return Waits(
            _("This reply waits for approval. Nothing was sent yet."), request_id=request.pk
        )
    if request.state == ApprovalState.SENT:
        return Waits(_("This reply was approved and sent already."), request_id=request.pk)
    return Conflict(
        _("This form was decided on already. Load the page again; copy your text first.")
    )


class _Door:
    """See `replies.gate.Door`."""

    def __init__(self) -> None:
        self._request: ApprovalRequest | None = None

    def hold(self, outgoing: Outgoing) -> Waits | None:
        """Keep a reply that a rule asks about; let an approved one through, exactly once."""
        if outgoing.form_token.startswith(PREFIX):
            self._request = _find_approved(outgoing)
            return None
        again = ApprovalDraft.objects.filter(
            agency_id=outgoing.case.agency_id, form_token=outgoing.form_token
        ).select_related("request")
        if (draft := again.first()) is not None:
            raise _waits_already(draft.request)
        rules = outgoing.overruled.get("overruled", ())
        asks = ask_rules(
            outgoing.case, draft=outgoing.text, author=outgoing.by.pk,
            overruled=[str(rule) for rule in rules],  # type: ignore[attr-defined]
        )  # fmt: skip
        wanted = [one for one in asks if not one.told_only]
        standing = _find_standing(outgoing, asking=bool(wanted))
        if wanted:
            return _ask(outgoing, wanted, standing)
        if standing is not None:
            # The words are such now that nobody needs to approve them.
            standing.state = ApprovalState.TAKEN_BACK
            _save(standing, "person:approval:taken_back", outgoing.by, {})
        if asks:
            self._request = _tell(outgoing, asks)
        return None

    def let_out(self, reply: Reply) -> None:
        """Say which reply it became; what the author said on the form about promises is done."""
        request = self._request
        if request is None:
            return
        request.reply = reply
        if request.state == ApprovalState.TOLD:
            request.save(update_fields=["reply"])
            return
        request.state, request.send_after = ApprovalState.SENT, None
        _save(
            request, "system:approval:sent", None,
            {"reply": reply.pk, "author": request.author_id, "approver": request.decided_by_id},
        )  # fmt: skip
        _follow_up(request, reply)
        tell_decided(request)

    def hold_retry(self, reply: Reply) -> None:
        """A reply that nobody approved is not tried again where a rule asks about it now."""
        if ApprovalRequest.objects.filter(reply=reply).exists():
            return
        asks = ask_rules(reply.case, draft=reply.text, author=reply.by_id)
        wanted = [one for one in asks if not one.told_only]
        if wanted:
            raise Invalid(
                _(
                    "Since this reply was written, it needs approval: %(why)s. Nothing was sent. "
                    "Send it again from the form, and it is asked about."
                )
                % {"why": say_all(wanted[0].because)}
            )


def _find_approved(outgoing: Outgoing) -> ApprovalRequest:
    number = outgoing.form_token.removeprefix(PREFIX)
    request = (
        ApprovalRequest.objects.select_for_update(of=("self",))
        .filter(agency_id=outgoing.case.agency_id, pk=int(number) if number.isdecimal() else 0)
        .first()
    )
    if (
        request is None
        or request.state != ApprovalState.APPROVED
        or request.case_id != outgoing.case.pk
        or request.author_id != outgoing.by.pk
        or request.text != outgoing.text
    ):
        raise Conflict(_("This reply is not the one that was approved. Nothing was sent."))
    changed = what_changed(seen_of(request), look_at(outgoing.case))
    if changed is not None:
        raise Conflict(say_changed(changed))
    return request


def _find_standing(outgoing: Outgoing, *, asking: bool) -> ApprovalRequest | None:
    """What this author asked before about this case.

    Raises Conflict where another's waits and this would be a second; what needs nobody's word is
    not held up by it, and the other is then refused as answered.
    """
    rows = ApprovalRequest.objects.select_for_update(of=("self",)).filter(case=outgoing.case)
    held = rows.filter(state__in=HOLDING).first()
    if held is not None and held.author_id != outgoing.by.pk:
        if not asking:
            return None
        raise Conflict(
            _(
                "Another reply to this post waits for approval already. Nothing was sent; look at "
                "that one first."
            )
        )
    if held is not None and held.state == ApprovalState.APPROVED:
        raise Conflict(
            _("Your reply was approved and leaves in a moment. Nothing was changed; look again.")
        )
    if held is not None:
        return held
    return (
        rows.filter(author=outgoing.by, state__in=[ApprovalState.SENT_BACK, ApprovalState.FAILED])
        .order_by("-pk")
        .first()
    )


def _ask(outgoing: Outgoing, asks: list[Asks], standing: ApprovalRequest | None) -> Waits:
    people = list_people(outgoing.case.agency_id)
    asked = check_somebody(asks, people, author=outgoing.by.pk)
    case, now = outgoing.case, clock.now()
    request = standing or ApprovalRequest(agency_id=case.agency_id, case=case, author=outgoing.by)
    again = standing is not None
    request.state = ApprovalState.WAITING
    set_words(request, outgoing, now)
    request.decided_by = request.decided_at = request.send_after = request.escalated_at = None
    request.reason = ""
    request.escalate_at = ask_next_at(
        now=now, due_at=case.due_at, minutes=[one.rule.minutes for one in asks]
    )
    if again:
        request.version += 1
    request.sending_token = f"{PREFIX}{request.pk}"
    request.save()
    keep_draft(request, outgoing.text, outgoing.by, form_token=outgoing.form_token)
    put_demands(request, asks)
    record(
        request,
        "person:approval:asked_again" if again else "person:approval:asked",
        by=outgoing.by,
        payload={"text": outgoing.text, "rules": say_rules(asks), "asked": [p.id for p in asked]},
    )
    tell_asked(request, [person.id for person in asked])
    return Waits(
        _("Nothing was sent yet: it waits for approval by %(names)s.")
        % {"names": say_people(asked)},
        request_id=request.pk,
    )


def check_somebody(asks: Sequence[Asks], people: Sequence[Person], *, author: int) -> list[Person]:
    """Everybody who is asked. Raises Invalid where a rule leaves nobody but the author."""
    asked: list[Person] = []
    for one in asks:
        found = askable(one.rule.who, one.rule.then, people, author=author, escalated=False)
        if not found:
            raise Invalid(
                _(
                    "The rule “%(rule)s” wants this approved, and there is nobody but you who "
                    "could. Nothing was sent. Ask an administrator to name somebody in the rule."
                )
                % {"rule": one.rule.name}
            )
        asked += [person for person in found if person not in asked]
    return asked


def say_rules(asks: Sequence[Asks]) -> list[dict[str, object]]:
    """Rules as the record keeps them."""
    return [
        {
            "rule": one.rule.id,
            "version": one.rule.version,
            "name": one.rule.name,
            "who": one.rule.who.key,
            "because": [[why.code, list(why.values)] for why in one.because],
        }
        for one in asks
    ]


def set_words(request: ApprovalRequest, outgoing: Outgoing, now: datetime) -> None:
    """What is asked about, and what the author saw."""
    seen = look_at(outgoing.case)
    due = outgoing.full_answer_due
    request.text = outgoing.text
    request.terms = {
        "answers": [int(one) for one in outgoing.answer_ids],
        "holding": outgoing.holding,
        "posts": outgoing.posts,
        "full_answer_due": due.isoformat() if due else None,
        "all_the_same": str(outgoing.overruled.get("reason", "")),
        "overruled": list(outgoing.overruled.get("overruled", ())),  # type: ignore[call-overload]
    }
    request.post_revision, request.case_state = seen.revision, seen.state
    request.last_reply, request.asked_at = seen.last_reply, now


def keep_draft(request: ApprovalRequest, text: str, by: User, *, form_token: str = "") -> None:
    """Keep the words as somebody wrote them."""
    ApprovalDraft.objects.create(
        agency_id=request.agency_id, request=request,
        number=ApprovalDraft.objects.filter(request=request).count() + 1,
        text=text, by=by, at=clock.now(), form_token=form_token,
    )  # fmt: skip


def put_demands(request: ApprovalRequest, asks: Sequence[Asks]) -> None:
    """What the rules want of these words; demands of earlier words stay as history."""
    ApprovalDemand.objects.filter(request=request, dropped=False).update(dropped=True)
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


def _tell(outgoing: Outgoing, asks: list[Asks]) -> ApprovalRequest:
    """A reply that goes at once because a life is at stake: who would have approved is told."""
    people = list_people(outgoing.case.agency_id)
    request = ApprovalRequest(
        agency_id=outgoing.case.agency_id, case=outgoing.case, author=outgoing.by,
        state=ApprovalState.TOLD, sending_token=outgoing.form_token,
    )  # fmt: skip
    set_words(request, outgoing, clock.now())
    request.save()
    keep_draft(request, outgoing.text, outgoing.by, form_token=outgoing.form_token)
    put_demands(request, asks)
    record(
        request, "system:approval:told", by=None,
        payload={"author": outgoing.by.pk, "rules": say_rules(asks)},
    )  # fmt: skip
    told = [
        person.id
        for one in asks
        for person in askable(
            one.rule.who, one.rule.then, people, author=outgoing.by.pk, escalated=False
        )
    ]
    tell_asked(request, list(dict.fromkeys(told)))
    return request


def _follow_up(request: ApprovalRequest, reply: Reply) -> None:
    given = QueryDict(str(request.terms.get("form", "")))
    answer_on_form(reply=reply, agency=reply.agency, given=given, by=request.author)
    note_posted(reply, request.terms.get("research"), request.author)


def keep_form(request_id: int, given: QueryDict, research_id: int | None) -> None:
    """Keep what the author said of promises and of a released answer until the reply leaves."""
    kept = QueryDict(mutable=True)
    for name, values in given.lists():
        if _PROMISE.match(name):
            kept.setlist(name, [value[:2_000] for value in values[:1]])
    with transaction.atomic():
        row = ApprovalRequest.objects.select_for_update().get(pk=request_id)
        if row.state == ApprovalState.WAITING:
            row.terms = {**row.terms, "form": kept.urlencode(), "research": research_id}
            row.save(update_fields=["terms"])


def _save(
    request: ApprovalRequest, action: str, by: User | None, payload: dict[str, object]
) -> None:
    request.version += 1
    request.save()
    record(request, action, by=by, payload=payload)
