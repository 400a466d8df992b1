"""Gates: what must not leave before somebody with the authority has agreed."""

from __future__ import annotations

from collections.abc import Iterator

from levelhead.doctrine.reply.checking import Check
from levelhead.doctrine.reply.domain import Finding, RuleName


def find_gated_minor(check: Check) -> Iterator[Finding]:
    """One child or teenager: age, name, or what happened to them."""
    return check.phrases(RuleName.GATED_MINOR)


def find_gated_victim(check: Check) -> Iterator[Finding]:
    """Victims, next of kin, health, and numbers of dead or hurt that no approved fact has."""
    yield from check.phrases(RuleName.GATED_VICTIM, "victim", "health")
    rule = check.rule(RuleName.GATED_VICTIM)
    for span in check.places(rule.cases["numbers"]):
        if not check.is_fact(span):
            yield check.find(rule.name, "numbers", span)


def find_guilt_language(check: Check) -> Iterator[Finding]:
    """Words that call a person guilty before a court has."""
    return check.phrases(RuleName.GUILT_LANGUAGE)


def find_tactical_location(check: Check) -> Iterator[Finding]:
    """Where officers are, and what they are about to do."""
    return check.phrases(RuleName.TACTICAL_LOCATION)


def find_politics(check: Check) -> Iterator[Finding]:
    """Campaigning and taking sides."""
    return check.phrases(RuleName.POLITICS)
