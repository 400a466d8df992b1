"""What the shipped rules decide, whatever the analysis says, and the words for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.analysis.domain import Assessment, Label, SafetyHead, Span
from levelhead.doctrine.clocks import Schedule
from levelhead.doctrine.domain import Context, Disposition, Priority
from levelhead.doctrine.rule_examples import make_assessment
from levelhead.doctrine.triage import (
    decide,
    label_of,
    load_rules,
    reason_text,
    reasons_for,
    reply_of,
)

RULES = load_rules()
OFFICE = Schedule.office("America/Chicago")
NOW = datetime(2026, 3, 2, 16, tzinfo=UTC)

unit = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.09, 0.1, 0.3, 0.5, 0.8, 1.0]))
assessments = st.builds(
    Assessment,
    label=st.sampled_from(Label),
    label_scores=st.fixed_dictionaries({label.value: unit for label in Label}),
    reply=unit,
    urgency=st.integers(0, 3),
    hostility=unit,
    crisis=unit,
    safety=st.fixed_dictionaries({head.value: unit for head in SafetyHead}),
    spans=st.just(()),
    lang=st.just("en"),
    model=st.just("test"),
)
contexts = st.builds(
    Context,
    received_at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001
        lambda at: at.replace(tzinfo=UTC)
    ),
    incident=st.booleans(),
    author_followers=st.none() | st.integers(0, 10**9),
    from_agency=st.booleans(),
    answer_fits=st.booleans(),
)


def decided(assessment, **context):
    return decide(assessment, Context(received_at=NOW, **context), rules=RULES, schedule=OFFICE)


@given(assessments, contexts)
def test_promises_hold_for_any_assessment(assessment, context):
    decision = decide(assessment, context, rules=RULES, schedule=OFFICE)
    safety = assessment.safety
    if context.from_agency:
        assert decision.disposition is Disposition.LET_STAND
        return
    if max(safety["threat"], safety["self_harm"]) >= 0.8:
        assert decision.disposition is Disposition.ALERT
    if assessment.label_scores["emergency"] >= 0.5:
        assert decision.disposition is Disposition.ALERT
        assert decision.show_911
    if decision.disposition is Disposition.ALERT:
        assert decision.priority is Priority.NOW
        assert decision.ack_due == context.received_at + timedelta(minutes=5)
    if decision.disposition is Disposition.MODERATE:
        signs = max(safety[head] for head in ("private_data", "scam_link", "spam", "obscene"))
        assert assessment.label is Label.REMOVABLE or signs >= 0.5
    if decision.disposition is Disposition.LET_STAND:
        assert assessment.urgency < 2
        assert max(safety[head] for head in ("threat", "self_harm", "private_data")) < 0.3
        assert max(safety.values()) < 0.5
        assert decision.waits_for == "none"
        assert not reply_of(assessment, decision)


@given(assessments, contexts)
def test_the_short_way_for_quiet_posts_decides_like_the_long_one(assessment, context):
    quiet = replace(
        assessment, safety={head: score / 11 for head, score in assessment.safety.items()}
    )
    by_hand = next(rule.id for rule in RULES.rules if rule.condition.test(quiet, context))
    assert decide(quiet, context, rules=RULES, schedule=OFFICE).rule == by_hand


@given(assessments, contexts)
def test_rules_are_sorted_by_label_without_losing_one(assessment, context):
    by_hand = next(rule.id for rule in RULES.rules if rule.condition.test(assessment, context))
    assert decide(assessment, context, rules=RULES, schedule=OFFICE).rule == by_hand


@given(assessments, contexts, st.sampled_from(["en", "es", "fr", ""]))
def test_every_decision_has_words_without_gaps(assessment, context, lang):
    decision = decide(assessment, context, rules=RULES, schedule=OFFICE)
    reasons = reasons_for(assessment, decision, lang)
    assert len(reasons) >= 2
    assert all(reason.strip() and "{" not in reason for reason in reasons)


@pytest.mark.parametrize(
    ("label", "urgency", "context", "priority"),
    [
        (Label.COMPLAINT, 0, {}, Priority.NORMAL),
        (Label.COMPLAINT, 2, {}, Priority.HIGH),
        (Label.COMPLAINT, 0, {"author_followers": 60_000}, Priority.HIGH),
        (Label.EMERGENCY, 3, {}, Priority.NOW),
        (Label.OTHER, 0, {"author_followers": 60_000}, Priority.NONE),
    ],
)
def test_priority(label, urgency, context, priority):
    assert decided(make_assessment(label, urgency=urgency), **context).priority is priority


def test_clocks_of_a_decision_follow_office_hours_and_the_incident():
    complaint = make_assessment(Label.COMPLAINT)
    calm = decided(complaint)
    assert calm.ack_due == NOW + timedelta(hours=4)
    assert calm.substance_due == datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert decided(complaint, incident=True).ack_due == NOW + timedelta(hours=1)
    assert decided(make_assessment(Label.ABUSE)).ack_due is None


def test_the_label_is_the_one_the_safety_rule_stands_for():
    praise = make_assessment(Label.PRAISE, safety={"threat": 0.9})
    assert label_of(praise, decided(praise)) is Label.REMOVABLE
    praise = make_assessment(Label.PRAISE, safety={"self_harm": 0.9})
    assert label_of(praise, decided(praise)) is Label.EMERGENCY
    praise = make_assessment(Label.PRAISE)
    assert label_of(praise, decided(praise)) is Label.PRAISE


def test_reply_follows_the_rule_and_else_the_assessment():
    for label, reply, expected in [
        (Label.QUESTION, 0.1, True),
        (Label.ABUSE, 0.4, False),
        (Label.DISSENT, 0.9, True),
        (Label.DISSENT, 0.2, False),
    ]:
        assessment = make_assessment(label, reply=reply)
        assert reply_of(assessment, decided(assessment)) is expected


def test_reasons_name_signs_and_doubt_in_the_language_asked_for():
    span = Span(head=SafetyHead.THREAT, start=0, end=4, rule="threat.weapon")
    assessment = replace(
        make_assessment(Label.ABUSE, confidence=0.3, safety={"threat": 0.86}), spans=(span,)
    )
    english = reasons_for(assessment, decided(assessment), "en")
    assert "Signs of a threat to someone (86%)." in english
    assert english[-1] == "Not sure: a rant or a joke is the best guess (30%)."
    spanish = reasons_for(assessment, decided(assessment), "es")
    assert "Señales de amenaza contra alguien (86%)." in spanish
    assert len(english) == len(spanish) == 3


def test_a_pattern_without_a_head_is_named():
    span = Span(head=SafetyHead.THREAT, start=0, end=4, rule="unheard_of.cue")
    assessment = replace(make_assessment(Label.EMERGENCY), spans=(span,))
    said = reasons_for(assessment, decided(assessment), "en")
    assert "Words that the safety net looks for (unheard_of.cue)." in said


def test_reason_text_leaves_out_a_sentence_whose_value_is_not_known():
    full = reason_text("triage/11-closed-list", "en", percent=61)
    assert "(61%)" in full
    assert reason_text("triage/11-closed-list", "en") in full
    assert "%" not in reason_text("triage/11-closed-list", "en")
    assert reason_text("triage/0-own-post", "en").startswith("This is our own post.")


def test_a_rule_that_is_gone_still_has_words():
    assert "triage/old" in reason_text("triage/old", "es")
    old = replace(decided(make_assessment(Label.PRAISE)), rule="triage/old")
    assert label_of(make_assessment(Label.PRAISE), old) is Label.PRAISE
