"""Where a text says otherwise than the facts an agency has confirmed.

Rules, not a model: what is shown to a duty officer at two in the morning must be right about what
it points at. A pair that nothing here speaks of is not thereby in agreement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

# Longer texts and lists are cut: a fact is a sentence, and a desk has some hundreds.
MAX_CHARACTERS: Final = 4000
MAX_FACTS: Final = 1000
MAX_CONFLICTS: Final = 20

_WORD: Final = re.compile(r"[^\W\d_][\w'’-]*")
_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:[.!?](?=\d)[^.!?\n]*)*")
_CLOCK: Final = re.compile(r"\b([ap])\.\s?m\.", re.IGNORECASE)
_NOT: Final = re.compile(
    r"(?<!\w)(?:not|never|isn't|aren't|wasn't|no longer|no|nunca|tampoco)\W+(?:\w+\W+)?\Z"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """A place in the text and the fact that it does not agree with."""

    # Place of the fact in the list given.
    fact: int
    # Offsets in characters of the text: text[start:end].
    start: int
    end: int
    # Such as "number.dead" or "open_or_closed".
    rule: str
    # Language to words for the screen.
    why: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Said:
    """One thing that a sentence says: on which side of what, about which words."""

    rule: str
    side: str
    start: int
    end: int
    subjects: frozenset[str]


def find_conflicts(text: str, facts: Sequence[str]) -> list[Conflict]:
    """Where `text` says otherwise than one of `facts`, in order of the text."""
    said = list(_read(text[:MAX_CHARACTERS]))
    found: dict[tuple[int, int, str], Conflict] = {}
    for place, fact in enumerate(facts[:MAX_FACTS]):
        for known in _read(fact[:MAX_CHARACTERS]):
            for item in said:
                if _disagree(item, known):
                    key = (place, item.start, item.rule)
                    found.setdefault(key, _make(item, known, place))
    ordered = sorted(found.values(), key=lambda c: (c.start, c.fact, c.rule))
    return ordered[:MAX_CONFLICTS]


def _disagree(item: _Said, known: _Said) -> bool:
    if item.rule != known.rule or item.side == known.side:
        return False
    return bool(item.subjects & known.subjects)


def _make(item: _Said, known: _Said, place: int) -> Conflict:
    if item.rule.startswith("number."):
        why = {
            "en": f"Says {item.side}, the fact says {known.side}.",
            "es": f"Dice {item.side}; el hecho dice {known.side}.",
        }
    else:
        why = _load_lexicon().states[item.rule].why
    return Conflict(fact=place, start=item.start, end=item.end, rule=item.rule, why=why)


def _read(text: str) -> Iterator[_Said]:
    # "p.m." of the same length without its dots, which end no sentence.
    text = _CLOCK.sub(lambda m: f"{m[1]}m".ljust(len(m[0])), text)
    lexicon = _load_lexicon()
    for sentence in _SENTENCE.finditer(text):
        # What is asked is not said.
        if text[sentence.end() : sentence.end() + 1] == "?" or "¿" in sentence.group():
            continue
        words = sentence.group().lower()
        if len(words) != len(sentence.group()):
            continue  # a letter whose small form is longer would shift the places
        subjects = frozenset(
            _stem(word) for word in _WORD.findall(words) if word not in lexicon.small_words
        )
        yield from _read_states(words, sentence.start(), subjects, lexicon)
        yield from _read_numbers(words, sentence.start(), subjects, lexicon)


def _stem(word: str) -> str:
    """Plural and singular alike; no more, so that unlike words stay unlike."""
    for ending in ("'s", "’s", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@dataclass(frozen=True, slots=True)
class _State:
    id: str
    why: dict[str, str]
    subjects: re.Pattern[str] | None
    sides: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class _Counter:
    id: str
    alone: bool
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Lexicon:
    small_words: frozenset[str]
    numbers: dict[str, int]
    counters: tuple[_Counter, ...]
    states: dict[str, _State]


@cache
def _load_lexicon() -> _Lexicon:
    source = resources.files(__package__).joinpath("facts.yaml").read_text(encoding="utf-8")
    file = yaml.safe_load(source)
    digits = r"(?<![\w.,:-])(\d{1,3}(?:,\d{3})+|\d{1,7}(?::\d\d)?|"
    number = digits + "|".join(file["numbers"]) + r")(?![\w-])"
    # Between a number and what it counts at most three words.
    between = r"(?:\s+[^\W\d_][\w'’-]*){0,3}?\s+"
    return _Lexicon(
        small_words=frozenset(file["small_words"].split()),
        numbers=file["numbers"],
        counters=tuple(
            _Counter(
                row["id"],
                row.get("alone", False),
                re.compile(
                    rf"(?<![\w.,:-])(\d{{1,2}}(?::\d\d)?)\s*({row['words']})(?!\w)"
                    if row["id"] == "time"
                    else rf"{number}{between}({row['words']})(?!\w)"
                ),
            )
            for row in file["counted"]
        ),
        states={row["id"]: _read_state(row) for row in file["states"]},
    )


def _read_state(row: dict[str, Any]) -> _State:
    def words(part: str) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w)(?:{part})(?!\w)")

    subjects = words(row["subjects"]) if "subjects" in row else None
    return _State(row["id"], row["why"], subjects, tuple(words(side) for side in row["sides"]))


def _read_states(
    words: str, offset: int, subjects: frozenset[str], lexicon: _Lexicon
) -> Iterator[_Said]:
    for state in lexicon.states.values():
        if state.subjects and not state.subjects.search(words):
            continue
        about = frozenset({state.id}) if state.subjects else subjects
        # The second side first: its phrases hold words of the first ("not safe").
        taken: list[tuple[int, int]] = []
        for side in reversed(range(len(state.sides))):
            for match in state.sides[side].finditer(words):
                start, end = match.span()
                if any(a < end and start < b for a, b in taken):
                    continue
                taken.append((start, end))
                negated = _NOT.search(words[max(0, start - 24) : start]) is not None
                yield _Said(
                    state.id, str(side ^ negated), offset + start, offset + end,
                    about - {_stem(match.group())},
                )  # fmt: skip


def _read_numbers(
    words: str, offset: int, subjects: frozenset[str], lexicon: _Lexicon
) -> Iterator[_Said]:
    for counter in lexicon.counters:
        for match in counter.pattern.finditer(words):
            written = match.group(1)
            side = str(lexicon.numbers.get(written, written.replace(",", "")))
            if counter.id == "time":
                side = f"{side.removesuffix(':00')} {match.group(2)}"
            about = frozenset({counter.id}) if counter.alone else subjects
            yield _Said(
                f"number.{counter.id}", side, offset + match.start(1), offset + match.end(), about
            )
