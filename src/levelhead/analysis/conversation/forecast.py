"""Whether a conversation is about to derail into an attack, and what in it warns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis.conversation.cues import MAX_CHARACTERS, MAX_PLACES, CueRule, load_cues
from levelhead.analysis.conversation.domain import Cue, Forecast, Turn
from levelhead.analysis.domain import Assessment, PostText
from levelhead.analysis.heads import sigmoid
from levelhead.kernel.errors import ConfigurationError

MODEL_FILE: Final = Path(__file__).parents[1] / "models" / "conversation.json"
# The turns looked at: the first, which sets the tone, and the last ones.
LAST_TURNS: Final = 7
MAX_CUES: Final = 12

Floats = NDArray[np.float64]


class Assessor(Protocol):
    """What says what posts are like."""

    def assess(self, posts: Sequence[PostText], *, reread: float = 0.0) -> list[Assessment]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastModel:
    """A logistic model over `name_features()`."""

    version: str
    # (n,) what a feature is centred and divided by, and its weight.
    middle: Floats
    spread: Floats
    weights: Floats
    bias: float


def name_features() -> list[str]:
    """What each place of a feature row stands for."""
    names = [f"{cue.id}:{place}" for place in ("last", "before", "all") for cue in load_cues()]
    return [*names, "hostility:last", "hostility:before", "hostility:most", "hostility:rise"]


def make_features(conversations: Sequence[Sequence[Turn]], assessor: Assessor) -> Floats:
    """(n, len(name_features())): what is counted and read in each conversation's last turns."""
    cut = [_keep(turns) for turns in conversations]
    texts = [turn.text for turns in cut for turn in turns]
    hostility = iter([a.hostility for a in assessor.assess([PostText(text=t) for t in texts])])
    rows = []
    for turns in cut:
        tone = [next(hostility) for _ in turns]
        rows.append(_describe(turns, tone))
    return np.array(rows, dtype=np.float64).reshape(len(cut), len(name_features()))


def _keep(turns: Sequence[Turn]) -> list[Turn]:
    kept = list(turns[-LAST_TURNS:])
    if len(turns) > LAST_TURNS:
        kept = [turns[0], *kept[1:]]
    return [Turn(text=turn.text[:MAX_CHARACTERS], author=turn.author) for turn in kept]


def _describe(turns: Sequence[Turn], tone: list[float]) -> list[float]:
    last = turns[-1].text if turns else ""
    before = turns[-2].text if len(turns) > 1 else ""
    whole = "\n".join(turn.text for turn in turns)
    row = []
    for text in (last, before, whole):
        # Long turns hold more of everything; the power keeps them from drowning short ones.
        size = max(5, len(text.split())) ** 0.8
        row += [len(cue.pattern.findall(text)) / size for cue in load_cues()]
    tone = tone or [0.0]
    before_last = tone[-2] if len(tone) > 1 else tone[-1]
    return [*row, tone[-1], before_last, max(tone), tone[-1] - tone[0]]


def forecast(
    conversations: Sequence[Sequence[Turn]],
    *,
    assessor: Assessor,
    model: ForecastModel | None = None,
) -> list[Forecast]:
    """A forecast for each conversation, in order; one without turns gets what is usual."""
    if not conversations:
        return []
    model = model or load_model()
    features = make_features(conversations, assessor)
    scaled = (features - model.middle) / model.spread
    chances = sigmoid((scaled @ model.weights + model.bias).astype(np.float32)).tolist()
    return [
        Forecast(derails=chance, cues=_list_cues(turns, model))
        for turns, chance in zip(conversations, chances, strict=True)
    ]


def _list_cues(turns: Sequence[Turn], model: ForecastModel) -> tuple[Cue, ...]:
    """Warning cues of the last two turns that the model counts against the conversation."""
    per_place = len(load_cues())
    found: list[Cue] = []
    for back in (1, 2):
        if len(turns) < back:
            break
        place = len(turns) - back
        for n, rule in enumerate(load_cues()):
            at = n + per_place * (back - 1)
            weight = float(model.weights[at] / model.spread[at])
            if rule.raises and weight > 0:
                found += _place_cue(rule, turns[place].text, place, weight)
    found.sort(key=lambda cue: (-cue.weight, -cue.turn, cue.start))
    return tuple(found[:MAX_CUES])


def _place_cue(rule: CueRule, text: str, turn: int, weight: float) -> list[Cue]:
    size = max(5, len(text.split())) ** 0.8
    return [
        Cue(id=rule.id, turn=turn, start=start, end=end, weight=round(weight / size, 3))
        for start, end in rule.find(text)[:MAX_PLACES]
    ]


def describe_cue(cue: Cue, lang: str) -> str:
    """Why a cue warns, in `lang` (English where unknown)."""
    rule = next(rule for rule in load_cues() if rule.id == cue.id)
    return rule.why.get(lang, rule.why["en"])


@cache
def load_model(path: Path = MODEL_FILE) -> ForecastModel:
    """The shipped weights; ConfigurationError where they are missing or do not fit."""
    try:
        file = json.loads(path.read_text(encoding="utf-8"))
        if file["features"] != name_features():
            raise ConfigurationError(
                f"The model file {path.name} is of another version of the program."
            )
        return ForecastModel(
            version=file["version"],
            middle=np.array(file["middle"]),
            spread=np.array(file["spread"]),
            weights=np.array(file["weights"]),
            bias=float(file["bias"]),
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"The model file {path.name} cannot be read. Run `make train` or install again.",
            path=str(path),
        ) from error
