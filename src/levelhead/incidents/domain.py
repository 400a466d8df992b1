"""The words of incidents: kinds, states, roles, and the clock of silence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

TITLE_LIMIT: Final = 120
PLACE_LIMIT: Final = 200
REASON_LIMIT: Final = 1_000
LOG_LIMIT: Final = 2_000
TOKEN_LIMIT: Final = 40
# What posts of an incident are found by.
MOST_TERMS: Final = 10
TERM_LIMIT: Final = 60
# The levels that an incident can have: below it is an issue.
LEVELS: Final = (2, 3, 4)
# From the first post about it to our first word (doctrine, section 1).
FIRST_WORD: Final = timedelta(minutes=15)
# Between two words at most, by level.
CADENCE: Final = {2: timedelta(hours=2), 3: timedelta(hours=2), 4: timedelta(minutes=30)}
# A promised next word lies this far ahead at most, and at least this far.
LONGEST_PROMISE: Final = timedelta(hours=24)
SHORTEST_PROMISE: Final = timedelta(minutes=2)
# Of the promised time, from here on it is said loudly.
SOON: Final = 0.8


class IncidentKind(StrEnum):
    """What happened, which chooses the template."""

    ACTIVE_THREAT = "active_threat"
    MISSING_PERSON = "missing_person"
    FIRE = "fire"
    FLOOD = "flood"
    OFFICER_INVOLVED = "officer_involved"
    PROTEST = "protest"
    DATA_BREACH = "data_breach"
    FALSE_ALARM = "false_alarm"
    OTHER = "other"


class IncidentState(StrEnum):
    """Whether it goes on."""

    RUNNING = "running"
    OVER = "over"


class RoomRole(StrEnum):
    """What somebody does in an incident; a person may do several."""

    LEAD = "lead"  # decides what is said
    WRITER = "writer"  # writes and sends updates
    FACTS = "facts"  # finds out and confirms
    RUMORS = "rumors"  # watches what is claimed
    CHANNELS = "channels"  # sees that everything arrives
    LIAISON = "liaison"  # speaks with the press and other agencies


class Tone(StrEnum):
    """How loud the clock of silence is."""

    CALM = "calm"
    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """Since when nothing was said, and when the next word is due."""

    since: datetime
    due: datetime
    # Whether it is the very first word that is due.
    first: bool

    def share(self, now: datetime) -> float:
        """How much of the promised time has gone: 0 to 1, and more when late."""
        whole = (self.due - self.since).total_seconds()
        gone = (now - self.since).total_seconds()
        if whole <= 0:
            return 1.0 if now >= self.due else 0.0
        return max(0.0, gone / whole)

    def tone(self, now: datetime) -> Tone:
        """Loud from 80% on, and louder when the time has come."""
        share = self.share(now)
        if share >= 1:
            return Tone.LATE
        return Tone.SOON if share >= SOON else Tone.CALM

    def turns_at(self) -> datetime:
        """When it becomes loud."""
        return self.since + (self.due - self.since) * SOON


def first_word_due(detected_at: datetime, declared_at: datetime) -> datetime:
    """When the first word is due: fifteen minutes after it was noticed, or at once if that passed.

    Declared late, people still need a minute to write.
    """
    return max(detected_at + FIRST_WORD, declared_at + SHORTEST_PROMISE)
