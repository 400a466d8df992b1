"""The gate with what the desk knows: the ledger, the earlier updates, what is corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from levelhead.doctrine.reply.domain import Severity
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import Invalid
from levelhead.ledger.domain import FactStatus, FactSubject
from levelhead.ledger.models import Fact
from levelhead.updates.domain import UpdateKind, Words
from levelhead.updates.gate import Background, Concern, Earlier, Entry, Finding, Proof, look
from levelhead.updates.models import Update

# Of earlier updates so many are compared; older ones have been repeated or corrected.
COMPARED: Final = 20


_deniable: Final[list[Callable[[Incident], Iterable[str]]]] = []


def may_deny(source: Callable[[Incident], Iterable[str]]) -> None:
    """Have what `source` gives be quotable where it is denied, such as answered rumors."""
    if source not in _deniable:
        _deniable.append(source)


class Stopped(Invalid):
    """The gate holds an update; `rules` says why."""

    code = "update_stopped"
    # Whether nobody may overrule it.
    final = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A finding in words for the person who writes."""

    finding: Finding
    why: str
    suggestion: str

    @property
    def stops(self) -> bool:
        """Whether it holds the update."""
        return self.finding.severity is Severity.STOP


def check_update(
    incident: Incident,
    words: Sequence[Words],
    *,
    facts: Iterable[Fact] = (),
    channel_texts: Sequence[str] = (),
    corrects: Update | None = None,
) -> list[Shown]:
    """What the gate finds in an update, for the form and for the sending; a few short queries."""
    facts_known = list(Fact.objects.filter(incident=incident).order_by("number"))
    entries = [
        Entry(
            number=fact.number, text=fact.text, subject=FactSubject(fact.subject),
            confirmed=fact.status == FactStatus.CONFIRMED,
        )
        for fact in facts_known
    ]  # fmt: skip
    background = Background(
        ledger=entries,
        earlier=_earlier(incident, corrects),
        quotable=quotable_of(corrects),
        deniable=may_be_denied(incident, facts_known),
        lang="es" if (get_language() or "en").startswith("es") else "en",
    )
    cited = [Proof(text=fact.text, subject=FactSubject(fact.subject)) for fact in facts]
    return [_show(finding) for finding in look(words, channel_texts, cited, background)]


def may_be_denied(incident: Incident, facts: Iterable[Fact]) -> list[str]:
    """What may be quoted in a sentence that denies it."""
    return [
        *(fact.text for fact in facts if fact.status == FactStatus.FALSE),
        *(text for source in _deniable for text in source(incident)),
    ]


def quotable_of(corrects: Update | None) -> list[str]:
    """What a correction may quote: the lines that it puts right."""
    if corrects is None:
        return []
    return [line for text in corrects.texts.all() for line in text.words.lines()]


def _earlier(incident: Incident, corrects: Update | None) -> list[Earlier]:
    """Lines of the last updates that nothing corrected, the newest first."""
    updates = (
        Update.objects.filter(incident=incident)
        .exclude(corrections__isnull=False)
        .order_by("-number")
        .prefetch_related("texts")
    )
    lines: list[Earlier] = []
    for update in updates[:COMPARED]:
        # What a correction quotes is what it says is wrong.
        if update.pk == (corrects.pk if corrects else None) or update.kind == UpdateKind.CORRECTION:
            continue
        for text in update.texts.all():
            words = text.words
            lines += [
                Earlier(number=update.number, text=line)
                for line in (words.lead, *words.known, *(one for _who, one in words.actions))
            ]
    return lines


def overruled(shown: Sequence[Shown], reason: str) -> dict[str, object]:
    """What the record is to say of what was overruled. Raises Stopped where it may not go."""
    stops = [one for one in shown if one.stops]
    if not stops:
        return {}
    final = next((one for one in stops if one.finding.final), None)
    if final is not None:
        held = Stopped(
            _("%(why)s %(suggestion)s Nothing was sent.")
            % {"why": final.why, "suggestion": final.suggestion},
            rules=[one.finding.concern.value for one in stops],
        )
        held.final = True
        raise held
    if not reason:
        raise Stopped(
            _("%(why)s %(suggestion)s Or say why it should go all the same. Nothing was sent.")
            % {"why": stops[0].why, "suggestion": stops[0].suggestion},
            rules=[one.finding.concern.value for one in stops],
        )
    rules = sorted({(one.finding.rule or one.finding.concern).value for one in stops})
    return {"overruled": rules, "reason": reason}


def _show(finding: Finding) -> Shown:
    words = {
        "sentence": finding.words[:120], "n": finding.number or 0, "other": finding.other[:120],
    }  # fmt: skip
    if finding.concern is Concern.TWO_PEOPLE:
        why = _("“%(sentence)s” needs a fact that two people confirmed.") % words
        suggestion = _("Put it into the ledger and have it confirmed, or leave it out.")
    elif finding.concern is Concern.NOT_CONFIRMED:
        why = _("“%(sentence)s” is fact %(n)d, and that is not confirmed.") % words
        suggestion = _("Have it confirmed first, or leave it out.")
    elif finding.concern is Concern.AGAINST_FACT:
        why = _("“%(sentence)s” does not agree with fact %(n)d: “%(other)s”.") % words
        suggestion = _("Say what the fact says. If the fact has changed, change it first.")
    elif finding.concern is Concern.AGAINST_UPDATE:
        why = _("Update %(n)d said: “%(other)s”. Now it would be “%(sentence)s”.") % words
        suggestion = _("If that changed, send it as a correction of that update.")
    else:
        why, suggestion = finding.why, finding.suggestion
        if finding.words:
            why = pgettext("a passage, then what is wrong with it", "“%(words)s”: %(why)s") % {
                "words": finding.words[:120], "why": why,
            }  # fmt: skip
    return Shown(finding=finding, why=why, suggestion=suggestion)
