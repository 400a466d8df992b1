"""What a correction of an update would say and where it would go, before anybody presses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from levelhead.channels.models import Channel
from levelhead.corrections.domain import DueState, Truth
from levelhead.corrections.models import CorrectionDue
from levelhead.corrections.wording import head_of, truth_of
from levelhead.incidents.domain import CADENCE, SHORTEST_PROMISE
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Fact
from levelhead.posts.domain import Closed
from levelhead.posts.queries import closed_because
from levelhead.updates.domain import LEAD_LIMIT, Words
from levelhead.updates.models import Update

# Corrections that one page shows.
SHOWN: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class InLanguage:
    """The draft in one language."""

    lang: str
    lead: str
    # The words of the facts that stand instead, in the order of `Plan.facts`.
    known: tuple[str, ...]
    # What the newest update says and what still holds: a correction must not take it away.
    still: Words

    @property
    def stays(self) -> list[str]:
        """The lines of that, as they are shown before it goes."""
        still = self.still
        return [*(text for _who, text in still.actions), *still.known, *still.unknown, *still.doing]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A correction that is ready to be looked at."""

    update: Update
    dues: Sequence[CorrectionDue]
    texts: Sequence[InLanguage]
    # Confirmed facts that stand instead.
    facts: Sequence[Fact]
    # Facts that the newest update says and that are as they were.
    still_facts: Sequence[Fact]
    # Where it goes, with the language there; and where it cannot.
    channels: Sequence[tuple[Channel, str]]
    closed: Sequence[Channel]
    next_word_at: datetime
    # What did not fit into one: it is shown again once this one left.
    left: int = 0


def newest_of(incident: Incident) -> Update | None:
    """The update that people read now, with its words and facts."""
    return (
        Update.objects.filter(incident=incident)
        .prefetch_related("texts", "citations__fact")
        .order_by("-number")
        .first()
    )


def plan_of(update: Update, dues: Sequence[CorrectionDue], newest: Update | None = None) -> Plan:
    """The correction of an update; `dues` are its open ones, the oldest first."""
    newest = newest or newest_of(update.incident) or update
    texts = sorted(update.texts.all(), key=lambda one: (not one.main, one.lang))
    langs = [one.lang for one in texts] or [update.incident.lang]
    kept = list(dues)
    while len(kept) > 1 and any(len(_lead(kept, lang)) > LEAD_LIMIT for lang in langs):
        kept.pop()
    facts = _instead(kept)
    still_facts, still = _still(newest, langs, {due.fact_id for due in kept} | _keys(facts))
    deliveries = update.deliveries.all()
    open_ones = [
        (one.channel, one.lang)
        for one in deliveries
        if closed_because(one.channel) is not Closed.READ_ONLY
    ]
    return Plan(
        update=update,
        dues=kept,
        texts=[
            InLanguage(
                lang=lang,
                lead=_lead(kept, lang)[:LEAD_LIMIT],
                known=tuple(
                    fact.text if lang == update.incident.lang else f"[[{fact.text}]]"
                    for fact in facts
                ),
                still=still[lang],
            )
            for lang in langs
        ],
        facts=facts,
        still_facts=still_facts,
        channels=open_ones,
        closed=[
            one.channel for one in deliveries if closed_because(one.channel) is Closed.READ_ONLY
        ],
        next_word_at=next_word(update.incident),
        left=len(dues) - len(kept),
    )


def _lead(dues: Sequence[CorrectionDue], lang: str) -> str:
    """All drafts of an update in one text, with its head once."""
    number = dues[0].update_of.number if dues and dues[0].update_of else None
    head = head_of(number, lang)
    drafts = [due.draft_in.get(lang, due.first_draft) for due in dues]
    return " ".join([head, *(draft.removeprefix(head).strip() for draft in drafts)])


def _instead(dues: Sequence[CorrectionDue]) -> list[Fact]:
    found: dict[int, Fact] = {}
    now = clock.now()
    for due in dues:
        truth, fact = truth_of(due.fact, due.first_said)
        if truth is not Truth.REPLACED or fact is None or fact.status != FactStatus.CONFIRMED:
            continue
        if fact.valid_until is None or fact.valid_until > now:
            found[fact.pk] = fact
    return list(found.values())


def _keys(facts: Sequence[Fact]) -> set[int]:
    return {fact.pk for fact in facts}


def _still(
    newest: Update, langs: Sequence[str], without: set[int]
) -> tuple[list[Fact], dict[str, Words]]:
    """Facts of the newest update that are as they were, and by language what holds of its words."""
    said = {text.lang: text.words for text in newest.texts.all()}
    now = clock.now()
    places = [
        (place, one.fact)
        for place, one in enumerate(sorted(newest.citations.all(), key=lambda one: one.pk))
        if one.fact_id not in without
        and (one.fact.status, one.fact.version) == (FactStatus.CONFIRMED, one.version)
        and (one.fact.valid_until is None or one.fact.valid_until > now)
        # In every language that the correction has, or in none.
        and all(lang in said and place < len(said[lang].known) for lang in langs)
    ]
    empty = Words(lang="", lead="")
    still = {}
    for lang in langs:
        words = said.get(lang, empty)
        still[lang] = replace(
            words, lang=lang, lead="", known=tuple(words.known[place] for place, _fact in places)
        )
    return [fact for _place, fact in places], still


def next_word(incident: Incident) -> datetime:
    """The promised time stays where it can: a correction is no reason to wait longer."""
    now = clock.now()
    latest = now + CADENCE[incident.level]
    due = incident.next_word_due
    if due is None or due < now + 2 * SHORTEST_PROMISE:
        return latest
    return min(due, latest)


def open_dues(incident: Incident) -> list[CorrectionDue]:
    """What is to be put right in an incident, the oldest first; bounded."""
    rows = (
        CorrectionDue.objects.filter(incident=incident, state=DueState.OPEN)
        .select_related(
            "fact__superseded_by", "update_of__incident", "reply__case__post__author", "reply__by",
            "reply__outbox_item", "by",
        )
        .defer("reply__case__post__raw")
        .order_by("pk")
    )  # fmt: skip
    return list(rows[: SHOWN + 1])


def plans_of(dues: Sequence[CorrectionDue]) -> list[Plan]:
    """One plan for each update among them, in order."""
    by_update: dict[int, list[CorrectionDue]] = {}
    for due in dues:
        if due.update_of_id is not None:
            by_update.setdefault(due.update_of_id, []).append(due)
    updates: Mapping[int, Update] = (
        Update.objects.select_related("incident__agency")
        .prefetch_related("texts", "deliveries__channel")
        .in_bulk(list(by_update))
    )
    newest: dict[int, Update | None] = {}
    for update in updates.values():
        if update.incident_id not in newest:
            newest[update.incident_id] = newest_of(update.incident)
    return [
        plan_of(updates[pk], found, newest[updates[pk].incident_id])
        for pk, found in by_update.items()
    ]
