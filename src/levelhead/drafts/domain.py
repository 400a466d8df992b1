"""The words of drafts, and when a change of one leaves words behind that must be kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

NAME_LIMIT: Final = 40
# Longest text of any platform; the same as of a reply.
TEXT_LIMIT: Final = 63_206
# Earlier versions of a draft that are kept.
MOST_VERSIONS: Final = 20
# Open drafts of one person in one case.
MOST_OPEN: Final = 10
# Drafts of a case that its pages look at, newest first.
MOST_SHOWN: Final = 60
UNDO_SECONDS: Final = 60
# The page sends what was typed at most this often.
SAVE_SECONDS: Final = 2
# Longer texts are shown side by side without marks: comparing takes too long.
_MOST_WORDS: Final = 1_000


class DraftState(StrEnum):
    """Where a draft stands."""

    OPEN = "open"
    SENT = "sent"  # its words left as a reply
    CLOSED = "closed"  # another one was sent
    DELETED = "deleted"


def leaves_words_behind(before: str, after: str) -> bool:
    """Whether a draft that becomes `after` loses words that only `before` had.

    Somebody who only writes on loses nothing: that makes no version.
    """
    return bool(before.strip()) and before.strip() not in after


def mark_differences(
    left: str, right: str
) -> tuple[list[tuple[bool, str]], list[tuple[bool, str]]]:
    """Two texts in pieces, each with whether the other text lacks it."""
    ours, theirs = _words(left), _words(right)
    if len(ours) > _MOST_WORDS or len(theirs) > _MOST_WORDS:
        return [(False, left)], [(False, right)]
    matcher = SequenceMatcher(a=ours, b=theirs, autojunk=False)
    first: list[tuple[bool, str]] = []
    second: list[tuple[bool, str]] = []
    for what, a, b, c, d in matcher.get_opcodes():
        differs = what != "equal"
        if a < b:
            first.append((differs, "".join(ours[a:b])))
        if c < d:
            second.append((differs, "".join(theirs[c:d])))
    return first, second


def _words(text: str) -> Sequence[str]:
    """The words of a text, each with the blanks behind it."""
    words: list[str] = []
    for piece in text.splitlines(keepends=True):
        at = 0
        for place, letter in enumerate(piece):
            if letter.isspace() and not piece[place + 1 : place + 2].isspace():
                words.append(piece[at : place + 1])
                at = place + 1
        if at < len(piece):
            words.append(piece[at:])
    return words
