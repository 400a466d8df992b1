"""What a model may be asked, what it may stand on, and what may be wrong with its answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from levelhead.kernel.errors import Conflict, Invalid, LevelheadError

LANGUAGES: Final = ("en", "es")
URL_LIMIT: Final = 300
MODEL_LIMIT: Final = 120
KEY_LIMIT: Final = 400
CONTACT_LIMIT: Final = 1_000
SECONDS: Final = (5, 120)
MOST_TOKENS: Final = 1_000_000_000
# Asked at once in one process.
AT_ONCE: Final = 2
# Of one request: characters of the thread, of a source, sources, posts above.
POST_LIMIT: Final = 4_000
SOURCE_LIMIT: Final = 3_000
MOST_SOURCES: Final = 20
MOST_ABOVE: Final = 4
# Of an answer: bytes that are read, tokens that are asked for, sentences, characters of the draft.
ANSWER_BYTES: Final = 1_000_000
ANSWER_TOKENS: Final = 900
MOST_SENTENCES: Final = 30
DRAFT_LIMIT: Final = 4_000
MOST_MISSING: Final = 5
MISSING_LIMIT: Final = 200
# After its time limit a request that nobody ended is taken for dead.
GRACE: Final = timedelta(seconds=15)


class MadeState(StrEnum):
    """Where a draft that a model was asked for stands."""

    ASKING = "asking"
    READY = "ready"
    NOTHING = "nothing"  # no source says it
    FAILED = "failed"
    CANCELLED = "cancelled"


class SourceKind(StrEnum):
    """What a model may stand on."""

    ANSWER = "answer"
    FACT = "fact"
    RESEARCH = "research"
    CONTACT = "contact"


class Sends(StrEnum):
    """What of a conversation may be sent."""

    POST = "post"
    THREAD = "thread"


class Trouble(StrEnum):
    """Why there is no draft."""

    ADDRESS = "address"  # the address is inside a private network, or is none
    NAME = "name"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    KEY = "key"
    MODEL = "model"
    BUSY = "busy"
    DOWN = "down"
    MOVED = "moved"
    REFUSED = "refused"
    FILTERED = "filtered"
    EMPTY = "empty"
    CUT = "cut"
    TOO_LARGE = "too_large"
    GARBLED = "garbled"
    CIRCUIT = "circuit"
    STOPPED = "stopped"
    CROWDED = "crowded"


# What says that the endpoint is not well, rather than that one request was wrong.
SICK: Final = frozenset(
    {
        Trouble.NAME, Trouble.UNREACHABLE, Trouble.TIMEOUT, Trouble.DOWN, Trouble.TOO_LARGE,
        Trouble.GARBLED, Trouble.MOVED, Trouble.BUSY,
    }
)  # fmt: skip
# Nothing was handed to the model: no token was used.
NEVER_ASKED: Final = frozenset(
    {
        Trouble.ADDRESS, Trouble.NAME, Trouble.KEY, Trouble.MODEL, Trouble.MOVED, Trouble.CIRCUIT,
        Trouble.CROWDED,
    }
)  # fmt: skip


class Struck(StrEnum):
    """Why a sentence of the model was taken out."""

    UNSOURCED = "unsourced"  # it names no source
    UNSUPPORTED = "unsupported"  # its sources do not say that
    OPPOSITE = "opposite"  # its source says the opposite
    MIXED = "mixed"  # its numbers or days belong to something else
    NUMBER = "number"
    DATE = "date"
    LINK = "link"
    PHONE = "phone"
    NAME = "name"
    PROMISE = "promise"
    LANGUAGE = "language"
    MARKUP = "markup"
    TOO_LONG = "too_long"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Something that the agency has approved, under the number by which a draft cites it."""

    number: int
    kind: SourceKind
    # 0 for the agency's contact data.
    id: int
    title: str
    text: str
    version: int = 0
    # The issue of a fact.
    within: int = 0

    def as_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        return {
            "number": self.number, "kind": self.kind.value, "id": str(self.id),
            "title": self.title, "text": self.text, "version": self.version,
            "within": str(self.within),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A sentence as the model gave it, with the sources that it says it stands on."""

    text: str
    cites: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A sentence after it was looked at."""

    text: str
    cites: tuple[int, ...]
    struck: Struck | None = None
    # The words that were the trouble.
    what: str = ""
    # Its source is in another language: a person compares.
    translated: bool = False

    def as_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        return {
            "text": self.text, "cites": list(self.cites),
            "struck": self.struck.value if self.struck else "", "what": self.what,
            "translated": self.translated,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is left of an answer."""

    sentences: tuple[Judged, ...]
    # The draft as it goes into the form; empty where nothing of substance is left.
    text: str
    missing: tuple[str, ...] = ()

    @property
    def stands_on(self) -> frozenset[int]:
        """The sources of what was kept."""
        return frozenset(
            number for one in self.sentences if one.struck is None for number in one.cites
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """What an endpoint was found to understand."""

    stream: bool = True
    # "json_schema", "json_object" or "none".
    form: str = "json_schema"

    def as_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        return {"stream": self.stream, "form": self.form}


FORMS: Final = ("json_schema", "json_object", "none")


def read_ways(kept: object) -> Ways:
    """What a row says; the best where it says nothing."""
    if not isinstance(kept, dict):
        return Ways()
    form = kept.get("form")
    return Ways(
        stream=kept.get("stream") is not False, form=form if form in FORMS else "json_schema"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What came back from an endpoint that did as it was asked."""

    text: str
    model: str
    # None where the endpoint does not say.
    tokens: int | None
    ways: Ways = field(default_factory=Ways)


class NoDraftError(LevelheadError):
    """The model gave no draft."""

    code = "drafting_failed"
    permanent = False

    def __init__(
        self, trouble: Trouble, said: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{trouble.value}: {said}" if said else trouble.value)
        self.trouble = trouble
        self.said = said
        self.retry_after = retry_after


class OverCeiling(Invalid):
    """The tokens of this month are used up."""

    code = "drafting_ceiling"


class Unread(Invalid):
    """A model's words would leave as they are, and nobody said that they have read them."""

    code = "drafting_unread"


class Crowded(Conflict):
    """As many drafts are being made as may be at once."""

    code = "drafting_crowded"
