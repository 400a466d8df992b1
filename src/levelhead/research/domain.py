"""The words of research: where a question to a colleague stands, and its bounds. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from levelhead.doctrine.schedule import Schedule

QUESTION_LIMIT: Final = 4_000
ANSWER_LIMIT: Final = 20_000
REASON_LIMIT: Final = 1_000
NAME_LIMIT: Final = 120
EMAIL_LIMIT: Final = 254
# Open questions of one conversation; more is a slip or a flood.
OPEN_AT_ONCE: Final = 10
FURTHEST: Final = timedelta(days=3_660)
# A link outlives the due date: a late answer is better than none.
LINK_AFTER_DUE: Final = timedelta(days=14)
FILES_AT_ONCE: Final = 5
FILE_BYTES: Final = 10_000_000
FILES_BYTES: Final = 25_000_000
# Below the data folder.
FILES_FOLDER: Final = "research"
# Office time before the due date at which the colleague is reminded: about a working day.
REMIND_BEFORE: Final = timedelta(hours=8)
RECORDS_DAYS: Final = 10
MOST_RECORDS_DAYS: Final = 250
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


class Kind(StrEnum):
    """What is asked for: it says which clock runs."""

    QUESTION = "question"
    RECORDS = "records"  # a request for public records: the law's clock runs


class RequestState(StrEnum):
    """Where a question to a colleague stands."""

    WAITING = "waiting"
    NOT_MINE = "not_mine"  # the colleague named somebody else; the desk is asked
    ANSWERED = "answered"  # to be released by a person of the desk
    RELEASED = "released"  # may be said in public; not posted yet
    POSTED = "posted"
    WITHDRAWN = "withdrawn"


NEXT_STATES: Final[Mapping[RequestState, frozenset[RequestState]]] = {
    RequestState.WAITING: frozenset(
        {RequestState.NOT_MINE, RequestState.ANSWERED, RequestState.WITHDRAWN}
    ),
    RequestState.NOT_MINE: frozenset(
        {RequestState.WAITING, RequestState.ANSWERED, RequestState.WITHDRAWN}
    ),
    RequestState.ANSWERED: frozenset(
        {RequestState.RELEASED, RequestState.WAITING, RequestState.WITHDRAWN}
    ),
    RequestState.RELEASED: frozenset({RequestState.POSTED, RequestState.ANSWERED}),
    # A reply that was taken back before it left.
    RequestState.POSTED: frozenset({RequestState.RELEASED}),
    RequestState.WITHDRAWN: frozenset(),
}
# Somebody has to do something about these.
OPEN: Final = (
    RequestState.WAITING, RequestState.NOT_MINE, RequestState.ANSWERED, RequestState.RELEASED,
)  # fmt: skip
CLOSED: Final = (RequestState.POSTED, RequestState.WITHDRAWN)


class MailKind(StrEnum):
    """Why a mail is sent."""

    ASK = "ask"
    ASK_AGAIN = "ask_again"
    REMINDER = "reminder"
    OVERDUE = "overdue"


class MailState(StrEnum):
    """Where a mail that leaves stands."""

    QUEUED = "queued"
    SENDING = "sending"  # the server has the words or is getting them
    UNCLEAR = "unclear"  # the connection ended then: a person decides
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Arrival(StrEnum):
    """What a mail that came in is."""

    ANSWER = "answer"
    LATE = "late"  # an answer that came when none was waited for; kept and shown
    AUTOMATIC = "automatic"  # "I am away": nobody wrote it
    BOUNCE = "bounce"


def is_email(text: str) -> bool:
    """Whether mail can be sent there; quoted local parts and bare hosts are not taken."""
    return len(text) <= EMAIL_LIMIT and _EMAIL.fullmatch(text) is not None


def reminder_due(
    *, asked_at: datetime, due_at: datetime, now: datetime, schedule: Schedule
) -> bool:
    """Whether it is time to remind: about a working day before, within office hours."""
    if now >= due_at or not schedule.is_open(now):
        return False
    whole = schedule.office_time_between(asked_at, due_at)
    left = schedule.office_time_between(now, due_at)
    return left <= min(REMIND_BEFORE, whole / 2)


def records_due(*, received_at: datetime, days: int, schedule: Schedule) -> datetime:
    """When a request for public records is due: close of business on its last working day."""
    return schedule.office_days(received_at, days)


def promised_for(*, due_at: datetime, schedule: Schedule) -> datetime:
    """By when the asker can be told: a working day after the colleague's answer is due."""
    return schedule.office_days(due_at, 1)
