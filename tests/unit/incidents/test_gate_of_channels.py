"""The words of one channel say no more than the update may."""

from __future__ import annotations

from dataclasses import replace

from levelhead.incidents.eyewitness import tells_from_there
from levelhead.ledger.domain import FactSubject
from levelhead.updates.domain import Words
from levelhead.updates.gate import Background, Concern, Proof, look

WORDS = Words(
    lang="en", lead="We are there.", known=("One man is in custody.",),
    unknown=("Whether anybody is hurt.",),
)  # fmt: skip


HELD = Proof(text="One man is in custody.", subject=FactSubject.CUSTODY)


def said(text: str, *cited: Proof) -> list[str]:
    words = WORDS if cited else replace(WORDS, known=())
    found = look([words], [text], cited, Background())
    return [one.words for one in found if one.concern is Concern.TWO_PEOPLE]


def test_what_the_update_says_may_stand_there() -> None:
    text = (
        "Update 1, 9:20\nWe are there.\nOne man is in custody.\n"
        "We do not know yet: Whether anybody is hurt."
    )
    assert said(text, HELD) == []
    assert said("If you are hurt, call 911.") == []
    assert said("Close to the river: if you are hurt, call 911.") == []


def test_what_somebody_adds_is_looked_at() -> None:
    assert said("We are there. Two people were killed.") == ["Two people were killed."]
    assert said("The suspect is in custody.") == ["The suspect is in custody."]
    assert said("The suspect is in custody.", HELD) == []
    assert said("The suspect is in custody if you ask us.") == [
        "The suspect is in custody if you ask us."
    ]


def test_people_who_are_there() -> None:
    for text in (
        "I saw smoke behind the school", "we are hiding inside the mall",
        "shots outside my house!!", "Estamos escondidos aquí", "Se ve humo desde mi ventana",
    ):  # fmt: skip
        assert tells_from_there(text), text
    for text in ("My cousin says there was a shooting", "Stay safe everyone", "Qué horror"):
        assert not tells_from_there(text), text
