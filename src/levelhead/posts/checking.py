"""The reply check over a post of the agency's own, one text for each channel."""

from __future__ import annotations

from typing import Final

from levelhead.accounts.models import Agency
from levelhead.channels.models import Channel
from levelhead.doctrine.reply.check import check_reply
from levelhead.doctrine.reply.domain import Finding, ReplyContext, RuleName, Severity, read_language
from levelhead.issues.queries import open_facts
from levelhead.knowledge.queries import kind_of_channel

# What a reply owes to the one who asked; a post has nobody above it.
_TO_A_PERSON: Final = frozenset(
    {RuleName.ANSWERS_CONCERN, RuleName.SAMENESS, RuleName.UNSIGNED, RuleName.NO_NEXT_STEP}
)


def check_post(
    agency: Agency, channel: Channel, text: str, *, post_lang: str, ui_lang: str
) -> list[Finding]:
    """What a person should think about before this is posted on the channel."""
    lang = "es" if ui_lang.startswith("es") else "en"
    found = check_reply(
        "",
        text,
        platform=kind_of_channel(channel).platform,
        context=ReplyContext(
            facts=tuple(open_facts(agency)),
            lang=read_language(post_lang) if post_lang else None,
            ui_lang=read_language(lang),
        ),
        lang=lang,
    )
    return [finding for finding in found if finding.rule not in _TO_A_PERSON]


def held_by(findings: list[Finding]) -> list[Finding]:
    """Those that hold the post until it is changed or somebody says why it goes all the same."""
    return [finding for finding in findings if finding.severity is Severity.STOP]
