"""What is to be done about a post: the rules applied, and the words for why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from levelhead.analysis.domain import Assessment, Label
from levelhead.doctrine.clocks import Schedule
from levelhead.doctrine.conditions import QUIET_BELOW
from levelhead.doctrine.domain import Context, Decision, Priority
from levelhead.doctrine.rules import Rule, RuleSet, load_rules, parse_rules
from levelhead.doctrine.yaml_reading import LANGUAGES

__all__ = [
    "decide",
    "label_of",
    "load_rules",
    "parse_rules",
    "reason_text",
    "reasons_for",
    "reply_of",
    "urgency_of",
]

# A reply is advised from this probability on, where the rule leaves it to the assessment.
REPLY_FROM = 0.5
# A head under this is not worth a sentence.
_SAID_FROM = 0.3
_GONE = {
    "en": "It was decided by the rule {rule}, which is no longer in force.",
    "es": "Lo decidió la regla {rule}, que ya no está vigente.",
}
_SIGN = {
    "en": "Words that the safety net looks for ({sign})",
    "es": "Palabras que busca la red de seguridad ({sign})",
}


def decide(
    assessment: Assessment, context: Context, *, rules: RuleSet, schedule: Schedule
) -> Decision:
    """The proposal of the first rule that matches, with its due times in UTC.

    Raises Invalid where `context.received_at` has no zone, or the schedule holds no office hours
    in the ten years that follow.
    """
    rule = _find_rule(assessment, context, rules)
    priority = rule.priority
    if (
        rule.high_when is not None
        and priority < Priority.HIGH
        and rule.high_when(assessment, context)
    ):
        priority = Priority.HIGH
    ack_due, substance_due = rule.clocks[context.incident].dues(schedule, context.received_at)
    return Decision(
        disposition=rule.disposition,
        priority=priority,
        rule=rule.id,
        rule_version=rules.version,
        waits_for=rule.waits_for,
        ack_due=ack_due,
        substance_due=substance_due,
        show_911=rule.show_911,
    )


def _find_rule(assessment: Assessment, context: Context, rules: RuleSet) -> Rule:
    quiet = max(assessment.safety.values(), default=0.0) < QUIET_BELOW
    for test, rule in (rules.quiet_by_label if quiet else rules.by_label)[assessment.label]:
        if test(assessment, context):
            return rule
    # Loading has made sure that the last rule matches everything.
    return rules.rules[-1]


def label_of(assessment: Assessment, decision: Decision, *, rules: RuleSet | None = None) -> Label:
    """The label to show: the one the deciding rule stands for, else that of the label head."""
    rule = (rules or load_rules()).by_id.get(decision.rule)
    if rule is None or rule.stands_for is None:
        return assessment.label
    return rule.stands_for


def reply_of(assessment: Assessment, decision: Decision, *, rules: RuleSet | None = None) -> bool:
    """Whether the agency should reply in public."""
    rule = (rules or load_rules()).by_id.get(decision.rule)
    if rule is None or rule.reply is None:
        return assessment.reply >= REPLY_FROM
    return rule.reply


def urgency_of(assessment: Assessment, decision: Decision, *, rules: RuleSet | None = None) -> int:
    """How soon, 0 to 3: as assessed, and never later than the deciding rule has somebody called."""
    rule = (rules or load_rules()).by_id.get(decision.rule)
    if rule is None or rule.waits_for != "duty_officer":
        return assessment.urgency
    return max(assessment.urgency, 3 if rule.priority is Priority.NOW else 2)


def reason_text(rule_id: str, lang: str, *, rules: RuleSet | None = None, **values: object) -> str:
    """Why the rule decides as it does and what it proposes, in `lang` (English where unknown).

    `values` fill the placeholders `percent` and `label`; a sentence whose placeholder is not
    given is left out.
    """
    lang = lang if lang in LANGUAGES else "en"
    rule = (rules or load_rules()).by_id.get(rule_id)
    if rule is None:
        return _GONE[lang].format(rule=rule_id[:100])
    said = [_fill(sentence, values) for sentence in rule.reason[lang]]
    return " ".join(sentence for sentence in said if sentence)


def reasons_for(
    assessment: Assessment, decision: Decision, lang: str, *, rules: RuleSet | None = None
) -> list[str]:
    """The rule's words, the signs of the safety net, and how sure the label is; in `lang`."""
    rules = rules or load_rules()
    lang = lang if lang in LANGUAGES else "en"
    score = assessment.label_scores.get(assessment.label, 0.0)
    sure = "unsure" if score < rules.thresholds.get("unsure", 0.35) else "sure"
    why, confidence = _say_why(
        rules, decision.rule, assessment.label, round(100 * score), sure, lang
    )
    if not assessment.spans and max(assessment.safety.values(), default=0.0) < _SAID_FROM:
        return [why, confidence]
    return [why, *_describe_signs(assessment, rules, lang), confidence]


# Rules, labels and percentages are few, so nearly all posts find their words made.
@lru_cache(maxsize=8192)
def _say_why(
    rules: RuleSet, rule_id: str, label: Label, percent: int, sure: str, lang: str
) -> tuple[str, str]:
    words = rules.label_words[label][lang]
    confidence = rules.confidence_words[sure][lang]
    return (
        reason_text(rule_id, lang, rules=rules, percent=percent, label=words),
        confidence.format(percent=percent, label=words),
    )


def _describe_signs(assessment: Assessment, rules: RuleSet, lang: str) -> Sequence[str]:
    """One sentence for each head that is raised, and for each pattern that has none."""
    said: dict[str, None] = {}
    for head, score in assessment.safety.items():
        if score >= _SAID_FROM and head in rules.safety_words:
            said[f"{rules.safety_words[head][lang]} ({round(100 * score)}%)."] = None
    for span in assessment.spans:
        family = span.rule.partition(".")[0]
        words = rules.sign_words.get(span.rule) or rules.sign_words.get(family)
        if words is not None:
            said[f"{words[lang]}."] = None
        elif family not in rules.safety_words:
            said[f"{_SIGN[lang].format(sign=span.rule[:60])}."] = None
        elif assessment.safety.get(span.head, 0.0) < _SAID_FROM:
            said[f"{rules.safety_words[family][lang]}."] = None
    return list(said)


def _fill(sentence: str, values: dict[str, object]) -> str:
    if "{" not in sentence:
        return sentence
    try:
        return sentence.format_map(values)
    except KeyError:
        return ""
