"""The rules as data: their own examples, the promises over all rules, and clear errors."""

import copy
from pathlib import Path

import pytest
import yaml

from levelhead.doctrine import yaml_reading
from levelhead.doctrine.rule_checks import check_rules
from levelhead.doctrine.rules import RULES_FILE, load_rules, parse_rules, read_rules
from levelhead.doctrine.rules_page import render_rules_page
from levelhead.kernel.errors import Invalid

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "triage-rules.md"
WRITTEN = yaml.safe_load(RULES_FILE.read_text())


@pytest.fixture
def written():
    """The rules as they are written, to be changed by a test."""
    return copy.deepcopy(WRITTEN)


def rule_of(written, rule_id):
    return next(rule for rule in written["rules"] if rule["id"] == rule_id)


def broken(written):
    return {(problem.rule, problem.field) for problem in check_rules(read_rules(written))}


def test_the_rules_keep_their_examples_and_promises():
    assert check_rules(load_rules()) == []


def test_the_reference_page_says_what_the_rules_say():
    renewed = "python -m levelhead.doctrine.rules_page > docs/reference/triage-rules.md"
    assert PAGE.read_text() == render_rules_page(load_rules()), f"run {renewed}"


def test_every_rule_stands_behind_an_example_in_words():
    texts = [example.text for rule in load_rules().rules for example in rule.matching]
    assert sum(map(bool, texts)) > 25


def test_an_example_that_goes_elsewhere_is_reported_with_its_words(written):
    rule_of(written, "triage/9-praise")["examples"]["match"] = [
        {"label": "abuse", "text": "well done, not"}
    ]
    [problem] = check_rules(read_rules(written))
    assert (problem.rule, problem.field) == ("triage/9-praise", "match")
    assert "well done, not" in problem.message
    assert "triage/10-abuse" in problem.message


@pytest.mark.parametrize(
    "example",
    [
        {"label": "praise"},
        {"label": "question", "goes_to": "triage/6-complaint"},
        {"label": "question", "goes_to": "triage/no-such-rule"},
    ],
)
def test_a_wrong_counter_example_is_reported(written, example):
    rule_of(written, "triage/9-praise")["examples"]["not_match"] = [example]
    assert broken(written) == {("triage/9-praise", "not_match")}


def test_moderating_for_rudeness_is_refused(written):
    rule = rule_of(written, "triage/10-abuse")
    rule["disposition"] = "moderate"
    assert ("triage/10-abuse", "tone_is_no_reason") in broken(written)


def test_moderating_hostile_criticism_is_refused(written):
    rule = copy.deepcopy(rule_of(written, "triage/8-dissent"))
    rule |= {
        "id": "triage/8-shut-up",
        "when": {"label": "dissent", "hostility": {"at_least": 0.9}},
        "disposition": "moderate",
        "examples": {
            "match": [{"label": "dissent", "hostility": 1.0}],
            "not_match": [{"label": "dissent"}],
        },
    }
    written["rules"].insert(1, rule)
    assert ("triage/8-shut-up", "tone_is_no_reason") in broken(written)


def test_a_rule_ahead_of_danger_is_refused(written):
    written["rules"].insert(1, written["rules"].pop(-2) | {"when": {"label": "praise"}})
    assert "danger_alerts" in {field for _, field in broken(written)}


def test_leaving_a_raised_post_unread_is_refused(written):
    written["rules"].remove(rule_of(written, "triage/10-look-first"))
    assert "raised_is_read" in {field for _, field in broken(written)}


