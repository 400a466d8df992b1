"""How hard a text reads: Flesch-Kincaid for English, INFLESZ for Spanish."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from levelhead.doctrine.reply.reading import Reading, Span

# Of a very long text, so many sentences are read.
MAX_SENTENCES: Final = 500
_ENGLISH_VOWELS: Final = re.compile(r"[aeiouy]{1,20}")
# Two vowels that are two syllables, and endings that are none.
_APART: Final = re.compile(
    r"ia(?!l$|n$|lly$|g)|io(?!n|us)|eo(?!us|p)|iu|ua(?!r[dn]|l)|creat|uou|[aeiouy]ing$|ism$|ying|[aeiou][^aeiou]ea$|^sci"
)
_SILENT: Final = re.compile(r"(?:[^aeiouyl]es?|[^aeioutd]ed|[aeiou]les?|rely|tely|ely)$")
_SILENT_BUT: Final = re.compile(r"(?:[sxz]es|[cs]hes|[cg]es)$")
_SPANISH_VOWELS: Final = re.compile(r"[aeiou]{1,20}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Grade:
    """How hard a text reads."""

    # School grade for English; ease from 0 (hard) to 100 for Spanish.
    value: float
    words: int
    words_per_sentence: float
    syllables_per_word: float
    # The sentence that reads hardest.
    hardest: Span


@lru_cache(maxsize=16_384)
def count_syllables(word: str, lang: str) -> int:
    """Syllables of a folded word; a rule of thumb for English, close for Spanish."""
    if lang == "es":
        return _count_spanish(word)
    word = word.replace("'", "")
    count = len(_ENGLISH_VOWELS.findall(word)) + len(_APART.findall(word))
    if _SILENT.search(word) and not _SILENT_BUT.search(word) and count > 1:
        count -= 1
    return max(1, count)


def _count_spanish(word: str) -> int:
    """Strong vowels side by side are apart; a weak vowel joins its neighbour.

    Accents are folded away, so that "día" counts one where it has two.
    """
    # "qu", "gue", "gui": the u is not heard.
    word = word.replace("qu", "q").replace("gue", "ge").replace("gui", "gi")
    if word.endswith("y"):
        word = word[:-1] + "i"
    count = 0
    for run in _SPANISH_VOWELS.findall(word):
        strong = sum(letter in "aeo" for letter in run)
        count += max(1, strong)
    return max(1, count)


def grade_text(reading: Reading, lang: str) -> Grade | None:
    """The grade of a text; None where it has no words."""
    total_words = total_syllables = sentences = 0
    hardest: Span = (0, 0)
    highest = float("-inf")
    words = reading.words
    place = 0
    for start, end in reading.sentences[:MAX_SENTENCES]:
        count = syllables = 0
        while place < len(words) and words[place][0] < end:
            a, b = words[place]
            place += 1
            if a >= start:
                count += 1
                syllables += count_syllables(reading.bare[a:b], lang)
        if not count:
            continue
        sentences += 1
        total_words += count
        total_syllables += syllables
        hardness = grade_of(count, 1, syllables, lang)
        hardness = -hardness if lang == "es" else hardness
        if count >= 5 and hardness > highest:
            highest, hardest = hardness, (start, end)
    if not total_words:
        return None
    return Grade(
        value=grade_of(total_words, sentences, total_syllables, lang),
        words=total_words,
        words_per_sentence=total_words / sentences,
        syllables_per_word=total_syllables / total_words,
        hardest=hardest,
    )


def grade_of(words: int, sentences: int, syllables: int, lang: str) -> float:
    """Flesch-Kincaid's grade (1975) for English, INFLESZ (2008) for Spanish."""
    if lang == "es":
        return 206.835 - 62.3 * syllables / words - words / sentences
    return 0.39 * words / sentences + 11.8 * syllables / words - 15.59
