"""What everybody may see of an incident, and no more. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from levelhead.incidents.domain import IncidentKind
from levelhead.updates.domain import UpdateKind, Words

LANGUAGES: Final = ("en", "es")
# What stands below the newest update in full, in characters of text: the first view stays small.
IN_FULL: Final = 6_000
# Older ones are named by their first sentence as far as this goes; all of them are a page further.
IN_SHORT: Final = 6_000
MOST_IN_FEED: Final = 50
# What changes the order in which letters are shown, and what XML cannot hold.
_UNSHOWN: Final = re.compile(
    "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"
)


def plain(text: str) -> str:
    """A text with nothing hidden in it, fit for HTML, XML and JSON."""
    return _UNSHOWN.sub("", text)


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicPicture:
    """A picture of an update: two files in the incident's folder, and what it shows."""

    # Names of the files: as it is, and smaller for the page.
    file: str
    small_file: str
    content_type: str
    # Bytes of the whole one; pixels of the smaller one.
    size: int
    width: int
    height: int
    # Language -> words.
    alts: Mapping[str, str]

    def alt(self, lang: str) -> str:
        """What it shows, in this language or else in one that was written."""
        return self.alts.get(lang) or next(iter(self.alts.values()))


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicUpdate:
    """One update, as everybody may read it."""

    number: int
    kind: UpdateKind
    at: datetime
    next_word_at: datetime | None
    # The first is the language that it was written in.
    texts: tuple[Words, ...]
    # Number of the update that this one puts right, and of those that put this one right.
    corrects: int | None = None
    corrected_by: tuple[int, ...] = ()
    # How grave the incident was when it was said.
    level: int = 4
    # Whether it says something that the ledger confirmed.
    confirmed: bool = False
    pictures: tuple[PublicPicture, ...] = ()

    def words(self, lang: str) -> Words:
        """In this language, or else as it was written."""
        return next((one for one in self.texts if one.lang == lang), self.texts[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicRumor:
    """Something that people say, and what is true."""

    claim: str
    # true, false, partly, answered (without a verdict) or unknown
    verdict: str
    answer: str
    at: datetime
    lang: str = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicIncident:
    """An incident with everything that everybody may read of it."""

    key: int
    agency: str
    agency_slug: str
    zone: str
    slug: str
    title: str
    place: str
    kind: IncidentKind
    lang: str
    # Grows with every change of what is shown.
    version: int
    # Oldest first; never empty.
    updates: tuple[PublicUpdate, ...]
    over_at: datetime | None = None
    level: int = 4
    rumors: tuple[PublicRumor, ...] = ()
    # Whether updates come by mail, too.
    by_mail: bool = False

    @property
    def current(self) -> PublicUpdate:
        """The newest word."""
        return self.updates[-1]

    @property
    def changed_at(self) -> datetime:
        """When something was said last."""
        return max(self.current.at, self.over_at or self.current.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where the installation is reached from outside."""

    # Without a slash at the end; empty where it has no public address.
    base: str
    # Of a WebSub hub; empty without one.
    hub: str = ""

    @property
    def host(self) -> str:
        """Name of the machine, for ids that must not change."""
        return re.sub(r"^https?://|[:/].*$", "", self.base) or "localhost"

    def folder(self, incident: PublicIncident) -> str:
        """Address of the incident's folder; relative where there is no public address."""
        path = f"/public/{incident.agency_slug}/{incident.slug}/"
        return self.base + path if self.base else "./"


def page_name(incident_lang: str, lang: str) -> str:
    """File name of the page in one language: the incident's own is the one that opens first."""
    return "index.html" if lang == incident_lang else f"index.{lang}.html"


def in_other(name: str, incident_lang: str, lang: str) -> str:
    """`feed.atom` in another language is `feed.es.atom`."""
    if lang == incident_lang:
        return name
    stem, _, end = name.rpartition(".")
    return f"{stem}.{lang}.{end}"
