"""The words of conversations: turns in, a forecast with its cues out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One post of a conversation."""

    text: str
    author: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """Something in a turn that warns."""

    # Id of the cue in the table, such as "blames_you".
    id: str
    # Place of the turn, from 0.
    turn: int
    # Offsets in characters of the turn's text: text[start:end].
    start: int
    end: int
    # How much the cue adds to the forecast's logit.
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Whether the next turn is likely to attack a person."""

    # Probability, where half of all conversations derail; a real desk sees far fewer.
    derails: float
    # The strongest first.
    cues: tuple[Cue, ...]
