"""A missing model ends a command with its name; it is not the fault of a line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from levelhead.analysis.conversation import forecast
from levelhead.analysis.domain import PostText
from levelhead.cli import cli
from levelhead.cli.check_reply import CheckDesk
from levelhead.cli.forecast import ForecastDesk
from levelhead.cli.watch import make_reader
from levelhead.kernel.errors import ConfigurationError

TALK = '{"id": 7, "turns": ["The ferry was late again.", "By how much?"]}\n'


@pytest.fixture
def no_model(monkeypatch, tmp_path):
    load = forecast.load_model.__wrapped__
    monkeypatch.setattr(forecast, "load_model", lambda: load(tmp_path / "conversation.json"))


@pytest.mark.parametrize("given", [TALK, "", "no json\n"])
def test_the_forecast_names_the_file(no_model: None, given: str) -> None:
    done = CliRunner().invoke(cli, ["forecast"], input=given)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("levelhead: The model file conversation.json cannot be read.")
    assert "line" not in done.stderr


def _refuse(*_: object, **__: object) -> list[object]:
    raise ConfigurationError("The model file is missing.")


def test_no_line_is_blamed_for_the_installation(monkeypatch) -> None:
    with pytest.raises(ConfigurationError):
        ForecastDesk(_refuse).answer([TALK.encode()])
    monkeypatch.setattr("levelhead.cli.check_reply.check_reply", _refuse)
    with pytest.raises(ConfigurationError):
        list(CheckDesk().answer([b'{"id": 1, "draft": "We look into it."}']))

    class NoModel:
        def assess(self, posts: list[PostText]) -> list[object]:
            return _refuse(posts)

    with pytest.raises(ConfigurationError):
        make_reader(NoModel())(["a post"])


def test_a_conversation_that_breaks_costs_only_itself() -> None:
    def forecaster(conversations):
        if any("late" in turn.text for turns in conversations for turn in turns):
            raise RuntimeError
        return [forecast.Forecast(derails=0.5, cues=()) for _ in conversations]

    desk = ForecastDesk(forecaster)
    answers = desk.answer([TALK.encode(), b'{"id": 8, "turns": ["Thank you."]}'])
    assert "It could not be forecast: RuntimeError." in answers[0]
    assert answers[1] == '{"id":8,"derails":0.5000,"cues":[]}'
    assert desk.faults == 1
