"""The words of the reply check: what it finds in a draft, and what it may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from levelhead.kernel import clock

# How many earlier replies a draft is compared with.
RECENT_REPLIES: Final = 50
MAX_FACTS: Final = 500
# Of an earlier reply or a fact, this much is read.
MAX_FACT_CHARACTERS: Final = 2_000
MAX_REPLY_CHARACTERS: Final = 10_000
_FACT_FIELDS: Final = ("statement", "text", "fact", "value")
# A fact with one of these marks supports nothing.
_UNUSABLE: Final = frozenset({"unconfirmed", "false", "superseded"})


class RuleName(StrEnum):
    """The rules, in the order in which their findings come."""

    ANSWERS_CONCERN = "answers_concern"
    SOURCE_MISSING = "source_missing"
    DEFENSIVE = "defensive"
    SENTENCE_INITIAL_YOU = "sentence_initial_you"
    SARCASM = "sarcasm"
    JARGON_OR_GRADE = "jargon_or_grade"
    TOO_LONG = "too_long"
    SAMENESS = "sameness"
    PROMISE = "promise"
    GATED_MINOR = "gated_minor"
    GATED_VICTIM = "gated_victim"
    GUILT_LANGUAGE = "guilt_language"
    TACTICAL_LOCATION = "tactical_location"
    PRIVATE_DATA = "private_data"
    POLITICS = "politics"
    HEDGED_PROTECTIVE_ACTION = "hedged_protective_action"
    APOLOGY_ADMITS_FAULT = "apology_admits_fault"
    WRONG_LANGUAGE = "wrong_language"
    NO_NEXT_STEP = "no_next_step"
    UNSIGNED = "unsigned"
    CONTRADICTS_FACT = "contradicts_fact"


class Severity(StrEnum):
    """How much a finding weighs; a person decides in every case."""

    # Worth a thought.
    NOTE = "note"
    # Should be changed, or left with a reason.
    WARN = "warn"
    # Must not go out before somebody with the authority has agreed.
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing about a draft, in words for the person who writes it."""

    rule: RuleName
    severity: Severity
    # (start, end) in the draft's characters (code points); (n, n) where something is missing.
    span: tuple[int, int]
    why: str
    suggestion: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyContext:
    """What the check may know besides the post and the draft."""

    incident: bool = False
    # Statements that were approved; they need no other source.
    facts: tuple[str, ...] = ()
    # The agency's last replies, newest last.
    recent_replies: tuple[str, ...] = ()
    # How many replies the agency has in this thread already.
    thread_replies: int = 0
    # Language of the person who asked; None where only the post tells.
    lang: str | None = None
    # Language of the person who writes the reply; None falls back on `lang`, then English.
    ui_lang: str | None = None
    # Against what "tomorrow" is counted; None is the clock's time.
    now: datetime | None = None


def read_context(given: object) -> ReplyContext:
    """The context that a caller gave as JSON; what has a wrong kind counts as not given."""
    if not isinstance(given, Mapping):
        return ReplyContext()
    replies = _read_texts(given.get("recent_replies"), RECENT_REPLIES, MAX_REPLY_CHARACTERS)
    thread = given.get("thread_replies")
    in_thread = 0
    if isinstance(thread, int) and not isinstance(thread, bool):
        in_thread = max(0, min(thread, 1_000_000))
    elif isinstance(thread, Sequence) and not isinstance(thread, str):
        # Some callers have the replies themselves at hand.
        texts = _read_texts(thread, RECENT_REPLIES, MAX_REPLY_CHARACTERS)
        in_thread = len(texts)
        replies = (*replies, *(text for text in texts if text not in replies))[-RECENT_REPLIES:]
    return ReplyContext(
        incident=given.get("incident") is True,
        facts=_read_texts(given.get("facts"), MAX_FACTS, MAX_FACT_CHARACTERS),
        recent_replies=replies,
        thread_replies=in_thread,
        lang=read_language(given.get("lang")),
        ui_lang=read_language(given.get("ui_lang")),
        now=_read_time(given.get("now")),
    )


def read_language(given: object) -> str | None:
    """The two letters of a language tag such as "es-MX"; None for anything else."""
    if not isinstance(given, str) or len(given) > 35:
        return None
    code = given.strip().replace("_", "-").split("-")[0].lower()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def _read_texts(given: object, most: int, characters: int) -> tuple[str, ...]:
    """The last `most` texts; a text may stand alone or inside an object with its status."""
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Sequence):
        return ()
    texts = []
    for item in given[-most:]:
        text = item
        if isinstance(item, Mapping):
            status = item.get("status")
            if isinstance(status, str) and status.lower() in _UNUSABLE:
                continue
            text = next((item[name] for name in _FACT_FIELDS if name in item), None)
        if isinstance(text, str) and text.strip():
            texts.append(text[:characters])
    return tuple(texts)


def _read_time(given: object) -> datetime | None:
    if not isinstance(given, str) or len(given) > 40:
        return None
    try:
        return datetime.fromisoformat(given)
    except ValueError:
        return None


def time_of(context: ReplyContext) -> datetime:
    """The time against which the draft's dates are counted."""
    return context.now or clock.now()
