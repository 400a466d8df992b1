"""The words of presence: who looks, who writes, and until when a sign of life counts. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# An open window tells so often that it is there.
BEAT_SECONDS: Final = 15
# A window that missed three beats is closed, asleep or without a network.
GONE_AFTER: Final = timedelta(seconds=45)
# A window that told of itself less long ago than this has nothing new to write down.
FRESH: Final = timedelta(seconds=BEAT_SECONDS - 5)
# Who writes nothing for so long has laid the pen down.
PEN_SILENT: Final = timedelta(minutes=2)
# Rows older than this tell nothing any more.
KEEP: Final = timedelta(minutes=10)
# Windows of one person that are kept; more is a loop somewhere.
MOST_WINDOWS: Final = 30
# Colleagues whose names a page shows; the others are counted.
MOST_SHOWN: Final = 3

_WINDOW: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
# What stands for the window of a page that works without scripts.
NO_WINDOW: Final = "page"


class PenState(StrEnum):
    """Who holds the pen, seen by one person."""

    FREE = "free"
    MINE = "mine"
    THEIRS = "theirs"


def is_window(name: str) -> bool:
    """Whether this can be the name of a window."""
    return _WINDOW.fullmatch(name) is not None


def is_here(seen_at: datetime, now: datetime) -> bool:
    """Whether a window that told of itself then counts as open. A clock set back hides nobody."""
    return now - seen_at <= GONE_AFTER


def still_writes(active_at: datetime, now: datetime) -> bool:
    """Whether somebody who last wrote then still holds the pen."""
    return now - active_at < PEN_SILENT
