"""From Mastodon's JSON to incoming posts. Pure; nothing that comes in is trusted."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from levelhead.channels.domain import IncomingPost
from levelhead.connectors.moments import moment_of
from levelhead.kernel.text import RAW_LIMIT, TEXT_LIMIT, clean_name, clean_text

PUBLIC: Final = frozenset({"public", "unlisted"})
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MAX_RAW = 5_000
_MAX_ADDRESS = 2_000


class UnreadablePostError(ValueError):
    """The server gave something that is not a public post; the message says what is wrong."""


def is_id(value: object) -> bool:
    """True for what can be an id of a post or a person, and can stand in an address."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def read_status(status: object, *, channel_id: int, own_id: str) -> IncomingPost:
    """A status as a post. Raises UnreadablePostError."""
    if not isinstance(status, dict):
        raise UnreadablePostError("no object")
    status_id, content = status.get("id"), status.get("content")
    account = status.get("account")
    if not is_id(status_id):
        raise UnreadablePostError("no id of a post")
    if not isinstance(account, dict) or not is_id(account.get("id")):
        raise UnreadablePostError("no author")
    if not isinstance(content, str):
        raise UnreadablePostError("no text")
    if status.get("visibility") not in PUBLIC:
        raise UnreadablePostError("not public: it is read on the platform")
    if status.get("reblog") is not None:
        raise UnreadablePostError("somebody else's post, passed on")
    parent = status.get("in_reply_to_id")
    handle = account.get("acct")
    return IncomingPost(
        channel_id=channel_id,
        external_id=str(status_id),
        text=clean_text(_with_warning(status, text_of(content))),
        created_at=moment_of(status.get("created_at")),
        edited_at=moment_of(status.get("edited_at")),
        author_external_id=str(account["id"]),
        author_handle=_text_or_none(handle),
        author_name=_text_or_none(account.get("display_name")) or _text_or_none(handle),
        author_followers=_count(account.get("followers_count")),
        parent_external_id=str(parent) if is_id(parent) else None,
        lang=_language(status.get("language")),
        url=web_address(status.get("url")),
        from_agency=account["id"] == own_id,
        raw=as_raw(status),
    )


def version_of(status: object) -> str:
    """Changes with every edit: tells whether a status was handed over as it is now."""
    if not isinstance(status, dict) or not is_id(status.get("id")):
        return ""
    edited = moment_of(status.get("edited_at"))
    return f"{status['id']}@{edited.isoformat()}" if edited else str(status["id"])


def web_address(value: object) -> str | None:
    """Where a person can open it; None for what is no address of the web."""
    if not isinstance(value, str) or len(value) > _MAX_ADDRESS:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("https", "http") and parts.hostname else None


def as_raw(value: object) -> str:
    """JSON text in ASCII, as half a surrogate pair cannot be stored otherwise; bounded."""
    raw = json.dumps(value, separators=(",", ":"))
    # Quoting doubles what is in quotes already.
    return raw if len(raw) <= RAW_LIMIT else json.dumps({"cut": raw[: RAW_LIMIT // 3]})


def as_rejected(value: object, error: UnreadablePostError) -> tuple[str, str]:
    """What is kept of an item that is not a public post: its beginning, and the reason."""
    return as_raw(value)[:_MAX_RAW], str(error)


class _Words(HTMLParser):
    """The words of a status; links with all that a server hides of them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "br":
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "blockquote", "pre"):
            self.words.append("\n\n")
        elif tag in ("li", "div"):
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        self.words.append(re.sub(r"[\t\r\n ]+", " ", data))


def text_of(content: str) -> str:
    """The text of a status's HTML, with its lines."""
    reader = _Words()
    reader.feed(content[: 4 * TEXT_LIMIT])
    reader.close()
    lines = "".join(reader.words).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in lines)).strip()


def _with_warning(status: dict[str, object], text: str) -> str:
    """What its author put in front of it comes first."""
    warning = status.get("spoiler_text")
    return f"{warning}\n\n{text}" if isinstance(warning, str) and warning.strip() else text


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    return None


def _language(value: object) -> str | None:
    primary = value.split("-")[0].lower() if isinstance(value, str) else ""
    return primary if re.fullmatch(r"[a-z]{2,3}", primary) else None


def _text_or_none(value: object) -> str | None:
    return clean_name(value) or None if isinstance(value, str) else None
