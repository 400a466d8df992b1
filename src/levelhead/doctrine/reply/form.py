"""Form: plain words, length, language, and who signs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from levelhead.doctrine.reply.checking import MAX_PLACES, Check
from levelhead.doctrine.reply.domain import Finding, RuleName, Severity
from levelhead.doctrine.reply.grades import grade_text
from levelhead.doctrine.reply.languages import UNKNOWN, count_votes
from levelhead.doctrine.reply.lengths import measure, split_thread
from levelhead.doctrine.reply.reading import EMOJI, Reading, make_plain
from levelhead.doctrine.reply.rulebook import load_rulebook, widen_blanks
from levelhead.doctrine.yaml_reading import take_mapping

# Grades over the limit from which a note becomes a warning.
_FAR_OVER: Final = 2.0
_FAR_UNDER_EASE: Final = 10.0
# Radio words are radio words only in capitals.
_LONGEST_ACRONYM: Final = 4


@cache
def _jargon() -> tuple[re.Pattern[str], Mapping[str, str]]:
    words = load_rulebook().rules[RuleName.JARGON_OR_GRADE].words["jargon"]
    plain = {str(key): str(value) for key, value in take_mapping(words, "The jargon").items()}
    longest = sorted(plain, key=len, reverse=True)
    joined = "|".join(widen_blanks(re.escape(word).replace("\\ ", " ")) for word in longest)
    return re.compile(rf"(?<![\w-])(?:{joined})(?![\w-])"), plain


def find_jargon_or_grade(check: Check) -> Iterator[Finding]:
    """Office and radio words, and sentences that read above the grade."""
    pattern, plain = _jargon()
    draft = check.draft
    seen: set[str] = set()
    for found in pattern.finditer(draft.bare):
        word = " ".join(found[0].split())
        written = draft.text[found.start() : found.end()]
        if len(word) <= _LONGEST_ACRONYM and word.isalpha() and not written.isupper():
            continue
        if word in seen or draft.is_quoted(found.span()):
            continue
        seen.add(word)
        yield check.find(RuleName.JARGON_OR_GRADE, "jargon", found.span(), plain=plain[word])
        if len(seen) == MAX_PLACES:
            break
    yield from _find_grade(check)


def _find_grade(check: Check) -> Iterator[Finding]:
    limits, draft = check.book.limits, check.draft
    if len(draft.words) < limits["shortest_graded"]:
        return
    lang = draft.lang if draft.lang != UNKNOWN else (check.context.lang or "en")
    if lang not in ("en", "es"):
        return
    grade = grade_text(draft, lang)
    if grade is None or grade.words < limits["shortest_graded"]:
        return
    suffix = "_incident" if check.context.incident else ""
    limit = limits[("ease" if lang == "es" else "grade") + suffix]
    over = (
        (limit - grade.value) / _FAR_UNDER_EASE
        if lang == "es"
        else ((grade.value - limit) / _FAR_OVER)
    )
    if over <= 0:
        return
    words: dict[str, object] = {
        "grade": f"{grade.value:.0f}" if lang == "es" else f"{grade.value:.1f}",
        "limit": f"{limit:g}",
        "per_sentence": f"{grade.words_per_sentence:.0f}",
        "per_word": f"{grade.syllables_per_word:.1f}",
    }
    yield check.find(
        RuleName.JARGON_OR_GRADE,
        "ease" if lang == "es" else "grade",
        grade.hardest if grade.hardest[1] else draft.sentences[0],
        severity=Severity.WARN if over > 1 else Severity.NOTE,
        **words,
    )


def find_too_long(check: Check) -> Iterator[Finding]:
    """Drafts over the platform's limit, with how a thread would be numbered."""
    limit = check.book.platforms.get(check.platform)
    text = check.draft.text.strip()
    if limit is None or not text:
        return
    length = measure(text, check.platform)
    if length <= limit:
        return
    parts = split_thread(text, check.platform, limit)
    first = parts[0].rsplit(" (", 1)[0]
    start = min(check.draft.text.find(text) + len(first), len(check.draft.text))
    yield check.find(
        RuleName.TOO_LONG,
        "too_long",
        (start, len(check.draft.text)),
        length=f"{length:,}",
        platform=check.platform.capitalize(),
        limit=f"{limit:,}",
        over=f"{length - limit:,}",
        parts=len(parts),
        first="…" + first[-25:],
    )


def find_wrong_language(check: Check) -> Iterator[Finding]:
    """A draft that is clearly in another language than the asker's."""
    draft = check.draft
    asked = check.context.lang or check.post.lang
    if UNKNOWN in (asked, draft.lang) or asked == draft.lang:
        return
    if asked in ("en", "es") and _has_sentence_in(draft, asked):
        return
    names = take_mapping(check.rule(RuleName.WRONG_LANGUAGE).words["language_names"], "languages")

    def say(code: str) -> str:
        named = names.get(code)
        return str(named[check.lang]) if isinstance(named, Mapping) else code

    yield check.find(
        RuleName.WRONG_LANGUAGE,
        "wrong",
        (draft.sentences[0][0], draft.sentences[-1][1]) if draft.sentences else (0, 0),
        asked=say(asked),
        written=say(draft.lang),
    )


