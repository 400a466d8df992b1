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
        ({"misconduct_authors": 2, "misconduct": 2}, 0),
        ({"misconduct_authors": 3}, 2),
        ({"misconduct_authors": 3, "misconduct": 1, "posts": 300, "ratio": 300, "copies": 300}, 2),
        ({"accused": 1}, 2),
        ({"misconduct_authors": 10, "accused_authors": 3, "ratio": 10, "posts": 10}, 3),
        ({"misconduct_authors": 10, "accused_authors": 3, "ratio": 4, "posts": 10}, 2),
        ({"misconduct_authors": 3, "call_authors": 10, "ratio": 10, "posts": 13}, 3),
        ({"call_authors": 500, "ratio": 100, "posts": 500}, 1),
        ({"call_authors": 6, "negative_authors": 6, "ratio": 3, "posts": 10}, 2),
        ({"negative_authors": 20, "negative_share": 0.6, "ratio": 3, "posts": 20}, 2),
        (EMERGENCY | {"ratio": 10, "spread": 20}, 3),
        (EMERGENCY | {"ratio": 10, "spread": 20, "peril": 3, "peril_authors": 5}, 4),
        (EMERGENCY | {"ratio": 10, "spread": 20, "peril": 1, "peril_authors": 90}, 3),
        ({"peril": 30, "peril_authors": 90, "spread": 90, "ratio": 90, "posts": 90}, 1),
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


def spread(count, *, key=3, at=AT, level=EMERGENCY, **more):
    return burst(level | {"spread": count, "posts": count, "ratio": 5}, key=key, at=at, **more)


def test_one_that_grows_is_told_again_at_each_doubling():
    book = AlertBook()
    told = [book.consider(spread(n, at=AT + timedelta(seconds=n))) for n in range(1, 400)]
    told = [alert for alert in told if alert is not None]
    assert [alert.spread for alert in told] == [1, 20, 40, 80, 160, 320]
    assert [alert.kind for alert in told] == ["level"] + ["update"] * 5
    assert {alert.burst for alert in told} == {told[0].burst}
    assert {alert.level for alert in told} == {2}
    assert told[2].reasons[0] == "It keeps growing: 40 authors, 20 when last said."
    assert book.consider(spread(9, key=4, topic=("elm street", "flood"))).burst != told[0].burst


def test_a_quiet_one_that_grows_is_told_again_outside_the_daily_limit():
    book = AlertBook()
    volume = {"ratio": 5, "posts": 12}
    told = [book.consider(spread(n, level=volume)) for n in (12, 18, 25, 30, 49, 60, 120)]
    assert [alert and alert.kind for alert in told] == [
        "burst",
        None,
        "update",
        None,
        None,
        "update",
        "update",
    ]


def test_updates_are_bounded():
    book = AlertBook()
    told = [book.consider(spread(2.0**n)) for n in range(60)]
    assert sum(alert is not None and alert.kind == "update" for alert in told) == 12


def test_one_author_who_repeats_himself_is_no_growth():
    book = AlertBook()
    assert book.consider(burst(EMERGENCY | {"spread": 8}, key=3))
    assert book.consider(burst(EMERGENCY | {"spread": 9, "posts": 5_000}, key=3)) is None


def test_a_rise_of_a_burst_keeps_its_number():
    book = AlertBook(lang="es")
    first = book.consider(spread(12))
    risen = book.consider(spread(25, level=EMERGENCY | {"danger": 1}))
    grown = book.consider(spread(70))
    assert (risen.kind, risen.level, risen.burst) == ("level", 4, first.burst)
    assert (grown.kind, grown.level, grown.burst) == ("update", 4, first.burst)
    # It was proposed for what was seen then; less seen now takes nothing back.
    assert grown.reasons == ("Sigue creciendo: 70 autores, 25 la última vez.",)


def test_the_whole_stream_is_not_told_again():
    book = AlertBook()
    whole = [
        Burst(
            at=AT,
            topic=(),
            posts=n,
            baseline=5.0,
            examples=("a",),
            evidence={"ratio": 4, "posts": n, "spread": n},
            whole_stream=True,
        )
        for n in (30, 90, 270)
    ]
    assert [book.consider(one) is not None for one in whole] == [True, False, False]


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
        ("update_growth: 2", "update_growth: 0.5"),
        ("{before} when", "{secret} when"),
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
