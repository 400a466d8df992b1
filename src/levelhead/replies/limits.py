"""Two public replies to one person in one thread, then one offer of another way, then stop."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from levelhead.doctrine.reply.domain import Finding, RuleName, Severity
from levelhead.doctrine.reply.rulebook import load_rulebook
from levelhead.inbox.models import Case
from levelhead.replies.models import SendingChoice


def most_replies() -> int:
    """After so many public replies to one person we offer another way."""
    return int(load_rulebook().limits["thread_replies"])


def offer_for(case: Case, choice: SendingChoice) -> str:
    """The sentence that offers another way, in the person's language; empty where none is set."""
    sentences: dict[str, str] = choice.other_way
    lang = "es" if case.post.lang == "es" else "en"
    return sentences.get(lang) or next(iter(sentences.values()), "")


def with_limit(
    findings: Sequence[Finding], text: str, *, replies: int, offer: str
) -> list[Finding]:
    """The findings with that of the limit in the place of the note that the rule has for it.

    The note comes where the draft offers no other way; beyond the limit that needs a reason.
    """
    noted = [one for one in findings if _is_note(one)]
    rest = [one for one in findings if not _is_note(one)]
    if replies < most_replies():
        return list(findings)
    offers = not noted or (bool(offer) and " ".join(offer.split()) in " ".join(text.split()))
    if replies == most_replies() and offers and text.strip():
        return rest
    return [*rest, _finding(text, replies, offer)]


def _is_note(finding: Finding) -> bool:
    return finding.rule is RuleName.NO_NEXT_STEP and finding.severity is Severity.NOTE


def _finding(text: str, replies: int, offer: str) -> Finding:
    end = len(text)
    why = ngettext(
        "You have answered this person here in public %(n)d time.",
        "You have answered this person here in public %(n)d times.",
        replies,
    ) % {"n": replies}
    if replies > most_replies():
        suggestion = _("Another way was to be offered once. It is time to stop here.")
    elif offer:
        suggestion = _("Offer another way once, then stop.")
    else:
        suggestion = _(
            "Offer a call or a visit once, then stop. An administrator can keep a sentence for "
            "that ready in the settings, under Sending."
        )
    return Finding(
        rule=RuleName.NO_NEXT_STEP,
        severity=Severity.STOP,
        span=(end, end),
        why=why,
        suggestion=suggestion,
    )
