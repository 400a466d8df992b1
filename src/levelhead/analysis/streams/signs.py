"""What one post tells: the model's word taken softly, and words of our own beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from levelhead.analysis.streams.domain import Reading, Signs, StreamPost
from levelhead.analysis.streams.vocabulary import NOTHING, TEXT_LIMIT, Vocabulary, fold

# In log-odds. Set by hand so that neither words nor model alone make a quiet post hot, and that a
# refitted model moves little.
BIAS: Final = -1.9
MODEL_WEIGHT: Final = 0.9
# A model that has not met this kind of event says no too easily.
MODEL_DOUBT_WEIGHT: Final = 0.6
MODEL_LIMIT: Final = 3.0
EMERGENCY_COUNTS: Final = 0.9
HAZARD: Final = 1.6
CLASS_WEIGHTS: Final = {
    "harm": 0.9,
    "response": 0.7,
    "support": 0.6,
    "news": 0.6,
    "joke": -2.0,
    "elsewhere": -1.5,
}
WORDS_LIMIT: Final = 3.2
# What stands for the model where there is none.
WITHOUT_MODEL: Final = Reading(crisis=0.45)
# From here on a post may be part of an emergency, and from there it plainly is.
WARM: Final = 0.25
HOT: Final = 0.5
COLD: Final = -1.2
MAX_WORDS: Final = 120
HIGH_REACH_FOLLOWERS: Final = 50_000
_LEAST_CRISIS: Final = 0.5
_NOT_REAL: Final = frozenset({"joke", "elsewhere"})
_GRAVE: Final = frozenset({"danger", "misconduct", "vigilante"})


def read_signs(
    post: StreamPost, words: Sequence[str], reading: Reading, vocabulary: Vocabulary
) -> Signs:
    """The signs of a post, its `words` folded and in order."""
    hazards: set[str] = set()
    classes: set[str] = set()
    tries: set[str] = set()
    for word in words[:MAX_WORDS]:
        meaning = vocabulary.look_up(word)
        if meaning is not NOTHING:
            hazards |= meaning.hazards
            classes |= meaning.classes
            tries |= meaning.tries
    phrases = vocabulary.phrases
    folded = fold(post.text)
    seen = {name for name in tries if name != "official" and phrases[name].search(folded)}
    if "official" in tries and phrases["official"].search(post.text[:TEXT_LIMIT]):
        seen.add("official")
    told = HAZARD if hazards else 0.0
    told += sum(CLASS_WEIGHTS[name] for name in classes if CLASS_WEIGHTS[name] > 0)
    told = min(told, WORDS_LIMIT)
    crisis = reading.crisis
    if hazards or "harm" in classes or "danger" in seen:
        # A plea for help names the danger; without such a word that label is often mistaken.
        crisis = max(crisis, EMERGENCY_COUNTS * reading.emergency)
    danger = "danger" in seen and crisis >= _LEAST_CRISIS
    crisis = min(max(crisis, 1e-3), 1 - 1e-3)
    model = max(-MODEL_LIMIT, min(MODEL_LIMIT, math.log(crisis / (1 - crisis))))
    odds = BIAS + (MODEL_WEIGHT if model > 0 else MODEL_DOUBT_WEIGHT) * model + told
    # Whether it is meant in earnest matters only where it would count.
    if odds > COLD or hazards or seen & _GRAVE:
        classes |= {name for name in _NOT_REAL if phrases[name].search(folded)}
    odds += sum(CLASS_WEIGHTS[name] for name in _NOT_REAL & classes)
    heat = 1 / (1 + math.exp(-odds))
    not_real = bool(_NOT_REAL & classes)
    return Signs(
        heat=heat,
        unreal=not_real,
        danger=danger and not not_real,
        negative=reading.negative >= 0.5 or "negative" in seen,
        press="press" in seen and reading.press >= 0.2,
        misconduct="misconduct" in seen and not not_real,
        vigilante="vigilante" in seen and not not_real,
        rumor="rumor" in seen,
        official="official" in seen,
        accused=not not_real
        and "misconduct" in seen
        and not seen.isdisjoint(("official", "office")),
        call="call" in seen and not not_real,
        peril="peril" in seen and not not_real,
        high_reach=(post.author_followers or 0) >= HIGH_REACH_FOLLOWERS,
        hazards=frozenset(hazards),
    )
