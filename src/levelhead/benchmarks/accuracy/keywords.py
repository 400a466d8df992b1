"""Keyword lists as an agency would write them in an afternoon: a peer to be compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from levelhead.benchmarks.accuracy.estimates import Values

# The first list with a hit gives the label.
_LABELS: Final = (
    ("emergency", r"help me|in danger|suicid\w*|kill (?:my|him|her)self|shots? fired|trapped|"
                  r"bleeding|not breathing|911|someone is (?:following|breaking)|ayuda|auxilio"),
    ("press", r"reporter|journalist|on deadline|comment for|news desk|newsroom|press officer|"
              r"request for comment|periodista"),
    ("records", r"foia|public records?|records request|copy of (?:the|my)|body ?cam\w*|footage|"
                r"police report"),
    ("removable", r"follow me|click here|free money|giveaway|earn \$|crypto|bitcoin|whatsapp|"
                  r"dm me for|buy now|discount code|i will kill|i'll kill"),
    ("misinformed", r"rumou?rs?|is it true|i heard|apparently|they are hiding|cover.?up|hoax"),
    ("praise", r"thank(?:s| you)|great job|good work|well done|appreciate|gracias|kudos|"
               r"congratulations|awesome"),
    ("question", r"\?|how (?:do|can|long)|when (?:is|will|does)|where (?:is|can|do)|what time"),
    ("service", r"pothole|street ?light|garbage|trash|leak\w*|noise|parking|graffiti|stolen|lost|"
                r"abandoned|broken|report(?:ing)?|outage"),
    ("complaint", r"worst|terrible|horrible|waiting|still no|no response|nobody (?:came|answered)|"
                  r"rude|unacceptable|refund|delayed|cancelled|disappointed|queja"),
    ("dissent", r"should (?:not|be)|shame|defund|vote|policy|taxes|resign|bill|law|politic\w*|"
                r"congress|senat\w*|rights"),
    ("abuse", r"idiots?|stupid|clowns?|pigs?|morons?|suck\w*|fuck\w*|shit\w*|pathetic|joke|lol"),
)  # fmt: skip
_REPLY: Final = r"\?|please|help|thank|when|where|how|why|por favor|gracias"
_CRISIS: Final = (
    r"earthquakes?|floods?|flood(?:ed|ing)|wild ?fires?|bush ?fires?|tornado\w*|hurricanes?|"
    r"typhoon|cyclone|storms?|explosions?|bomb\w*|shooting|gunm[ae]n|hostages?|evacuat\w*|victims?|"
    r"injured|dead|killed|rescue\w*|emergency|crash(?:ed)?|collapse\w*|missing|shelters?|survivors?|"
    r"terremoto|inundaci\w+|incendios?"
)
_SPAM: Final = (
    r"subscribe|check (?:out|this)|my channel|free|win|won|winner|prize|claim|cash|click|offer|"
    r"www|https?|call now|txt|text \w+ to|urgent|guaranteed|visit|followers|giveaway"
)
_COMPLAINT: Final = (
    r"worst|terrible|horrible|awful|still (?:no|not|waiting)|not working|doesn'?t work|broken|"
    r"no response|fix|refund|disappointed|unacceptable|never|why (?:is|do|does|can'?t)|delayed|"
    r"cancelled|customer service|help"
)


def _compile(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)|\?" if "\\?" in words else rf"\b(?:{words})\b",
                      re.IGNORECASE)  # fmt: skip


_BY_LABEL: Final = tuple((label, _compile(words)) for label, words in _LABELS)
_PATTERNS: Final = {
    "reply": _compile(_REPLY),
    "crisis": _compile(_CRISIS),
    "spam": _compile(_SPAM),
    "complaint": _compile(_COMPLAINT),
}


def label_by_keyword(text: str) -> str:
    """The label of the first list with a hit, else "other"."""
    return next((label for label, pattern in _BY_LABEL if pattern.search(text)), "other")


def score_by_keyword(kind: str, texts: Sequence[str]) -> Values:
    """0 without a hit in the list of that kind, else 1/2 and more with each further hit."""
    hits = np.array([len(_PATTERNS[kind].findall(text)) for text in texts], dtype=float)
    return np.where(hits > 0, 1.0 - 0.5**hits, 0.0)
