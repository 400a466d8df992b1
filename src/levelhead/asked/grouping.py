"""Questions that ask alike, found one by one as they come: a vector for each group. No database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis.streams.terms import STOP_WORDS
from levelhead.analysis.streams.vocabulary import fold

if TYPE_CHECKING:
    from levelhead.analysis.encoder import Encoder

Floats = NDArray[np.float32]

LANGUAGES: Final = ("en", "es")
# From this nearness to a group's mean on a question belongs to it. The mean is not made longer
# again: a group of many kinds has a short one and draws nothing more. In Spanish the word pieces
# are English and all questions lie closer together.
NEAR_FROM: Final[Mapping[str, float]] = {"en": 0.5, "es": 0.45}
# A question that shares no telling word with a group must be so much nearer.
NO_WORD: Final = 0.15
# A group's mean moves with its last questions, as if it had never more than so many.
MOST_WEIGHT: Final = 50
# Groups of an agency; beyond, those that fewest asked and longest ago are forgotten.
MOST_GROUPS: Final = 1_500
# Telling words of a group that are kept.
MOST_WORDS: Final = 40
# The beginning of a word stands for its forms.
_STEM: Final = 5
_WORD: Final = re.compile(r"\w{3,40}")
_ELSEWHERE: Final = re.compile(r"https?://\S{1,2000}|[@#]\w{1,100}")
_DATA: Final = Path(__file__).parent / "data"
# Words of asking, in nearly every question.
_ASKING: Final = frozenset(
    word[:_STEM]
    for line in (
        "get need want know please anyone help thanks there still going take make someone",
        "somebody today tomorrow week like just people call place time street hello question",
        "tell good morning quiero puedo puede hacer tengo hola buenas buenos dias tardes favor",
        "alguien donde cuando como pedir aqui gracias pregunta hoy manana",
    )
    for word in line.split()
)


@dataclass(slots=True)
class Group:
    """What a group asks, in numbers."""

    id: int
    lang: str
    meaning: Floats
    weight: int
    # The beginnings of telling words and how often they came.
    words: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a question belongs: an index of the groups, None for a new one; and how near."""

    group: int | None
    nearness: float


def find_words(text: str) -> frozenset[str]:
    """The beginnings of a question's telling words."""
    plain = _ELSEWHERE.sub(" ", text[:2_000])
    found = (word for word in _WORD.findall(fold(plain)) if word not in STOP_WORDS)
    return frozenset(word[:_STEM] for word in found) - _ASKING


@cache
def _centers() -> dict[str, tuple[str, ...]]:
    return {
        lang: tuple((_DATA / f"ordinary_{lang}.txt").read_text(encoding="utf-8").splitlines())
        for lang in LANGUAGES
    }


class Meanings:
    """What questions mean, seen from the middle of ordinary ones of their language."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._middle = {
            lang: encoder.find_meanings(texts).mean(axis=0) for lang, texts in _centers().items()
        }

    def read(self, texts: Sequence[str], langs: Sequence[str]) -> Floats:
        """(n, width), each of norm 1."""
        found: Floats = self._encoder.find_meanings(texts)
        found = found - np.stack([self._middle[lang] for lang in langs])
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
        return found


class Groups:
    """An agency's groups in memory. Bounded by MOST_GROUPS; not safe between threads."""

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        self.groups: list[Group] = list(groups)
        self._matrix = (
            np.stack([group.meaning for group in self.groups])
            if self.groups
            else np.zeros((0, 1), dtype=np.float32)
        )

    def place(self, meaning: Floats, words: frozenset[str], lang: str) -> Placed:
        """Which group a question belongs to."""
        if not self.groups:
            return Placed(None, 0.0)
        near = self._matrix[: len(self.groups)] @ meaning
        # Only what could pass is looked at word by word.
        for n in np.argsort(-near)[:20].tolist():
            group, nearness = self.groups[n], float(near[n])
            if nearness < NEAR_FROM[lang]:
                break
            alike = any(word in group.words for word in words)
            if group.lang == lang and (alike or nearness >= NEAR_FROM[lang] + NO_WORD):
                return Placed(n, nearness)
        return Placed(None, 0.0)

    def add(self, place: int, meaning: Floats, words: frozenset[str]) -> Group:
        """Put a question into a group."""
        group = self.groups[place]
        weight = min(group.weight, MOST_WEIGHT - 1)
        group.meaning = group.meaning + (meaning - group.meaning) / np.float32(weight + 1)
        group.weight = weight + 1
        group.words.update(words)
        if len(group.words) > 2 * MOST_WORDS:
            group.words = Counter(dict(group.words.most_common(MOST_WORDS)))
        self._matrix[place] = group.meaning
        return group

    def begin(self, group_id: int, meaning: Floats, words: frozenset[str], lang: str) -> Group:
        """Begin a group with a question."""
        group = Group(group_id, lang, meaning.copy(), 1, Counter(words))
        count = len(self.groups)
        if count >= len(self._matrix):
            # Room for as many again, so that beginning one costs little.
            room = np.zeros((max(64, 2 * count), len(meaning)), dtype=np.float32)
            room[:count] = self._matrix[:count] if count else 0.0
            self._matrix = room
        self.groups.append(group)
        self._matrix[count] = meaning
        return group

    def forget(self, ids: set[int]) -> None:
        """Let groups go."""
        self.__init__(group for group in self.groups if group.id not in ids)  # type: ignore[misc]
