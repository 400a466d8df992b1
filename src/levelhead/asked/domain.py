"""The words of what is asked often: when a question counts as one, and what it is called. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

# Questions of so many days count.
DAYS: Final = 30
# A question is shown once so many people asked it.
LEAST_PEOPLE: Final = 3
NAME_LIMIT: Final = 160
REASON_LIMIT: Final = 300
EXAMPLES: Final = 3
# What was set aside comes back once it was asked so many times as often.
COMES_BACK_AT: Final = 2

_ELSEWHERE: Final = re.compile(
    r"https?://\S{1,2000}|(?<!\w)@\w(?:[\w.@-]{0,200}\w)?|^subject:", re.IGNORECASE
)
_SENTENCE: Final = re.compile(r"[^.!?¿]*¿?[^.!?¿]+[.!?]*")


class GroupState(StrEnum):
    """Whether a question that is asked often is to be looked at."""

    OPEN = "open"
    MIXED = "mixed"  # a person said: not one question
    UNNEEDED = "unneeded"  # a person said: it needs no approved answer


SET_ASIDE: Final = (GroupState.MIXED, GroupState.UNNEEDED)


def name_of(text: str) -> str:
    """A question as the name of those like it: its first asking sentence, without handles."""
    plain = " ".join(_ELSEWHERE.sub(" ", text[:2_000]).split())
    sentences = [found.strip(" ,;:-") for found in _SENTENCE.findall(plain)]
    sentences = [one for one in sentences if any(map(str.isalpha, one))]
    # In Spanish a question may begin in the middle of a sentence.
    asking = [one[max(0, one.find("¿")) :] for one in sentences if "?" in one[-3:]]
    said = next(iter(asking or sentences), plain)
    if len(said) <= NAME_LIMIT:
        return said
    cut = said[: NAME_LIMIT - 1].rpartition(" ")[0] or said[: NAME_LIMIT - 1]
    return cut + "…"


def count_days(days: Mapping[str, int], today: date) -> dict[str, int]:
    """The counts of the last DAYS days, by day as in 2026-03-16; older ones are dropped."""
    first = (today - timedelta(days=DAYS - 1)).isoformat()
    return {day: count for day, count in sorted(days.items()) if day >= first}


def days_in_order(days: Mapping[str, int], today: date) -> list[tuple[date, int]]:
    """Each of the last DAYS days with its count, the oldest first."""
    start = today - timedelta(days=DAYS - 1)
    every = [start + timedelta(days=n) for n in range(DAYS)]
    return [(day, days.get(day.isoformat(), 0)) for day in every]


def comes_back(asked: int, at_decision: int) -> bool:
    """Whether it was asked so much more often that the decision is looked at again."""
    return asked >= max(COMES_BACK_AT * at_decision, LEAST_PEOPLE)


def place_example(
    examples: Sequence[Sequence[Any]], found: tuple[int, float, str]
) -> list[list[Any]]:
    """The EXAMPLES nearest to what a group asks, each in other words: [post, nearness, words]."""
    kept = [list(one) for one in examples if one[0] != found[0]]
    if not any(one[2] == found[2] for one in kept):
        kept.append(list(found))
    return sorted(kept, key=lambda one: -float(one[1]))[:EXAMPLES]
