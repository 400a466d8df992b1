"""When a forecast is worth showing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from levelhead.analysis.conversation.domain import Forecast, Turn

# Turns that are looked at: the one in question and those above it.
TURNS: Final = 8
# With fewer turns there is no talk that could turn.
FEWEST: Final = 3
# From here a branch shows. The forecast ranks and is no share of real talks: at one half it
# warned of four in five talks of another site, half of which went wrong (docs/reference/models.md).
SHOWN_FROM: Final = 0.7
CUES_KEPT: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptCue:
    """What warned, and in which post."""

    cue: str
    post_id: int
    # Offsets in characters of the post's text.
    start: int
    end: int


def may_turn(turns: Sequence[Turn], found: Forecast) -> bool:
    """Whether people are to be told; never without something to point at."""
    return (
        len(turns) >= FEWEST
        and len({turn.author for turn in turns}) > 1
        and found.derails >= SHOWN_FROM
        and bool(found.cues)
    )


def keep_cues(found: Forecast, post_ids: Sequence[int]) -> list[KeptCue]:
    """The strongest cues, by post; `post_ids` in the order of the turns."""
    return [
        KeptCue(cue=cue.id, post_id=post_ids[cue.turn], start=cue.start, end=cue.end)
        for cue in found.cues[:CUES_KEPT]
    ]
