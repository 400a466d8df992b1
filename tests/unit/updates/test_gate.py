"""What the gate holds, what it only mentions, and what passes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from levelhead.doctrine.reply.domain import RuleName, Severity
from levelhead.ledger.domain import FactSubject
from levelhead.updates.domain import Audience, Words
from levelhead.updates.gate import Background, Concern, Earlier, Entry, Finding, Proof, look

HELD = Proof(text="One man is in custody.", subject=FactSubject.CUSTODY)
GENERAL = Proof(text="Main Street is closed.", subject=FactSubject.GENERAL)


def seen(
    lead: str,
    *cited: Proof,
    background: Background | None = None,
    channel: str = "",
    **parts: object,
) -> list[Finding]:
    """What the gate finds in an update that cites these facts word for word."""
    words = Words(lang="en", lead=lead, known=tuple(one.text for one in cited))
    words = replace(words, **parts)  # type: ignore[arg-type]
    return look([words], [channel] if channel else [], cited, background or Background())


def concerns(findings: list[Finding]) -> set[Concern]:
    """Which concerns stop it."""
    return {one.concern for one in findings if one.severity is Severity.STOP}


def test_a_plain_first_word_passes() -> None:
    assert not seen(
        "We know of reports of shots at the riverfront and are on our way.",
        actions=((Audience.NEAR, "Stay away from the riverfront."),
                 (Audience.INSIDE, "If you are hurt, call 911.")),
        unknown=("Whether anybody is in custody.",),
    )  # fmt: skip


def test_what_needs_two_people_passes_with_their_fact_only() -> None:
    assert not seen("One man is in custody.", HELD)
    assert concerns(seen("One man is in custody.", GENERAL)) == {Concern.TWO_PEOPLE}
    assert concerns(seen("One man is in custody.")) == {Concern.TWO_PEOPLE}


@pytest.mark.parametrize(
    "parts",
    [
        {"doing": ("We have two men in custody.",)},
        {"actions": ((Audience.EVERYONE, "Go home: everybody is safe."),)},
        {"channel": "Update 1. The shooter is in custody."},
        {"lead": "The suspect is in cus\u200btody."},
        {"lead": "Nine people are in custody."},
    ],
)
def test_no_part_of_an_update_goes_round_it(parts: dict[str, object]) -> None:
    given = {"lead": "We are at the scene.", **parts}
    findings = seen(str(given.pop("lead")), GENERAL, **given)  # type: ignore[arg-type]
    assert all(one.final for one in findings if one.concern is Concern.TWO_PEOPLE)
    assert Concern.TWO_PEOPLE in concerns(findings)


def test_a_number_that_nobody_confirmed_does_not_ride_on_a_fact() -> None:
    assert Concern.TWO_PEOPLE in concerns(seen("Nine people are in custody.", HELD))


def test_a_translation_says_no_more_than_its_fact() -> None:
    findings = look(
        [Words(lang="es", lead="Estamos en el lugar.", known=("El tirador está detenido.",))],
        [], [GENERAL], Background(),
    )  # fmt: skip
    assert concerns(findings) == {Concern.TWO_PEOPLE}


def test_what_is_not_confirmed_is_not_said() -> None:
    ledger = [
        Entry(number=4, text="The gym is the place to meet.", subject=FactSubject.GENERAL,
              confirmed=False)
    ]  # fmt: skip
    (finding,) = seen("The gym is the place to meet.", background=Background(ledger=ledger))
    assert (finding.concern, finding.number, finding.final) == (Concern.NOT_CONFIRMED, 4, False)
    assert not seen(
        "The claim that “the gym is the place to meet” is false.",
        background=Background(ledger=ledger),
    )


def test_what_the_ledger_says_otherwise_is_held() -> None:
    ledger = [
        Entry(number=2, text="Elm Street is closed.", subject=FactSubject.GENERAL, confirmed=True)
    ]
    (finding,) = seen("Elm Street is open.", background=Background(ledger=ledger))
    assert (finding.concern, finding.number) == (Concern.AGAINST_FACT, 2)


def test_families_are_not_sent_elsewhere_in_passing() -> None:
    earlier = [Earlier(number=1, text="Parents meet their children at the Lincoln School gym.")]
    (finding,) = seen(
        "Parents meet their children at the civic center.",
        background=Background(earlier=earlier),
    )
    assert (finding.concern, finding.severity) == (Concern.AGAINST_UPDATE, Severity.STOP)


def test_other_changes_are_mentioned() -> None:
    earlier = [Earlier(number=1, text="Elm Street is closed.")]
    (finding,) = seen("Elm Street is open.", background=Background(earlier=earlier))
    assert (finding.concern, finding.severity) == (Concern.AGAINST_UPDATE, Severity.WARN)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("A 9-year-old boy is missing from Lincoln School.", RuleName.GATED_MINOR),
        ("The killer ran toward the river.", RuleName.GUILT_LANGUAGE),
        (
            "Our officers are on the roof of the mall and about to enter.",
            RuleName.TACTICAL_LOCATION,
        ),
        ("The next of kin is his wife on Oak Street.", RuleName.GATED_VICTIM),
    ],
)
def test_restricted_information_is_found(line: str, rule: RuleName) -> None:
    assert rule in {one.rule for one in seen(line)}


@pytest.mark.parametrize(
    "line",
    [
        "Families meet their children at the Lincoln School gym.",
        "Parents, pick up your children at the north door of Oak School.",
        "Students of Lincoln School walk to the church with their teachers.",
        "Los padres se reúnen con sus hijos en el gimnasio de la escuela Lincoln.",
        "If you are hiding in the mall, stay there and keep quiet.",
        "Avoid the riverfront. Take Elm Street instead.",
    ],
)
def test_what_families_must_hear_is_not_held(line: str) -> None:
    assert not concerns(seen(line))
