"""The words of subscriptions, and how much of anything there may be. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Final

# The link in the first mail opens the subscription for so long.
LINK_HOLDS: Final = timedelta(hours=48)
MOST_SUBSCRIBERS: Final = 200_000
# To one address so many links within a day: nobody's mailbox is filled by others.
LINKS_A_DAY: Final = 3
# From one place on the network so many within an hour, and all together per agency.
ASKED_AN_HOUR: Final = 20
LINKS_AN_HOUR: Final = 5_000
# Letters are made from one update in portions: each is one short transaction.
PORTION: Final = 500
# When an incident is over, addresses are kept no longer than this.
KEPT_AFTER: Final = timedelta(days=30)
ADDRESS_LIMIT: Final = 254
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


class LetterKind(StrEnum):
    """What a mail is for."""

    LINK = "link"
    UPDATE = "update"


class LetterState(StrEnum):
    """Where a mail is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    # The connection ended in the middle: it may have left, so it is not sent again.
    UNCLEAR = "unclear"
    WITHDRAWN = "withdrawn"


def read_address(text: str) -> str | None:
    """An address that mail can be sent to; None for anything else."""
    text = text.strip()
    if len(text) > ADDRESS_LIMIT or _ADDRESS.fullmatch(text) is None:
        return None
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"