def _has_sentence_in(draft: Reading, lang: str) -> bool:
    """Whether a good part of a draft in two languages is in this one."""
    english, spanish = count_votes(draft.bare[a:b] for a, b in draft.words)
    wanted, other = (english, spanish) if lang == "en" else (spanish, english)
    return wanted >= 3 and wanted >= 0.4 * other


# ---- who signs -----------------------------------------------------------------------------------

_TAIL: Final = 160
_AFTER_NAME: Final = re.compile(
    r"(?:\s|" + EMOJI + r"|[\ufe0f\u200d]|#\w{1,60}|https?://\S{1,500}|\(\d{1,2}/\d{1,2}\)"
    r"|[\w-]{1,60}\.(?:gov|org|com|net|us)(?:/\S{0,300})?)+$"
)
_NAME: Final = r"[A-ZÁÉÍÓÚÑ][\w'’-]{0,24}\.?"
_DASHED: Final = re.compile(
    r"(?:^|[\s.!?,;:)])(?:[—–~^/*•|-]{1,2}|--)\s?"
    r"((?:"
    + _NAME
    + r"|[a-z]{1,12}|&|,|/)(?:[\s,/]{1,2}(?:"
    + _NAME
    + r"|[a-z]{1,12}|&)){0,6})[.!]?$"
)
_LAST_LINE: Final = re.compile(
    r"\n\s*((?:" + _NAME + r")(?:,?\s(?:" + _NAME + r"|of|the|de|la)){0,6})$"
)
_CLOSING: Final = re.compile(
    r"(?:sincerely|regards|best|cheers|yours|respectfully|warmly|atentamente|saludos"
    r"|cordialmente|un abrazo)\s?(?:yours)?,\s{0,3}(" + _NAME + r"(?:\s" + _NAME + r"){0,3})[.]?$",
    re.IGNORECASE,
)
_THANKS_LINE: Final = re.compile(
    r"(?:thanks|thank you|gracias)[,!]?\s{0,2}\n\s{0,3}" + _NAME + r"(?:\s" + _NAME + r"){0,3}$",
    re.IGNORECASE,
)
_INTRODUCED: Final = re.compile(
    r"(?:[Tt]his is|I'm|I am|[Mm]y name is|I’m|[Ss]oy|[Mm]e llamo|[Ll]e habla|[Hh]abla)"
    r" (?:[a-z]{1,8} )?[A-ZÁÉÍÓÚÑ][a-záéíóúñ]{1,20}\b(?! (?:Police|City|County|Department|Fire))"
)
_PLACE_WORDS: Final = re.compile(r"\s*(?:,|/|\||&| at | from | with | de | del )\s*")


def find_unsigned(check: Check) -> Iterator[Finding]:
    """Replies that end without a person's name or initials."""
    rule = check.rule(RuleName.UNSIGNED)
    text = check.draft.text.rstrip()
    if not check.draft.sentences:
        return
    tail_start = max(0, len(text) - _TAIL)
    tail = text[tail_start:]
    ending = _AFTER_NAME.search(tail)
    if ending and ending.start() > 0:
        tail = tail[: ending.start()]
    ranked = _ranked(str(rule.words["ranks"]))
    if ranked.search(tail) or _CLOSING.search(tail) or _THANKS_LINE.search(tail):
        return
    if _INTRODUCED.search(text[:200]) or _ranked_start(str(rule.words["ranks"])).search(text[:200]):
        return
    for pattern in (_DASHED, _LAST_LINE):
        found = pattern.search(tail)
        if found is None:
            continue
        if _names_person(found[1], str(rule.words["office"])):
            return
        start = tail_start + found.start(1)
        yield check.find(rule.name, "office", (start, start + len(found[1])))
        return
    yield check.find(rule.name, "unsigned", (len(text), len(text)))


@cache
def _ranked(ranks: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){ranks}\.?\s(?:{_NAME})(?:\s{_NAME}){{0,2}}[.]?$")


@cache
def _ranked_start(ranks: str) -> re.Pattern[str]:
    return re.compile(rf"(?:This is|I am|I'm|Soy|Habla) (?:el |la )?{ranks}\.?\s{_NAME}")


@cache
def _office(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){words}(?!\w)")


def _names_person(signature: str, office: str) -> bool:
    """Whether the first part of a signature is a name or initials and not an office."""
    first = _PLACE_WORDS.split(signature.strip())[0].strip()
    if not first or not first[0].isupper():
        return False
    return len(first.split()) <= 4 and not _office(office).search(make_plain(first))
