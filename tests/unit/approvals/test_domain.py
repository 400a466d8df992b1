"""Rules of approval: when they ask, whom, and what no rule can do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.approvals.domain import (
    NEXT,
    ApprovalState,
    Because,
    Facts,
    Issue,
    Person,
    Rule,
    Seen,
    When,
    Who,
    WhoKind,
    ask_next_at,
    conditions_of,
    evaluate,
    find_word,
    in_force,
    may_go_at_once,
    read_example,
    read_who,
    try_examples,
    what_changed,
    who_may,
)

NOW = datetime(2026, 3, 16, 14, 20, tzinfo=UTC)
COUNSEL = Who(WhoKind.COUNSEL)
WORDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
WHOS = st.one_of(
    st.sampled_from([COUNSEL, Who(WhoKind.DUTY), Who(WhoKind.ROLE, "writer")]),
    st.builds(Who, st.just(WhoKind.ABILITY), st.sampled_from(["reply", "manage"])),
    st.builds(Who, st.just(WhoKind.PERSON), st.integers(1, 5).map(str)),
)
PEOPLE = st.lists(
    st.builds(
        Person, id=st.integers(1, 5), name=WORDS, role=st.sampled_from(["writer", "viewer"]),
        abilities=st.sets(st.sampled_from(["reply", "manage"])), on_duty=st.booleans(),
        counsel=st.booleans(),
    ),
    unique_by=lambda person: person.id,
)  # fmt: skip


def facts(**fields: Any) -> Facts:
    return Facts(**{"now": NOW, "draft": "The drones fly at night.", "author": 1, **fields})


def rule(when: When | None = None, **fields: Any) -> Rule:
    given: dict[str, Any] = {
        "id": 1, "version": 1, "name": "R", "who": COUNSEL, "then": COUNSEL,
        "when": when or When(), **fields,
    }  # fmt: skip
    return Rule(**given)


@given(WHOS, PEOPLE, st.integers(1, 5), st.none() | WHOS)
def test_nobody_ever_approves_their_own(
    who: Who, people: list[Person], author: int, then: Who | None
) -> None:
    found = who_may(who, people, author=author, then=then)
    assert author not in {person.id for person in found}
    assert len({person.id for person in found}) == len(found)
    # More people only ever means more who may.
    assert {p.id for p in who_may(who, people, author=author)} <= {p.id for p in found}


@given(WHOS)
def test_who_is_read_as_it_was_written(who: Who) -> None:
    assert read_who(who.key) == who


@pytest.mark.parametrize(
    "key", ["", "person", "person:", "person:x", "person:٣", "counsel:1", "x:1", "role:"]
)
def test_what_names_nobody_is_refused(key: str) -> None:
    assert read_who(key) is None


@given(WORDS, WORDS)
def test_an_empty_rule_always_asks_and_hostile_texts_break_nothing(draft: str, post: str) -> None:
    found = evaluate([rule()], facts(draft=draft, post=post))
    assert [one.because for one in found] == [(Because("always"),)]
    find_word([draft, post + "*"], post + draft)


@given(st.lists(WORDS.filter(str.strip), min_size=1, max_size=3), WORDS)
def test_a_further_condition_never_makes_a_rule_ask_more(words: list[str], draft: str) -> None:
    wide = evaluate([rule(When(words=tuple(words)))], facts(draft=draft))
    narrow = evaluate([rule(When(words=tuple(words), hostile=True))], facts(draft=draft))
    assert len(narrow) <= len(wide)


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (("drone",), "Drones fly", None),
        (("drone*",), "Drones fly", "drone*"),
        (("avión",), "El AVION vuela", "avión"),
        (("body  camera",), "the body\ncamera of", "body  camera"),
        (("cop",), "a copper pipe", None),
        (("c++",), "in c++ and", "c++"),
        (("*",), "anything", None),
    ],
)
def test_words_are_found_as_whole_words(
    words: tuple[str, ...], text: str, found: str | None
) -> None:
    assert find_word(words, text) == found


def test_every_condition_must_hold_and_the_explanation_says_which() -> None:
    when = When(labels=("press",), issue_level=2)
    drones = Issue(id=7, name="Drone programme", level=2)
    asks = evaluate([rule(when)], facts(label="press", issues=(drones,)))
    assert asks[0].because == (
        Because("label", ("press",)), Because("issue", ("Drone programme", "2")),
    )  # fmt: skip
    assert not evaluate([rule(when)], facts(label="press"))
    assert not evaluate(
        [rule(when)], facts(label="press", issues=(Issue(id=7, name="x", level=1),))
    )
    assert not evaluate([rule(When(issue=8))], facts(issues=(drones,)))
    assert len(conditions_of(when)) == 2
    assert conditions_of(When()) == [Because("always")]


@pytest.mark.parametrize(
    ("when", "fact"),
    [
        (When(channels=(4,)), {"channel": 4}),
        (When(authors=(1,)), {"author": 1}),
        (When(overruled=True), {"overruled": ("guilt_language",)}),
        (When(hostile=True), {"hostility": 0.7}),
        (When(life_safety=True), {"life_safety": True, "first_to_post": False}),
        (When(first_to_author=True), {"first_to_author": True}),
        (When(dispositions=("correct",)), {"disposition": "correct"}),
        (When(words=("yard",), words_in="post"), {"post": "my yard"}),
    ],
)
def test_each_condition_asks_when_it_is_so_and_only_then(
    when: When, fact: dict[str, object]
) -> None:
    assert evaluate([rule(when)], facts(**fact))
    other = {"author": 2, "first_to_author": False}
    assert not evaluate([rule(when)], facts(**other))


def test_a_rule_counts_from_until() -> None:
    hour = timedelta(hours=1)
    dated = rule(active_from=NOW, active_until=NOW + hour)
    assert in_force(dated, NOW)
    assert not in_force(dated, NOW - timedelta(seconds=1))
    assert not in_force(dated, NOW + hour)


def test_words_alone_open_no_way_round_a_rule() -> None:
    assert not may_go_at_once(facts(draft="Call 911 now"))
    danger = facts(life_safety=True, first_to_post=False, draft="Call 9-1-1 now")
    assert may_go_at_once(danger)
    assert may_go_at_once(facts(life_safety=True, draft="Help comes"))
    assert not may_go_at_once(facts(life_safety=True, first_to_post=False, draft="See 1911"))
    assert evaluate([rule()], danger)[0].told_only
    assert not evaluate([rule(life_goes=False)], danger)[0].told_only


def test_examples_are_run_with_what_is_said_before_them() -> None:
    channels, people = {"town square": 4}, {"bob": 9}

    def read(line: str, must: bool = True) -> bool:
        example = read_example(line, must=must, now=NOW, channels=channels, people=people)
        when = When(labels=("press",), words=("drone*",), channels=(4,), authors=(9,))
        return try_examples(when, [example])[0].matches

    assert read("[label: press; channel: Town Square; author: Bob] The drones fly")
    assert not read("[label: press; channel: Town square] The drones fly")
    assert not read("The drones fly")
    assert not read("[label: press; channel: Town square; author: Bob] Nothing flies")
    for wrong in ("[channel: Nowhere] x", "[issue: 9] x", "[colour: red] x"):
        with pytest.raises(ValueError, match=":"):
            read(wrong)


@given(st.none() | st.timedeltas(timedelta(days=-9), timedelta(days=9)),
       st.lists(st.none() | st.integers(1, 9_000), max_size=3))  # fmt: skip
def test_the_next_is_asked_later_than_now_and_before_the_clock(
    left: timedelta | None, minutes: list[int | None]
) -> None:
    due = None if left is None else NOW + left
    at = ask_next_at(now=NOW, due_at=due, minutes=minutes)
    own = [one for one in minutes if one is not None]
    if own:
        assert at == NOW + timedelta(minutes=min(own))
    elif due is not None and due > NOW:
        assert NOW <= at < due
    else:
        assert at > NOW


SEEN = st.builds(
    Seen, revision=st.integers(1, 3), last_reply=st.none() | st.integers(1, 3),
    state=st.sampled_from(["open", "snoozed", "answering", "answered", "stood", "closed"]),
    visible=st.booleans(),
)  # fmt: skip


@given(SEEN, SEEN)
def test_what_changed_is_said_and_nothing_else(asked: Seen, now: Seen) -> None:
    said = what_changed(asked, now)
    if not now.visible or now.last_reply != asked.last_reply or now.revision != asked.revision:
        assert said is not None
    if said is None:
        assert now.state == asked.state or now.state in ("open", "snoozed")
    if asked.visible and asked == now and now.state != "answering":
        assert said is None


@given(st.lists(st.sampled_from(list(ApprovalState)), max_size=8))
def test_what_was_sent_or_taken_back_never_moves_again(path: list[ApprovalState]) -> None:
    state = ApprovalState.WAITING
    for step in path:
        if step in NEXT[state]:
            assert state not in (
                ApprovalState.SENT, ApprovalState.TAKEN_BACK, ApprovalState.TOLD
            )  # fmt: skip
            state = step
    # Nothing is sent but what was approved.
    assert [one for one in NEXT if ApprovalState.SENT in NEXT[one]] == [ApprovalState.APPROVED]
