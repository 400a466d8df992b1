"""The words of topics: where one stands, and whether two are about the same thing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

# Posts of one topic that are kept as its own; further ones are only counted.
LINKED: Final = 500
# Hours of which the count is kept, and those that a sparkline shows.
HOURS_KEPT: Final = 14 * 24
HOURS_SHOWN: Final = 48
# A topic that nobody wrote about for so long no longer raises the agency's level of attention.
FRESH: Final = timedelta(hours=24)
# What comes back after so long is another topic, even under the same name.
CONTINUES: Final = timedelta(days=7)
NAME_LIMIT: Final = 200
REASON_LIMIT: Final = 1_000


class TopicState(StrEnum):
    """What a person made of a topic."""

    OPEN = "open"
    # A person looked: ordinary life, nothing to do.
    ORDINARY = "ordinary"


def name_of(terms: Sequence[str]) -> str:
    """What a topic is called."""
    name = ""
    for term in terms:
        longer = f"{name}, {term}" if name else term
        if len(longer) > NAME_LIMIT:
            break
        name = longer
    return name or " ".join(terms)[:NAME_LIMIT]


def words_of(terms: Sequence[str]) -> frozenset[str]:
    """The single words of its terms."""
    return frozenset(word for term in terms for word in term.split())


def same_subject(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of words are about the same: two in common, or all of the shorter."""
    shared = len(one & other)
    return shared >= 2 or (shared > 0 and shared == min(len(one), len(other)))


def hour_of(moment: datetime) -> datetime:
    """The hour that a moment counts in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def fill_hours(
    counts: dict[datetime, int], *, until: datetime, hours: int = HOURS_SHOWN
) -> list[tuple[datetime, int]]:
    """Every hour up to `until` with its count, zero where nothing was written."""
    last = hour_of(until)
    moments = [last - timedelta(hours=back) for back in range(hours - 1, -1, -1)]
    return [(moment, counts.get(moment, 0)) for moment in moments]
