"""The levels: each rule fires where it must, volume alone never passes one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.analysis.streams.domain import Burst
from levelhead.doctrine.levels import AlertBook, Level, load_rules, propose
from levelhead.kernel.errors import Invalid

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
EMERGENCY = {
    "emergency": 6.0,
    "emergency_surprise": 15.0,
    "emergency_expected": 0.1,
    "emergency_share": 0.8,
    "earnest_share": 1.0,
    "originals": 6.0,
    "anchors": 2.0,
    "posts": 8.0,
    "ratio": 8.0,
}


def burst(evidence, *, topic=("harlow", "cannery"), at=AT, key=0):
    return Burst(
        at=at, topic=topic, posts=8, baseline=1.0, examples=("a",), evidence=evidence, key=key
    )


@pytest.mark.parametrize(
    ("evidence", "level"),
    [
        ({}, 0),
        ({"ratio": 1.9, "posts": 500}, 0),
        ({"ratio": 2, "posts": 9}, 0),
        ({"ratio": 2, "posts": 10}, 1),
        ({"ratio": 900, "posts": 90_000, "copies": 900, "authors": 900}, 1),
        ({"negative_rise": 0.2, "posts": 10}, 1),
        (EMERGENCY, 2),
        (EMERGENCY | {"earnest_share": 0.5}, 0),
        (EMERGENCY | {"anchors": 0}, 0),
        ({"press": 1}, 2),
        ({"misconduct": 3}, 2),
        ({"ratio": 3, "posts": 10, "negative": 6, "negative_share": 0.5}, 2),
        ({"ratio": 3, "posts": 10, "high_reach": 1}, 2),
        ({"ratio": 3, "posts": 10, "rumor": 4, "emergency_share": 0.3}, 2),
        ({"press": 3}, 3),
        ({"vigilante": 2}, 3),
        (EMERGENCY | {"emergency": 20, "ratio": 10}, 3),
        ({"danger": 1}, 4),
        (EMERGENCY | {"danger": 1}, 4),
    ],
)
def test_levels(evidence, level):
    proposal = propose(burst(evidence))
    assert proposal.level == level
    assert proposal.reasons


@given(
    st.dictionaries(
        st.sampled_from(["posts", "ratio", "surprise", "authors", "originals", "copies"]),
        st.floats(0, 1e9),
    )
)
def test_volume_alone_is_at_most_one(evidence):
    assert propose(burst(evidence)).level <= Level.WATCH


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_reason_can_be_said(lang):
    for rule in load_rules().rules:
        said = propose(burst(dict(rule.when)), lang=lang)
        assert rule.id in said.rules
        assert all("{" not in reason for reason in said.reasons)


def test_said_once_and_again_when_it_rises():
    book = AlertBook()
    assert book.consider(burst(EMERGENCY)).level == 2
    assert book.consider(burst(EMERGENCY, at=AT + timedelta(minutes=5))) is None
    assert book.consider(burst(EMERGENCY | {"danger": 2})).level == 4
    assert book.consider(burst(EMERGENCY)) is None
    assert book.consider(burst(EMERGENCY, topic=("elm street", "flood"))).level == 2


def test_the_same_key_is_the_same_thing():
    book = AlertBook()
    assert book.consider(burst(EMERGENCY, key=7))
    assert book.consider(burst(EMERGENCY, topic=("other", "words"), key=7)) is None


def test_few_quiet_alerts_a_day():
    book = AlertBook()
    said = [
        book.consider(
            burst({"ratio": 5, "posts": 50}, topic=(f"t{k}",), at=AT + timedelta(minutes=10 * k))
        )
        for k in range(144 * 2)
    ]
    assert sum(alert is not None for alert in said) == 6


def test_times_never_go_back():
    book = AlertBook()
    first = book.consider(burst(EMERGENCY))
    second = book.consider(burst(EMERGENCY, topic=("x", "y"), at=AT - timedelta(days=400)))
    assert second.at == first.at


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("when: {danger: 1}", "when: {}"),
        ("when: {danger: 1}", "when: {nonsense: 1}"),
        ("level: 4", "level: 9"),
        ("{danger} with words", "{secret} with words"),
        ("quiet_per_day: 3", "quiet_per_day: many"),
    ],
)
def test_broken_rules_are_refused(tmp_path, change, said):
    from levelhead.doctrine.levels import LEVELS_FILE

    path = tmp_path / "levels.yaml"
    given_text = LEVELS_FILE.read_text()
    assert change in given_text
    path.write_text(given_text.replace(change, said, 1))
    with pytest.raises(Invalid):
        load_rules(path)
