"""The reply check with what the desk knows: the post, the thread, what was answered before."""

from __future__ import annotations

from dataclasses import dataclass
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
from levelhead.inbox.models import Case, Post
from levelhead.issues.queries import facts_for
from levelhead.replies.domain import find_sentence
from levelhead.replies.models import Reply

# The check reads this much of a post.
_POST_CHARACTERS: Final = 4_000
# Replies in one thread are counted up to here; two are the limit anyway.
_THREAD: Final = 50
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


def check_draft(case: Case, text: str, *, lang: str) -> list[Finding]:
    """What the check finds in a reply to `case`, in the language `lang`; four short queries."""
    return check_reply(
        case.post.text[:_POST_CHARACTERS],
        text,
        platform=case.post.channel.platform,
        context=_context(case, lang),
        lang="es" if lang.startswith("es") else "en",
    )


def _context(case: Case, lang: str) -> ReplyContext:
    sent = Reply.objects.filter(agency_id=case.agency_id).exclude(
        outbox_item__state=OutboxState.WITHDRAWN
    )
    recent = list(sent.order_by("-pk").values_list("text", flat=True)[:RECENT_REPLIES])
    in_thread = Post.objects.filter(conversation_id=case.conversation_id, from_agency=True)
    # Our own post that began the thread is no answer in it.
    answers = in_thread.exclude(parent=None)[:_THREAD].count()
    ours = sent.filter(case__conversation_id=case.conversation_id)[:_THREAD].count()
    return ReplyContext(
        facts=tuple(facts_for(case)),
        recent_replies=tuple(one[:MAX_REPLY_CHARACTERS] for one in reversed(recent)),
        # A reply that left comes back as a post, so the greater number is the true one.
        thread_replies=max(answers, ours),
        lang=read_language(case.post.lang) if case.post.lang != "und" else None,
        ui_lang=read_language(lang),
    )


def held_by(findings: list[Finding]) -> list[Finding]:
    """Those that hold a reply back until somebody changes it or says why it goes all the same."""
    return [finding for finding in findings if finding.severity is Severity.STOP]


def show_findings(findings: list[Finding], text: str, *, person: User) -> list[Shown]:
    """Findings for the form: what holds it first, each with the fix that one key makes."""
    order = (Severity.STOP, Severity.WARN, Severity.NOTE)
    ranked = sorted(findings, key=lambda finding: order.index(finding.severity))
    return [
        Shown(
            finding=finding,
            words=text[slice(*finding.span)],
            fix=_find_fix(finding, text, person),
        )
        for finding in ranked
    ]


def _find_fix(finding: Finding, text: str, person: User) -> Fix | None:
    start, end = finding.span
    if finding.rule is RuleName.UNSIGNED and person.name:
        at = len(text.rstrip())
        signed = f" — {person.name}" if "\n" not in text.strip() else f"\n— {person.name}"
        title = _("Sign as %(name)s") % {"name": person.name}
        return Fix(title=title, start=at, end=len(text), text=signed)
    if finding.rule in _CUT and end > start:
        first, last = find_sentence(text, start, end)
        return Fix(title=_("Take this sentence out"), start=first, end=last, text="")
    return None
