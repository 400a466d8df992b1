"""Plays a recorded stream as if it were a platform."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from levelhead.analysis.lengths import count_text
from levelhead.channels.domain import (
    Capability,
    ChannelAccount,
    FetchedPage,
    IncomingPost,
    OutgoingMessage,
    PlatformInfo,
    Receipt,
)
from levelhead.channels.shapes import shape_of
from levelhead.connectors.replay.mapping import RecordedPost, read_line
from levelhead.connectors.replay.outbox import SentFile
from levelhead.connectors.replay.recording import START, Line, Place, Recording
from levelhead.connectors.replay.settings import PlaySettings, read_settings
from levelhead.kernel.clock import now
from levelhead.kernel.errors import ChannelError, ChannelRefused, Invalid

PAGE_LINES: Final = 500
PAGE_BYTES: Final = 4_000_000
MAX_CURSOR_LENGTH: Final = 500

info = PlatformInfo(
    platform="replay",
    title="Recorded stream",
    capabilities=frozenset({Capability.RECEIVE, Capability.REPLY, Capability.POST}),
    text_limit=None,
    poll_seconds=1.0,
    required_settings=("stream", "started_at"),
    threads=True,
    pictures=4,
)


def info_for(settings: Mapping[str, object]) -> PlatformInfo:
    """What is true of a recording that looks like a platform: it counts as that one does."""
    shape = shape_of("replay", settings)
    if shape is None:
        return info
    return replace(info, text_limit=shape.limit, counting=shape.counting, threads=shape.threads)


def connect(account: ChannelAccount) -> ReplayConnector:
    """A connector for the account. Raises ChannelRefused where a setting is wrong."""
    return ReplayConnector(account)


@dataclass(kw_only=True, slots=True)
class _Bookmark:
    """Where play stands: the cursor, opened."""

    fingerprint: str = ""
    place: Place = START
    play_round: int = 0
    sent_byte: int = 0

    def write(self) -> str:
        """As the opaque cursor."""
        return json.dumps(
            [self.fingerprint, *self.place, self.play_round, self.sent_byte], separators=(",", ":")
        )

    @classmethod
    def read(cls, cursor: str | None) -> _Bookmark:
        """From a cursor. Raises ChannelRefused for one that we did not write."""
        if cursor is None:
            return cls()
        try:
            if len(cursor) > MAX_CURSOR_LENGTH:
                raise ValueError("too long")
            fingerprint, *numbers = json.loads(cursor)
            byte, line, play_round, sent_byte = numbers
            if not isinstance(fingerprint, str) or not all(
                type(number) is int and 0 <= number < 2**62 for number in numbers
            ):
                raise ValueError("wrong types")
        except (ValueError, TypeError, RecursionError) as error:
            raise ChannelRefused(
                "The stored place in the recording is damaged. Clear the channel's cursor to play "
                "from the beginning; posts that are already filed stay as they are."
            ) from error
        return cls(
            fingerprint=fingerprint,
            place=Place(byte, line),
            play_round=play_round,
            sent_byte=sent_byte,
        )


@dataclass(kw_only=True, slots=True)
class _Page:
    """A page while it is filled."""

    posts: list[IncomingPost] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    lines: int = 0
    size_bytes: int = 0

    def has_room(self, line: Line) -> bool:
        """Whether the line still fits; the first always does."""
        return self.lines == 0 or (
            self.lines < PAGE_LINES and self.size_bytes + len(line.data) <= PAGE_BYTES
        )


class ReplayConnector:
    """An account whose platform is a recording and a file of what was sent."""

    def __init__(self, account: ChannelAccount) -> None:
        self._account = account
        self._settings: PlaySettings = read_settings(account)
        self.info = info_for(account.settings)
        self._recording: Recording | None = None
        outbox_file = self._settings.outbox_file
        self._sent = SentFile(outbox_file) if outbox_file is not None else None

    def check(self) -> str:
        """Prove that the recording can be read and that there is a place for replies."""
        self._open().take_fingerprint()
        outbox_file = self._settings.outbox_file
        if outbox_file is not None and (
            outbox_file.is_dir() or not os.access(outbox_file.parent, os.W_OK)
        ):
            raise ChannelRefused(
                f"Sent replies cannot be kept in {outbox_file}. Make its folder or change the "
                "channel's setting 'outbox_file'."
            )
        return self._settings.handle or self._account.name

    def close(self) -> None:
        """Close the recording; the next fetch opens it again."""
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def fetch(self, cursor: str | None) -> FetchedPage:
        """What is due by now since `cursor`: a page of the recording, then what we sent.

        Play goes by position and not by time: a clock that is set back gives nothing twice.
        """
        bookmark = _Bookmark.read(cursor)
        recording = self._open()
        fingerprint = recording.take_fingerprint()
        if bookmark.fingerprint != fingerprint:
            # Another recording than last time: play it from its beginning.
            bookmark.fingerprint = fingerprint
            bookmark.place, bookmark.play_round = START, 0
        page = _Page()
        more = self._play(recording, bookmark, page)
        more = self._add_sent(bookmark, page) or more
        return FetchedPage(
            posts=tuple(page.posts),
            cursor=bookmark.write(),
            more=more,
            rejected=tuple(page.rejected),
        )

    def send(self, message: OutgoingMessage) -> Receipt:
        """Write the message to the outbox file; the same marker is written once."""
        limit = self.info.text_limit
        if not message.text.strip():
            raise ChannelRefused("An empty message cannot be sent.")
        if not self.info.takes(message.text):
            raise ChannelRefused(
                f"The message has {count_text(message.text, self.info.counting)} characters; "
                f"{limit} are allowed here.",
                limit=limit,
            )
        return self._sent_file().send(message)

    def find(self, message: OutgoingMessage) -> Receipt | None:
        """Look the message up in the outbox file."""
        return self._sent_file().find(message)

    def _open(self) -> Recording:
        if self._recording is None:
            self._recording = Recording(self._settings.path)
        return self._recording

    def _sent_file(self) -> SentFile:
        if self._sent is None:
            raise ChannelRefused(
                f"The channel {self._account.name!r} plays a recording and takes no replies. "
                "Give it the setting 'outbox_file'."
            )
        return self._sent

    def _play(self, recording: Recording, bookmark: _Bookmark, page: _Page) -> bool:
        """Fill the page from the recording and move the bookmark; whether more is due now."""
        clock_now = now()
        settings = self._settings
        while True:
            try:
                line = recording.read(bookmark.place)
            except ChannelError:
                if page.lines == 0:
                    raise
                # What was read is handed over first; the next fetch meets the error at once.
                return True
            if line is None:
                next_round = bookmark.play_round + 1
                if (
                    not settings.repeat
                    or bookmark.place == START
                    or not settings.is_due(0, next_round, clock_now)
                ):
                    return False
                bookmark.place, bookmark.play_round = START, next_round
                continue
            recorded, reason = self._understand(line)
            if recorded is not None and not settings.is_due(
                recorded.at_seconds, bookmark.play_round, clock_now
            ):
                return False
            if not page.has_room(line):
                return True
            if recorded is not None:
                post = recorded.play(settings, bookmark.play_round)
                if post.external_id in page.ids:
                    # An edit or a deletion goes on a page after its post's, so that ids are unique.
                    return True
                page.ids.add(post.external_id)
                page.posts.append(post)
            elif reason and bookmark.play_round == 0:
                raw = line.data.decode("utf-8", errors="backslashreplace")
                page.rejected.append((raw, f"line {line.after.line}: {reason}"))
            page.lines += 1
            page.size_bytes += len(line.data)
            bookmark.place = line.after

    def _understand(self, line: Line) -> tuple[RecordedPost | None, str | None]:
        """The post, or the reason why there is none; neither for an empty line."""
        if line.too_long:
            return None, "too long; only the beginning is kept"
        if not line.data.strip():
            return None, None
        try:
            return read_line(line.data, self._account.channel_id), None
        except Invalid as error:
            return None, error.message

    def _add_sent(self, bookmark: _Bookmark, page: _Page) -> bool:
        """Add what we sent as the agency's own posts; whether there is more."""
        if self._sent is None:
            return False
        room = PAGE_LINES - len(page.posts)
        found, bookmark.sent_byte = self._sent.read(
            from_byte=bookmark.sent_byte,
            limit=room,
            channel_id=self._account.channel_id,
            handle=self._settings.handle or self._account.name,
        )
        page.posts.extend(post for post in found if post.external_id not in page.ids)
        return len(found) == room
