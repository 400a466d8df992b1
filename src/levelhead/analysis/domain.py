"""The words of the analysis: what goes in, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """What a post is, for the desk. The first that fits, in this order."""

    EMERGENCY = "emergency"
    PRESS = "press"
    RECORDS = "records"
    QUESTION = "question"
    SERVICE = "service"
    COMPLAINT = "complaint"
    MISINFORMED = "misinformed"
    DISSENT = "dissent"
    PRAISE = "praise"
    ABUSE = "abuse"
    REMOVABLE = "removable"
    OTHER = "other"


class SafetyHead(StrEnum):
    """What the safety net looks for; recall first, a person decides."""

    THREAT = "threat"
    SELF_HARM = "self_harm"
    PRIVATE_DATA = "private_data"
    OBSCENE = "obscene"
    SPAM = "spam"
    SCAM_LINK = "scam_link"


@dataclass(frozen=True, kw_only=True, slots=True)
class PostText:
    """What the analysis may look at."""

    text: str
    # The post that this one answers, where known.
    parent_text: str | None = None
    # ISO 639-1, as the platform says; the analysis checks it.
    lang: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A place in the text that raised a safety head."""

    head: SafetyHead
    # Offsets in characters of `PostText.text`: text[start:end].
    start: int
    end: int
    # Id of the pattern that fired, such as "self_harm.intent"; words for it are in the rules.
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SimilarExample:
    """A labelled post of our own that is like the one looked at."""

    text: str
    label: Label
    # Cosine of the meanings.
    similarity: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseReading:
    """What only the encoder says of a post."""

    # Probability of an insult, a slur or profanity, targeted or not.
    offensive: float
    # Probability that it states something that can be checked.
    claim: float
    # Probability of support, deny, query, comment toward the post above; None without one.
    stance: Mapping[str, float] | None
    # Toward the agency, -1 .. 1.
    sentiment: float
    # What kind of word about an emergency it is, such as "needs_help"; for posts about one.
    info_type: str
    # The labelled example most like it; None where nothing is like it.
    like: SimilarExample | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """What the analysis says of one post."""

    label: Label
    # Calibrated probabilities over all labels; they add up to 1.
    label_scores: Mapping[str, float]
    # Probability that the agency should reply in public.
    reply: float
    # 0 none, 1 days, 2 hours, 3 minutes.
    urgency: int
    # 0 none .. 1 hateful or threatening.
    hostility: float
    # Probability that it is about an emergency or disaster under way.
    crisis: float
    # Probability per SafetyHead.
    safety: Mapping[str, float]
    # Where the safety net fired; empty for most posts.
    spans: tuple[Span, ...]
    # ISO 639-1, or "und" where it cannot be told.
    lang: str
    # Version of models and patterns, such as "heads-2026.11".
    model: str
    # None where the encoder was not asked: the cheap heads stand alone.
    reading: CloseReading | None = None
