"""Examples that come with a rule: small assessments that must and must not reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from levelhead.analysis.domain import Assessment, Label, SafetyHead
from levelhead.doctrine.domain import Context
from levelhead.doctrine.yaml_reading import take_flag, take_mapping, take_number, take_text
from levelhead.kernel.errors import Invalid

MAX_EXAMPLES: Final = 100
# Any time will do: which rule decides does not depend on it.
EXAMPLE_TIME: Final = datetime(2026, 3, 2, 15, tzinfo=UTC)
_HIGHEST: Final = {"hostility": 1.0, "crisis": 1.0, "reply": 1.0, "confidence": 1.0}
_FLAGS: Final = ("incident", "from_agency", "answer_fits")


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A post as the analysis might see it, and where it must go."""

    # What such a post says; empty where the numbers speak.
    text: str
    assessment: Assessment
    context: Context
    # The rule that must decide it; None where any other rule than its own will do.
    goes_to: str | None


def make_assessment(
    label: Label,
    *,
    confidence: float = 0.9,
    label_scores: Mapping[str, float] | None = None,
    safety: Mapping[str, float] | None = None,
    urgency: int = 0,
    hostility: float = 0.0,
    crisis: float = 0.0,
    reply: float = 0.3,
) -> Assessment:
    """An assessment with these numbers; what `confidence` leaves is spread over the labels."""
    if label_scores is None:
        label_scores = {label: confidence}
    rest = max(0.0, 1.0 - sum(label_scores.values())) / max(1, len(Label) - len(label_scores))
    return Assessment(
        label=label,
        label_scores={name.value: label_scores.get(name, rest) for name in Label},
        reply=reply,
        urgency=urgency,
        hostility=hostility,
        crisis=crisis,
        safety={head.value: (safety or {}).get(head, 0.0) for head in SafetyHead},
        spans=(),
        lang="en",
        model="example",
    )


def read_examples(given: object, where: str) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Those that must match, and those that must not. Raises Invalid naming the example."""
    found = take_mapping(given, where, required=("match", "not_match"), optional=())
    return (
        _read_list(found["match"], f"{where}, match"),
        _read_list(found["not_match"], f"{where}, not_match", extra=("goes_to",)),
    )


def _read_list(given: object, where: str, extra: tuple[str, ...] = ()) -> tuple[Example, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise Invalid(f"{where} needs at least one example.", where=where)
    if len(given) > MAX_EXAMPLES:
        raise Invalid(f"{where} has more than {MAX_EXAMPLES} examples.", where=where)
    return tuple(
        _read_example(entry, f"{where} {number}", extra) for number, entry in enumerate(given, 1)
    )


def _read_example(given: object, where: str, extra: tuple[str, ...]) -> Example:
    found = take_mapping(
        given,
        where,
        required=("label",),
        optional=("text", "label_score", "safety", "urgency", "context", *_HIGHEST, *extra),
    )
    try:
        label = Label(found["label"])  # type: ignore[arg-type]  # refused below like a wrong name
    except ValueError as error:
        raise Invalid(
            f"{where}, label: {str(found['label'])[:40]!r} is not one of {', '.join(Label)}.",
            where=where,
        ) from error
    numbers = {
        name: take_number(found[name], f"{where}, {name}", 0, highest)
        for name, highest in _HIGHEST.items()
        if name in found
    }
    urgency = take_number(found.get("urgency", 0), f"{where}, urgency", 0, 3)
    assessment = make_assessment(
        label,
        label_scores=_read_scores(found, "label_score", where, tuple(Label)),
        safety=_read_scores(found, "safety", where, tuple(SafetyHead)),
        urgency=int(urgency),
        **numbers,
    )
    goes_to = found.get("goes_to")
    return Example(
        text=take_text(found["text"], f"{where}, text") if "text" in found else "",
        assessment=assessment,
        context=_read_context(found.get("context", {}), f"{where}, context"),
        goes_to=None if goes_to is None else take_text(goes_to, f"{where}, goes_to", limit=100),
    )


def _read_scores(
    found: Mapping[str, object], field: str, where: str, names: tuple[str, ...]
) -> Mapping[str, float] | None:
    if field not in found:
        return None
    scores = take_mapping(found[field], f"{where}, {field}", optional=names)
    return {
        name: take_number(value, f"{where}, {field}, {name}", 0, 1)
        for name, value in scores.items()
    }


def _read_context(given: object, where: str) -> Context:
    found = take_mapping(given, where, optional=(*_FLAGS, "author_followers"))
    followers = found.get("author_followers")
    flags = {name: take_flag(found[name], f"{where}, {name}") for name in _FLAGS if name in found}
    return Context(
        received_at=EXAMPLE_TIME,
        author_followers=(
            None
            if followers is None
            else int(take_number(followers, f"{where}, author_followers", 0, 1e12))
        ),
        **flags,
    )
