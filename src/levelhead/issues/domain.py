"""The words of issues, and which questions are the same one. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from levelhead.doctrine.reply.stems import TOKEN, stem

NAME_LIMIT: Final = 200
TEXT_LIMIT: Final = 2_000
FINDINGS_LIMIT: Final = 5_000
REASON_LIMIT: Final = 1_000
# What one issue holds at most.
MAX_TOPICS: Final = 20
MAX_CONVERSATIONS: Final = 200
MAX_THEMES: Final = 20
MAX_FACTS: Final = 100
MAX_EXAMPLES: Final = 5
# Words of a question that are compared, and how much of the shorter one they must share.
_WORDS: Final = 40
_ALIKE: Final = 0.6
_LEAST_SHARED: Final = 2
# Words that any question has; English and Spanish.
_EMPTY_WORDS: Final = """
a an and any are as at be been but by can could did do does for from get has have how i if in is it
its just me my of on or our out she should so some that the their them there they this to up us was
we were what when where which who why will with would you your
al como con cual cuando de del donde el ella en es esta estan este esto hay la las le lo los mi nos
o para pero por porque que quien se ser si son su sus te tiene un una va van y yo
"""
_EMPTY: Final = frozenset(_EMPTY_WORDS.split())


class IssueState(StrEnum):
    """Where an issue stands."""

    OPEN = "open"
    CLOSED = "closed"


NEXT_STATES: Final[Mapping[IssueState, frozenset[IssueState]]] = {
    IssueState.OPEN: frozenset({IssueState.CLOSED}),
    IssueState.CLOSED: frozenset({IssueState.OPEN}),
}


class FactState(StrEnum):
    """How far a statement can be relied on."""

    UNCHECKED = "unchecked"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


NEXT_FACT_STATES: Final[Mapping[FactState, frozenset[FactState]]] = {
    FactState.UNCHECKED: frozenset({FactState.APPROVED, FactState.WITHDRAWN}),
    FactState.APPROVED: frozenset({FactState.WITHDRAWN}),
    FactState.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question that several asked, in the words of one of them."""

    text: str
    # Row of the post whose words these are.
    post_id: int
    asked: int


def group_questions(asked: Sequence[tuple[int, str]], *, most: int = 5) -> list[Question]:
    """The questions asked most: (post, text) put together where they share their words."""
    groups: list[tuple[frozenset[str], list[tuple[int, str]]]] = []
    for post_id, text in asked:
        words = _words(text)
        if not words:
            continue
        for lead, members in groups:
            shared = len(words & lead)
            least = min(len(words), len(lead))
            if shared >= min(_LEAST_SHARED, least) and shared >= _ALIKE * least:
                members.append((post_id, text))
                break
        else:
            groups.append((words, [(post_id, text)]))
    groups.sort(key=lambda group: -len(group[1]))
    found = []
    for _lead, members in groups[:most]:
        # The shortest says it most plainly.
        post_id, text = min(members, key=lambda one: (len(one[1]), one[0]))
        found.append(Question(text=text, post_id=post_id, asked=len(members)))
    return found


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text[:1_000]).casefold()
    folded = "".join(sign for sign in plain if not unicodedata.combining(sign))
    words = [word for word in TOKEN.findall(folded) if word not in _EMPTY][:_WORDS]
    return frozenset(stem(word) for word in words)
