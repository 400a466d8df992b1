"""The reply check with what the desk knows: the post, the thread, what was answered before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _

from levelhead.accounts.models import User
from levelhead.channels.models import OutboxState
from levelhead.doctrine.reply.check import check_reply
from levelhead.doctrine.reply.domain import (
    MAX_REPLY_CHARACTERS,
    RECENT_REPLIES,
    Finding,
    ReplyContext,
    RuleName,
    Severity,
    read_language,
)
from levelhead.inbox.models import Case
from levelhead.issues.queries import facts_for
from levelhead.replies.domain import LONGEST, find_sentence
from levelhead.replies.limits import offer_for, with_limit
from levelhead.replies.models import Reply
from levelhead.replies.signatures import sign
from levelhead.replies.standing import Standing, standing_of

# The check reads this much of a post.
_POST_CHARACTERS: Final = 4_000
# What can be mended by taking the sentence out: the words are the trouble, not what is missing.
_CUT: Final = frozenset(
    {
        RuleName.DEFENSIVE, RuleName.SARCASM, RuleName.GATED_MINOR, RuleName.GATED_VICTIM,
        RuleName.GUILT_LANGUAGE, RuleName.TACTICAL_LOCATION, RuleName.PRIVATE_DATA,
        RuleName.POLITICS, RuleName.APOLOGY_ADMITS_FAULT, RuleName.CONTRADICTS_FACT,
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """A change that one key makes: the characters from `start` to `end` become `text`."""

    title: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A finding as the form shows it."""

    finding: Finding
    # The words that it is about; empty where something is missing.
    words: str
    fix: Fix | None


def check_draft(
    case: Case,
    text: str,
    *,
    lang: str,
    person: User,
    signature: str | None = None,
    standing: Standing | None = None,
) -> list[Finding]:
    """What the check finds in a reply to `case`, in the language `lang`; three short queries.

    It is read as it goes out: with the signature of `person`, or the one that was settled before.
    """
    # Longer than any platform takes: that is all there is to say of the rest.
    text = text[: LONGEST + 1]
    standing = standing or standing_of(case)
    signed = sign(case, text, by=person, choice=standing.choice, signature=signature)
    findings = check_reply(
        case.post.text[:_POST_CHARACTERS],
        text + signed,
        platform=case.post.channel.platform,
        context=_context(case, lang, standing),
        lang="es" if lang.startswith("es") else "en",
    )
    found = findings if not signed else _of_the_words(findings, text)
    return with_limit(found, text, replies=standing.replies, offer=offer_for(case, standing.choice))


def _of_the_words(findings: list[Finding], text: str) -> list[Finding]:
    """What is about the person's words; how it is signed the agency has settled."""
    end = len(text)
    return [
        replace(finding, span=(min(finding.span[0], end), min(finding.span[1], end)))
        for finding in findings
        if finding.rule is not RuleName.UNSIGNED
        and (finding.span[0] < end or finding.span[0] == finding.span[1])
    ]


def _context(case: Case, lang: str, standing: Standing) -> ReplyContext:
    sent = Reply.objects.filter(agency_id=case.agency_id).exclude(
        outbox_item__state=OutboxState.WITHDRAWN
    )
    recent = list(sent.order_by("-pk").values_list("text", flat=True)[:RECENT_REPLIES])
    return ReplyContext(
        facts=tuple(facts_for(case)),
        recent_replies=tuple(one[:MAX_REPLY_CHARACTERS] for one in reversed(recent)),
        thread_replies=standing.replies,
        lang=read_language(case.post.lang) if case.post.lang != "und" else None,
        ui_lang=read_language(lang),
    )


def held_by(findings: list[Finding]) -> list[Finding]:
    """Those that hold a reply back until somebody changes it or says why it goes all the same."""
    return [finding for finding in findings if finding.severity is Severity.STOP]


def show_findings(
    findings: list[Finding], text: str, *, person: User, offer: str = ""
) -> list[Shown]:
    """Findings for the form: what holds it first, each with the fix that one key makes."""
    order = (Severity.STOP, Severity.WARN, Severity.NOTE)
    ranked = sorted(findings, key=lambda finding: order.index(finding.severity))
    return [
        Shown(
            finding=finding,
            words=text[slice(*finding.span)],
            fix=_find_fix(finding, text, person, offer),
        )
        for finding in ranked
    ]


def _find_fix(finding: Finding, text: str, person: User, offer: str) -> Fix | None:
    start, end = finding.span
    at = len(text.rstrip())
    if finding.rule is RuleName.NO_NEXT_STEP and finding.severity is Severity.STOP:
        if not offer or offer in text:
            return None
        title = _("Offer another way")
        return Fix(title=title, start=at, end=len(text), text=f" {offer}" if at else offer)
    if finding.rule is RuleName.UNSIGNED and person.signs_as:
        name = person.signs_as
        signed = f" — {name}" if "\n" not in text.strip() else f"\n— {name}"
        title = _("Sign as %(name)s") % {"name": name}
        return Fix(title=title, start=at, end=len(text), text=signed)
    if finding.rule in _CUT and end > start:
        first, last = find_sentence(text, start, end)
        return Fix(title=_("Take this sentence out"), start=first, end=last, text="")
    return None
