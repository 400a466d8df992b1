"""The words of a post that can name a topic."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from levelhead.analysis.streams.vocabulary import fold

STOP_WORDS_FILE: Final = Path(__file__).parent / "data" / "stop_words.txt"
# So many terms of one post are counted.
MAX_TERMS: Final = 24
LONGEST: Final = 28
_LINK: Final = re.compile(r"(?:https?://|www\.)\S{1,2000}")
_WORD: Final = re.compile(r"[@#]?\w(?:[\w'-]{0,60}\w)?")

# Words that name nothing: English, Spanish, Portuguese, Italian, French, Tagalog, and chatter.
STOP_WORDS: Final = frozenset(STOP_WORDS_FILE.read_text(encoding="utf-8").split())


def cut_terms(text: str) -> tuple[list[str], list[str]]:
    """(terms that can name a topic, each once; all words in order, folded) of a post.

    Handles, links, numbers and stop words are no terms.
    """
    words = _WORD.findall(_LINK.sub(" ", fold(text)))
    terms: dict[str, None] = {}
    for word in words:
        bare = word.lstrip("#")
        if word[0] == "@" or not 3 <= len(bare) <= LONGEST or bare in STOP_WORDS:
            continue
        if bare.replace("-", "").isnumeric():
            continue
        if bare.endswith("'s"):
            word = word[:-2]
            if len(word) < 3 or word in STOP_WORDS:
                continue
        terms[word] = None
        if len(terms) == MAX_TERMS:
            break
    return list(terms), words
