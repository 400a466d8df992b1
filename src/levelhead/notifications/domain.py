"""The words of notifications: what a person is told of, and how. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

KEY_LIMIT: Final = 120
WHAT_LIMIT: Final = 200
ADDRESS_LIMIT: Final = 200
# Then a notification and its deliveries go; what they told of is on the record.
KEEP: Final = timedelta(days=90)
# So long before its due time a commitment is told of.
DUE_SOON: Final = timedelta(hours=24)
DAY_MINUTES: Final = 24 * 60
DIGEST_AT: Final = 8 * 60


class Kind(StrEnum):
    """What a notification is about."""

    MENTION = "mention"
    ASSIGNED = "assigned"
    RESEARCH_ANSWERED = "research_answered"
    RESEARCH_OVERDUE = "research_overdue"
    REPLY_FAILED = "reply_failed"
    COMMITMENT_DUE = "commitment_due"
    COMMITMENT_OVERDUE = "commitment_overdue"
    APPROVAL = "approval"  # somebody's approval is asked for
    HANDOVER = "handover"
    HANDOVER_WAITS = "handover_waits"


class Mail(StrEnum):
    """Whether a kind comes by e-mail."""

    NO = "no"
    NOW = "now"
    DIGEST = "digest"


class Way(StrEnum):
    """How a notification leaves the desk."""

    MAIL = "mail"
    DIGEST = "digest"
    CALL = "call"  # a place of the person's, called by apprise


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"  # the other side has the words or is getting them
    SENT = "sent"
    UNCLEAR = "unclear"  # the connection ended then: a person decides
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # read on the screen before it left, or its person left


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What a person wants of a kind."""

    # Whether it counts at the bell; the list has it in any case.
    screen: bool = True
    mail: Mail = Mail.NO
    call: bool = False
    # Mail and calls only while the person is on duty.
    on_duty_only: bool = False

    @classmethod
    def from_json(cls, told: object) -> Choice:
        """What a row keeps; the defaults for what it does not say."""
        if not isinstance(told, dict):
            return cls()
        mail = told.get("mail")
        return cls(
            screen=bool(told.get("screen", True)),
            mail=Mail(mail) if mail in set(Mail) else Mail.NO,
            call=bool(told.get("call", False)),
            on_duty_only=bool(told.get("on_duty_only", False)),
        )

    def to_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        return {
            "screen": self.screen, "mail": self.mail.value, "call": self.call,
            "on_duty_only": self.on_duty_only,
        }  # fmt: skip


def end_of_quiet(now: datetime, *, zone: str, start: int | None, end: int | None) -> datetime:
    """When quiet hours that hold now are over; `now` where none hold.

    `start` and `end` are minutes after midnight in `zone`; they may go over midnight.
    """
    if start is None or end is None or start == end:
        return now
    local = now.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    quiet = start <= minute < end if start < end else minute >= start or minute < end
    return next_time(now, zone=zone, minute=end) if quiet else now


def next_time(now: datetime, *, zone: str, minute: int) -> datetime:
    """The next moment at which clocks in `zone` show `minute` after midnight."""
    local = now.astimezone(ZoneInfo(zone))
    at = time(minute // 60 % 24, minute % 60)
    for days in range(3):
        found = datetime.combine(
            local.date() + timedelta(days=days), at, tzinfo=ZoneInfo(zone)
        ).astimezone(now.tzinfo)
        if found > now:
            return found
    return now + timedelta(days=1)
