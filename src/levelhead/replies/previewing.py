"""How a text would look on each platform, about. Pure: data in, data out; nothing is loaded."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import regex

from levelhead.analysis.lengths import GRAPHEME, count_bytes, count_text, find_links
from levelhead.channels.shapes import LinkLook, PlatformShape
from levelhead.replies.parts import MOST_PARTS, Part, Trouble, cut_for

# A preview shows no more of one post, whatever the platform would.
_SHOWN: Final = 1_500
# A fold that hides less is not made.
_LEAST_FOLDED: Final = 20
_NOTES: Final = 5
_MENTION: Final = regex.compile(
    r"(?<![\p{L}\p{N}_@./-])@[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]{0,100}[\p{L}\p{N}_])?"
    r"(?:@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5})?"
)
# Services that hide where a link goes; people are right to mistrust them, and some have closed.
_SHORTENERS: Final = frozenset(
    {
        "adf.ly", "bit.do", "bit.ly", "bitly.com", "bl.ink", "buff.ly", "cutt.ly", "dlvr.it",
        "fb.me", "goo.gl", "is.gd", "j.mp", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly", "s.id",
        "short.io", "shorturl.at", "snip.ly", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "trib.al",
        "v.gd",
    }
)  # fmt: skip


class Fit(StrEnum):
    """What a platform makes of the text."""

    FITS = "fits"
    FOLDED = "folded"  # the beginning shows, then "more"
    SPLIT = "split"  # several posts
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Where the text would go, and under which name."""

    shape: PlatformShape
    channel: str
    name: str
    handle: str
    # The channel of the post that is answered.
    goes_here: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a post and what they are: "text", "link", "dead" (a link nobody can follow)."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownPost:
    """One post as it would look."""

    pieces: tuple[Piece, ...]
    length: int
    # Characters that are not shown until somebody asks for them.
    folded: int = 0
    # Whether it is this preview that stops there, and not the platform.
    cut_by_us: bool = False
    # Characters, else bytes, that are too many; what is shown ends where the post would be full.
    over: int = 0
    bytes_over: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """The text on one platform."""

    account: Account
    fit: Fit
    posts: tuple[ShownPost, ...]


@dataclass(frozen=True, slots=True)
class LinkNote:
    """Something to look at about a link: "shortener" or "not_https"."""

    kind: str
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What the form shows of a text."""

    looks: tuple[Look, ...]
    notes: tuple[LinkNote, ...]

    @property
    def here(self) -> Look | None:
        """On the channel that it goes to."""
        return next((look for look in self.looks if look.account.goes_here), None)

    @property
    def posts(self) -> int:
        """How many posts it takes where it goes; 1 where it cannot go as it is."""
        here = self.here
        return len(here.posts) if here is not None and here.fit is Fit.SPLIT else 1


def preview_text(text: str, accounts: Sequence[Account], *, numbered: bool) -> Preview:
    """How a text that was cleaned looks on each account's platform, in the accounts' order."""
    return Preview(
        looks=tuple(_look(text, account, numbered) for account in accounts),
        notes=tuple(_notes(text)),
    )


def _look(text: str, account: Account, numbered: bool) -> Look:
    shape = account.shape
    cut = cut_for(text, takes=shape.takes, threads=shape.threads, numbered=numbered)
    posts = tuple(_show(part, shape) for part in cut.parts[:MOST_PARTS])
    if cut.trouble is Trouble.TOO_MANY:
        fit = Fit.TOO_MANY
    elif cut.trouble is not None:
        fit = Fit.TOO_LONG
    elif len(posts) > 1:
        fit = Fit.SPLIT
    else:
        fit = Fit.FOLDED if any(post.folded and not post.cut_by_us for post in posts) else Fit.FITS
    return Look(account=account, fit=fit, posts=posts)


def _show(part: Part, shape: PlatformShape) -> ShownPost:
    text = part.text
    length = count_text(text, shape.counting)
    over = max(0, length - shape.limit) if shape.limit is not None else 0
    limit = shape.counting.byte_limit
    bytes_over = max(0, count_bytes(text) - limit) if limit is not None else 0
    end = _fold(text, shape)
    by_us = end == len(text) > _SHOWN
    if by_us:
        end = _word_end(text, _SHOWN)
    if end == len(text) and (over or bytes_over):
        end = _full_at(text, shape)
    return ShownPost(
        pieces=tuple(_pieces(text[:end], shape)),
        length=length,
        folded=len(text) - end,
        cut_by_us=by_us,
        over=over,
        bytes_over=0 if over else bytes_over,
    )


def _fold(text: str, shape: PlatformShape) -> int:
    """Where "more" stands; the end where the platform shows all."""
    end = len(text)
    if shape.fold_characters is not None and len(text) > shape.fold_characters + _LEAST_FOLDED:
        end = _word_end(text, shape.fold_characters)
    if shape.fold_lines is not None:
        place = -1
        for _ in range(shape.fold_lines):
            place = text.find("\n", place + 1)
            if place < 0:
                return end
        end = min(end, place)
    return end


def _word_end(text: str, most: int) -> int:
    """The end of the last word before `most`; a word that fills it all is cut."""
    place = max(text.rfind(" ", most // 2, most), text.rfind("\n", most // 2, most))
    if place > 0:
        return place
    return max((found.end() for found in GRAPHEME.finditer(text, 0, most)), default=0)


def _full_at(text: str, shape: PlatformShape) -> int:
    ends = [found.end() for found in GRAPHEME.finditer(text, 0, _SHOWN)]
    full = bisect_right(ends, False, key=lambda end: not shape.takes(text[:end]))
    return ends[full - 1] if full else 0


def _pieces(text: str, shape: PlatformShape) -> Iterator[Piece]:
    last = 0
    for start, end, kind in _marked(text, shape):
        if start < last:
            continue
        if start > last:
            yield Piece("text", text[last:start])
        words = text[start:end]
        yield Piece(kind, _short(words, shape) if kind == "link" else words)
        last = end
    if last < len(text):
        yield Piece("text", text[last:])


def _marked(text: str, shape: PlatformShape) -> list[tuple[int, int, str]]:
    kind = "dead" if shape.links is LinkLook.DEAD else "link"
    links = [(start, end, kind) for start, end in find_links(text, bare=shape.bare_links)]
    mentions = [(*found.span(), "mention") for found in _MENTION.finditer(text)]
    return sorted(links + mentions)


def _short(link: str, shape: PlatformShape) -> str:
    if shape.links is not LinkLook.SHORT:
        return link
    bare = regex.sub(r"^https?://(?:www\.)?", "", link, flags=regex.IGNORECASE)
    return bare if len(bare) <= shape.link_shown else bare[: shape.link_shown] + "…"


def _notes(text: str) -> list[LinkNote]:
    notes: dict[LinkNote, None] = {}
    for start, end in find_links(text, bare=True):
        link = text[start:end]
        try:
            parts = urlsplit(link if "://" in link else f"https://{link}")
            host = (parts.hostname or "").removeprefix("www.").rstrip(".")
        except ValueError:
            continue
        if host in _SHORTENERS:
            notes[LinkNote("shortener", host)] = None
        if parts.scheme.lower() == "http":
            notes[LinkNote("not_https", link[:80])] = None
        if len(notes) >= _NOTES:
            break
    return list(notes)
