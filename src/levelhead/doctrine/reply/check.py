"""The reply check: every rule over one draft, in the order of RuleName."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from levelhead.doctrine.reply import answering, form, gates, private, promises, protection, tone
from levelhead.doctrine.reply.checking import Check
from levelhead.doctrine.reply.domain import (
    Finding,
    ReplyContext,
    RuleName,
    read_context,
    read_language,
)
from levelhead.doctrine.reply.reading import read_text
from levelhead.doctrine.reply.rulebook import load_rulebook
from levelhead.doctrine.reply.sameness import find_sameness

LANGUAGES: Final = ("en", "es")

RULES: Final[Mapping[RuleName, Callable[[Check], Iterable[Finding]]]] = {
    RuleName.ANSWERS_CONCERN: answering.find_answers_concern,
    RuleName.SOURCE_MISSING: answering.find_source_missing,
    RuleName.DEFENSIVE: tone.find_defensive,
    RuleName.SENTENCE_INITIAL_YOU: tone.find_sentence_initial_you,
    RuleName.SARCASM: tone.find_sarcasm,
    RuleName.JARGON_OR_GRADE: form.find_jargon_or_grade,
    RuleName.TOO_LONG: form.find_too_long,
    RuleName.SAMENESS: find_sameness,
    RuleName.PROMISE: promises.find_promise,
    RuleName.GATED_MINOR: gates.find_gated_minor,
    RuleName.GATED_VICTIM: gates.find_gated_victim,
    RuleName.GUILT_LANGUAGE: gates.find_guilt_language,
    RuleName.TACTICAL_LOCATION: gates.find_tactical_location,
    RuleName.PRIVATE_DATA: private.find_private_data,
    RuleName.POLITICS: gates.find_politics,
    RuleName.HEDGED_PROTECTIVE_ACTION: protection.find_hedged_protective_action,
    RuleName.APOLOGY_ADMITS_FAULT: promises.find_apology_admits_fault,
    RuleName.WRONG_LANGUAGE: form.find_wrong_language,
    RuleName.NO_NEXT_STEP: answering.find_no_next_step,
    RuleName.UNSIGNED: form.find_unsigned,
    RuleName.CONTRADICTS_FACT: answering.find_contradicts_fact,
}


def check_reply(
    post: str,
    draft: str,
    *,
    platform: str = "",
    context: ReplyContext | Mapping[str, object] | None = None,
    lang: str | None = None,
) -> list[Finding]:
    """What a person should think about before sending `draft` as a reply to `post`.

    Findings come in the order of RuleName, and within a rule in the order of the draft. `lang` is
    the language of the explanations; without it the context's `ui_lang`, then its `lang`, then
    English. A draft without any word has no findings.
    """
    known = context if isinstance(context, ReplyContext) else read_context(context)
    book = load_rulebook()
    name = platform.strip().lower()[:40]
    spoken = next(
        (code for code in (read_language(lang), known.ui_lang, known.lang) if code in LANGUAGES),
        "en",
    )
    check = Check(
        post=read_text(post),
        draft=read_text(draft),
        platform=book.platform_names.get(name, name),
        context=known,
        book=book,
        lang=str(spoken),
    )
    if not check.draft.sentences:
        return []
    findings: list[Finding] = []
    for find in RULES.values():
        # Two patterns of a rule may see the same words; the heavier finding comes first and stays.
        found = sorted(find(check), key=lambda one: (one.span, one.severity.value != "stop"))
        last_end = -1
        for finding in found:
            if finding.span[0] < last_end and finding.span[1] <= last_end:
                continue
            last_end = max(last_end, finding.span[1])
            findings.append(finding)
    return findings
