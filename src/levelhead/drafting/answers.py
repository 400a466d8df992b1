"""Reading a model's answer: JSON where it kept to that, the sentences of it where it did not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from levelhead.drafting.domain import MISSING_LIMIT, MOST_MISSING, MOST_SENTENCES, Written

_THOUGHT: Final = re.compile(r"(?is)<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)")
_FENCE: Final = re.compile(r"(?is)```(?:json)?\s*(.*?)(?:```|\Z)")
_CITED: Final = re.compile(
    r"\s*[\[(](?:sources?|fuentes?)?\s*:?\s*(\d{1,2}(?:\s*[,;y&]\s*\d{1,2})*)[\])]"
)
_LONGEST: Final = 2_000
_DEEPEST: Final = 40


def read_answer(text: str) -> tuple[list[Written], list[str]]:
    """The sentences with their sources, and what the model says is missing.

    Text that is no JSON is read as sentences with "[1]" behind them; what cites nothing is struck
    later. Never raises.
    """
    text = _THOUGHT.sub("", text).strip()
    for candidate in _candidates(text):
        found = _load(candidate)
        if found is not None:
            return found
    if text[:1] in "{[" or '"sentences"' in text:
        # Broken JSON is nobody's words.
        return [], []
    return _read_plain(text), []


def _candidates(text: str) -> Iterator[str]:
    yield text
    for fenced in _FENCE.findall(text)[:3]:
        yield fenced.strip()
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        yield text[start : end + 1]


def _load(text: str) -> tuple[list[Written], list[str]] | None:
    if _depth(text) > _DEEPEST:
        return None
    try:
        given = json.loads(text, parse_int=_read_integer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    listed = given.get("sentences")
    if not isinstance(listed, list):
        return None
    sentences = [one for row in listed[:MOST_SENTENCES] if (one := _read_sentence(row))]
    missing = given.get("missing")
    told = [one for one in missing if isinstance(one, str)] if isinstance(missing, list) else []
    return sentences, [one[:MISSING_LIMIT] for one in told[:MOST_MISSING]]


def _depth(text: str) -> int:
    return min(text.count("["), text.count("]")) if text.count("[[[") else 0


def _read_integer(text: str) -> int:
    # Thousands of digits would take seconds, and no source has such a number.
    return int(text) if len(text) < 10 else -1


def _read_sentence(row: Any) -> Written | None:
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return None
    given = row.get("sources")
    numbers = given if isinstance(given, list) else [given]
    cites = [
        int(one)
        for one in numbers[:20]
        if (isinstance(one, int) and not isinstance(one, bool))
        or (isinstance(one, str) and one.isascii() and one.isdigit() and len(one) < 3)
    ]
    text, behind = _take_cites(row["text"][:_LONGEST])
    return Written(text=text, cites=(*cites, *behind))


def _take_cites(text: str) -> tuple[str, list[int]]:
    """A text without "[1, 2]" in it, and those numbers. Parts such as [[name]] stay."""
    cites = [int(number) for found in _CITED.findall(text) for number in re.findall(r"\d+", found)]
    return (_CITED.sub("", text), cites) if cites else (text, [])


def _read_plain(text: str) -> list[Written]:
    from levelhead.doctrine.reply.reading import read_text

    # "The desk opens at 8. [1]": what stands behind the full stop belongs to the sentence before.
    joined = re.sub(r"([.!?…])(\s*\[\d[^\]\n]{0,20}\])", r"\2\1", text[: 20 * _LONGEST])
    found = []
    for start, end in read_text(joined).sentences[:MOST_SENTENCES]:
        said, cites = _take_cites(joined[start:end][:_LONGEST])
        found.append(Written(text=said, cites=tuple(cites)))
    return found
