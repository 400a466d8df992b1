"""The words that tell what a stream is about: read once, then a dictionary look-up each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from levelhead.kernel.errors import ConfigurationError

VOCABULARY_FILE: Final = Path(__file__).parent / "data" / "vocabulary.yaml"
CLASSES: Final = ("harm", "response", "support", "news", "joke", "elsewhere")
PHRASES: Final = (
    *("joke", "elsewhere", "danger", "misconduct", "vigilante", "rumor", "press", "official"),
    *("negative", "call", "peril", "office"),
)
# So much of a text is looked at, in characters.
TEXT_LIMIT: Final = 700
# Stems shorter than this are only matched whole; in a hashtag a stem must be at least this long.
STEM_LENGTH: Final = 3
INSIDE_LENGTH: Final = 5
_KEPT_WORDS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one word stands for."""

    hazards: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    # Kinds of phrases that are worth trying where this word is.
    tries: frozenset[str] = frozenset()


NOTHING: Final = Meaning()


@dataclass(slots=True)
class Vocabulary:
    """Words and stems with their meanings, and compiled phrases."""

    words: Mapping[str, Meaning]
    stems: Mapping[str, Meaning]
    # Hazard stems to look for inside hashtags, where words run together.
    inside: tuple[tuple[str, str], ...]
    phrases: Mapping[str, re.Pattern[str]]
    _met: dict[str, Meaning] = field(default_factory=dict)

    def look_up(self, word: str) -> Meaning:
        """What the folded `word` or #hashtag stands for."""
        found = self._met.get(word)
        if found is None:
            if len(self._met) >= _KEPT_WORDS:
                self._met.clear()
            found = self._met[word] = self._work_out(word)
        return found

    def _work_out(self, word: str) -> Meaning:
        tagged = word.startswith("#")
        bare = word.lstrip("#")
        meanings = [self.words[bare]] if bare in self.words else []
        for end in range(STEM_LENGTH, min(len(bare), 20) + 1):
            stem = self.stems.get(bare[:end])
            if stem is not None:
                meanings.append(stem)
        hazards = {hazard for meaning in meanings for hazard in meaning.hazards}
        classes = {name for meaning in meanings for name in meaning.classes}
        if tagged:
            hazards |= {hazard for stem, hazard in self.inside if stem in bare}
            if bare.startswith(("prayfor", "prayersfor", "fuerza")):
                classes.add("support")
        tries = {name for meaning in meanings for name in meaning.tries}
        if not hazards and not classes and not tries:
            return NOTHING
        return Meaning(frozenset(hazards), frozenset(classes), frozenset(tries))


def fold(text: str) -> str:
    """Lower case without accents, cut to TEXT_LIMIT characters."""
    text = text[:TEXT_LIMIT].replace("\u2019", "'")
    if text.isascii():
        return text.lower()
    return "".join(
        c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c)
    )


@cache
def load_vocabulary(path: Path = VOCABULARY_FILE) -> Vocabulary:
    """The vocabulary of the file; ConfigurationError where it cannot be used."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
        return _build(given)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, re.error) as error:
        raise ConfigurationError(
            f"The vocabulary in {path.name} cannot be used: {error}", path=str(path)
        ) from error


def _build(given: Mapping[str, Any]) -> Vocabulary:
    words: dict[str, Meaning] = {}
    stems: dict[str, Meaning] = {}
    inside: list[tuple[str, str]] = []

    def put(entry: str, meaning: Meaning) -> None:
        entry = fold(entry)
        table = stems if entry.endswith("*") else words
        entry = entry.rstrip("*")
        old = table.get(entry, NOTHING)
        table[entry] = Meaning(
            old.hazards | meaning.hazards,
            old.classes | meaning.classes,
            old.tries | meaning.tries,
        )

    for hazard, entries in given["hazards"].items():
        for entry in entries.split():
            put(entry, Meaning(hazards=frozenset([hazard])))
            bare = fold(entry).rstrip("*")
            if len(bare) >= INSIDE_LENGTH:
                inside.append((bare, hazard))
    for name in CLASSES:
        for entry in given[name].split():
            put(entry, Meaning(classes=frozenset([name])))
    for name, entries in given["triggers"].items():
        for entry in entries.split():
            put(entry, Meaning(tries=frozenset([name])))
    phrases = {
        name: re.compile("|".join(f"(?:{pattern})" for pattern in given["phrases"][name]))
        for name in PHRASES
    }
    return Vocabulary(words, stems, tuple(inside), phrases)