def test_alerting_on_our_own_posts_is_refused(written):
    own = rule_of(written, "triage/0-own-post")
    written["rules"].remove(own)
    written["rules"].insert(5, own)
    assert "own_posts_stand" in {field for _, field in broken(written)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dispositon": "answer"}, "unknown field 'dispositon'"),
        ({"disposition": "delete"}, "disposition: 'delete' is not one of"),
        ({"priority": "urgent"}, "priority: 'urgent'"),
        ({"waits_for": "bob"}, "waits_for: 'bob'"),
        ({"clock": "soon"}, "clock: 'soon'"),
        ({"show_911": "yes"}, "show_911 must be true or false"),
        ({"stands_for": "danger"}, "stands_for: 'danger'"),
        ({"reply": "maybe"}, "reply must be"),
        ({"reason": {"en": "Only English."}}, "the language 'es' is missing"),
        ({"reason": {"en": "x", "es": ""}}, "reason, es must be a text"),
        ({"reason": {"en": "{percent.real}", "es": "x"}}, "unknown placeholder"),
        ({"reason": {"en": "{0}", "es": "x"}}, "unknown placeholder"),
        ({"reason": {"en": "{percent", "es": "x"}}, "a brace is left open"),
        ({"title": {"en": "x"}}, "title: the language 'es' is missing"),
        ({"when": {"labels": "praise"}}, "when: unknown field 'labels'"),
        ({"when": {"label": "prase"}}, "when, label: 'prase'"),
        ({"when": {"label": []}}, "when, label"),
        ({"when": {"label": [["praise"]]}}, "when, label"),
        ({"when": {"safety": {"threat": 0.5}}}, "when, safety, threat must be a mapping"),
        ({"when": {"safety": {"threat": {}}}}, "needs one of"),
        ({"when": {"safety": {"threats": {"at_least": 0.5}}}}, "'threats'"),
        ({"when": {"safety": {"threat": {"at_least": 1.5}}}}, "from 0 to 1, not '1.5'"),
        ({"when": {"safety": {"threat": {"at_least": float("nan")}}}}, "from 0 to 1"),
        ({"when": {"safety": {"threat": {"at_least": "suer"}}}}, "no threshold 'suer'"),
        ({"when": {"safety": {"threat": {"at_least": "high_reach"}}}}, "from 0 to 1"),
        ({"when": {"safety": {"threat": {"least": 0.5}}}}, "unknown field 'least'"),
        ({"when": {"urgency": {"at_least": 4}}}, "from 0 to 3"),
        ({"when": {"incident": 1}}, "incident must be true or false"),
        ({"when": {"any": []}}, "any must be a list"),
        ({"when": {"all": [{"label": "praise"}, {"label": "abuse"}]}}, "never matches"),
        ({"when": {}}, "the rules after it never run"),
        ({"high_when": {"urgent": True}}, "high_when: unknown field 'urgent'"),
        ({"examples": {"match": [], "not_match": []}}, "examples, match needs at least one"),
        ({"examples": {"match": [{"label": "x"}], "not_match": []}}, "match 1, label: 'x'"),
    ],
)
def test_a_wrong_rule_is_refused_by_name_and_field(written, change, said):
    rule_of(written, "triage/9-praise").update(change)
    with pytest.raises(Invalid, match=said) as caught:
        read_rules(written)
    assert caught.value.message.startswith("Rule triage/9-praise")


def test_conditions_cannot_be_nested_without_end(written):
    condition = {"label": "praise"}
    for _ in range(30):
        condition = {"not": condition}
    rule_of(written, "triage/9-praise")["when"] = condition
    with pytest.raises(Invalid, match="nested"):
        read_rules(written)


@pytest.mark.parametrize("missing", ["id", "reason", "examples", "clock", "when"])
def test_a_missing_field_is_named(written, missing):
    del rule_of(written, "triage/9-praise")[missing]
    with pytest.raises(Invalid, match=missing):
        read_rules(written)


def test_the_last_rule_must_match_everything(written):
    del written["rules"][-1]
    with pytest.raises(Invalid, match="every post gets a decision"):
        read_rules(written)


def test_two_rules_of_one_name_are_refused(written):
    written["rules"].insert(0, rule_of(written, "triage/9-praise"))
    with pytest.raises(Invalid, match="there twice"):
        read_rules(written)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nversion: 2\n", "line 2: 'version' is given twice"),
        ("rules: [", "not valid YAML"),
        ("- a\n- b\n", "must be a mapping"),
        ("", "must be a mapping"),
        ("version: '1'\n", "'thresholds' is missing"),
        ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("a: 2026-99-99", "not valid YAML"),
        ("[" * 5_000, "not valid YAML|cannot be read"),
        ("a: " + "x" * yaml_reading.MAX_BYTES, "larger than"),
    ],
)
def test_text_that_is_not_a_set_of_rules_is_refused(text, said):
    with pytest.raises(Invalid, match=said):
        parse_rules(text)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Invalid, match=r"mine\.yaml cannot be read"):
        load_rules(tmp_path / "mine.yaml")
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match=r"mine\.yaml cannot be read"):
        load_rules(tmp_path / "mine.yaml")


def test_a_copy_of_the_rules_is_read_from_a_file(tmp_path):
    copied = tmp_path / "rules.yaml"
    copied.write_text(RULES_FILE.read_text().replace(load_rules().version, "ours.1"))
    assert load_rules(copied).version == "ours.1"
