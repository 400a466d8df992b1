"""The rules of the reply check as data: read, checked and made ready to run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from levelhead.doctrine.reply.domain import RuleName, Severity
from levelhead.doctrine.yaml_reading import (
    read_yaml,
    take_flag,
    take_mapping,
    take_number,
    take_text,
    take_words,
)
from levelhead.kernel.errors import Invalid

RULES_FILE: Final = Path(__file__).parents[1] / "data" / "reply_check.yaml"
MAX_PATTERN_CHARACTERS: Final = 3_000
_GAP: Final = r"[^.!?\n]{0,40}?"
_LIST_NAME: Final = re.compile(r"<([a-z_]{2,20})>")
_RULE_FIELDS: Final = ("title", "source", "post", "cases", "examples")
_CASE_TEXTS: Final = ("why", "suggestion")
_CASE_FIELDS: Final = ("severity", *_CASE_TEXTS)
_CASE_MORE: Final = ("patterns", "raw", "unless", "quoted", "incident")
_EXAMPLE_FIELDS: Final = ("post", "platform", "context", "severity")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One way in which a rule fires."""

    id: str
    severity: Severity
    # Language -> sentence with {placeholders}.
    why: Mapping[str, str]
    suggestion: Mapping[str, str]
    # What is looked for in plain text, and in the text as it was written; None where code looks.
    pattern: re.Pattern[str] | None
    raw: re.Pattern[str] | None
    # What excuses it in the same sentence.
    unless: re.Pattern[str] | None
    fires_in_quotes: bool
    only_in_incident: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A draft that must, or must not, make a rule fire."""

    post: str
    draft: str
    platform: str
    context: Mapping[str, object]
    # The severity that the finding must have; None where any will do.
    severity: Severity | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyRule:
    """One rule of the reply check."""

    name: RuleName
    title: Mapping[str, str]
    source: str
    cases: Mapping[str, Case]
    # Patterns and lists that only this rule's code knows.
    patterns: Mapping[str, re.Pattern[str]]
    words: Mapping[str, object]
    fires: tuple[Example, ...]
    silent: tuple[Example, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Concern:
    """What tells what a post is about."""

    praise: re.Pattern[str]
    complaint: re.Pattern[str]
    questions: re.Pattern[str]
    # (what a question asks for, what an answer to it looks like)
    focus: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    empty: frozenset[str]
    # Word -> numbers of the groups of words that answer it.
    synonyms: Mapping[str, frozenset[int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleBook:
    """All rules, ready to run."""

    version: str
    limits: Mapping[str, float]
    # Platform -> longest text; and other names of platforms.
    platforms: Mapping[str, int]
    platform_names: Mapping[str, str]
    rules: Mapping[RuleName, ReplyRule]
    concern: Concern
    good_replies: tuple[Example, ...]


@cache
def load_rulebook() -> RuleBook:
    """The rules that come with the program."""
    return read_rulebook(read_yaml(RULES_FILE))


def read_rulebook(given: Mapping[str, object]) -> RuleBook:
    """The rules that were read from YAML. Raises Invalid naming rule and field."""
    found = take_mapping(
        given,
        "The reply check",
        required=("version", "limits", "lists", "rules", "concern", "good_replies"),
        optional=(),
    )
    lists = _read_lists(found["lists"])
    limits = dict(take_mapping(found["limits"], "The limits"))
    platforms = take_mapping(limits.pop("platforms", None), "The limits, platforms")
    names = take_mapping(limits.pop("platform_names", None), "The limits, platform_names")
    entries = take_mapping(found["rules"], "The rules", required=tuple(RuleName), optional=())
    return RuleBook(
        version=take_text(found["version"], "The reply check, version", limit=40),
        limits={k: take_number(v, f"The limits, {k[:40]}", 0, 1e6) for k, v in limits.items()},
        platforms={
            name: int(take_number(value, f"The limits, {name[:40]}", 1, 1e7))
            for name, value in platforms.items()
        },
        platform_names={k: take_text(v, f"The platform {k[:40]}") for k, v in names.items()},
        rules={name: _read_rule(name, entries[name], lists) for name in RuleName},
        concern=_read_concern(found["concern"], lists),
        good_replies=_read_examples(found["good_replies"], "good_replies", ""),
    )


def _read_lists(given: object) -> dict[str, str]:
    lists = {"gap": _GAP}
    for name, value in take_mapping(given, "The lists").items():
        text = take_text(value, f"The list {name[:40]}", limit=MAX_PATTERN_CHARACTERS)
        lists[name] = f"(?:{text})"
    return lists


def _read_rule(name: RuleName, given: object, lists: Mapping[str, str]) -> ReplyRule:
    where = f"Rule {name.value}"
    found = take_mapping(given, where, required=_RULE_FIELDS)
    own = {
        key: take_text(value, f"{where}, {key[:40]}", limit=MAX_PATTERN_CHARACTERS)
        for key, value in found.items()
        if key not in _RULE_FIELDS and isinstance(value, str)
    }
    lists = {**lists, **{key: f"(?:{value})" for key, value in own.items()}}
    patterns: dict[str, re.Pattern[str]] = {}
    words: dict[str, object] = dict(own)
    for key, value in found.items():
        if key in _RULE_FIELDS or isinstance(value, str):
            continue
        if isinstance(value, Sequence):
            patterns[key] = compile_patterns(value, f"{where}, {key[:40]}", lists)
        else:
            words[key] = take_mapping(value, f"{where}, {key[:40]}")
    for key, value in take_mapping(words.pop("claims", {}), f"{where}, claims").items():
        patterns[key] = compile_patterns(value, f"{where}, claims, {key[:40]}", lists)
    post = take_text(found["post"], f"{where}, post")
    examples = take_mapping(
        found["examples"], f"{where}, examples", required=("fires", "silent"), optional=()
    )
    return ReplyRule(
        name=name,
        title=take_words(found["title"], f"{where}, title"),
        source=take_text(found["source"], f"{where}, source"),
        cases={
            key: _read_case(key, value, f"{where}, case {key[:40]}", lists)
            for key, value in take_mapping(found["cases"], f"{where}, cases").items()
        },
        patterns=patterns,
        words=words,
        fires=_read_examples(examples["fires"], f"{where}, fires", post),
        silent=_read_examples(examples["silent"], f"{where}, silent", post),
    )


def _read_case(key: str, given: object, where: str, lists: Mapping[str, str]) -> Case:
    found = take_mapping(given, where, required=_CASE_FIELDS, optional=_CASE_MORE)
    try:
        severity = Severity(str(found["severity"]))
    except ValueError as error:
        raise Invalid(
            f"{where}, severity must be one of {', '.join(Severity)}.", where=where
        ) from error

    def compiled(field: str, *, raw: bool = False) -> re.Pattern[str] | None:
        if field not in found:
            return None
        return compile_patterns(found[field], f"{where}, {field}", lists, raw=raw)

    quoted = found.get("quoted")
    if quoted not in (None, "fires"):
        raise Invalid(f"{where}, quoted can only be 'fires'.", where=where)
    return Case(
        id=key,
        severity=severity,
        why=take_words(found["why"], f"{where}, why"),
        suggestion=take_words(found["suggestion"], f"{where}, suggestion"),
        pattern=compiled("patterns"),
        raw=compiled("raw", raw=True),
        unless=compiled("unless"),
        fires_in_quotes=quoted == "fires",
        only_in_incident=take_flag(found.get("incident", False), f"{where}, incident"),
    )


def compile_patterns(
    given: object, where: str, lists: Mapping[str, str], *, raw: bool = False
) -> re.Pattern[str]:
    """One pattern out of many; unless `raw`, whole words and up to three blanks for each blank.

    Raises Invalid for what is no list of patterns.
    """
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise Invalid(f"{where} must be a list of patterns.", where=where)
    parts = []
    for item in given:
        text = take_text(item, where, limit=MAX_PATTERN_CHARACTERS)
        for _ in range(3):
            text = _LIST_NAME.sub(lambda found: lists.get(found[1], found[0]), text)
        if _LIST_NAME.search(text):
            raise Invalid(f"{where} names a list that is not there: {text[:60]}.", where=where)
        parts.append(text if raw else widen_blanks(text))
    joined = "|".join(parts)
    try:
        return re.compile(joined if raw else rf"(?<!\w)(?:{joined})(?!\w)")
    except re.error as error:
        raise Invalid(f"{where} is no pattern: {error}.", where=where) from error


def widen_blanks(pattern: str) -> str:
    """`pattern` where each blank outside of [] stands for one to three blanks or line ends."""
    made = []
    in_class = escaped = False
    for character in pattern:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "[":
            in_class = True
        elif character == "]":
            in_class = False
        elif character == " " and not in_class:
            made.append(r"(?:\s{1,3})")
            continue
        made.append(character)
    return "".join(made)


def _read_examples(given: object, where: str, post: str) -> tuple[Example, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise Invalid(f"{where} needs examples.", where=where)
    examples = []
    for number, item in enumerate(given, 1):
        place = f"{where} {number}"
        entry = {"draft": item} if isinstance(item, str) else item
        found = take_mapping(entry, place, required=("draft",), optional=_EXAMPLE_FIELDS)
        severity = found.get("severity")
        examples.append(
            Example(
                post=str(found.get("post", post)),
                draft=take_text(found["draft"], f"{place}, draft", limit=5_000),
                platform=str(found.get("platform", "")),
                context=take_mapping(found.get("context", {}), f"{place}, context"),
                severity=None if severity is None else Severity(str(severity)),
            )
        )
    return tuple(examples)


def _read_concern(given: object, lists: Mapping[str, str]) -> Concern:
    fields = ("praise", "complaint", "questions", "focus", "empty", "synonyms")
    found = take_mapping(given, "The concern", required=fields, optional=())
    focus = found["focus"]
    groups = found["synonyms"]
    if not isinstance(focus, Sequence) or not isinstance(groups, Sequence):
        raise Invalid("The concern: focus and synonyms must be lists.")
    pairs = []
    for item in focus:
        entry = take_mapping(item, "The concern, focus", required=("asks", "answers"), optional=())
        asks = compile_patterns([entry["asks"]], "The concern, asks", lists)
        answers = compile_patterns([entry["answers"]], "The concern, answers", lists, raw=True)
        pairs.append((asks, answers))
    synonyms: dict[str, set[int]] = {}
    for number, group in enumerate(groups):
        for word in take_text(group, "The concern, synonyms").split():
            synonyms.setdefault(word, set()).add(number)
    return Concern(
        praise=compile_patterns(found["praise"], "The concern, praise", lists),
        complaint=compile_patterns(found["complaint"], "The concern, complaint", lists),
        questions=compile_patterns(found["questions"], "The concern, questions", lists),
        focus=tuple(pairs),
        empty=frozenset(take_text(found["empty"], "The concern, empty", limit=20_000).split()),
        synonyms={word: frozenset(numbers) for word, numbers in synonyms.items()},
    )
