"""Marking text as Bluesky does: links and mentions."""

from __future__ import annotations

import re
from collections.abc import Callable

_MAX_MENTIONS = 10

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
