"""The reference page of the triage rules, written from the rules themselves.

`python -m levelhead.doctrine.rules_page > docs/reference/triage-rules.md` renews it; a test
fails while the page and the rules differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from levelhead.doctrine.clocks import Clock, ClockTable, Span
from levelhead.doctrine.conditions import BOUNDS
from levelhead.doctrine.rules import Rule, RuleSet, load_rules

_BOUND_WORDS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<"}
_INTRO = """\
# Triage rules

Written from `src/levelhead/doctrine/data/triage.yaml` (version {version}) and `clocks.yaml`
(version {clocks}); do not edit by hand. [How triage works](../explanation/triage.md) tells why.

The first rule that matches decides.
"""


def render_rules_page(rules: RuleSet) -> str:
    """The page, in Markdown."""
    parts = [_INTRO.format(version=rules.version, clocks=rules.clocks.version)]
    parts.append("\n".join(_list_rules(rules)))
    parts.extend("\n".join(_describe_rule(rule)) for rule in rules.rules)
    parts.append("\n".join(_list_thresholds(rules)))
    parts.append("\n".join(_list_clocks(rules.clocks)))
    return "\n".join(parts)


def _list_rules(rules: RuleSet) -> Iterator[str]:
    yield "| order | rule | proposes | priority | waits for | clock |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for number, rule in enumerate(rules.rules, 1):
        yield (
            f"| {number} | `{rule.id}` | {_plain(rule.disposition.value)} | "
            f"{rule.priority.name.lower()} | {_plain(rule.waits_for)} | {_plain(rule.clock)} |"
        )
    yield ""


def _describe_rule(rule: Rule) -> Iterator[str]:
    yield f"## {rule.title['en']}"
    yield ""
    yield f"`{rule.id}`: {' '.join(rule.reason['en'])}"
    yield ""
    yield f"- Matches when {_say(rule.when) or 'nothing before it did'}."
    if rule.high_when_written is not None:
        yield f"- Priority is high when {_say(rule.high_when_written)}."
    if rule.show_911:
        yield "- Shows the advice to call 911."
    if rule.stands_for is not None:
        yield f"- The post then counts as `{rule.stands_for.value}`, whatever the label head says."
    yield f"- Public reply: {_say_reply(rule.reply)}."
    yield ""


def _say_reply(reply: bool | None) -> str:
    if reply is None:
        return "as the assessment says"
    return "yes" if reply else "no"


def _say(condition: Mapping[str, object]) -> str:
    """A condition in words; its parts joined by "and"."""
    return " and ".join(_say_field(key, value) for key, value in condition.items())


def _say_field(key: str, value: object) -> str:
    if key in ("any", "all") and isinstance(value, Sequence):
        joint = " or " if key == "any" else " and "
        said = [f"({_say(part)})" if len(part) > 1 else _say(part) for part in value]
        return joint.join(said) if len(said) == 1 else f"({joint.join(said)})"
    if key == "not" and isinstance(value, Mapping):
        return f"not ({_say(value)})"
    if key == "label" and isinstance(value, str):
        return f"the label is `{value}`"
    if key == "label" and isinstance(value, Sequence):
        return f"the label is {' or '.join(f'`{name}`' for name in value)}"
    if isinstance(value, Mapping):
        if set(value) <= set(BOUNDS):
            return " and ".join(f"`{key}` {_BOUND_WORDS[name]} {value[name]}" for name in value)
        return " and ".join(_say_field(f"{key}.{name}", bounds) for name, bounds in value.items())
    return f"`{key}` is {'true' if value else 'false'}"


def _list_thresholds(rules: RuleSet) -> Iterator[str]:
    yield "## Thresholds"
    yield ""
    yield "| name | value |"
    yield "| --- | --- |"
    for name, value in rules.thresholds.items():
        yield f"| {_plain(name)} | {value:g} |"
    yield ""


def _list_clocks(clocks: ClockTable) -> Iterator[str]:
    yield "## Clocks"
    yield ""
    yield "| class | in office hours | in an incident |"
    yield "| --- | --- | --- |"
    for name, (office, incident) in clocks.classes.items():
        yield f"| {clocks.names[name]['en']} | {_say_clock(office)} | {_say_clock(incident)} |"


def _say_clock(clock: Clock) -> str:
    said = []
    if clock.ack is not None:
        said.append(f"first word in {_say_span(clock.ack)}")
    if clock.substance is not None:
        said.append(f"full answer in {_say_span(clock.substance)}")
    if clock.promise:
        said.append("a promised date")
    if clock.note:
        said.append(clock.note["en"].rstrip("."))
    return "; ".join(said) or "none"


def _say_span(span: Span) -> str:
    if span.duration is None:
        return f"{span.working_days} working day{'s' if span.working_days > 1 else ''}"
    minutes = int(span.duration.total_seconds() // 60)
    amount = f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
    return f"{amount}{', day and night' if span.day_and_night else ''}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


if __name__ == "__main__":
    sys.stdout.write(render_rules_page(load_rules()))
