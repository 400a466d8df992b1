"""What the list is asked to show: read from an address and written back into one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from levelhead.analysis.domain import Label
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.newest import NO_ID
from levelhead.inbox.search import QUERY_LIMIT

VIEWS: Final = ("needs", "now", "clause", "stand", "mine", "snoozed", "answered", "all")
QUEUE_OF_VIEW: Final = {
    "needs": Queue.NEEDS,
    "now": Queue.NOW,
    "clause": Queue.CLAUSE,
    "stand": Queue.STAND,
}
WORKING: Final = (CaseState.OPEN.value, CaseState.ANSWERING.value)
# Characters of a name or a handle to look for.
WHO_LIMIT: Final = 100
_MARKS: Final = str.maketrans(dict.fromkeys("“”„«»", '"'))
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MINUTE: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What the list is asked to show; the address of the page says it all."""

    view: str = "needs"
    label: str = ""
    channel: int | None = None
    lang: str = ""
    # Words, and phrases in quotation marks.
    query: str = ""
    # Name or handle of who wrote.
    who: str = ""
    # "me", "nobody" or the id of a colleague.
    owner: str = ""
    disposition: str = ""
    state: str = ""
    # May break a clause of the policy.
    clause: bool = False
    # From and up to when it came in, on the agency's clocks: "2026-03-16" or "2026-03-16T09:00".
    since: str = ""
    until: str = ""
    # Those that say nearly the same as this post.
    like: int | None = None
    # Copies one by one, not as one row.
    copies: bool = False
    # "newest", or "clock": what is due first.
    sort: str = "newest"
    # Where the page begins: below this id, or behind this due time and id.
    before: int | None = None
    after: tuple[datetime, int] | None = None

    @property
    def filtered(self) -> bool:
        """Whether anything but the view was chosen."""
        return bool(self.label or self.query or self.narrowed)

    @property
    def narrowed(self) -> bool:
        """Whether something was chosen that no index holds together with the view."""
        return bool(
            self.channel or self.lang or self.who or self.owner or self.disposition
            or self.state or self.clause or self.since or self.until or self.like
        )  # fmt: skip

    @property
    def parameters(self) -> dict[str, str]:
        """As in an address, without the place in the list."""
        given = {
            "view": self.view if self.view != "needs" else "",
            "label": self.label,
            "channel": str(self.channel or ""),
            "lang": self.lang,
            "q": self.query,
            "who": self.who,
            "owner": self.owner,
            "do": self.disposition,
            "state": self.state,
            "clause": "1" if self.clause else "",
            "since": self.since,
            "until": self.until,
            "like": str(self.like or ""),
            "copies": "1" if self.copies else "",
            "sort": self.sort if self.sort != "newest" else "",
        }
        return {name: value for name, value in given.items() if value}

    @property
    def address(self) -> str:
        """The query of an address that shows the same list, with its question mark."""
        return self.address_with()

    def address_with(self, **changes: str) -> str:
        """The same, with other parameters changed."""
        given = {**self.parameters, **changes}
        given = {name: value for name, value in given.items() if value}
        return f"?{urlencode(given)}" if given else ""

    @property
    def since_field(self) -> str:
        """`since` as a field with day and time takes it."""
        return self.since if "T" in self.since else f"{self.since}T00:00" if self.since else ""

    @property
    def until_field(self) -> str:
        """`until` as a field with day and time takes it: a day with its last minute."""
        return self.until if "T" in self.until else f"{self.until}T23:59" if self.until else ""

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """From when (included) to when (excluded) posts came in, in the zone in force."""
        return _moment_of(self.since, end=False), _moment_of(self.until, end=True)


def read_choice(given: Mapping[str, str]) -> Choice:
    """The choice in an address; what makes no sense there is left out."""
    view = given.get("view", "")
    lang = given.get("lang", "").lower()
    # Phones write quotation marks of their own.
    query = _words(given.get("q", "").translate(_MARKS), QUERY_LIMIT)
    choice = Choice(
        view=view if view in VIEWS else "needs",
        label=_one_of(given.get("label", ""), Label),
        channel=read_number(given.get("channel", "")),
        lang=lang if _LANGUAGE.fullmatch(lang) else "",
        query=query,
        who=_words(given.get("who", ""), WHO_LIMIT),
        owner=_owner(given.get("owner", "")),
        disposition=_one_of(given.get("do", ""), Disposition),
        state=_one_of(given.get("state", ""), CaseState),
        clause=given.get("clause") == "1",
        since=_time_text(given.get("since", "")),
        until=_time_text(given.get("until", "")),
        like=read_number(given.get("like", "")),
        copies=given.get("copies") == "1",
        sort="clock" if given.get("sort") == "clock" and not query else "newest",
        before=read_number(given.get("before", "")),
    )
    due, _, last = given.get("after", "").partition("_")
    moment, last_id = _read_moment(due), read_number(last)
    if moment is not None and last_id is not None:
        choice = replace(choice, after=(moment, last_id))
    return choice


def _words(text: str, limit: int) -> str:
    return " ".join(text[:limit].replace("\x00", " ").split())


def _one_of(text: str, known: type[Label] | type[Disposition] | type[CaseState]) -> str:
    return text if text in {one.value for one in known} else ""


def _owner(text: str) -> str:
    return text if text in ("me", "nobody") else str(read_number(text) or "")


def read_number(text: str) -> int | None:
    """An id in an address; None where it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    number = int(text)
    return number if 0 < number <= NO_ID else None


def _time_text(text: str) -> str:
    text = text[:19]
    return text if _moment_of(text, end=False) is not None else ""


def _moment_of(text: str, *, end: bool) -> datetime | None:
    """A day or a minute on the agency's clocks; as an end, the one that it names is included."""
    if not text.isascii() or not (_DAY.fullmatch(text) or _MINUTE.fullmatch(text)):
        return None
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            naive = datetime.combine(day, time())
        else:
            naive = datetime.fromisoformat(text) + timedelta(minutes=1 if end else 0)
        # The zones' tables end somewhere, and so do calendars.
        return timezone.make_aware(naive) if 1970 < naive.year < 9000 else None
    except (ValueError, OverflowError):
        return None


def _read_moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
