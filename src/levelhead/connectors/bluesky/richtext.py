"""Counting and marking text as Bluesky does: graphemes, links, mentions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

MAX_GRAPHEMES = 300
MAX_BYTES = 3_000
_MAX_MENTIONS = 10

_ZERO_WIDTH_JOINER = "\u200d"
_ZERO_WIDTH_NON_JOINER = "\u200c"
_HANDLE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}"
_MENTION = re.compile(rf"(?<![\w@./])@({_HANDLE})(?![\w@])")
# Bare addresses only under the endings that agencies use: "ask.Then" is no link.
_LINK = re.compile(
    r"(?<![\w@./])(?:https?://[^\s<>\"]+"
    r"|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:gov|us|org|com|net|edu|mil)\b(?:/[^\s<>\"]*)?)",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?'\"’”»…"

Facet = dict[str, object]


def count_graphemes(text: str) -> int:
    """What a reader sees as one character, after Unicode's UAX 29 (extended clusters).

    Prepended marks and Indic conjuncts are counted apart, so that a text is never taken for
    shorter than it is by those; the platform has the last word anyway.
    """
    count = 0
    previous = ""
    flags = 0  # regional indicators in a row
    pictured = False  # the cluster began with a pictograph
    for char in text:
        is_flag = "\U0001f1e6" <= char <= "\U0001f1ff"
        flags = flags + 1 if is_flag else 0
        joins = bool(previous) and (
            (previous == "\r" and char == "\n")
            or (not _is_control(previous) and _extends(char))
            or (previous == _ZERO_WIDTH_JOINER and pictured and _is_pictograph(char))
            or (is_flag and flags % 2 == 0)
            or _continues_hangul(previous, char)
        )
        if not joins:
            count += 1
            pictured = _is_pictograph(char)
        previous = char
    return count


def find_facets(text: str, resolve: Callable[[str], str | None]) -> list[Facet]:
    """Links and mentions with their places in bytes of UTF-8; `resolve` gives a handle's did."""
    facets: list[Facet] = []
    for found in _LINK.finditer(text):
        shown = _without_trailing(found[0])
        address = shown if "://" in shown else f"https://{shown}"
        feature = {"$type": "app.bsky.richtext.facet#link", "uri": address}
        facets.append(_facet(text, found.start(), found.start() + len(shown), feature))
    for number, found in enumerate(_MENTION.finditer(text)):
        did = resolve(found[1].lower()) if number < _MAX_MENTIONS else None
        if did is not None:
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": did}
            facets.append(_facet(text, found.start(), found.end(), feature))
    return facets


def _facet(text: str, start: int, end: int, feature: dict[str, str]) -> Facet:
    return {
        "index": {
            "byteStart": len(text[:start].encode()),
            "byteEnd": len(text[:end].encode()),
        },
        "features": [feature],
    }


def _without_trailing(link: str) -> str:
    """Without the punctuation of the sentence around it."""
    while link:
        if link[-1] in _TRAILING or (link[-1] == ")" and link.count("(") < link.count(")")):
            link = link[:-1]
        else:
            break
    return link


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp") or (
        unicodedata.category(char) == "Cf" and not _extends(char)
    )


def _extends(char: str) -> bool:
    if char in (_ZERO_WIDTH_JOINER, _ZERO_WIDTH_NON_JOINER):
        return True
    # Skin tones; tags, as in the flags of Wales and Scotland.
    if "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f":
        return True
    return unicodedata.category(char) in ("Mn", "Me", "Mc")


def _is_pictograph(char: str) -> bool:
    return (
        (
            "\U0001f000" <= char <= "\U0001faff"
            and not "\U0001f1e6" <= char <= "\U0001f1ff"
            and not "\U0001f3fb" <= char <= "\U0001f3ff"
        )
        or ("\u2000" <= char <= "\u3299" and unicodedata.category(char) == "So")
        or char in "©®‼⁉™↔"
    )


def _continues_hangul(previous: str, char: str) -> bool:
    before, here = _hangul_kind(previous), _hangul_kind(char)
    return (
        (before == "L" and here in ("L", "V", "LV", "LVT"))
        or (before in ("LV", "V") and here in ("V", "T"))
        or (before in ("LVT", "T") and here == "T")
    )


def _hangul_kind(char: str) -> str:
    code = ord(char)
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return "T"
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    return ""
