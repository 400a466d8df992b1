"""Private data: phones, addresses, identity numbers, and a person's own business."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from levelhead.doctrine.reply.checking import MAX_PLACES, Check
from levelhead.doctrine.reply.domain import Finding, RuleName, Severity
from levelhead.doctrine.reply.reading import MAIL, Reading, Span

_PHONE: Final = re.compile(
    r"(?<![\w.-])(?:\+?\d{1,3}[-. ]{1,2})?(?:\(\d{3}\)[ -]?|\d{3}[-. /])?\d{3}[-. ]\d{4}(?![\w-])"
    r"|(?<![\w.-])\+?1?[2-9]\d{9}(?!\w)|(?<![\w.-])\d{2} \d{4} \d{4}(?!\w)"
)
_TOLL_FREE: Final = re.compile(r"1?8(?:00|33|44|55|66|77|88)\d{7}")
_CARD: Final = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_STREET: Final = re.compile(
    r"(?<!\w)\d{1,5} (?:[nsew]\.? )?(?:\w{2,20} ){1,2}(?:street|st|avenue|ave|road|rd|lane|ln|drive"
    r"|dr|court|ct|boulevard|blvd|way|place|pl|terrace|circle|cir)(?!\w)"
    r"|(?<!\w)calle (?:\w{2,20} ){1,2}\d{1,5}(?!\w)"
)
_AT_HOME: Final = re.compile(
    r"\b(?:live|lives|living|my (?:house|home|address|place|apartment|door)|our (?:house|home)"
    r"|address is|vivo|vive|mi (?:casa|domicilio|direccion))\b"
)
_PRIVATE_MAIL: Final = re.compile(
    r"@(?:gmail|googlemail|yahoo|ymail|hotmail|outlook|live|msn|icloud|me|mac|aol|proton(?:mail)?"
    r"|gmx|comcast|verizon|att|sbcglobal|cox|mail|zoho|fastmail)\."
)
_BEFORE: Final = 45
_AFTER: Final = 30


def find_private_data(check: Check) -> Iterator[Finding]:
    """Data that identify or locate a person, and business that is nobody else's."""
    yield from _find_phones(check)
    yield from _find_mail(check)
    yield from _find_repeated_addresses(check)
    yield from _find_cards(check)
    yield from check.phrases(RuleName.PRIVATE_DATA, "identity", "home", "business", "public_ask")


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())[-10:]


def _phones(reading: Reading) -> frozenset[str]:
    return frozenset(_digits(found[0]) for found in _PHONE.finditer(reading.plain))


def _find_phones(check: Check) -> Iterator[Finding]:
    rule = check.rule(RuleName.PRIVATE_DATA)
    own, theirs = rule.patterns["own"], rule.patterns["theirs"]
    plain = check.draft.plain
    known = _facts_phones(check.context.facts)
    posted: frozenset[str] | None = None
    count = 0
    for found in _PHONE.finditer(plain):
        digits = _digits(found[0])
        if digits in known or _TOLL_FREE.fullmatch(digits):
            continue
        start, end = found.span()
        sentence = check.draft.sentence_at(start)
        before = (max(sentence[0], start - _BEFORE), start)
        after = (end, min(len(plain), end + _AFTER))
        posted = _phones(check.post) if posted is None else posted
        if theirs.search(plain, *before):
            yield check.find(rule.name, "phone", (start, end), severity=Severity.STOP)
        elif digits in posted and not _is_ours(check, before, after):
            yield check.find(rule.name, "repeated", (start, end))
        elif own.search(plain, *before) or own.search(plain, *after):
            continue
        else:
            yield check.find(rule.name, "phone", (start, end))
        count += 1
        if count == MAX_PLACES:
            return


def _is_ours(check: Check, before: Span, after: Span) -> bool:
    """Whether words beside a number say that it is the agency's, beyond "call"."""
    strong = check.rule(RuleName.PRIVATE_DATA).patterns["ours"]
    plain = check.draft.plain
    return bool(strong.search(plain, *before) or strong.search(plain, *after))


def _facts_phones(facts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_digits(found[0]) for fact in facts for found in _PHONE.finditer(fact))


def _find_mail(check: Check) -> Iterator[Finding]:
    plain = check.draft.plain
    for count, found in enumerate(MAIL.finditer(plain)):
        if count == MAX_PLACES:
            return
        if any(found[0] in fact.lower() for fact in check.context.facts):
            continue
        if _PRIVATE_MAIL.search(found[0]):
            case = "repeated" if found[0] in check.post.plain else "mail"
            yield check.find(RuleName.PRIVATE_DATA, case, found.span())


def _find_repeated_addresses(check: Check) -> Iterator[Finding]:
    """Addresses of which the post says that somebody lives there."""
    post = check.post
    homes = set()
    for found in _STREET.finditer(post.plain):
        start, end = post.sentence_at(found.start())
        start, end = max(start, found.start() - 80), min(end, found.end() + 80)
        if _AT_HOME.search(post.plain, start, end):
            homes.add(found[0])
    if not homes:
        return
    for count, found in enumerate(_STREET.finditer(check.draft.plain)):
        if count == MAX_PLACES:
            return
        if found[0] in homes:
            yield check.find(RuleName.PRIVATE_DATA, "repeated", found.span())


def _find_cards(check: Check) -> Iterator[Finding]:
    for count, found in enumerate(_CARD.finditer(check.draft.plain)):
        if count == MAX_PLACES:
            return
        if _passes_luhn("".join(c for c in found[0] if c.isdecimal())):
            yield check.find(RuleName.PRIVATE_DATA, "identity", found.span())


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
