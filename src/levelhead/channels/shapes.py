"""How each platform counts, cuts and shows a text: data, with where it is from. Pure.

Platforms change these without notice, so a preview says "about". Each entry names its source and
when it was read; the numbers of platforms that we connect to are proved by their connectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from levelhead.analysis.lengths import PLAIN, Counting, Unit, fits


class LinkLook(StrEnum):
    """What readers see of a link."""

    WHOLE = "whole"  # as it was written
    SHORT = "short"  # without https://, cut after some characters
    DEAD = "dead"  # as it was written, and it cannot be followed


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformShape:
    """What a platform makes of a text."""

    platform: str
    title: str
    # Longest text of one post; None where the platform does not say.
    limit: int | None
    counting: Counting = PLAIN
    # Whether a long answer can be a chain of posts, each answering the one before.
    threads: bool = False
    links: LinkLook = LinkLook.WHOLE
    # Whether an address without https:// becomes a link.
    bare_links: bool = True
    # Characters of a short link that are shown.
    link_shown: int = 30
    # About so many characters, or lines, show before "more"; None where nothing is folded.
    fold_characters: int | None = None
    fold_lines: int | None = None

    def takes(self, text: str) -> bool:
        """Whether one post can hold the text."""
        return fits(text, self.limit, self.counting)


_ALL: Final = (
    # Lexicon app.bsky.feed.post: maxGraphemes 300, maxLength 3000 bytes (atproto, 2026-11). The
    # text is shown as it is in the record, links included.
    PlatformShape(
        platform="bluesky",
        title="Bluesky",
        limit=300,
        counting=Counting(unit=Unit.GRAPHEMES, byte_limit=3_000),
        threads=True,
    ),
    # docs.joinmastodon.org/user/posting and its StatusLengthValidator (2026-11): 500 as shipped,
    # servers may allow more; each link 23, of a remote mention the name only.
    PlatformShape(
        platform="mastodon",
        title="Mastodon",
        limit=500,
        counting=Counting(unit=Unit.GRAPHEMES, link_length=23, local_mentions=True),
        threads=True,
        links=LinkLook.SHORT,
        bare_links=False,
        link_shown=30,
    ),
    # docs.x.com "Counting characters" and twitter-text's configuration 3 (2026-11), for accounts
    # that have not paid for longer posts; folded posts are those longer ones.
    PlatformShape(
        platform="x",
        title="X",
        limit=280,
        counting=Counting(unit=Unit.WEIGHTED, link_length=23, bare_links=True),
        threads=True,
        links=LinkLook.SHORT,
        link_shown=26,
    ),
    # Threads' help and API: 500 characters (2026-11).
    PlatformShape(
        platform="threads",
        title="Threads",
        limit=500,
        threads=True,
        links=LinkLook.SHORT,
        link_shown=30,
    ),
    # A comment of a page: 8,000 by lists of publishing tools (2026-06); Meta publishes no number.
    # "See more" after about 477 characters or five lines on a wide screen, sooner on a phone.
    PlatformShape(
        platform="facebook",
        title="Facebook",
        limit=8_000,
        fold_characters=477,
        fold_lines=5,
    ),
    # A comment: 2,200 by lists of publishing tools (2026-06); "more" after about 125 characters;
    # links in comments are plain text.
    PlatformShape(
        platform="instagram",
        title="Instagram",
        limit=2_200,
        links=LinkLook.DEAD,
        fold_characters=125,
    ),
    # Nextdoor publishes no number for agencies' replies (looked for in its help, 2026-11).
    PlatformShape(platform="nextdoor", title="Nextdoor", limit=None),
)
SHAPES: Final[Mapping[str, PlatformShape]] = {shape.platform: shape for shape in _ALL}


def shape_of(platform: str, settings: Mapping[str, object]) -> PlatformShape | None:
    """The shape of a channel; a recording has that of the platform it looks like."""
    looks_like = settings.get("looks_like") if platform == "replay" else None
    return SHAPES.get(looks_like if isinstance(looks_like, str) else platform)
