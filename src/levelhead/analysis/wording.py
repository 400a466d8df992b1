"""A post as the encoder reads it: handles and hashtags taken apart, emoji in words."""

from __future__ import annotations

import re
import unicodedata

from levelhead.analysis.masking import unmask

# The encoder reads at most so many characters: 64 word pieces rarely reach further.
HEAD_CHARACTERS = 420
TAIL_CHARACTERS = 120
PARENT_CHARACTERS = 200
# The same emoji twenty times says no more than twice.
MAX_EMOJI = 4

_LINK = re.compile(r"\b(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|net|gov|co|ly|me|example)/\S+")
_TAG = re.compile(r"([@#])(\w+)")
# Posts to many at once begin or end with all their names, which leave no room for the words.
_MANY_HANDLES = re.compile(r"((?:@\w+[\s,.:]{1,3}){3})(?:@\w+(?:[\s,.:]{1,3}|$)){1,50}")
_WORD_IN_TAG = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\da-zA-Z_]+")
_RUN = re.compile(r"(\w)\1{3,}")
_BLANKS = re.compile(r"\s+")


def reword(text: str) -> str:
    """`text` for the tokenizer; bounded, one line, no emoji and no links."""
    if len(text) > HEAD_CHARACTERS + TAIL_CHARACTERS:
        text = f"{text[:HEAD_CHARACTERS]} {text[-TAIL_CHARACTERS:]}"
    text = _LINK.sub(" http ", unmask(text))
    text = _MANY_HANDLES.sub(r"\1", text)
    text = _TAG.sub(_take_apart, text)
    text = _RUN.sub(r"\1\1\1", text)
    if not text.isascii():
        text = _name_emoji(text)
    return _BLANKS.sub(" ", text).strip()


def _take_apart(tag: re.Match[str]) -> str:
    words = _WORD_IN_TAG.findall(tag[2])
    return f"{tag[1]} {' '.join(words) if words else tag[2]}"


def _name_emoji(text: str) -> str:
    parts: list[str] = []
    last = ""
    named = 0
    for character in text:
        if unicodedata.category(character) not in ("So", "Sk", "Cs", "Cn"):
            parts.append(character)
            continue
        # Skin tones and variation marks are left out, and an emoji right after itself.
        if unicodedata.category(character) == "So" and character != last and named < MAX_EMOJI:
            name = unicodedata.name(character, "")
            parts.append(f" {name.lower()} ")
            named += 1
        last = character
    return "".join(parts)
