"""The safety net: every rule's own examples, everyday phrases that must pass, bounded work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from levelhead.analysis import features, links, safety, scoring
from levelhead.analysis.domain import SafetyHead
from levelhead.analysis.safety import Finding, Rule
from levelhead.kernel.errors import ConfigurationError

NET = safety.load_rules()
NO_WEIGHTS = np.zeros((1, 32), dtype=np.int8)


def find(text: str) -> list[Finding]:
    """What fires, through the same gate as in the product."""
    sums = scoring.score([scoring.encode(text)], [b""], NO_WEIGHTS, NET.triggers)
    return NET.find(text, fired=int(sums.triggers[0]), flags=int(sums.flags[0]))


def ids(text: str) -> set[str]:
    return {finding.rule.id for finding in find(text)}


def raised(text: str) -> set[str]:
    return {finding.rule.raises for finding in find(text)} - {""}


@pytest.mark.parametrize(
    ("rule", "example"),
    [
        pytest.param(rule.id, text, id=f"{rule.id}: {text}")
        for rule in NET.rules
        for text in rule.must
    ],
)
def test_rule_fires_on_its_own_examples(rule: str, example: str) -> None:
    assert rule in ids(example)


@pytest.mark.parametrize(
    ("rule", "example"),
    [
        pytest.param(rule.id, text, id=f"{rule.id}: {text}")
        for rule in NET.rules
        for text in rule.must_not
    ],
)
def test_rule_passes_over_its_own_counter_examples(rule: str, example: str) -> None:
    assert rule not in ids(example)


def test_every_rule_has_examples_both_ways() -> None:
    for rule in NET.rules:
        assert rule.must, rule.id
        assert rule.must_not, rule.id
        assert rule.raises in ("", "emergency", "removable"), rule.id
        assert 0 < rule.score < 1, rule.id
    assert len({rule.id for rule in NET.rules}) == len(NET.rules)
    assert {rule.head for rule in NET.rules} >= set(SafetyHead)


EVERYDAY = [
    "You're killing me with these detours, city hall",
    "shoot me an e-mail when the forms are ready",
    "I'd kill for a taco truck at the farmers market",
    "Our team got murdered in the second half",
    "dying laughing at the raccoon video",
    "Man found guilty in 2019 shooting, reports the Courier",
    "Last year a house on Elm was on fire for hours, what changed since?",
    "This heat is going to be the death of me",
    "That burger was to die for, thanks for the food truck day",
    "The mayor is on fire tonight, great speech",
    "We crushed the budget hearing",
    "Bomb cyclone expected Thursday",
    "The new library is the bomb",
    "Can you kill the lights on the ball field at ten?",
    "Drop-dead gorgeous flowers on Main Street",
    "hang in there, crews",
    "He shot a great photo of the parade",
    "Shooting hoops at the rec center at 6",
    "I almost died when I saw my water bill",
    "stabbing pain in my wallet thanks to these fees",
    "The council voted to kill the bill",
    "Cops beat firefighters 3-2 in the charity hockey game",
    "Please stop burning my tax money",
    "Thank you officer Lee for helping my mom",
    "Me muero de hambre en esta fila",
    "Qué risa, me matan con esos memes",
]


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_phrases_raise_nothing(text: str) -> None:
    assert raised(text) == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://xn--pypal-4ve.example/login", "punycode"),
        ("https://раypal.example/x", "mixed_script"),
        ("http://203.0.113.9/bank", "address_host"),
        ("https://paypal.com@evil.example/", "user_part"),
        ("http://paypa1.example/", "look_alike"),
        ("http://secure-paypal-login.example/a", "look_alike"),
        ("go bit.ly/3xYz", "shortener"),
        ("https://win.prize.xyz/a", "odd_ending"),
    ],
)
def test_suspicious_links(text: str, reason: str) -> None:
    assert f"scam_link.{reason}" in ids(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://t.co/abc",
        "https://www.riverton.gov/permits?id=3",
        "https://www.paypal.com/help",
        "read https://example.org/a@b",
        "it rained.then it stopped",
    ],
)
def test_ordinary_links_pass(text: str) -> None:
    assert not any(found.startswith("scam_link") for found in ids(text))


def test_spans_are_places_in_the_text_as_written() -> None:
    text = "ÑÉ “hello” … I’ll KILL you, İstanbul"
    places = [place for finding in find(text) for place in finding.places]
    assert places
    assert "KILL you" in text[places[0][0] : places[0][1]]


def test_plain_text_is_as_long_as_the_text() -> None:
    every = "".join(chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000)
    assert len(safety.make_plain(every)) == len(every)


def test_cues_of_danger_leave_no_span() -> None:
    """A parent who misses a child is not evidence against anybody."""
    findings = find("my 4 year old daughter is missing from Grant Park")
    assert findings
    assert safety.list_spans(findings) == []


ADVERSARIAL = [
    "i will " * 15_000,
    "kill" + " you" * 25_000,
    "a" * 100_000,
    "a@" * 50_000,
    "a." * 50_000,
    "www." * 25_000,
    "1 a st " * 14_000,
    "555-" * 25_000,
    "he is " * 16_000 + "suicidal",
    "(" * 100_000,
    "myself die kill shoot gun bomb live " * 3_000,
    "\u202e" * 100_000,
    "İ" * 100_000,
]


@pytest.mark.parametrize("text", ADVERSARIAL, ids=lambda text: text[:12])
def test_unbounded_repetition_is_nowhere(text: str) -> None:
    """All rules, ungated, over a long hostile text: bounded places, each inside the text."""
    part = text[: features.HEAD_BYTES]
    for finding in NET.find(part, fired=-1 & (1 << len(NET.rules)) - 1, flags=0x1FFF):
        assert len(finding.places) <= safety.MAX_SPANS
        assert all(0 <= start < end <= len(part) for start, end in finding.places)


def _without_classes(pattern: str) -> str:
    """The pattern without escaped characters and character classes."""
    kept, inside, skip = [], False, False
    for character in pattern:
        if skip:
            skip = False
        elif character == "\\":
            skip = True
        elif inside:
            inside = character != "]"
        elif character == "[":
            inside = True
        else:
            kept.append(character)
    return "".join(kept)


@pytest.mark.parametrize("rule", NET.rules, ids=lambda rule: rule.id)
def test_all_repetitions_are_bounded(rule: Rule) -> None:
    """No star and no plus: what a pattern can do at one place has a limit, so time is linear."""
    for pattern in (*rule.patterns, *rule.unless):
        assert not set("*+") & set(_without_classes(pattern.pattern)), pattern.pattern


def test_the_gate_hides_nothing_in_the_examples() -> None:
    """What the rules find without the gate, they find through it."""
    for rule in NET.rules:
        for text in (*rule.must, *rule.must_not):
            sums = scoring.score([scoring.encode(text)], [b""], NO_WEIGHTS, NET.triggers)
            everything = NET.find(text, fired=(1 << len(NET.rules)) - 1, flags=int(sums.flags[0]))
            assert ids(text) == {finding.rule.id for finding in everything}, text


def test_a_broken_rules_file_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("- id: a\n  score: 0.5\n  patterns: ['(']\n  must: []\n  must_not: []\n")
    with pytest.raises(ConfigurationError, match=r"rules\.yaml"):
        safety.load_rules(path)
    path.write_text("- id: a\n  score: 0.5\n  patterns: ['a']\n  must: []\n  must_not: []\n")
    with pytest.raises(ConfigurationError, match="neither words nor marks"):
        safety.load_rules(path)


def test_link_reasons_all_have_a_score() -> None:
    assert all(0 < score < 1 for score in links.REASONS.values())
