"""What follows when a fact that was said does not stand: corrections fall due, and are closed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.channels.models import OutboxState
from levelhead.corrections.domain import REASON_LIMIT, DueState, Said, names
from levelhead.corrections.models import CorrectionDue, ReplyCitation
from levelhead.corrections.wording import draft_text, truth_of
from levelhead.incidents.actions import lock_incident
from levelhead.incidents.models import Incident
from levelhead.incidents.reading import read_text
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.ledger.models import Fact
from levelhead.updates.domain import UpdateKind, Words
from levelhead.updates.models import Citation, Update


def open_corrections(fact: Fact, why: str, by: User) -> None:
    """A fact changed: whatever says it is to be put right. In the transaction of the change."""
    cited = Citation.objects.filter(fact=fact).select_related("update_of").order_by("pk")
    for citation in cited.prefetch_related("update_of__texts", "update_of__citations"):
        update = citation.update_of
        _open(fact, citation.version, _said_in(citation), why, by, update=update)
    replied = (
        ReplyCitation.objects.filter(fact=fact)
        .exclude(reply__outbox_item__state=OutboxState.WITHDRAWN)
        .select_related("reply__case__post")
        .order_by("pk")
    )
    for said in replied:
        lang = said.reply.case.post.lang
        words = {lang if lang in ("en", "es") else fact.incident.lang: said.text}
        _open(fact, said.version, words, why, by, reply=said)
    follow(fact)


def _open(
    fact: Fact,
    version: int,
    said: dict[str, str],
    why: str,
    by: User,
    *,
    update: Update | None = None,
    reply: ReplyCitation | None = None,
) -> None:
    before = CorrectionDue.objects.filter(
        fact=fact, update_of=update, reply=reply.reply if reply else None
    )
    # What was corrected is right where it was said; what somebody decided to leave is asked again.
    if before.exclude(state=DueState.DECIDED).exists():
        return
    due = CorrectionDue.objects.create(
        agency_id=fact.agency_id, incident_id=fact.incident_id, fact=fact, version=version,
        update_of=update, reply=reply.reply if reply else None, said=json.dumps(said),
        drafts="{}", why=why, by=by,
    )  # fmt: skip
    tell(
        fact.incident, "person:correction:due", by=by, text=due.first_said,
        payload={**_what(due), "why": why},
    )  # fmt: skip


def _said_in(citation: Citation) -> dict[str, str]:
    """The words of a cited fact in each language of its update."""
    update = citation.update_of
    place = sorted(one.pk for one in update.citations.all()).index(citation.pk)
    said = {}
    for text in sorted(update.texts.all(), key=lambda one: (not one.main, one.lang)):
        known = text.words.known
        said[text.lang] = known[place] if place < len(known) else citation.text
    return said or {"en": citation.text}


def follow_confirmed(fact: Fact) -> None:
    """A fact was confirmed: open corrections can say now what is so instead."""
    follow(fact)
    for older in fact.supersedes.all():
        follow(older)


def follow(fact: Fact) -> None:
    """Write the drafts of what is open anew, as the fact stands now."""
    lang_of_ledger = fact.incident.lang
    for due in CorrectionDue.objects.filter(fact=fact, state=DueState.OPEN).select_related(
        "update_of"
    ):
        drafts = {}
        for lang, text in due.said_in.items():
            truth, instead = truth_of(fact, text if lang == lang_of_ledger else "")
            drafts[lang] = draft_text(
                Said(text=text, truth=truth, instead=instead.text if instead else ""),
                lang=lang, number=due.update_of.number if due.update_of else None,
                ledger_lang=lang_of_ledger,
            )  # fmt: skip
        due.drafts = json.dumps(drafts)
        due.save(update_fields=["drafts"])


def settle_by_update(update: Update, texts: Sequence[Words]) -> None:
    """A correction was sent: what it names is put right. In the transaction that sends it."""
    if update.kind != UpdateKind.CORRECTION or update.corrects_id is None:
        return
    open_ones = CorrectionDue.objects.filter(update_of_id=update.corrects_id, state=DueState.OPEN)
    words = {one.lang: " ".join(one.lines()) for one in texts}
    settled = [due for due in open_ones.order_by("pk") if _named(due, words)]
    close_corrections(settled, DueState.CORRECTED, update.by, corrected_by=update)


def _named(due: CorrectionDue, words: dict[str, str]) -> bool:
    """Whether a correction says what it puts right, in each language in which it was said."""
    return all(names(words.get(lang, ""), said) for lang, said in due.said_in.items())


def decide(*, due: CorrectionDue, reason: str, by: User) -> CorrectionDue:
    """Say why nothing is to be corrected here. Raises NotAllowed, Invalid, Conflict."""
    require(by, due.agency_id, Ability.REPLY)
    reason = read_text(reason, REASON_LIMIT, _("Say why no correction is needed."))
    with transaction.atomic():
        lock_incident(due.incident, by=by, over_too=True)
        locked = CorrectionDue.objects.select_for_update().get(pk=due.pk, agency_id=due.agency_id)
        if locked.state != DueState.OPEN:
            raise Conflict(_("This correction was settled already. Look at it as it is now."))
        close_corrections([locked], DueState.DECIDED, by, reason=reason)
    return locked


def refuse_end(incident: Incident) -> None:
    """An incident does not end while something wrong stands uncorrected. Raises Invalid."""
    left = CorrectionDue.objects.filter(incident=incident, state=DueState.OPEN).count()
    if left:
        raise Invalid(
            ngettext(
                "%(n)d correction is open. Send it, or say why it is not needed, before you stand "
                "down. Nothing was changed.",
                "%(n)d corrections are open. Send them, or say why they are not needed, before "
                "you stand down. Nothing was changed.",
                left,
            )
            % {"n": left}
        )


def close_corrections(
    dues: Iterable[CorrectionDue], state: DueState, by: User | None, **how: object
) -> None:
    """Keep how they were settled, each with a line in the log. In the caller's transaction."""
    for due in dues:
        due.state, due.closed_at, due.closed_by = state.value, clock.now(), by
        for name, value in how.items():
            setattr(due, name, value)
        due.save()
        tell(
            due.incident, f"person:correction:{state.value}", by=by, text=due.reason,
            payload={
                **_what(due),
                "corrected_by": due.corrected_by.number if due.corrected_by else None,
                "corrected_in": due.corrected_in_id,
            },
        )  # fmt: skip


def _what(due: CorrectionDue) -> dict[str, object]:
    return {
        "correction": due.pk, "fact": due.fact_id, "version": due.version,
        "update": due.update_of.number if due.update_of else None, "reply": due.reply_id,
    }  # fmt: skip
