"""What a model wrote against what its sources say: each way to be wrong is struck."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from levelhead.drafting.domain import DRAFT_LIMIT, Source, SourceKind, Struck, Verdict, Written
from levelhead.drafting.sameness import has_words_of
from levelhead.drafting.verifying import verify

NOW = datetime(2026, 3, 16, 15, tzinfo=UTC)
POST = "Who decides when a drone may film my yard? Nobody answers. Dana Reyes, call 555 867 5309."
DRONES = (
    "Drones fly only to look for missing people and at fires. They do not film homes. "
    "The rules are at https://riverton.example/drones. The council meets on Tuesday, May 12 at "
    "7 p.m. in City Hall. Call the front desk at 555-0100 with questions about drones."
)
DESK = (
    "The front desk is open Monday to Friday, 8 to 5, and on Saturday from 9 to noon. "
    "A passport photo costs $15. A crash report costs $30."
)
FACT = "We will repair the water main on Elm Street by Friday."
SPANISH = (
    "La recepción abre de lunes a viernes, de 8 a 5. Los drones solo vuelan en incendios. "
    "Repararemos la tubería de la calle Olmo el viernes."
)


def source(number: int, text: str, kind: SourceKind = SourceKind.ANSWER) -> Source:
    return Source(number=number, kind=kind, id=number, title="A title", text=text)


SOURCES = {1: source(1, DRONES), 2: source(2, FACT, SourceKind.FACT), 3: source(3, DESK)}


def judge(text: str, cites: tuple[int, ...] = (1,), *, lang: str = "en", **given: str) -> Verdict:
    sources = {4: source(4, SPANISH)} if lang == "es" else SOURCES
    return verify(
        [Written(text=text, cites=(4,) if lang == "es" and cites else cites)], sources,
        post=given.get("post", POST), lang=lang, now=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cites"),
    [
        ("Drones fly only to look for missing people and at fires.", (1,)),
        ("Drones do not film homes.", (1,)),
        ("The rules are at https://riverton.example/drones.", (1,)),
        ("The council meets on Tuesday, May 12 at 7 p.m. in City Hall.", (1,)),
        ("The council meets on Tuesday at 7 p.m. in City Hall.", (1,)),
        ("The council meets at 7:00 PM in City Hall.", (1,)),
        ("Call the front desk at 555-0100.", (1,)),
        ("Call the front desk at (555) 0100.", (1,)),
        ("We will repair the water main on Elm Street by Friday.", (2,)),
        ("The front desk is open Monday to Friday, 8 to 5.", (3,)),
        ("The front desk is open on Saturday from 9 to noon.", (3,)),
        ("A crash report costs $30.", (3,)),
        ("Thank you for asking about drones.", ()),
        ("Hello, and thank you for reaching out to us!", ()),
        ("We are sorry for the wait.", ()),
    ],
)
def test_what_a_source_says_stays(text: str, cites: tuple[int, ...]) -> None:
    found = judge(text, cites)
    assert [one.struck for one in found.sentences] == [None], found.sentences


@pytest.mark.parametrize(
    ("text", "cites", "why"),
    [
        # Of its own.
        ("Drones also follow cars.", (1,), Struck.UNSUPPORTED),
        ("Drones film homes.", (1,), Struck.OPPOSITE),
        ("Drones fly to look for missing people and at fires.", (1,), Struck.OPPOSITE),
        ("The rules are at riverton.example/drone.", (1,), Struck.LINK),
        ("The rules are at https://riverton.example.evil.example/drones.", (1,), Struck.LINK),
        ("Write to desk@riverton.example.", (1,), Struck.LINK),
        ("Follow @riverton for the rules.", (1,), Struck.LINK),
        ("The rules are at #drones.", (1,), Struck.LINK),
        ("The council meets on Wednesday at 7 p.m. in City Hall.", (1,), Struck.DATE),
        ("The council meets on May 13 at 7 p.m. in City Hall.", (1,), Struck.NUMBER),
        ("The council meets at 7 a.m. in City Hall.", (1,), Struck.DATE),
        ("The council meets at 7 AM in City Hall.", (1,), Struck.DATE),
        ("The council meets tomorrow in City Hall.", (1,), Struck.DATE),
        ("Call the front desk at 555-0199.", (1,), Struck.PHONE),
        ("Call the front desk at ５５５-０１９９.", (1,), Struck.PHONE),
        ("Call the front desk at 5​5​5-0199.", (1,), Struck.PHONE),
        ("Drones fly at 9 fires.", (1,), Struck.NUMBER),
        ("Drones fly at nine fires.", (1,), Struck.NUMBER),
        ("Officer Martinez flies drones only at fires.", (1,), Struck.NAME),
        ("Dana Reyes, drones do not film homes.", (1,), Struck.NAME),
        ("The council meets in Elm Hall.", (1,), Struck.NAME),
        # Of another source than it cites, or of one that was never given.
        ("We will repair the water main on Elm Street by Friday.", (1,), Struck.DATE),
        ("Drones do not film homes.", (3,), Struck.NAME),
        ("Drones do not film homes.", (9,), Struck.UNSOURCED),
        ("Drones do not film homes.", (), Struck.UNSOURCED),
        # The right numbers for the wrong thing.
        ("A passport photo costs $30.", (3,), Struck.MIXED),
        ("The front desk is open Monday to Friday from 9 to noon.", (3,), Struck.MIXED),
        ("The front desk is open on Saturday, 8 to 5.", (3,), Struck.MIXED),
        ("The front desk is open 5 to 8, Monday to Friday.", (3,), Struck.MIXED),
        # Promises.
        ("We will send officers to your yard.", (1,), Struck.PROMISE),
        ("We'll look for missing people.", (1,), Struck.PROMISE),
        ("We are going to fly drones at fires.", (1,), Struck.PROMISE),
        ("We promise that drones do not film homes.", (1,), Struck.PROMISE),
        ("We will repair the street light on Elm Street by Friday.", (2,), Struck.PROMISE),
        # Marks.
        ("<b>Drones</b> do not film homes.", (1,), Struck.MARKUP),
        ("**Drones** do not film homes.", (1,), Struck.MARKUP),
        ("[person], drones do not film homes.", (1,), Struck.MARKUP),
        ("[[badge]], drones do not film homes.", (1,), Struck.MARKUP),
        ("Los drones no filman las casas y vuelan solo en los incendios.", (1,), Struck.LANGUAGE),
        # No courtesy, however it begins.
        ("Thank you for asking about your yard.", (), Struck.UNSOURCED),
        ("We know that nobody answers.", (), Struck.UNSOURCED),
        ("Thank you for asking, drones film my yard.", (), Struck.UNSOURCED),
        ("Sorry, our officers broke the law.", (), Struck.UNSOURCED),
        ("Hello Dana.", (), Struck.UNSOURCED),
        ("We are sorry for what our officers did.", (), Struck.UNSOURCED),
    ],
)  # fmt: skip
def test_what_none_says_is_struck(text: str, cites: tuple[int, ...], why: Struck) -> None:
    found = judge(text, cites)
    assert found.sentences[0].struck == why, found.sentences
    assert found.text == ""


@pytest.mark.parametrize(
    ("text", "cites", "why"),
    [
        ("La recepción abre de lunes a viernes, de 8 a 5.", (4,), None),
        ("Los drones solo vuelan en incendios.", (4,), None),
        ("Repararemos la tubería de la calle Olmo el viernes.", (4,), None),
        ("Gracias por escribirnos.", (), None),
        ("Lamentamos la espera.", (), None),
        ("La recepción abre de lunes a sábado, de 8 a 5.", (4,), Struck.DATE),
        ("La recepción abre de lunes a viernes, de 8 a 6.", (4,), Struck.NUMBER),
        ("Los drones vuelan en incendios.", (4,), Struck.OPPOSITE),
        ("Repararemos las luces de la calle Olmo el viernes.", (4,), Struck.PROMISE),
        ("Nos comprometemos a reparar la tubería.", (4,), Struck.PROMISE),
        ("Los drones vuelan mañana en incendios.", (4,), Struck.DATE),
        ("Gracias por denunciar a los agentes corruptos.", (), Struck.UNSOURCED),
        ("The front desk is open and the drones fly only at fires.", (4,), Struck.LANGUAGE),
    ],
)
def test_in_spanish(text: str, cites: tuple[int, ...], why: Struck | None) -> None:
    found = judge(text, cites, lang="es", post="¿Cuándo abre la recepción? Nadie contesta.")
    assert found.sentences[0].struck == why, found.sentences


def test_several_sentences_in_one_are_looked_at_one_by_one() -> None:
    found = judge("Drones do not film homes. They follow cars. Call 555-0199.")
    assert [one.struck for one in found.sentences] == [None, Struck.UNSUPPORTED, Struck.PHONE]
    assert found.text == "Drones do not film homes."


def test_courtesy_alone_is_no_draft() -> None:
    assert judge("Thank you for asking. We are sorry for the wait.", ()).text == ""


def test_parts_to_fill_in_that_the_model_left_out_come_back() -> None:
    sources = {1: source(1, "[[greeting]], the front desk is open from 8 to 5.")}
    found = verify(
        [Written(text="The front desk is open from 8 to 5.", cites=(1,))], sources,
        post="When?", lang="en", now=NOW,
    )  # fmt: skip
    assert found.text == "[[greeting]] The front desk is open from 8 to 5."


def test_a_source_in_the_other_language_is_marked() -> None:
    found = verify(
        [Written(text="The drones fly at fires and nowhere else.", cites=(4,))],
        {4: source(4, SPANISH)}, post="Where do drones fly?", lang="en", now=NOW,
    )  # fmt: skip
    assert [one.struck for one in found.sentences] == [None]
    assert found.sentences[0].translated


def test_endless_answers_have_an_end() -> None:
    found = verify(
        [Written(text="Drones do not film homes.", cites=(1,))] * 400, SOURCES,
        post=POST, lang="en", now=NOW, missing=["x" * 900] * 90,
    )  # fmt: skip
    assert len(found.text) <= DRAFT_LIMIT
    assert len(found.sentences) <= 30
    assert len(found.missing) <= 5
    assert all(len(one) <= 200 for one in found.missing)
    assert judge("word " * 3_000).sentences[0].struck == Struck.TOO_LONG


SENTENCE = "Drones fly only to look for missing people and at fires."


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        (SENTENCE, True),
        (f"Hello Dana, {SENTENCE.lower()} Best, Alice", True),
        ("We fly ONLY to look — for missing people!", True),
        ("Drones fly only​ to look for missing children.", True),
        ("They do not film homes.", False),
        ("We look for missing people with drones.", False),
        ("", False),
    ],
)
def test_words_of_a_draft_are_found_whatever_is_around_them(text: str, inside: bool) -> None:
    assert has_words_of(text, [SENTENCE]) is inside


def test_of_a_short_sentence_all_words_count() -> None:
    assert has_words_of("Please call 311 now.", ["Call 311."])
    assert not has_words_of("Please call 411 now.", ["Call 311."])
    assert not has_words_of("anything", ["", "…"])
