"""What must be done now and then, and may wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import structlog
from django.conf import settings
from django.db import connection

from levelhead.api.actions import forget_calls
from levelhead.clocks.actions import resume_by_themselves
from levelhead.commitments.actions import note_overdue
from levelhead.config.environment import Environment
from levelhead.handover.actions import tell_waiting
from levelhead.inbox.sleeping import wake_due
from levelhead.live.actions import forget_old
from levelhead.notifications.actions import forget_notifications
from levelhead.notifications.following import tell_due
from levelhead.presence.actions import forget_absent
from levelhead.research.reminding import remind_and_note_overdue

log = structlog.get_logger(__name__)


@dataclass
class Chore:
    """Something that is done every so often."""

    name: str
    every_seconds: float
    do: Callable[[], None]
    next_at: float


class Housekeeping:
    """The worker's chores, each on its own timer."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        now = time.monotonic()
        self._chores = [
            # As soon as a clock on the wall would show it.
            Chore("note overdue commitments", 30.0, _note_overdue, now + 10.0),
            Chore("let clocks go on", 5.0, _resume_clocks, now + 3.0),
            Chore("remind colleagues", 60.0, _remind_colleagues, now + 15.0),
            # A person who chose a time looks at that time.
            Chore("wake cases", 3.0, _wake_cases, now + 3.0),
            Chore("tell of commitments that are due", 60.0, _tell_due, now + 20.0),
            Chore("tell of handovers that wait", 15.0, _tell_waiting, now + 5.0),
            Chore("forget old notifications", 3600.0, _forget_notifications, now + 150.0),
            Chore("forget old live events", 600.0, _forget_live_events, now + 30.0),
            Chore("forget who is gone", 300.0, _forget_absent, now + 60.0),
            Chore("forget answers to programs", 3600.0, _forget_calls, now + 90.0),
            Chore("forget old sessions", 3600.0, _forget_sessions, now + 120.0),
            Chore("tidy the database", 3600.0, tidy_database, now + 300.0),
        ]

    def run_round(self) -> float:
        """Do what is due; gives the seconds until the next chore.

        A chore that fails is tried again at its next time; the others are done.
        """
        for chore in self._chores:
            if time.monotonic() < chore.next_at:
                continue
            chore.next_at = time.monotonic() + chore.every_seconds
            try:
                chore.do()
            except Exception:
                log.exception(
                    "a chore failed; it is tried again at its next time", chore=chore.name
                )
        # Never long, so that the loop's sign of life stays fresh.
        return min(30.0, max(0.1, min(c.next_at for c in self._chores) - time.monotonic()))


def _note_overdue() -> None:
    late = note_overdue()
    if late:
        log.info("commitments are overdue", commitments=late)


def _resume_clocks() -> None:
    count = resume_by_themselves()
    if count:
        log.info("clocks go on by themselves", clocks=count)


def _remind_colleagues() -> None:
    reminded, overdue = remind_and_note_overdue()
    if reminded or overdue:
        log.info("colleagues were reminded", reminded=reminded, overdue=overdue)


def _wake_cases() -> None:
    woken = wake_due()
    if woken:
        log.info("cases came back", cases=woken)


def _tell_due() -> None:
    count = tell_due()
    if count:
        log.info("owners were told of commitments that are due", commitments=count)


def _tell_waiting() -> None:
    count = tell_waiting()
    if count:
        log.warning("handovers wait to be taken", handovers=count)


def _forget_notifications() -> None:
    count = forget_notifications()
    if count:
        log.info("old notifications removed", notifications=count)


def _forget_live_events() -> None:
    removed = forget_old()
    if removed:
        log.info("old live events removed", events=removed)


def _forget_absent() -> None:
    forget_absent()


def _forget_calls() -> None:
    removed = forget_calls()
    if removed:
        log.info("old answers to programs removed", answers=removed)


def _forget_sessions() -> None:
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def tidy_database() -> None:
    """Keep the write-ahead log small and the planner's figures fresh (SQLite)."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA optimize")
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
