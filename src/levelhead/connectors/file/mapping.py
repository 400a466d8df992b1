"""From an item of a file (or a webhook) to a post: which field is which, and what is usable."""

from __future__ import annotations

import json
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from levelhead.channels.domain import IncomingKind, IncomingPost
from levelhead.kernel.errors import Invalid

# What a post can take from an item, and the names that are understood without a mapping.
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "external_id", "post_id", "tweet_id", "uri"),
    "text": ("text", "body", "message", "content"),
    "created_at": ("created_at", "created", "timestamp", "date", "time"),
    "edited_at": ("edited_at",),
    "deleted": ("deleted",),
    "parent_id": ("parent_id", "in_reply_to", "reply_to"),
    "thread_id": ("thread_id", "root_id", "conversation_id"),
    "author": ("author", "author_id", "user", "username"),
    "author_name": ("author_name", "display_name"),
    "author_followers": ("author_followers", "followers"),
    "lang": ("lang", "language"),
    "url": ("url", "link", "permalink"),
    "from_agency": ("from_agency",),
}
LONGEST_NUMBER = 25


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Which field of an item holds what; names not given are looked for under their usual names."""

    names: AbstractMapping[str, str] = field(default_factory=dict)

    def take(self, item: AbstractMapping[str, object], what: str) -> object:
        """The item's value for `what`; None where it has none."""
        if what in self.names:
            return item.get(self.names[what])
        for name in FIELDS[what]:
            value = item.get(name)
            if value is not None and value != "":
                return value
        return None


def read_mapping(text: str) -> Mapping:
    """From `text=Tweet,id=Tweet ID`, or a JSON file `{"text": "Tweet", …}` after an @.

    Raises Invalid, naming what is wrong.
    """
    pairs: dict[str, object] = {}
    if text.startswith("@"):
        try:
            told = json.loads(Path(text[1:]).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Invalid(f"The mapping file {text[1:]} cannot be read: {error}.") from error
        if not isinstance(told, dict):
            raise Invalid('A mapping file is one JSON object, such as {"text": "Tweet"}.')
        pairs = told
    else:
        for part in text.split(","):
            what, equals, name = part.partition("=")
            if not equals:
                raise Invalid(f"{part!r} is not a mapping; write field=column, such as text=Tweet.")
            pairs[what.strip()] = name.strip()
    names: dict[str, str] = {}
    for what, column in pairs.items():
        if what not in FIELDS:
            raise Invalid(f"{what!r} is not a field of a post. Fields: {', '.join(FIELDS)}.")
        if not isinstance(column, str) or not column:
            raise Invalid(f"The mapping of {what!r} must be the name of a column.")
        names[what] = column
    return Mapping(names=names)


def read_item(item: object, *, channel_id: int, mapping: Mapping) -> IncomingPost:
    """A post out of one item. Raises Invalid with the reason where it cannot be one."""
    if not isinstance(item, dict):
        raise Invalid(f"It is a {type(item).__name__}, not an object with fields.")
    external_id = _text(mapping.take(item, "id"))
    if not external_id:
        raise Invalid("It has no id, so it could not be told from others.")
    deleted = _flag(mapping.take(item, "deleted"))
    text = mapping.take(item, "text")
    if not deleted and not isinstance(text, str):
        raise Invalid("It has no text." if text is None else "Its text is not a string.")
    author = _text(mapping.take(item, "author"))
    return IncomingPost(
        channel_id=channel_id,
        external_id=external_id,
        kind=IncomingKind.DELETED if deleted else IncomingKind.POST,
        text=text if isinstance(text, str) else "",
        created_at=read_time(mapping.take(item, "created_at")),
        edited_at=read_time(mapping.take(item, "edited_at")),
        author_external_id=author or None,
        author_handle=author or None,
        author_name=_text(mapping.take(item, "author_name")) or None,
        author_followers=_count(mapping.take(item, "author_followers")),
        parent_external_id=_text(mapping.take(item, "parent_id")) or None,
        thread_external_id=_text(mapping.take(item, "thread_id")) or None,
        lang=_text(mapping.take(item, "lang"))[:8] or None,
        url=_text(mapping.take(item, "url")) or None,
        from_agency=_flag(mapping.take(item, "from_agency")),
        raw=json.dumps(item, ensure_ascii=False, separators=(",", ":")),
    )


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        # A number of a thousand digits is an attack on str(), not an id.
        return str(value) if value.bit_length() <= 128 else ""
    return ""


def _flag(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in {"true", "1", "yes"})


def _count(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and value.isdecimal():
        return int(value)
    return None


def read_time(value: object) -> datetime | None:
    """ISO 8601 or seconds (or milliseconds) since 1970; None where it says no usable time."""
    if isinstance(value, str) and len(value) <= 64:
        try:
            at = datetime.fromisoformat(value.strip())
        except ValueError:
            if not value.strip().isdecimal() or len(value) > LONGEST_NUMBER:
                return None
            value = int(value)
        else:
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = value / 1000 if abs(value) > 10**11 else value
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
