"""What must hold of any set of triage rules before it is put in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from levelhead.analysis.domain import Assessment, Label, SafetyHead
from levelhead.doctrine.domain import Context, Decision, Disposition
from levelhead.doctrine.rule_examples import EXAMPLE_TIME, Example, make_assessment
from levelhead.doctrine.rules import Rule, RuleSet
from levelhead.doctrine.schedule import Schedule
from levelhead.doctrine.triage import decide

_SCHEDULE: Final = Schedule.day_and_night("UTC")
_PLAIN: Final = Context(received_at=EXAMPLE_TIME)
_INCIDENT: Final = Context(received_at=EXAMPLE_TIME, incident=True)
_OWN: Final = Context(received_at=EXAMPLE_TIME, from_agency=True)
# Heads that say a life may be at stake, at a height where nobody may doubt it.
_LIFE: Final = (SafetyHead.THREAT, SafetyHead.SELF_HARM)
_CERTAIN: Final = 0.95
_PLAINLY_RAISED: Final = 0.6
_RUDE: Final = (0.0, 0.5, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that keeps a set of rules from being put in force."""

    # Id of the rule at fault.
    rule: str
    # "match", "not_match", or the name of the promise that is broken.
    field: str
    message: str


def check_rules(rules: RuleSet) -> list[Problem]:
    """Run every rule's examples and the promises that hold for all rules; none when all is well.

    The promises: danger to life always alerts; neither rudeness nor a viewpoint is ever a reason
    to moderate; an urgent post or one with a raised sign is never left alone unread; our own
    posts are left alone.
    """
    return [*_check_examples(rules), *_check_promises(rules)]


def _decide(assessment: Assessment, context: Context, rules: RuleSet) -> Decision:
    return decide(assessment, context, rules=rules, schedule=_SCHEDULE)


def _check_examples(rules: RuleSet) -> Iterator[Problem]:
    for rule in rules.rules:
        for number, example in enumerate(rule.matching, 1):
            reached = _decide(example.assessment, example.context, rules).rule
            if reached != rule.id:
                yield Problem(
                    rule=rule.id,
                    field="match",
                    message=f"Example {number}{_quote(example)} must reach this rule, but "
                    f"{reached} decides it.",
                )
        for number, example in enumerate(rule.not_matching, 1):
            yield from _check_other(rule, number, example, rules)


def _check_other(rule: Rule, number: int, example: Example, rules: RuleSet) -> Iterator[Problem]:
    reached = _decide(example.assessment, example.context, rules).rule
    said = f"Example {number}{_quote(example)}"
    if example.goes_to is not None and example.goes_to not in rules.by_id:
        yield Problem(
            rule=rule.id,
            field="not_match",
            message=f"{said} names the rule {example.goes_to[:60]}, which is not there.",
        )
    elif reached == rule.id:
        yield Problem(
            rule=rule.id, field="not_match", message=f"{said} must not reach this rule, but does."
        )
    elif example.goes_to is not None and reached != example.goes_to:
        yield Problem(
            rule=rule.id,
            field="not_match",
            message=f"{said} must go to {example.goes_to}, but {reached} decides it.",
        )


def _quote(example: Example) -> str:
    return f" (“{example.text[:60]}”)" if example.text else ""


def _check_promises(rules: RuleSet) -> list[Problem]:
    """Each broken promise once per rule that breaks it."""
    broken: dict[tuple[str, str], Problem] = {}
    for promise in (_danger_alerts, _tone_is_no_reason, _raised_is_read, _own_posts_stand):
        for problem in promise(rules):
            broken.setdefault((problem.rule, problem.field), problem)
    return list(broken.values())


def _danger_alerts(rules: RuleSet) -> Iterator[Problem]:
    dangers = [
        (f"{head.value} at {_CERTAIN}", make_assessment(label, safety={head: _CERTAIN}))
        for label, head in product(Label, _LIFE)
    ]
    dangers.append(("an urgent emergency", make_assessment(Label.EMERGENCY, urgency=3)))
    dangers.append(("an emergency", make_assessment(Label.EMERGENCY)))
    for (what, assessment), context in product(dangers, (_PLAIN, _INCIDENT)):
        decision = _decide(assessment, context, rules)
        if decision.disposition is not Disposition.ALERT:
            yield Problem(
                rule=decision.rule,
                field="danger_alerts",
                message=f"A post with {what} (label {assessment.label}) must alert the duty "
                f"officer, but is proposed to {_words(decision)}.",
            )


def _tone_is_no_reason(rules: RuleSet) -> Iterator[Problem]:
    labels = [label for label in Label if label is not Label.REMOVABLE]
    for label, hostility, urgency, confidence, followers in product(
        labels, _RUDE, (0, 1, 2), (0.3, 0.6, 0.95), (None, 1_000_000)
    ):
        assessment = make_assessment(
            label, hostility=hostility, urgency=urgency, confidence=confidence
        )
        for incident in (False, True):
            context = Context(
                received_at=EXAMPLE_TIME, incident=incident, author_followers=followers
            )
            decision = _decide(assessment, context, rules)
            if decision.disposition is Disposition.MODERATE:
                yield Problem(
                    rule=decision.rule,
                    field="tone_is_no_reason",
                    message=f"A post of label {label} with hostility {hostility:g} and no sign of "
                    "the closed list is proposed to moderate. Neither tone nor viewpoint is ever "
                    "a reason.",
                )


def _raised_is_read(rules: RuleSet) -> Iterator[Problem]:
    for label in Label:
        raised = [
            (head.value, make_assessment(label, confidence=confidence, safety={head: height}))
            for head, confidence, height in product(
                SafetyHead, (0.2, 0.9), (_PLAINLY_RAISED, _CERTAIN)
            )
        ]
        raised += [
            (f"urgency {urgency}", make_assessment(label, confidence=confidence, urgency=urgency))
            for urgency, confidence in product((2, 3), (0.2, 0.9))
        ]
        for what, assessment in raised:
            decision = _decide(assessment, _PLAIN, rules)
            if decision.disposition is Disposition.LET_STAND:
                yield Problem(
                    rule=decision.rule,
                    field="raised_is_read",
                    message=f"A post of label {label} with {what} raised is proposed to stand "
                    "without a person who reads it.",
                )


def _own_posts_stand(rules: RuleSet) -> Iterator[Problem]:
    for label, urgency in product(Label, (0, 3)):
        assessment = make_assessment(label, urgency=urgency, safety=dict.fromkeys(_LIFE, _CERTAIN))
        decision = _decide(assessment, _OWN, rules)
        if decision.disposition is not Disposition.LET_STAND:
            yield Problem(
                rule=decision.rule,
                field="own_posts_stand",
                message=f"A post of the agency itself is proposed to {_words(decision)}.",
            )


def _words(decision: Decision) -> str:
    return decision.disposition.value.replace("_", " ")
