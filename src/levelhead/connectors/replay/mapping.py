"""From a line of a recorded stream to a post."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from levelhead.channels.domain import IncomingKind, IncomingPost
from levelhead.connectors.replay.settings import MAX_OFFSET_SECONDS, PlaySettings
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import RAW_LIMIT

MAX_ID_LENGTH: Final = 512
MAX_FOLLOWERS: Final = 10**12
# What the author of a recording meant a post to be; for tests, never shown to the desk.
LABEL_FIELD: Final = "label"
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedPost:
    """One line that could be understood."""

    at_seconds: float
    # When the post was first written; for an edit this is known only if the line says so.
    posted_at_seconds: float | None
    post: IncomingPost

    def play(self, settings: PlaySettings, play_round: int) -> IncomingPost:
        """The post as it comes in this round: with its time, and ids of its own in later rounds."""
        given = self.post
        # A frozen class with slots is copied by hand: dataclasses.replace costs more than the rest.
        return IncomingPost(
            channel_id=given.channel_id,
            external_id=_in_round(given.external_id, play_round),
            kind=given.kind,
            text=given.text,
            created_at=(
                None
                if self.posted_at_seconds is None
                else settings.moment(self.posted_at_seconds, play_round)
            ),
            author_external_id=given.author_external_id,
            author_handle=given.author_handle,
            author_name=given.author_name,
            author_followers=given.author_followers,
            parent_external_id=_maybe_in_round(given.parent_external_id, play_round),
            thread_external_id=_maybe_in_round(given.thread_external_id, play_round),
            lang=given.lang,
            url=given.url,
            from_agency=given.from_agency,
            raw=given.raw,
        )


def read_line(data: bytes, channel_id: int) -> RecordedPost:
    """What the line says. Raises Invalid with the reason where it cannot be used."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"not UTF-8 at byte {error.start}") from error
    try:
        item = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise Invalid("nested too deeply") from error
    except ValueError as error:
        raise Invalid(f"not JSON: {error}") from error
    if not isinstance(item, dict):
        raise Invalid("not a JSON object")
    return _read_item(item, text, channel_id)


def _read_item(item: dict[str, Any], line: str, channel_id: int) -> RecordedPost:
    kind = _read_kind(item)
    at_seconds = _read_offset(item, "at_seconds")
    if at_seconds is None:
        raise Invalid("'at_seconds' is missing")
    edit_of = _read_id(item, "edit_of")
    external_id = edit_of or _read_id(item, "id")
    if external_id is None:
        raise Invalid("'id' is missing")
    text = _read_text(item, "text")
    if text is None and kind is IncomingKind.POST:
        raise Invalid("'text' is missing")
    posted_at_seconds = _read_offset(item, "posted_at_seconds")
    if posted_at_seconds is None and kind is IncomingKind.POST and edit_of is None:
        posted_at_seconds = at_seconds
    author = _read_id(item, "author")
    from_agency = item.get("from_agency", False)
    if not isinstance(from_agency, bool):
        raise Invalid("'from_agency' is not true or false")
    return RecordedPost(
        at_seconds=at_seconds,
        posted_at_seconds=posted_at_seconds,
        post=IncomingPost(
            channel_id=channel_id,
            external_id=external_id,
            kind=kind,
            text=text or "",
            author_external_id=author,
            author_handle=author,
            author_name=_read_text(item, "author_name", 300),
            author_followers=_read_followers(item),
            parent_external_id=_read_id(item, "parent_id"),
            thread_external_id=_read_id(item, "thread_id"),
            lang=_read_text(item, "lang", 35),
            url=_read_text(item, "url", 2_000),
            from_agency=from_agency,
            raw=_write_raw(item, line),
        ),
    )


def _write_raw(item: dict[str, Any], line: str) -> str:
    if LABEL_FIELD not in item:
        return line
    shown = {name: value for name, value in item.items() if name != LABEL_FIELD}
    try:
        raw = json.dumps(shown, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        raw.encode()
    except UnicodeEncodeError:
        # A lone surrogate can only be kept as the escape that it came as.
        raw = json.dumps(shown, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise Invalid("a number is out of range") from error
    if len(raw) > RAW_LIMIT:
        raise Invalid(f"longer than {RAW_LIMIT} characters when written out")
    return raw


def _read_kind(item: dict[str, Any]) -> IncomingKind:
    try:
        return IncomingKind(item.get("kind", "post"))
    except ValueError as error:
        raise Invalid("'kind' is neither post nor deleted") from error


def _read_offset(item: dict[str, Any], name: str) -> float | None:
    value = item.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"{name!r} is not a number")
    # Compared before it is made a float: an integer of JSON may have thousands of digits.
    if not 0 <= value <= MAX_OFFSET_SECONDS:
        raise Invalid(f"{name!r} is not between 0 and {MAX_OFFSET_SECONDS:.0f} seconds")
    return float(value)


def _read_id(item: dict[str, Any], name: str) -> str | None:
    value = _read_text(item, name)
    if value is not None and len(value) > MAX_ID_LENGTH:
        raise Invalid(f"{name!r} is longer than {MAX_ID_LENGTH} characters")
    return value or None


def _read_text(item: dict[str, Any], name: str, limit: int | None = None) -> str | None:
    value = item.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Invalid(f"{name!r} is not a text")
    if limit is not None and len(value) > limit:
        raise Invalid(f"{name!r} is longer than {limit} characters")
    # Intake decides what is kept; what no encoding can hold (a lone surrogate) may not go there.
    return value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)


def _read_followers(item: dict[str, Any]) -> int | None:
    value = item.get("author_followers")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_FOLLOWERS:
        raise Invalid("'author_followers' is not a count")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _in_round(external_id: str, play_round: int) -> str:
    return external_id if play_round == 0 else f"{external_id}~{play_round + 1}"


def _maybe_in_round(external_id: str | None, play_round: int) -> str | None:
    return None if external_id is None else _in_round(external_id, play_round)
