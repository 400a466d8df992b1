"""The words of a stream: a post in it, what a post tells, and a burst."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamPost:
    """One post as it arrives."""

    id: object
    text: str
    # None where the line had none, or one that is no time.
    created_at: datetime | None = None
    # Whatever tells authors apart; None where it is not known.
    author: str | None = None
    author_followers: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a model says of one text; all 0-1."""

    # About an emergency or disaster under way.
    crisis: float
    # Asks for help against an immediate danger.
    emergency: float = 0.0
    # Against the agency: complaint, or hostile.
    negative: float = 0.0
    press: float = 0.0


class Reader(Protocol):
    """What reads texts, a batch at a time."""

    def __call__(self, texts: Sequence[str]) -> Sequence[Reading]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Signs:
    """What one post tells about what kind of thing is going on."""

    # 0-1: an emergency or disaster under way; see signs.WARM and signs.HOT.
    heat: float
    # A figure of speech, a drill, a film, or long ago. Looked for only where it would matter.
    unreal: bool = False
    # A life is in immediate danger, in so many words, and the model does not object.
    danger: bool = False
    negative: bool = False
    press: bool = False
    misconduct: bool = False
    vigilante: bool = False
    rumor: bool = False
    official: bool = False
    high_reach: bool = False
    # Alleges misconduct and says of whom.
    accused: bool = False
    # Calls on someone to go, or on others to come together against it.
    call: bool = False
    # Lives at stake, as someone beside it tells it.
    peril: bool = False
    # Hazards named, such as "earthquake"; they link posts across words and languages.
    hazards: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """Something that many talk about now, or few about something grave."""

    # Stream time.
    at: datetime
    # Terms that make it stand out, the most telling first; empty for the stream as a whole.
    topic: tuple[str, ...]
    # Posts about it in the window just past, and how many were to be expected.
    posts: int
    baseline: float
    # Ids of posts already seen, the most telling first.
    examples: tuple[object, ...]
    # Figures that rules may look at; see doctrine/data/levels.yaml for their names.
    evidence: Mapping[str, float] = field(default_factory=dict)
    # The same number for what belongs together as far as is known; 0 where nothing is.
    key: int = 0
    # Whether the whole stream is meant and not a topic in it.
    whole_stream: bool = False
    # What people call it. Asked for only where it is told, for it means reading the posts again.
    call_it: Callable[[], tuple[str, ...]] | None = field(default=None, compare=False, repr=False)
    # Ids of the posts that were counted, as far as they are kept. Asked for where it is told.
    list_posts: Callable[[], tuple[object, ...]] | None = field(
        default=None, compare=False, repr=False
    )

    def name(self) -> tuple[str, ...]:
        """What people call it; the terms where that is not known."""
        return (self.call_it() if self.call_it else ()) or self.topic

    def list_ids(self) -> tuple[object, ...]:
        """The posts that belong to it, as far as is known."""
        return self.list_posts() if self.list_posts else self.examples
