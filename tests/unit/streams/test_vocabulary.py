"""Words and phrases: what must fire and what must not."""

import pytest

from levelhead.analysis.streams.domain import Reading, StreamPost
from levelhead.analysis.streams.signs import HOT, WARM, read_signs
from levelhead.analysis.streams.terms import cut_terms
from levelhead.analysis.streams.vocabulary import load_vocabulary
from levelhead.kernel.errors import ConfigurationError


def signs_of(text, crisis=0.6, **reading):
    post = StreamPost(id=1, text=text)
    return read_signs(
        post, cut_terms(text)[1], Reading(crisis=crisis, **reading), load_vocabulary()
    )


@pytest.mark.parametrize(
    "text",
    [
        "Explosion at the plant, several injured",
        "Terremoto en la costa, hay edificios caídos y heridos",
        "Flood water is rising, rescue boats on Mill Road",
        "Incendio en el mercado, bomberos y ambulancias",
        "Train derailed near the bridge, people trapped",
    ],
)
def test_emergencies_are_hot(text):
    assert signs_of(text).heat >= HOT


@pytest.mark.parametrize(
    "text",
    [
        "my kitchen looks like a tornado hit it lol",
        "that goal was an explosion, final score 3-2",
        "Fire drill at the school today, this is only a drill",
        "Twenty years ago today the flood took the old bridge",
        "mi cuarto parece que paso un huracan jaja",
        "the new earthquake movie is a mess",
    ],
)
def test_figures_of_speech_are_not_even_warm(text):
    found = signs_of(text)
    assert found.heat < WARM
    assert found.unreal


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Active shooter inside the mall right now", "danger"),
        ("estamos atrapados en el techo, el agua sigue subiendo", "danger"),
        ("The officer slammed an unarmed kid to the ground", "misconduct"),
        ("abuso policial en la plaza, hay video", "misconduct"),
        ("we know who did it, let's go find him tonight", "vigilante"),
        ("is it true that a second man ran off?", "rumor"),
        ("Sheriff Dalton should resign", "official"),
        ("shame on this department", "negative"),
        ("Our mayor hid the inspection report from parents", "misconduct"),
        ("The police chief is covering it up, she deleted the footage", "misconduct"),
        ("my cousin was choked by two deputies outside the bar", "misconduct"),
        ("el jefe de policía borró los videos", "misconduct"),
        ("Warden Ilves lied about the death in cell nine", "accused"),
        ("the warden looked the other way for years", "accused"),
        ("The commissioner has to step down", "call"),
        ("we demand the resignation of everyone in that office", "call"),
        ("walkout tomorrow at noon, everybody out", "call"),
        ("join us, we march on city hall", "call"),
        ("exigimos que el alcalde renuncie", "call"),
        ("marcha hoy frente a la comisaría", "call"),
        ("several workers are still trapped under the crane", "peril"),
        ("hay varios heridos en la estación", "peril"),
    ],
)
def test_signs_that_must_fire(text, sign):
    assert getattr(signs_of(text), sign)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("stuck in traffic with no water in the car", "danger"),
        ("the officer helped my grandmother cross", "misconduct"),
        ("let's go find tacos", "vigilante"),
        ("the sheriff spoke at the fair", "official"),
        ("watching a press conference about parks", "press"),
        ("the detective buried in this novel is the best part", "misconduct"),
        ("makeup to cover up a burn, says the chief", "misconduct"),
        ("the mayor hid the eggs for the children", "misconduct"),
        ("deputies robbed the bank in that movie", "accused"),
        ("someone lied about the score, great match", "accused"),
        ("in March we go to the coast", "call"),
        ("my resignation letter is on his desk, new job soon", "call"),
        ("step down from the ladder slowly", "call"),
        ("two officers took the report", "peril"),
        ("people are stuck in traffic again", "danger"),
    ],
)
def test_signs_that_must_not(text, sign):
    assert not getattr(signs_of(text), sign)


def test_press_needs_the_model_to_agree():
    text = "I'm a reporter with the Tribune, can you comment for a story"
    assert signs_of(text, press=0.9).press
    assert not signs_of(text, press=0.0).press


def test_terms_name_topics():
    terms, _ = cut_terms("RT @Desk: The Harlow cannery's fire https://x.example/abc 12 #HarlowFire")
    assert terms == ["harlow", "cannery", "fire", "#harlowfire"]


def test_hazards_inside_a_hashtag():
    assert load_vocabulary().look_up("#yycflood").hazards == {"flood"}
    assert load_vocabulary().look_up("floodlight").hazards == {"flood"}
    assert not load_vocabulary().look_up("#yyc").hazards


def test_a_broken_file_says_so(tmp_path):
    path = tmp_path / "vocabulary.yaml"
    path.write_text("hazards: {fire: fire}\n")
    with pytest.raises(ConfigurationError, match=r"vocabulary\.yaml"):
        load_vocabulary(path)
