"""Which level a burst deserves, with reasons; a person declares, this only proposes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Final, Literal

from levelhead.analysis.streams.domain import Burst
from levelhead.doctrine.yaml_reading import (
    read_yaml,
    take_mapping,
    take_number,
    take_text,
    take_words,
)
from levelhead.kernel.errors import Invalid

LEVELS_FILE: Final = Path(__file__).parent / "data" / "levels.yaml"
MAX_RULES: Final = 100
# Figures that a rule may look at.
COUNTS: Final = (
    *(
        "posts",
        "authors",
        "originals",
        "plain",
        "anchors",
        "danger",
        "negative",
        "press",
        "misconduct",
        "vigilante",
    ),
    *("rumor", "official", "high_reach", "copies", "copy_authors", "call", "peril", "accused"),
    *("spread", "misconduct_authors", "accused_authors", "negative_authors", "call_authors"),
    "peril_authors",
)
SHARES: Final = (
    "negative_share",
    "negative_rise",
    "emergency_share",
    "earnest_share",
    "copies_share",
)
FIGURES: Final = (*COUNTS, *SHARES, "ratio", "emergency", "emergency_surprise", "surprise")
# What a reason may name besides; what was told last only in `grown`.
WORDS: Final = ("baseline", "expected")
BEFORE: Final = "before"
# So many topics are remembered.
MAX_REMEMBERED: Final = 500


class Level(IntEnum):
    """How grave; see the table in docs/explanation/bursts-and-levels.md."""

    STEADY = 0
    WATCH = 1
    ISSUE = 2
    SERIOUS = 3
    CRISIS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelRule:
    """One sign that proposes a level."""

    id: str
    level: Level
    # Figure -> the least it must be.
    when: Mapping[str, float]
    reason: Mapping[str, str]

    def holds(self, evidence: Mapping[str, float]) -> bool:
        """Whether every figure is high enough; one that is not known is 0."""
        return all(evidence.get(name, 0.0) >= least for name, least in self.when.items())


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelRules:
    """All of them, ready to use."""

    version: str
    rules: tuple[LevelRule, ...]
    notes: tuple[LevelRule, ...]
    steady: Mapping[str, str]
    grown: Mapping[str, str]
    quiet_per_day: int
    quiet_again: timedelta
    again: timedelta
    update_growth: float
    update_least: float
    updates: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A level with what speaks for it."""

    level: Level
    # Ids of the rules that hold at this level.
    rules: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """What is said of a burst: when it is new, when its level rises, when it has grown."""

    at: datetime
    kind: Literal["burst", "level", "update"]
    topic: tuple[str, ...]
    level: Level
    posts: int
    baseline: float
    examples: tuple[object, ...]
    reasons: tuple[str, ...]
    # The same number in all that is said of one burst.
    burst: int
    # How many authors; a post without one counts as one.
    spread: int


def load_rules(path: Path = LEVELS_FILE) -> LevelRules:
    """The rules of the file. Raises Invalid naming rule and field."""
    return _read_rules(path)


@cache
def _read_rules(path: Path) -> LevelRules:
    given = take_mapping(
        read_yaml(path),
        path.name,
        required=("version", "rules", "notes", "steady", "grown"),
        optional=(
            *("quiet_per_day", "quiet_again_hours", "again_hours"),
            *("update_growth", "update_least", "updates"),
        ),
    )

    def hours(name: str) -> timedelta:
        return timedelta(hours=take_number(given.get(name, 24), name, 0, 10_000))

    grown = take_words(given["grown"], "grown")
    for text in grown.values():
        _check_reason(text, "grown", BEFORE)

    def number(name: str, usual: float, least: float, most: float) -> float:
        return take_number(given.get(name, usual), name, least, most)

    return LevelRules(
        version=take_text(given["version"], "version", limit=40),
        rules=_read_list(given["rules"], "rules"),
        notes=_read_list(given["notes"], "notes"),
        steady=take_words(given["steady"], "steady"),
        grown=grown,
        quiet_per_day=int(number("quiet_per_day", 3, 0, 1_000)),
        quiet_again=hours("quiet_again_hours"),
        again=hours("again_hours"),
        update_growth=number("update_growth", 2, 1.1, 1_000),
        update_least=number("update_least", 20, 1, 1e9),
        updates=int(number("updates", 12, 0, 1_000)),
    )


def _read_list(given: object, where: str) -> tuple[LevelRule, ...]:
    if not isinstance(given, list) or not 0 < len(given) <= MAX_RULES:
        raise Invalid(f"{where} must be a list of 1 to {MAX_RULES} rules.", where=where)
    noted = where == "notes"
    rules = []
    for number, entry in enumerate(given, 1):
        place = f"{where}, number {number}"
        fields = ("when", "reason") if noted else ("id", "level", "when", "reason")
        entry = take_mapping(entry, place, required=fields, optional=())
        when = {
            name: take_number(least, f"{place}, {name}", -1e6, 1e9)
            for name, least in take_mapping(
                entry["when"], f"{place}, when", optional=FIGURES
            ).items()
        }
        if not when:
            raise Invalid(f"{place}: `when` names no figure, so it would always hold.", where=place)
        reason = take_words(entry["reason"], f"{place}, reason")
        for text in reason.values():
            _check_reason(text, place)
        rules.append(
            LevelRule(
                id="" if noted else take_text(entry["id"], f"{place}, id", limit=80),
                level=Level(0 if noted else int(take_number(entry["level"], place, 1, 4))),
                when=when,
                reason=reason,
            )
        )
    return tuple(rules)


