"""What a rule looks at: conditions as data, checked and compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, ge, gt, le, lt
from typing import Final, TypeVar

from levelhead.analysis.domain import Assessment, Label, SafetyHead
from levelhead.doctrine.domain import Context
from levelhead.doctrine.yaml_reading import take_flag, take_mapping, take_number
from levelhead.kernel.errors import Invalid

Test = Callable[[Assessment, Context], bool]
Reading = Callable[[Assessment, Context], float | None]

Name = TypeVar("Name", Label, SafetyHead)

# A post is quiet where every safety head is under this, as nearly all are. Conditions are compiled
# a second time for quiet posts, without the signs that cannot be there.
QUIET_BELOW: Final = 0.1
MAX_DEPTH: Final = 8
MAX_PARTS: Final = 64
EVERY_LABEL: Final = frozenset(Label)
BOUNDS: Final = {"at_least": ge, "above": gt, "at_most": le, "below": lt}
# Numbers of the assessment -> their greatest value.
_ASSESSED: Final = {"urgency": 3.0, "hostility": 1.0, "crisis": 1.0, "reply": 1.0}
_CONTEXT_FLAGS: Final = ("incident", "from_agency", "answer_fits")
KEYS: Final = (
    *("all", "any", "not", "label", "label_score", "safety", "any_safety", "confidence"),
    *_ASSESSED,
    *_CONTEXT_FLAGS,
    "author_followers",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A compiled condition."""

    test: Test
    # No label outside of these can make it true: rules are sorted out by it before they run.
    # Empty where nothing can.
    labels: frozenset[Label]


NEVER: Final = Condition(test=lambda a, c: False, labels=frozenset())


def compile_condition(
    given: object,
    where: str,
    thresholds: Mapping[str, float],
    *,
    quiet: bool = False,
    depth: int = 0,
) -> Condition:
    """The condition that the fields of `given` state together; an empty one is always true.

    Fields: `label` (one or several), `label_score` and `safety` (name -> bound), `any_safety`
    and `confidence` (bound on the highest head, and on the label's own score), `urgency`,
    `hostility`, `crisis`, `reply`, `author_followers` (bound), `incident`, `from_agency`,
    `answer_fits` (true or false), `all`, `any` (lists) and `not`. A bound is `at_least`,
    `above`, `at_most`, `below` with a number or the name of one of `thresholds`; a bound on
    something that is not known is not met. With `quiet` it is right for quiet posts only. Raises
    Invalid naming `where` and the field.
    """
    if depth > MAX_DEPTH:
        raise Invalid(f"{where} is nested more than {MAX_DEPTH} deep.", where=where)
    found = take_mapping(given, where, optional=KEYS)
    parts = [
        _compile_field(key, value, f"{where}, {key}", thresholds, quiet, depth)
        for key, value in found.items()
    ]
    return _all_of(parts)


def _compile_field(
    key: str,
    given: object,
    where: str,
    thresholds: Mapping[str, float],
    quiet: bool,
    depth: int,
) -> Condition:
    if key in ("all", "any"):
        if isinstance(given, str) or not isinstance(given, Sequence) or not given:
            raise Invalid(f"{where} must be a list of conditions.", where=where)
        if len(given) > MAX_PARTS:
            raise Invalid(f"{where} has more than {MAX_PARTS} conditions.", where=where)
        parts = [
            compile_condition(part, f"{where} {number}", thresholds, quiet=quiet, depth=depth + 1)
            for number, part in enumerate(given, 1)
        ]
        return _all_of(parts) if key == "all" else _any_of(parts)
    if key == "not":
        inner = compile_condition(given, where, thresholds, quiet=quiet, depth=depth + 1).test
        return Condition(test=lambda a, c: not inner(a, c), labels=EVERY_LABEL)
    if key == "label":
        return _compile_label(given, where)
    if key in ("label_score", "safety"):
        return _compile_scores(key, given, where, thresholds, quiet)
    if key in _CONTEXT_FLAGS:
        read, wanted = attrgetter(key), take_flag(given, where)
        return Condition(test=lambda a, c: read(c) is wanted, labels=EVERY_LABEL)
    if key in _ASSESSED:
        return _compile_assessed(key, given, where, thresholds)
    if key == "author_followers":
        return _compile_bounds(
            lambda a, c: c.author_followers, given, where, thresholds, highest=1e12
        )
    if key == "any_safety":
        return _compile_any_safety(given, where, thresholds, quiet)
    return _compile_bounds(
        lambda a, c: a.label_scores.get(a.label, 0.0), given, where, thresholds, highest=1.0
    )


def _compile_any_safety(
    given: object, where: str, thresholds: Mapping[str, float], quiet: bool
) -> Condition:
    made = _compile_bounds(
        lambda a, c: max(a.safety.values(), default=0.0), given, where, thresholds, highest=1.0
    )
    return NEVER if quiet and _asks_for_sign(given, thresholds) else made


def _asks_for_sign(given: object, thresholds: Mapping[str, float]) -> bool:
    """Whether a checked bound on safety heads cannot be met by a quiet post."""
    limit = given.get("at_least") if isinstance(given, Mapping) else None
    if isinstance(limit, str):
        limit = thresholds[limit]
    return isinstance(limit, int | float) and limit >= QUIET_BELOW


