"""The words of the doctrine: decisions, clocks, and what a decision may look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class Disposition(StrEnum):
    """What the desk proposes to do with a post."""

    # Life safety: page the duty officer now, tell the caller to call 911.
    ALERT = "alert"
    ANSWER = "answer"
    ROUTE = "route"
    RESEARCH = "research"
    CORRECT = "correct"
    LET_STAND = "let_stand"
    MODERATE = "moderate"


class Priority(IntEnum):
    """Order of work; higher goes first."""

    NONE = 0
    NORMAL = 1
    HIGH = 2
    NOW = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What a decision may look at besides the text's assessment."""

    received_at: datetime
    # Whether an incident of the agency is running: clocks come from their own column.
    incident: bool = False
    author_followers: int | None = None
    # Whether the agency itself (or its staff on its account) wrote the post.
    from_agency: bool = False
    # True where an approved answer fits; a question without one needs research.
    answer_fits: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """A reasoned proposal; a person may change it, and the change is kept."""

    disposition: Disposition
    priority: Priority
    # Id of the rule in doctrine/data/triage.yaml, such as "triage/4-question".
    rule: str
    rule_version: str
    # `doctrine.triage.reason_text(decision.rule, lang)` gives its reason in words.
    # Whose work it is: "duty_officer", "information_officer", "records", "service", "owner" or
    # "none".
    waits_for: str
    # When the first word is due, and the full answer; None where no clock runs.
    ack_due: datetime | None
    substance_due: datetime | None
    # Whether the screen must show "call 911" advice.
    show_911: bool = False
