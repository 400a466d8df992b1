"""Triage rules as data: read, checked and made ready to run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Final, TypeVar

from levelhead.analysis.domain import Label, SafetyHead
from levelhead.doctrine.clocks import Clock, ClockTable, load_clocks
from levelhead.doctrine.conditions import EVERY_LABEL, Condition, Test, compile_condition
from levelhead.doctrine.domain import Disposition, Priority
from levelhead.doctrine.rule_examples import Example, read_examples
from levelhead.doctrine.yaml_reading import (
    LANGUAGES,
    parse_yaml,
    read_yaml,
    take_flag,
    take_mapping,
    take_number,
    take_text,
    take_words,
)
from levelhead.kernel.errors import Invalid

RULES_FILE: Final = Path(__file__).parent / "data" / "triage.yaml"
MAX_RULES: Final = 200
WAITS_FOR: Final = (
    "duty_officer",
    "information_officer",
    "records",
    "service",
    "owner",
    "none",
)
PLACEHOLDERS: Final = ("percent", "label")
_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,30}/[a-z0-9][a-z0-9_-]{0,60}")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_PRIORITIES: Final = {priority.name.lower(): priority for priority in Priority}
_REQUIRED: Final = (
    *("id", "title", "when", "disposition", "priority", "waits_for", "clock", "reply"),
    *("reason", "examples"),
)
_OPTIONAL: Final = ("high_when", "show_911", "stands_for")

Thing = TypeVar("Thing")
Word = TypeVar("Word", bound=Enum)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rule:
    """One step of the decision order."""

    id: str
    title: Mapping[str, str]
    condition: Condition
    # The same for posts whose safety heads are all under conditions.QUIET_BELOW.
    quiet_condition: Condition
    # The condition as it was written, for pages and the editor.
    when: Mapping[str, object]
    disposition: Disposition
    priority: Priority
    # Raises a lower priority to HIGH; None where nothing does.
    high_when: Test | None
    high_when_written: Mapping[str, object] | None
    waits_for: str
    clock: str
    # The clock in office hours, and while an incident runs.
    clocks: tuple[Clock, Clock]
    show_911: bool
    # The label that the rule stands for whatever the label head says; None keeps the head's.
    stands_for: Label | None
    # Whether the agency should reply in public; None leaves it to the assessment.
    reply: bool | None
    # Language -> sentences; those whose placeholders are not known are left out.
    reason: Mapping[str, tuple[str, ...]]
    matching: tuple[Example, ...]
    not_matching: tuple[Example, ...]


RuleTests = tuple[tuple[Test, Rule], ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RuleSet:
    """The rules in order, ready to run; the last one matches everything."""

    version: str
    rules: tuple[Rule, ...]
    thresholds: Mapping[str, float]
    clocks: ClockTable
    # Language -> words, for labels, safety heads, single patterns, and how sure we are.
    label_words: Mapping[str, Mapping[str, str]]
    safety_words: Mapping[str, Mapping[str, str]]
    sign_words: Mapping[str, Mapping[str, str]]
    confidence_words: Mapping[str, Mapping[str, str]]
    by_id: Mapping[str, Rule] = field(init=False, repr=False)
    # Label -> the rules that a post of that label can match, with their tests, in order.
    by_label: Mapping[Label, RuleTests] = field(init=False, repr=False)
    quiet_by_label: Mapping[Label, RuleTests] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {rule.id: rule for rule in self.rules})
        for name, conditions in (
            ("by_label", [(rule.condition, rule) for rule in self.rules]),
            ("quiet_by_label", [(rule.quiet_condition, rule) for rule in self.rules]),
        ):
            tests = {
                label: tuple(
                    (condition.test, rule)
                    for condition, rule in conditions
                    if label in condition.labels
                )
                for label in Label
            }
            object.__setattr__(self, name, tests)


def load_rules(path: Path | None = None, *, clocks: ClockTable | None = None) -> RuleSet:
    """The rules of the file; without one those that come with the program.

    Raises Invalid naming rule and field.
    """
    if path is None and clocks is None:
        return _load_own()
    return read_rules(read_yaml(path or RULES_FILE), clocks=clocks)


@cache
def _load_own() -> RuleSet:
    return read_rules(read_yaml(RULES_FILE))


def parse_rules(text: str, *, clocks: ClockTable | None = None) -> RuleSet:
    """The rules that `text` holds, as an editor has them. Raises Invalid."""
    return read_rules(parse_yaml(text, source="The rules"), clocks=clocks)


def read_rules(given: Mapping[str, object], *, clocks: ClockTable | None = None) -> RuleSet:
    """The rules that were read from YAML. Raises Invalid naming rule and field."""
    found = take_mapping(
        given, "The rules", required=("version", "thresholds", "words", "rules"), optional=()
    )
    thresholds = {
        name: take_number(value, f"Threshold {name[:40]}", 0, 1e12)
        for name, value in take_mapping(found["thresholds"], "The thresholds").items()
    }
    words = take_mapping(
        found["words"],
        "The words",
        required=("labels", "safety", "confidence"),
        optional=("signs",),
    )
    table = clocks or load_clocks()
    entries = found["rules"]
    if isinstance(entries, str) or not isinstance(entries, Sequence) or not entries:
        raise Invalid("The rules must be a list of rules.", field="rules")
    if len(entries) > MAX_RULES:
        raise Invalid(f"There are more than {MAX_RULES} rules.", field="rules")
    rules = [
        _read_rule(entry, number, thresholds, table) for number, entry in enumerate(entries, 1)
    ]
    _check_order(rules)
    return RuleSet(
        version=take_text(found["version"], "The rules, version", limit=40),
        rules=tuple(rules),
        thresholds=thresholds,
        clocks=table,
        label_words=_take_words_of(words["labels"], "The words, labels", tuple(Label)),
        safety_words=_take_words_of(words["safety"], "The words, safety", tuple(SafetyHead)),
        sign_words={
            name: take_words(value, f"The words, signs, {name[:40]}")
            for name, value in take_mapping(words.get("signs", {}), "The words, signs").items()
        },
        confidence_words=_take_confidence(words["confidence"]),
    )


def _read_rule(
    given: object, number: int, thresholds: Mapping[str, float], clocks: ClockTable
) -> Rule:
    where = f"Rule {number}"
    found = take_mapping(given, where)
    rule_id = found.get("id")
    if not isinstance(rule_id, str) or not _ID.fullmatch(rule_id):
        raise Invalid(
            f"{where}, id must look like triage/4-question, not {str(rule_id)[:40]!r}.",
            where=where,
            field="id",
        )
    where = f"Rule {rule_id}"
    take_mapping(found, where, required=_REQUIRED, optional=_OPTIONAL)
    condition = compile_condition(found["when"], f"{where}, when", thresholds)
    if not condition.labels:
        raise Invalid(f"{where}, when asks for two labels at once and never matches.", where=where)
    high = (
        compile_condition(found["high_when"], f"{where}, high_when", thresholds).test
        if "high_when" in found
        else None
    )
    clock = _take_word(found["clock"], f"{where}, clock", {name: name for name in clocks.classes})
    disposition = _take_enum(found["disposition"], f"{where}, disposition", Disposition)
    stands_for = (
        _take_enum(found["stands_for"], f"{where}, stands_for", Label)
        if "stands_for" in found
        else None
    )
    matching, not_matching = read_examples(found["examples"], f"{where}, examples")
    return Rule(
        id=rule_id,
        title=take_words(found["title"], f"{where}, title"),
        condition=condition,
        quiet_condition=compile_condition(found["when"], where, thresholds, quiet=True),
        when=take_mapping(found["when"], f"{where}, when"),
        disposition=disposition,
        priority=_take_word(found["priority"], f"{where}, priority", _PRIORITIES),
        high_when=high,
        high_when_written=(
            take_mapping(found["high_when"], f"{where}, high_when") if high else None
        ),
        waits_for=_take_word(
            found["waits_for"], f"{where}, waits_for", {name: name for name in WAITS_FOR}
        ),
        clock=clock,
        clocks=clocks.classes[clock],
        show_911=take_flag(found.get("show_911", False), f"{where}, show_911"),
        stands_for=stands_for,
        reply=_take_reply(found["reply"], f"{where}, reply"),
        reason=_take_reason(found["reason"], f"{where}, reason"),
        matching=matching,
        not_matching=not_matching,
    )


def _check_order(rules: Sequence[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise Invalid(f"Rule {rule.id} is there twice.", where=rule.id, field="id")
        seen.add(rule.id)
    for rule in rules[:-1]:
        if not rule.when:
            raise Invalid(
                f"Rule {rule.id}, when matches everything, so the rules after it never run.",
                where=rule.id,
                field="when",
            )
    if rules[-1].when or rules[-1].condition.labels != EVERY_LABEL:
        raise Invalid(
            f"Rule {rules[-1].id} is the last and must match everything (when: {{}}), so that "
            "every post gets a decision.",
            where=rules[-1].id,
            field="when",
        )


def _take_reply(given: object, where: str) -> bool | None:
    if given == "as_assessed":
        return None
    if isinstance(given, bool):
        return given
    raise Invalid(f"{where} must be true, false or as_assessed.", where=where)


def _take_reason(given: object, where: str) -> Mapping[str, tuple[str, ...]]:
    words = take_words(given, where)
    for lang in LANGUAGES:
        _check_placeholders(words[lang], f"{where}, {lang}")
    return {lang: tuple(_SENTENCE_END.split(words[lang])) for lang in LANGUAGES}


def _take_confidence(given: object) -> Mapping[str, Mapping[str, str]]:
    words = _take_words_of(given, "The words, confidence", ("sure", "unsure"))
    for name, by_lang in words.items():
        for lang, text in by_lang.items():
            _check_placeholders(text, f"The words, confidence, {name}, {lang}")
    return words


def _check_placeholders(text: str, where: str) -> None:
    try:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is not None and (name not in PLACEHOLDERS or spec or conversion):
                raise Invalid(
                    f"{where}: unknown placeholder {{{name[:40]}}}; known are "
                    f"{', '.join(PLACEHOLDERS)}.",
                    where=where,
                )
    except ValueError as error:
        raise Invalid(f"{where}: a brace is left open.", where=where) from error


def _take_words_of(
    given: object, where: str, names: Sequence[str]
) -> Mapping[str, Mapping[str, str]]:
    found = take_mapping(given, where, required=names, optional=())
    return {name: take_words(found[name], f"{where}, {name}") for name in names}


def _take_enum(given: object, where: str, kind: type[Word]) -> Word:
    return _take_word(given, where, {member.value: member for member in kind})


def _take_word(given: object, where: str, known: Mapping[str, Thing]) -> Thing:
    if not isinstance(given, str) or given not in known:
        raise Invalid(
            f"{where}: {str(given)[:40]!r} is not one of {', '.join(known)}.", where=where
        )
    return known[given]
