"""What people really say when they mean what two people must confirm."""

from __future__ import annotations

import pytest

from levelhead.ledger.subjects import FactSubject, subjects_in

SAID = [
    ("We got the shooter.", FactSubject.CUSTODY),
    ("They caught him near the mill.", FactSubject.CUSTODY),
    ("Ya agarramos al tirador.", FactSubject.CUSTODY),
    ("Two workers did not make it.", FactSubject.CASUALTIES),
    ("The bodies of two men were found.", FactSubject.CASUALTIES),
    ("Mataron a tres personas.", FactSubject.CASUALTIES),
    ("Residents may return home.", FactSubject.ALL_CLEAR),
    ("It is OK to go back.", FactSubject.ALL_CLEAR),
    ("You can come out now.", FactSubject.ALL_CLEAR),
    ("The threat has been neutralized.", FactSubject.ALL_CLEAR),
    ("It's over.", FactSubject.ALL_CLEAR),
    ("Ya pueden volver a sus casas.", FactSubject.ALL_CLEAR),
    ("Everyone got out.", FactSubject.SAFE),
    ("Todos salieron.", FactSubject.SAFE),
    ("The owner, John Q. Smith, set it.", FactSubject.IDENTITY),
    ("John Smith did it.", FactSubject.IDENTITY),
    ("The shooter is Mark Lee.", FactSubject.IDENTITY),
    ("Call the mother, Ana Ruiz, at 555-0100.", FactSubject.IDENTITY),
    ("El conductor Luis Pérez chocó.", FactSubject.IDENTITY),
]
FREE = [
    "Water Street may be closed until noon.",
    "The shelter at Lincoln School is open.",
    "Drivers may return to Elm Street after 5.",
    "We got the report at 9.",
    "The road crew got out of the way.",
    "Call 911 if you see the fire.",
    "The press conference is at the library with Chief Ana Ruiz.",
    "Sergeant Tom Hale speaks at 4 at the Oak Street School.",
    "The Red Cross set up a tent at Mill Road.",
    "The bus did not make it to Pier 4 in time.",
    "A body of water covers the road.",
    "Tell us once residents may return home.",
    "We do not know whether everyone got out.",
    "The owner of the mill, Harlan Paper, has closed it.",
    "When it is over we say so here.",
    "If it's over your head, call us.",
]


@pytest.mark.parametrize(("text", "subject"), SAID)
def test_it_needs_two_people(text: str, subject: FactSubject) -> None:
    assert subject in subjects_in(text)


@pytest.mark.parametrize("text", FREE)
def test_what_is_harmless_is_free(text: str) -> None:
    assert subjects_in(text) == frozenset()
