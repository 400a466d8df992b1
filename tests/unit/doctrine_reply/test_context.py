"""What callers may say about a draft, and what the rules make of it."""

from datetime import UTC, datetime

import pytest

from levelhead.doctrine.reply.check import check_reply
from levelhead.doctrine.reply.domain import ReplyContext, Severity, read_context, read_language
from levelhead.doctrine.reply.facts import is_supported
from levelhead.doctrine.reply.rulebook import compile_patterns, read_rulebook
from levelhead.doctrine.reply.sameness import compare_replies, is_plain_information
from levelhead.kernel.errors import Invalid


def rules(draft, post="Why is Oak closed?", **context):
    return {one.rule.value for one in check_reply(post, draft, context=context)}


@pytest.mark.parametrize(
    "given",
    [
        None,
        5,
        [],
        "x",
        {"incident": "yes", "facts": 5, "recent_replies": {"a": 1}, "thread_replies": "many"},
        {"facts": [None, 5, {"statement": 7}, {}, [], ""], "lang": 5, "now": "tomorrow"},
        {"thread_replies": True, "lang": "x" * 99, "recent_replies": [[["deep"]]]},
    ],
)
def test_wrong_kinds_count_as_not_given(given):
    assert read_context(given) == ReplyContext()


def test_facts_may_be_texts_or_objects_and_only_good_ones_count():
    context = read_context(
        {
            "facts": [
                "A",
                {"statement": "B", "status": "confirmed"},
                {"text": "C", "status": "False"},
                {"statement": "D", "status": "superseded"},
            ]
        }
    )
    assert context.facts == ("A", "B")


def test_thread_replies_may_be_the_replies_themselves():
    context = read_context({"thread_replies": ["a", "b"], "recent_replies": ["b"]})
    assert context.thread_replies == 2
    assert context.recent_replies == ("b", "a")


@pytest.mark.parametrize(
    ("given", "code"), [("es-MX", "es"), ("EN_us", "en"), ("spa", None), ("", None), (7, None)]
)
def test_language_tags(given, code):
    assert read_language(given) == code


def test_now_decides_what_tomorrow_is():
    context = ReplyContext(now=datetime(2026, 3, 1, 9, tzinfo=UTC))
    found = check_reply("Why?", "We will fix it tomorrow. — Ana", context=context)
    [promise] = [one for one in found if one.rule == "promise"]
    assert "2026-03-02" in promise.why


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("we have four drones", True),
        ("the department has 4 drones.", True),
        ("we have 5 drones", False),
        ("we have 4 dogs and 9 cats", False),
        ("the shelter holds 1,200 people", True),
    ],
)
def test_a_fact_supports_what_has_its_numbers_and_words(sentence, supported):
    facts = ["The department has 4 drones.", "Shelter at Oak School: 1200 people"]
    assert is_supported(sentence, facts) is supported


def test_a_third_identical_reply_is_stopped_only_in_the_thread():
    reply = "We are sorry for the trouble and look into it. — Ana"
    for replies, expected in ((0, Severity.WARN), (2, Severity.STOP)):
        found = check_reply(
            "Why?", reply, context={"recent_replies": [reply, reply], "thread_replies": replies}
        )
        [same] = [one for one in found if one.rule == "sameness"]
        assert same.severity is expected


def test_only_the_last_fifty_replies_count():
    reply = "We are sorry for the trouble and look into it. — Ana"
    others = [f"Answer number {n} is about road {n} and lamp {n}." for n in range(50)]
    assert "sameness" not in rules(reply, recent_replies=[reply, *others])
    assert "sameness" in rules(reply, recent_replies=[reply, *others[:49]])


def test_likeness_passes_over_names_links_and_signatures():
    one = "Hi Sam, thank you for the note on Oak. A crew is there. riverton.gov/oak — Ana"
    other = "Hello Kim! thank you for the note on Oak. A crew is there. — Joe"
    assert compare_replies(one, other) == 1.0
    assert compare_replies(one, "") == 0.0


def test_hours_and_numbers_are_plain_information():
    assert is_plain_information("Open Monday to Friday, 8 am to 5 pm. Call 555-0100.")
    assert not is_plain_information("We have 2 crews who look at every lamp on Oak.")
    assert not is_plain_information("Thank you.")


def test_a_protective_order_is_firmer_in_an_incident():
    draft = "You may want to avoid the riverfront. — Ana"
    assert "hedged_protective_action" not in rules(draft)
    assert "hedged_protective_action" in rules(draft, incident=True)


def test_reach_of_the_grade_in_an_incident():
    draft = (
        "Please use the detour on Maple while the crew is repairing the water main, and allow "
        "yourself another ten minutes this evening. — Ana"
    )
    assert "jargon_or_grade" not in rules("We know about it. " * 6 + "— Ana", incident=True)
    calm = {one.rule: one for one in check_reply("", draft)}.get("jargon_or_grade")
    urgent = {one.rule: one for one in check_reply("", draft, context={"incident": True})}
    assert calm is None or calm.severity is Severity.NOTE
    assert "jargon_or_grade" in urgent


def test_rules_that_cannot_be_read_are_refused_by_name():
    with pytest.raises(Invalid, match="missing"):
        read_rulebook({"version": "1"})
    with pytest.raises(Invalid, match="no pattern"):
        compile_patterns(["("], "Here", {})
    with pytest.raises(Invalid, match="not there"):
        compile_patterns(["<nobody> here"], "Here", {})


def test_blanks_match_line_ends_but_not_inside_classes():
    pattern = compile_patterns(["calm down", "x[ -]y"], "Here", {})
    assert pattern.search("calm \n down")
    assert pattern.search("x-y")
    assert not pattern.search("x  y")
    assert not pattern.search("becalm down")