def _check_reason(text: str, place: str, *more: str) -> None:
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise Invalid(f"{place}: the reason has a lone brace.", where=place) from error
    for _, name, spec, conversion in parts:
        if name is not None and (name not in (*FIGURES, *WORDS, *more) or spec or conversion):
            raise Invalid(f"{place}: the reason names {name[:40]!r}.", where=place)


def propose(burst: Burst, *, lang: str = "en", rules: LevelRules | None = None) -> Proposal:
    """The level that `burst` deserves, with reasons in `lang`."""
    rules = rules or load_rules()
    holding = [rule for rule in rules.rules if rule.holds(burst.evidence)]
    level = max((rule.level for rule in holding), default=Level.STEADY)
    told = [rule for rule in holding if rule.level == level]
    words = _put_in_words(burst)
    reasons = [rule.reason[lang].format_map(words) for rule in told] or [rules.steady[lang]]
    reasons += [
        note.reason[lang].format_map(words) for note in rules.notes if note.holds(burst.evidence)
    ]
    return Proposal(level=level, rules=tuple(rule.id for rule in told), reasons=tuple(reasons))


def _put_in_words(burst: Burst) -> dict[str, str]:
    words: dict[str, str] = {}
    for name in FIGURES:
        value = burst.evidence.get(name, 0.0)
        if name in SHARES:
            words[name] = f"{100 * value:.0f}"
        elif name in COUNTS:
            words[name] = f"{value:.0f}"
        else:
            words[name] = f"{value:.3g}"
    words["baseline"] = f"{burst.baseline:.2g}" if burst.baseline < 10 else f"{burst.baseline:.0f}"
    words["expected"] = f"{burst.evidence.get('emergency_expected', 0.0):.2g}"
    return words


@dataclass(slots=True)
class _Said:
    """What was said of a topic."""

    words: frozenset[str]
    key: int
    level: Level
    at: datetime
    number: int
    # How many spoke of it when it was last told of, and how often that was since it was said.
    spread: float
    updates: int = 0


class AlertBook:
    """Decides which bursts are worth an alert: a new one, one whose level rises, one that grew."""

    def __init__(self, rules: LevelRules | None = None, *, lang: str = "en") -> None:
        self._rules = rules or load_rules()
        self._lang = lang
        self._said: deque[_Said] = deque(maxlen=MAX_REMEMBERED)
        self._quiet: deque[datetime] = deque(maxlen=max(1, self._rules.quiet_per_day))
        self._last: datetime | None = None
        self._numbers = 0

    def consider(self, burst: Burst) -> Alert | None:
        """The alert for `burst`; None where there is nothing new to say. Times never go back."""
        proposal = propose(burst, lang=self._lang, rules=self._rules)
        at = burst.at if self._last is None else max(burst.at, self._last)
        grave = proposal.level >= Level.ISSUE
        if not grave and not (burst.whole_stream or proposal.level == Level.WATCH):
            return None
        words = frozenset(word for name in burst.topic for word in name.split())
        spread = _count_authors(burst)
        said = self._find(burst, words)
        if said is not None and proposal.level <= said.level:
            pause = self._rules.again if grave else self._rules.quiet_again
            if at - said.at < pause:
                if grave:
                    # It goes on: the pause counts from the last sign of it.
                    said.at = at
                if burst.whole_stream or not self._has_grown(said, spread):
                    return None
                return self._tell_growth(said, burst, proposal, at, spread)
        if not grave and not self._may_be_quiet(at):
            return None
        if said is not None:
            self._said.remove(said)
            words |= said.words
            number, key = said.number, burst.key or said.key
        else:
            self._numbers += 1
            number, key = self._numbers, burst.key
        self._said.append(_Said(words, key, proposal.level, at, number, spread))
        self._last = at
        return Alert(
            at=at,
            kind="level" if grave else "burst",
            topic=burst.name(),
            level=proposal.level,
            posts=burst.posts,
            baseline=burst.baseline,
            examples=burst.examples,
            reasons=proposal.reasons,
            burst=number,
            spread=round(spread),
        )

    def _has_grown(self, said: _Said, spread: float) -> bool:
        rules = self._rules
        least = max(rules.update_least, said.spread * rules.update_growth)
        return said.updates < rules.updates and spread >= least

    def _tell_growth(
        self, said: _Said, burst: Burst, proposal: Proposal, at: datetime, spread: float
    ) -> Alert:
        words = _put_in_words(burst) | {"spread": f"{spread:.0f}", BEFORE: f"{said.spread:.0f}"}
        grown = self._rules.grown[self._lang].format_map(words)
        # Reasons for less than was proposed would contradict it.
        still = proposal.reasons if proposal.level == said.level else ()
        said.spread = spread
        said.updates += 1
        self._last = at
        return Alert(
            at=at,
            kind="update",
            topic=burst.name(),
            level=said.level,
            posts=burst.posts,
            baseline=burst.baseline,
            examples=burst.examples,
            reasons=(grown, *still),
            burst=said.number,
            spread=round(spread),
        )

    def _find(self, burst: Burst, words: frozenset[str]) -> _Said | None:
        for said in reversed(self._said):
            shared = len(words & said.words)
            if (burst.key and burst.key == said.key) or shared >= 2:
                return said
            if shared and shared == min(len(words), len(said.words)):
                return said
            if not words and not said.words:
                return said
        return None

    def _may_be_quiet(self, at: datetime) -> bool:
        limit = self._rules.quiet_per_day
        if limit == 0:
            return False
        if len(self._quiet) == limit and at - self._quiet[0] < timedelta(days=1):
            return False
        self._quiet.append(at)
        return True


def _count_authors(burst: Burst) -> float:
    return burst.evidence.get("spread", burst.evidence.get("authors", 0.0)) or float(burst.posts)
