"""Forecasts: in range for any turns, cues where they stand, and the command around them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis.assess import load
from levelhead.analysis.conversation.cues import load_cues
from levelhead.analysis.conversation.domain import Turn
from levelhead.analysis.conversation.forecast import describe_cue, forecast, load_model
from levelhead.kernel.errors import ConfigurationError

HEATED = [
    Turn(author="a", text="The section needs a source, so I took it out."),
    Turn(author="b", text="Did you even read the page? You clearly never opened the book."),
    Turn(author="a", text="You keep doing this. Your argument is nonsense and you know it!!"),
]
CALM = [
    Turn(author="a", text="I think the section may need a source, what do you say?"),
    Turn(author="b", text="Good point, thanks. I have the book here, page 12, I will add it."),
    Turn(author="a", text="Thank you, I appreciate it. Sorry that I took it out so fast."),
]


def test_heat_is_rated_above_calm() -> None:
    heated, calm = forecast([HEATED, CALM], assessor=load())
    assert heated.derails > 0.5 > calm.derails
    assert heated.cues


def test_cues_stand_where_they_say() -> None:
    [found] = forecast([HEATED], assessor=load())
    for cue in found.cues:
        assert 0 <= cue.start < cue.end <= len(HEATED[cue.turn].text)
        assert describe_cue(cue, "en") != describe_cue(cue, "es")
        assert describe_cue(cue, "xx") == describe_cue(cue, "en")
    assert [c.weight for c in found.cues] == sorted((c.weight for c in found.cues), reverse=True)


@given(st.lists(st.text(max_size=200), max_size=9))
@settings(max_examples=40, deadline=None)
def test_any_turns_get_a_forecast(texts: list[str]) -> None:
    [found] = forecast([[Turn(text=text) for text in texts]], assessor=load())
    assert 0 <= found.derails <= 1


def test_every_cue_has_words_in_both_languages() -> None:
    assert len({cue.id for cue in load_cues()}) == len(load_cues())
    for cue in load_cues():
        assert cue.why.keys() == {"en", "es"}


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make train"):
        load_model(tmp_path / "none.json")
    (tmp_path / "other.json").write_text(json.dumps({"features": ["x"]}))
    with pytest.raises(ConfigurationError, match="another version"):
        load_model(tmp_path / "other.json")


def test_the_command_answers_in_order_and_names_what_it_cannot_read() -> None:
    lines = [
        json.dumps({"id": 1, "turns": [{"author": t.author, "text": t.text} for t in HEATED]}),
        "not json",
        json.dumps({"id": "c", "turns": []}),
        "",
        json.dumps({"id": "d", "turns": ["only a text"]}),
        json.dumps({"id": "e", "turns": [{"author": "x"}]}),
    ]
    command = [str(Path(sys.executable).parent / "levelhead"), "forecast", "--lang", "es"]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
    assert done.returncode == 3
    assert "3 lines could not be read" in done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("id") for answer in answers] == [1, None, "c", "d", "e"]
    assert ["derails" in answer for answer in answers] == [True, False, False, True, False]
    assert answers[2]["error"] == "There are no turns."
    assert answers[0]["cues"][0].keys() == {"cue", "turn", "span", "weight", "why"}
