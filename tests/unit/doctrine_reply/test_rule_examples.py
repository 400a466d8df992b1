"""Every rule's own examples, and whole replies that must pass."""

import re
from string import Formatter

import pytest

from levelhead.doctrine.reply.check import RULES, check_reply
from levelhead.doctrine.reply.domain import RuleName, Severity
from levelhead.doctrine.reply.grades import grade_text
from levelhead.doctrine.reply.reading import read_text
from levelhead.doctrine.reply.rulebook import load_rulebook

BOOK = load_rulebook()
FIRES = [(name, example) for name in RuleName for example in BOOK.rules[name].fires]
SILENT = [(name, example) for name in RuleName for example in BOOK.rules[name].silent]


def say(pair):
    name, example = pair
    return f"{name.value}: {example.draft[:40]}"


def check(example):
    return check_reply(
        example.post, example.draft, platform=example.platform, context=example.context
    )


@pytest.mark.parametrize("pair", FIRES, ids=say)
def test_a_draft_that_must_fire_does(pair):
    name, example = pair
    found = [one for one in check(example) if one.rule is name]
    assert found
    if example.severity is not None:
        assert example.severity in {one.severity for one in found}


@pytest.mark.parametrize("pair", SILENT, ids=say)
def test_a_draft_that_must_not_fire_does_not(pair):
    name, example = pair
    assert [one for one in check(example) if one.rule is name] == []


@pytest.mark.parametrize("example", BOOK.good_replies, ids=lambda one: one.draft[:40])
def test_a_good_reply_gets_no_more_than_notes(example):
    assert [one for one in check(example) if one.severity is not Severity.NOTE] == []


def test_every_rule_has_a_function_a_source_and_a_dozen_examples():
    assert list(RULES) == list(RuleName)
    for name in RuleName:
        rule = BOOK.rules[name]
        assert len(rule.source) > 40, name
        assert len(rule.fires) >= 7, name
        assert len(rule.silent) >= 6, name
        assert len(rule.fires) + len(rule.silent) >= 12, name


LINGUISTIC = set(RuleName) - {RuleName.TOO_LONG}


@pytest.mark.parametrize("name", sorted(LINGUISTIC))
def test_rules_about_words_know_spanish(name):
    rule = BOOK.rules[name]
    spanish = [
        one
        for one in rule.fires
        if read_text(one.draft).lang == "es" or re.search("[áéíóúñ¿]", one.draft)
    ]
    assert spanish, name


def test_explanations_are_plain_and_in_both_languages():
    for name in RuleName:
        for case in BOOK.rules[name].cases.values():
            for words in (case.why, case.suggestion):
                english, spanish = words["en"], words["es"]
                assert english != spanish
                fields = {part[1] for part in Formatter().parse(english) if part[1]}
                assert fields == {part[1] for part in Formatter().parse(spanish) if part[1]}
            text = " ".join([case.why["en"], case.suggestion["en"]])
            grade = grade_text(read_text(re.sub(r"\{\w+\}", "it", text)), "en")
            assert grade.value <= 8, (name, case.id, grade.value)


def test_the_explanation_speaks_the_writers_language():
    draft = "Actually, the road is closed. — Ana"
    english = check_reply("Why?", draft, lang="en")
    spanish = check_reply("Why?", draft, lang="es")
    assert [one.rule for one in english] == [one.rule for one in spanish]
    assert all(a.why != b.why for a, b in zip(english, spanish, strict=True))
    from_context = check_reply("Why?", draft, context={"lang": "en", "ui_lang": "es-MX"})
    assert from_context == spanish