def _compile_assessed(
    key: str, given: object, where: str, thresholds: Mapping[str, float]
) -> Condition:
    read, highest = attrgetter(key), _ASSESSED[key]
    if isinstance(given, Mapping) and list(given) == ["at_least"]:
        limit = _take_limit(given["at_least"], f"{where}, at_least", thresholds, highest)
        return Condition(test=lambda a, c: read(a) >= limit, labels=EVERY_LABEL)
    return _compile_bounds(lambda a, c: read(a), given, where, thresholds, highest=highest)


def _compile_mapped(
    field: str, name: str, given: object, where: str, thresholds: Mapping[str, float]
) -> Condition:
    """Bounds on one score of `Assessment.label_scores` or `Assessment.safety`."""
    if isinstance(given, Mapping) and list(given) == ["at_least"]:
        # Nearly all bounds are this one, and every post meets dozens: one call, not three.
        limit = _take_limit(given["at_least"], f"{where}, at_least", thresholds, 1.0)
        test: Test = (
            (lambda a, c: a.safety.get(name, 0.0) >= limit)
            if field == "safety"
            else (lambda a, c: a.label_scores.get(name, 0.0) >= limit)
        )
        return Condition(test=test, labels=EVERY_LABEL)
    reading: Reading = (
        (lambda a, c: a.safety.get(name, 0.0))
        if field == "safety"
        else (lambda a, c: a.label_scores.get(name, 0.0))
    )
    return _compile_bounds(reading, given, where, thresholds, highest=1.0)


def _compile_label(given: object, where: str) -> Condition:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, Sequence) or not names:
        raise Invalid(f"{where} must be a label or a list of labels.", where=where)
    labels = frozenset(_take_name(name, where, Label) for name in names)
    return Condition(test=lambda a, c: a.label in labels, labels=labels)


def _compile_scores(
    key: str, given: object, where: str, thresholds: Mapping[str, float], quiet: bool
) -> Condition:
    parts = []
    for name, bounds in take_mapping(given, where).items():
        # A plain string is found faster than a member of an enum, and is equal to it.
        found: str = (
            _take_name(name, where, SafetyHead).value
            if key == "safety"
            else _take_name(name, where, Label).value
        )
        part = _compile_mapped(key, found, bounds, f"{where}, {name}", thresholds)
        silent = quiet and key == "safety" and _asks_for_sign(bounds, thresholds)
        parts.append(NEVER if silent else part)
    if not parts:
        raise Invalid(f"{where} names nothing.", where=where)
    return _all_of(parts)


def _compile_bounds(
    reading: Reading,
    given: object,
    where: str,
    thresholds: Mapping[str, float],
    *,
    highest: float,
) -> Condition:
    bounds = take_mapping(given, where, optional=tuple(BOUNDS))
    if not bounds:
        raise Invalid(f"{where} needs one of {', '.join(BOUNDS)}.", where=where)
    parts = [
        _compile_bound(reading, name, _take_limit(value, f"{where}, {name}", thresholds, highest))
        for name, value in bounds.items()
    ]
    return _all_of(parts)


def _compile_bound(reading: Reading, name: str, limit: float) -> Condition:
    compare = BOUNDS[name]

    def test(assessment: Assessment, context: Context) -> bool:
        value = reading(assessment, context)
        return value is not None and compare(value, limit)

    return Condition(test=test, labels=EVERY_LABEL)


def _take_limit(
    given: object, where: str, thresholds: Mapping[str, float], highest: float
) -> float:
    if isinstance(given, str):
        if given not in thresholds:
            raise Invalid(
                f"{where}: there is no threshold {given[:40]!r}; known are "
                f"{', '.join(sorted(thresholds)) or 'none'}.",
                where=where,
            )
        given = thresholds[given]
    return take_number(given, where, 0, highest)


def _take_name(given: object, where: str, kind: type[Name]) -> Name:
    try:
        return kind(given)  # type: ignore[arg-type]  # a wrong type is refused like a wrong name
    except ValueError as error:
        raise Invalid(
            f"{where}: {str(given)[:40]!r} is not one of {', '.join(kind)}.", where=where
        ) from error


def _all_of(parts: Sequence[Condition]) -> Condition:
    labels = EVERY_LABEL.intersection(*(part.labels for part in parts))
    tests = tuple(part.test for part in parts)
    if len(tests) == 0:
        return Condition(test=lambda a, c: True, labels=labels)
    if len(tests) == 1:
        return Condition(test=tests[0], labels=labels)
    if len(tests) == 2:
        first, second = tests
        return Condition(test=lambda a, c: first(a, c) and second(a, c), labels=labels)

    def test(assessment: Assessment, context: Context) -> bool:
        for part in tests:  # noqa: SIM110  a loop is twice as fast as all() here
            if not part(assessment, context):
                return False
        return True

    return Condition(test=test, labels=labels)


def _any_of(given: Sequence[Condition]) -> Condition:
    parts = [part for part in given if part.labels]
    if len(parts) <= 1:
        return parts[0] if parts else NEVER
    labels = frozenset[Label]().union(*(part.labels for part in parts))
    tests = tuple(part.test for part in parts)

    def test(assessment: Assessment, context: Context) -> bool:
        for part in tests:  # noqa: SIM110  a loop is twice as fast as any() here
            if part(assessment, context):
                return True
        return False

    return Condition(test=test, labels=labels)
