"""What was sent on a replay channel: one JSON line per message in a file of its own.

The file stands for the platform: what is in it has been published, and is published once.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from levelhead.channels.domain import IncomingPost, OutgoingMessage, Receipt
from levelhead.kernel.clock import now
from levelhead.kernel.errors import ChannelBusy, SendUnclear

ID_PREFIX: Final = "reply-"
MAX_LINE_BYTES: Final = 1_000_000


class SentFile:
    """The file of sent messages; several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: OutgoingMessage) -> Receipt:
        """Publish it, or give the receipt of the first time where the marker is known.

        Raises ChannelBusy before anything was written, SendUnclear after.
        """
        with self._locked() as file:
            known = _find(file, message.marker)
            if known is not None:
                return known
            line = _write_line(message)
            try:
                _append(file, line)
            except OSError as error:
                raise SendUnclear(
                    f"Writing {self._path} failed half-way: {error}. It is looked up before it is "
                    "sent again."
                ) from error
        return _receipt(line)

    def find(self, message: OutgoingMessage) -> Receipt | None:
        """The receipt of a message that was sent. Raises ChannelBusy."""
        try:
            with open(self._path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                return _find(file, message.marker)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ChannelBusy(f"{self._path} cannot be read now: {error}.") from error

    def read(
        self, *, from_byte: int, limit: int, channel_id: int, handle: str | None
    ) -> tuple[list[IncomingPost], int]:
        """At most `limit` messages from there on, as the agency's own posts, and where to go on.

        Raises ChannelBusy.
        """
        found: list[IncomingPost] = []
        try:
            with open(self._path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                if file.seek(0, os.SEEK_END) < from_byte:
                    # Made anew: begin again. Ids come from the markers, so nothing is filed twice.
                    from_byte = 0
                file.seek(from_byte)
                while len(found) < limit and (data := file.readline(MAX_LINE_BYTES)):
                    from_byte += len(data)
                    record = _read_record(data)
                    if record is not None:
                        found.append(_as_post(record, data, channel_id, handle))
        except FileNotFoundError:
            return [], 0
        except OSError as error:
            raise ChannelBusy(f"{self._path} cannot be read now: {error}.") from error
        return found, from_byte

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        try:
            file = open(self._path, "a+b")  # noqa: SIM115
        except OSError as error:
            raise ChannelBusy(f"{self._path} cannot be written now: {error}.") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                raise ChannelBusy(f"{self._path} cannot be locked: {error}.") from error
            yield file


def _find(file: IO[bytes], marker: str) -> Receipt | None:
    wanted = marker.encode()
    file.seek(0)
    while data := file.readline(MAX_LINE_BYTES):
        # Most lines are passed over without being parsed.
        if wanted in data:
            record = _read_record(data)
            if record is not None and record["marker"] == marker:
                return _receipt(data.decode().rstrip("\n"))
    return None


def _append(file: IO[bytes], line: str) -> None:
    data = line.encode() + b"\n"
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            # A line that was cut off by a crash stays behind, closed, and is passed over.
            data = b"\n" + data
    # Past the buffer: what it kept after an error would be written again on closing.
    while data:
        data = data[os.write(file.fileno(), data) :]
    os.fsync(file.fileno())


def _write_line(message: OutgoingMessage) -> str:
    record = {
        "marker": message.marker,
        "text": message.text,
        "parent_id": message.parent_external_id,
        "thread_id": message.thread_external_id,
        "lang": message.lang,
        "sent_at": now().isoformat(),
        "pictures": [
            {"alt": one.alt, "type": one.content_type, "bytes": len(one.content)}
            for one in message.pictures
        ],
    }
    return json.dumps(record)


def _read_record(data: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(data)
        datetime.fromisoformat(record["sent_at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = (record.get(name) for name in ("marker", "text"))
    return record if all(isinstance(text, str) for text in texts) else None


def _receipt(line: str) -> Receipt:
    return Receipt(external_id=ID_PREFIX + json.loads(line)["marker"], raw=line)


def _as_post(
    record: dict[str, Any], data: bytes, channel_id: int, handle: str | None
) -> IncomingPost:
    return IncomingPost(
        channel_id=channel_id,
        external_id=ID_PREFIX + record["marker"],
        text=record["text"],
        created_at=datetime.fromisoformat(record["sent_at"]),
        author_external_id=handle,
        author_handle=handle,
        parent_external_id=record.get("parent_id"),
        thread_external_id=record.get("thread_id"),
        lang=record.get("lang"),
        from_agency=True,
        raw=data.decode().rstrip("\n"),
    )
