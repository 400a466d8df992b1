"""The forms of an answer: the same said for each kind of channel. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Form(StrEnum):
    """A kind of channel, by how much it takes and how people talk there."""

    SHORT = "short"  # a post of few characters: Bluesky, X
    COMMENT = "comment"  # under a post: Mastodon, Threads, Facebook, Instagram and the like
    MESSAGE = "message"  # to one person: direct message, e-mail, text, form


# The whole answer, whatever the channel.
FULL: Final = "full"
# Most characters of a form. A comment fits the shortest of its platforms.
FORM_LIMITS: Final[Mapping[Form, int]] = {Form.SHORT: 300, Form.COMMENT: 500, Form.MESSAGE: 3_000}
# What a platform takes at most, where its connector does not say.
PLATFORM_LIMITS: Final[Mapping[str, int]] = {
    "bluesky": 300, "x": 280, "mastodon": 500, "threads": 500, "instagram": 2_200,
    "facebook": 8_000, "nextdoor": 10_000, "youtube": 10_000, "reddit": 10_000,
}  # fmt: skip
_SHORT: Final = frozenset({"bluesky", "x", "twitter"})
_MESSAGE: Final = frozenset({"email", "form", "sms"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelKind:
    """What matters of a channel when words are chosen for it."""

    name: str
    # The platform, or what a recording looks like.
    platform: str
    form: Form
    # Most characters; None where the platform sets no limit.
    limit: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A form that an answer needs and does not have."""

    lang: str
    form: Form
    limit: int
    # Characters of the full text beyond the limit.
    over: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The words for a channel."""

    text: str
    # The form's name, or FULL.
    form: str
    # Characters beyond what the channel takes.
    over: int = 0


def kind_of(name: str, platform: str, *, looks_like: str = "", limit: int | None) -> ChannelKind:
    """The kind of a channel; a recording counts as what it looks like."""
    plain = (looks_like or platform).casefold()
    most = limit if limit is not None else PLATFORM_LIMITS.get(plain)
    if plain in _MESSAGE:
        form = Form.MESSAGE
    elif plain in _SHORT or (most is not None and most <= FORM_LIMITS[Form.SHORT]):
        form = Form.SHORT
    else:
        form = Form.COMMENT
    return ChannelKind(name=name, platform=plain, form=form, limit=most)


def choose(text: str, forms: Mapping[str, str], kind: ChannelKind, *, wanted: str = "") -> Chosen:
    """What is said on a channel: its form where there is one, else the full text.

    `wanted` may name another form, or FULL.
    """
    form = wanted if wanted == FULL or wanted in forms else str(kind.form)
    said = forms.get(form, "")
    if not said:
        form, said = FULL, text
    over = max(0, len(said) - kind.limit) if kind.limit is not None else 0
    return Chosen(text=said, form=form, over=over)


def find_missing(texts: Mapping[str, str], forms: Mapping[str, Mapping[str, str]]) -> list[Missing]:
    """The forms without which an answer is too long for a kind of channel."""
    return [
        Missing(lang=lang, form=form, limit=limit, over=len(text) - limit)
        for lang, text in sorted(texts.items())
        for form, limit in FORM_LIMITS.items()
        if len(text) > limit and not forms.get(lang, {}).get(form)
    ]
