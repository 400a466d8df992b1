"""Whether a text has words of a draft in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from levelhead.doctrine.reply.reading import make_plain
from levelhead.drafting.reading import clean

# So many words in a row are no accident; of a shorter sentence all of them.
_RUN: Final = 5
_WORD: Final = re.compile(r"\w+")


def has_words_of(text: str, sentences: Iterable[str]) -> bool:
    """Whether a run of words of one of `sentences` stands in `text`; case and marks aside."""
    words = _words(text)
    for sentence in sentences:
        own = _words(sentence)
        length = min(_RUN, len(own))
        runs = {tuple(own[at : at + length]) for at in range(len(own) - length + 1)}
        if length and any(
            tuple(words[at : at + length]) in runs for at in range(len(words) - length + 1)
        ):
            return True
    return False


def _words(text: str) -> list[str]:
    return _WORD.findall(make_plain(clean(text)))
