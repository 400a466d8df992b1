"""A recorded stream on disk, read line by line from any place, plain or gzipped."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

from levelhead.kernel.errors import ChannelBusy, ChannelGarbled, ChannelRefused

MAX_LINE_BYTES: Final = 900_000
# A longer line is skipped in pieces, but not without end.
MAX_SKIP_BYTES: Final = 64_000_000
_CHUNK_BYTES: Final = 64_000
_KEPT_OF_LONG_LINE_BYTES: Final = 2_000


class Place(NamedTuple):
    """A place between two lines: offset in the unpacked bytes, and lines before it."""

    byte: int
    line: int


START: Final = Place(0, 0)


class Line(NamedTuple):
    """One line and where the next begins."""

    # Without the line end; only the beginning where `too_long`.
    data: bytes
    too_long: bool
    after: Place


class Recording:
    """An open recording.

    The last line read is kept: a line that is not due yet is asked for again and again, and going
    back one line in a gzipped file would mean unpacking it from the start.
    """

    def __init__(self, path: Path) -> None:
        """Raises ChannelRefused where there is no such file, ChannelBusy where it cannot be opened
        just now."""
        self._path = path
        if path.exists() and not path.is_file():
            # Opening a pipe would wait for ever.
            raise ChannelRefused(f"The recording {path} is not a file.")
        try:
            # Held for as long as the connector is; closed by `close`.
            self._file: gzip.GzipFile | BufferedReader = (
                gzip.open(path, "rb")  # noqa: SIM115
                if path.suffix == ".gz"
                else open(path, "rb")  # noqa: SIM115
            )
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
            raise ChannelRefused(
                f"The recording {path} cannot be opened: {error.strerror}. "
                "Put the file there or change the channel's setting 'stream'."
            ) from error
        except OSError as error:
            raise ChannelBusy(f"The recording {path} cannot be read now: {error}.") from error
        self._last: tuple[Place, Line] | None = None
        self._fingerprint = ""

    def take_fingerprint(self) -> str:
        """What tells this recording from others; empty while nothing is recorded. Raises as `read`.

        Taken of the first line alone, so that a recording may grow while it plays.
        """
        if not self._fingerprint:
            first = self.read(START)
            if first is not None:
                self._fingerprint = hashlib.sha256(first.data).hexdigest()[:16]
        return self._fingerprint

    def read(self, place: Place) -> Line | None:
        """The line that begins at `place`; None at the end of the recording.

        Raises ChannelBusy or ChannelGarbled where the file cannot be read there.
        """
        if self._last is not None and self._last[0] == place:
            return self._last[1]
        try:
            line = self._read_line(place)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ChannelGarbled(
                f"The recording {self._path} is damaged after line {place.line}; what stands "
                "before was read."
            ) from error
        except OSError as error:
            raise ChannelBusy(f"The recording {self._path} cannot be read now: {error}.") from error
        if line is not None:
            self._last = (place, line)
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read_line(self, place: Place) -> Line | None:
        if self._file.tell() != place.byte and not self._seek(place.byte):
            raise ChannelRefused(
                f"The recording {self._path} is shorter than when it was read last. Put the whole "
                "file back, or clear the channel's cursor to play from the beginning."
            )
        data = self._file.readline(MAX_LINE_BYTES + 1)
        if not data:
            return None
        length, too_long = len(data), False
        if length > MAX_LINE_BYTES and not data.endswith(b"\n"):
            too_long = True
            data = data[:_KEPT_OF_LONG_LINE_BYTES]
            while chunk := self._file.readline(_CHUNK_BYTES):
                length += len(chunk)
                if chunk.endswith(b"\n"):
                    break
                if length > MAX_SKIP_BYTES:
                    raise ChannelGarbled(
                        f"Line {place.line + 1} of the recording {self._path} does not end; "
                        "what stands before was read."
                    )
        return Line(data.rstrip(b"\r\n"), too_long, Place(place.byte + length, place.line + 1))

    def _seek(self, byte: int) -> bool:
        """Go there; False where the recording ends before."""
        if isinstance(self._file, gzip.GzipFile):
            return self._file.seek(byte) == byte
        if byte > os.fstat(self._file.fileno()).st_size:
            return False
        return self._file.seek(byte) == byte
