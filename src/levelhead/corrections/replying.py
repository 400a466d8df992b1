"""Replies while an incident runs: which facts they say, and what they may not say.

The running incidents are locked before a reply is written and stay so until it is: a fact changes
before, and the reply is refused, or after, and the reply is found among what cites it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from levelhead.accounts.models import User
from levelhead.corrections.actions import close_corrections, follow
from levelhead.corrections.domain import DueState, names
from levelhead.corrections.models import CorrectionDue, ReplyCitation
from levelhead.inbox.models import Case
from levelhead.incidents.domain import IncidentState
from levelhead.incidents.models import Incident
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict
from levelhead.ledger.domain import FactStatus, FactSubject
from levelhead.ledger.models import Fact, FactVersion
from levelhead.ledger.saying import fold, says, sentences_of, without_denied
from levelhead.replies.gate import Outgoing, Waits
from levelhead.replies.models import Reply
from levelhead.updates.checking import may_be_denied
from levelhead.updates.gate import Proof, unproven_text


def lock_running(case: Case, by: User) -> None:
    """Hold every running incident of the agency, in one order, before a reply is written."""
    running = Incident.objects.filter(agency_id=case.agency_id, state=IncidentState.RUNNING)
    list(running.select_for_update().order_by("pk").values_list("pk", flat=True))


def note_said(reply: Reply) -> None:
    """Keep which facts a reply says, and close the corrections that it makes.

    Raises Conflict where it says something that the ledger does not confirm: nothing is sent then.
    """
    running = list(Incident.objects.filter(agency_id=reply.agency_id, state=IncidentState.RUNNING))
    if not running:
        return
    facts = list(Fact.objects.filter(incident__in=running).order_by("pk"))
    settled = settle_by_reply(reply)
    text = without_denied(reply.written)
    cited = [
        fact for fact in facts if fact.status == FactStatus.CONFIRMED and says(text, fact.text)
    ]
    _refuse_unconfirmed(text, facts, cited)
    _refuse_unproven(reply, running, facts, cited, settled)
    now = clock.now()
    for fact in cited:
        if fact.valid_until is not None and fact.valid_until <= now:
            raise Conflict(
                _(
                    "Fact %(n)d must be looked at again before it is said: “%(text)s”. Nothing was "
                    "sent."
                )
                % {"n": fact.number, "text": fact.text[:120]}
            )
        ReplyCitation.objects.create(
            agency_id=reply.agency_id, reply=reply, fact=fact, version=fact.version, text=fact.text
        )


def _refuse_unconfirmed(text: str, facts: Iterable[Fact], cited: Sequence[Fact]) -> None:
    """Raise where the text says what is not confirmed, now or not any more."""
    # A sentence that says a confirmed fact may hold the words of a vaguer one that is not.
    rest = ". ".join(
        one for one in sentences_of(text) if not any(says(one, fact.text) for fact in cited)
    )
    whole = {fold(one) for one in sentences_of(text)}
    for fact in facts:
        if fact.status != FactStatus.CONFIRMED and (
            fold(fact.text) in whole or says(rest, fact.text)
        ):
            raise _refusal(fact, fact.text)
    changed = {fact.pk: fact for fact in facts if fact.version > 1}
    if not changed:
        return
    older = FactVersion.objects.filter(fact__in=changed, status=FactStatus.CONFIRMED)
    for version in older.order_by("pk"):
        fact = changed[version.fact_id]
        if version.version < fact.version and says(rest, version.text):
            raise _refusal(fact, version.text)


def _refuse_unproven(
    reply: Reply,
    running: Sequence[Incident],
    facts: Sequence[Fact],
    cited: Sequence[Fact],
    settled: Sequence[CorrectionDue],
) -> None:
    """Raise where it says what two people must vouch for, and they did not. Nobody overrules it."""
    unproven = unproven_text(
        reply.written,
        [Proof(text=fact.text, subject=FactSubject(fact.subject)) for fact in cited],
        quotable=[due.first_said for due in settled],
        deniable=[text for incident in running for text in may_be_denied(incident, facts)],
    )
    for sentence, _subject in unproven:
        raise Conflict(
            _(
                "While an incident runs, “%(sentence)s” needs a fact that two people confirmed. "
                "Nothing was sent; your words are kept."
            )
            % {"sentence": sentence[:120]}
        )


def _refusal(fact: Fact, text: str) -> Conflict:
    return Conflict(
        _(
            "“%(text)s” is not confirmed, or not any more: look at fact %(n)d. Nothing was sent; "
            "your words are kept."
        )
        % {"n": fact.number, "text": text[:120]}
    )


def settle_by_reply(reply: Reply) -> list[CorrectionDue]:
    """A reply in the same thread that names what was wrong puts it right; gives what it settled."""
    due = CorrectionDue.objects.filter(
        agency_id=reply.agency_id, state=DueState.OPEN,
        reply__case__conversation_id=reply.case.conversation_id,
    ).exclude(reply=reply)  # fmt: skip
    settled = [one for one in due.order_by("pk") if names(reply.written, one.first_said)]
    close_corrections(settled, DueState.CORRECTED, reply.by, corrected_in=reply)
    return settled


def note_withdrawn(reply: Reply, by: User) -> None:
    """Nobody read it: nothing of it is to be put right, and it put nothing right."""
    mine = CorrectionDue.objects.filter(reply=reply, state=DueState.OPEN)
    mine = mine.select_for_update().order_by("pk")
    close_corrections(mine, DueState.UNSAID, by)
    open_again(reply)


def open_again(reply: Reply) -> None:
    """A correction that did not arrive corrected nothing."""
    done = CorrectionDue.objects.filter(corrected_in=reply, state=DueState.CORRECTED)
    for due in done.select_for_update().order_by("pk"):
        due.state, due.closed_at = DueState.OPEN.value, None
        due.closed_by = due.corrected_in = None
        due.save()
        follow(due.fact)
        tell(
            due.incident, "outbox:correction:open_again", by=None,
            payload={"correction": due.pk, "fact": due.fact_id, "reply": reply.pk},
        )  # fmt: skip


class SaidDoor:
    """A reply that failed is not tried again with words that do not stand any more."""

    def hold(self, outgoing: Outgoing) -> Waits | None:
        """New replies are looked at when they are written."""
        return None

    def let_out(self, reply: Reply) -> None:
        """Nothing to do."""

    def hold_retry(self, reply: Reply) -> None:
        """Raise where a fact of it fell; what it puts right is right again once it leaves."""
        lock_running(reply.case, reply.by)
        for citation in ReplyCitation.objects.filter(reply=reply).select_related("fact"):
            fact = citation.fact
            if fact.status != FactStatus.CONFIRMED or fact.version != citation.version:
                raise _refusal(fact, citation.text)
        settle_by_reply(reply)


def door_of(agency_id: int, form_token: str) -> SaidDoor:
    """The door of every agency."""
    return SaidDoor()
