"""Making hostile text safe to keep, without changing what it says."""

from __future__ import annotations

import re

# Longest text of a post that is kept as text; the platform's own words are kept in full beside.
TEXT_LIMIT = 100_000
RAW_LIMIT = 1_000_000

# C0 controls but tab and line feed, DEL, C1, lone surrogates, non-characters.
_UNKEEPABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# Embeddings, overrides, isolates; the marks of one character, which right-to-left text needs, stay.
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """`text` with line ends as line feeds and unkeepable characters replaced by U+FFFD.

    Bidirectional controls stay: they are part of what was written, and screens show them.
    """
    if len(text) > limit:
        text = text[:limit]
    if text.isascii() and text.isprintable():
        return text
    return _UNKEEPABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def without_overrides(text: str) -> str:
    """`text` without the marks that turn its direction: in words of our own they only deceive."""
    return text if text.isascii() else _OVERRIDES.sub("", text)


def clean_name(text: str, limit: int = 300) -> str:
    """A name on one line."""
    if not text:
        return ""
    return " ".join(clean_text(text, limit).split())
