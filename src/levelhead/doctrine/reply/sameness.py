"""Sameness: replies that were copied, and those that may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from levelhead.doctrine.reply.checking import Check
from levelhead.doctrine.reply.domain import MAX_REPLY_CHARACTERS, Finding, RuleName
from levelhead.doctrine.reply.reading import make_plain

_TOKEN: Final = re.compile(r"[^\W_]{1,50}")
_LINK: Final = re.compile(
    r"https?://\S{1,500}|\b[\w-]{1,60}\.(?:gov|org|com|net|us)\b(?:/\S{0,500})?"
)
_GREETING: Final = re.compile(
    r"^\W{0,5}(?:@[\w.-]{1,60}\W{1,5}){0,3}"
    r"(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hola|estimad[oa]"
    r"|buen[oa]s (?:dias|tardes|noches))\b[^,.!:;\n]{0,40}[,.!:;\n])?"
)
_SIGNATURE: Final = re.compile(r"(?:[-^~/*]|\n)\s?[\w. ,]{1,40}$")
# Words of plain information: when, where and how to reach us.
_INFORMATION: Final = re.compile(
    r"(?:\d{1,15}(?:st|nd|rd|th|am|pm|h)?|(?:mon|tues|wednes|thurs|fri|satur|sun)(?:day)?s?|weekdays?"
    r"|weekends?|am|pm|a|p|m|h|hours?|open|closed?|call|phone|tel|fax|text|email|line|desk|front"
    r"|office|emergency|non|to|from|at|and|the|or|on|is|are|we|our|street|st|ave|avenue|main|city"
    r"|hall|lunes|martes|miercoles|jueves|viernes|sabado|domingo|abierto|abre|cerrado|cierra|de|y"
    r"|al?|en|el|la|telefono|llame|linea|oficina|horario|calle|noon|midnight|daily|for|in|your"
    r"|website|online|visit|more|information|info|mas|informacion|link)"
)
_INFORMATION_SHARE: Final = 0.75


@lru_cache(maxsize=512)
def _read(text: str) -> tuple[tuple[str, ...], frozenset[tuple[str, ...]]]:
    """The words of a reply without greeting, links and signature; and its runs of three."""
    plain = _LINK.sub(" ", make_plain(text.strip()))
    plain = _GREETING.sub(" ", plain, count=1)
    plain = _SIGNATURE.sub(" ", plain.rstrip())
    tokens = tuple(_TOKEN.findall(plain))
    return tokens, frozenset(zip(tokens, tokens[1:], tokens[2:], strict=False))


def compare_replies(one: str, other: str) -> float:
    """How much two replies share, 0 to 1: Jaccard of their runs of three words."""
    words, runs = _read(one[:MAX_REPLY_CHARACTERS])
    other_words, other_runs = _read(other[:MAX_REPLY_CHARACTERS])
    if not words or not other_words:
        return 0.0
    if words == other_words:
        return 1.0
    if not runs or not other_runs:
        return 0.0
    shared = len(runs & other_runs)
    return shared / (len(runs) + len(other_runs) - shared)


def is_plain_information(text: str) -> bool:
    """Whether a reply has hardly more than hours, phone numbers and places."""
    tokens, _ = _read(text[:MAX_REPLY_CHARACTERS])
    if not any(token.isdecimal() for token in tokens):
        return False
    plain = sum(_INFORMATION.fullmatch(token) is not None for token in tokens)
    return plain >= _INFORMATION_SHARE * len(tokens)


def find_sameness(check: Check) -> Iterator[Finding]:
    """Likeness with the last replies; the third identical one of a thread is stopped."""
    draft, limits = check.draft.text, check.book.limits
    replies = check.context.recent_replies
    if not replies or is_plain_information(draft):
        return
    likeness = [compare_replies(draft, reply) for reply in replies]
    span = (0, len(draft.rstrip()))
    identical = sum(value >= limits["identical"] for value in likeness)
    if identical >= 2 and check.context.thread_replies >= 2:
        yield check.find(RuleName.SAMENESS, "third", span)
    elif (highest := max(likeness)) >= limits["same"]:
        yield check.find(RuleName.SAMENESS, "same", span, percent=int(100 * highest))
