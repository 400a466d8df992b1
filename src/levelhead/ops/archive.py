"""The form of a backup: one .tar.gz with a manifest first, then the files it names.

The manifest says how many bytes each file has and their SHA-256, what the database held, and where
each chain of records stood, so that a restore can be proven.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from levelhead.kernel.errors import Invalid

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE_FILE = "database.sqlite3"
POSTGRES_FILE = "database.dump"
ENVIRONMENT_FILE = "levelhead.env"
KEY_FILE = "secret.key"
FILES = frozenset({SQLITE_FILE, POSTGRES_FILE, ENVIRONMENT_FILE, KEY_FILE})
# What colleagues sent, and pictures: the agency and the SHA-256 under which each lies.
KEPT_FILE = re.compile(r"(research|pictures)-([0-9]{1,12})-([0-9a-f]{64})")
_MANIFEST_LIMIT = 64 * 1024 * 1024
_PIECE = 1024 * 1024
Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """A file of the backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ChainHead:
    """Where a chain of records stood."""

    agency_id: int
    name: str
    seq: int
    head_hash: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says of itself."""

    levelhead: str
    # ISO 8601, UTC.
    made_at: str
    # "sqlite" or "postgresql".
    database: str
    files: Mapping[str, FileEntry]
    # Table -> rows.
    counts: Mapping[str, int]
    chains: Sequence[ChainHead]
    # "app.name" of each step that the database had taken.
    migrations: Sequence[str]
    # Tells whether a secret key is the one that the channels' keys were sealed with.
    key_fingerprint: str

    def to_json(self) -> bytes:
        """The manifest's text."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()


def read_manifest(text: bytes) -> Manifest:
    """Read a manifest. Raises Invalid for one that is not of our form."""
    try:
        told: dict[str, Any] = json.loads(text)
        if told.pop("format") != FORMAT:
            raise Invalid("This backup was made by a newer Levelhead; restore it with that one.")
        manifest = Manifest(
            levelhead=str(told["levelhead"]),
            made_at=str(told["made_at"]),
            database=str(told["database"]),
            files={
                str(name): FileEntry(bytes=int(entry["bytes"]), sha256=str(entry["sha256"]))
                for name, entry in told["files"].items()
            },
            counts={str(name): int(count) for name, count in told["counts"].items()},
            chains=[
                ChainHead(
                    agency_id=int(head["agency_id"]),
                    name=str(head["name"]),
                    seq=int(head["seq"]),
                    head_hash=str(head["head_hash"]),
                )
                for head in told["chains"]
            ],
            migrations=[str(name) for name in told["migrations"]],
            key_fingerprint=str(told["key_fingerprint"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("The backup's manifest cannot be read; the file is damaged.") from error
    if not all(name in FILES or KEPT_FILE.fullmatch(name) for name in manifest.files):
        raise Invalid("The backup names files that are not of a backup; nothing was restored.")
    return manifest


def fingerprint(secret_key: str) -> str:
    """Tells keys apart without telling them."""
    return hashlib.sha256(b"levelhead key fingerprint\0" + secret_key.encode()).hexdigest()[:16]


def entry_of(path: Path, progress: Progress) -> FileEntry:
    """A file's size and hash; `progress` gets bytes done."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            progress(len(piece))
    return FileEntry(bytes=size, sha256=digest.hexdigest())


class _Watched:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._progress(len(piece))
        return piece


def write_archive(
    target: Path, manifest: Manifest, sources: Mapping[str, Path], progress: Progress
) -> None:
    """Write the archive beside `target` and put it there when it is whole and on the disk."""
    new = target.with_name(target.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
                _add(archive, MANIFEST, manifest.to_json())
                for name, source in sources.items():
                    info = tarfile.TarInfo(name)
                    info.size, info.mode = source.stat().st_size, 0o600
                    with source.open("rb") as file:
                        archive.addfile(info, _Watched(file, progress))
            raw.flush()
            os.fsync(raw.fileno())
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    archive.addfile(info, io.BytesIO(content))


def peek(source: Path) -> Manifest:
    """The manifest of an archive. Raises Invalid."""
    try:
        with tarfile.open(source, mode="r|gz") as archive:
            return _first(archive)
    except FileNotFoundError as error:
        raise Invalid(f"There is no file {source}.") from error
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Invalid(f"{source.name} is not a backup, or it is damaged ({error}).") from error


def _first(archive: tarfile.TarFile) -> Manifest:
    info = archive.next()
    if info is None or info.name != MANIFEST or not info.isfile() or info.size > _MANIFEST_LIMIT:
        raise Invalid("This is not a backup of Levelhead: its manifest is not the first file.")
    file = archive.extractfile(info)
    return read_manifest(file.read() if file is not None else b"")


def unpack(source: Path, folder: Path, progress: Progress) -> Manifest:
    """Take all files out into a folder and prove each. Raises Invalid where one is not as said."""
    try:
        with tarfile.open(source, mode="r|gz") as archive:
            manifest = _first(archive)
            seen = set()
            while (info := archive.next()) is not None:
                entry = manifest.files.get(info.name)
                if entry is None or not info.isfile() or info.name in seen:
                    raise Invalid(f"The backup holds {info.name!r}, which its manifest does not.")
                file = archive.extractfile(info)
                if file is None or info.size != entry.bytes:
                    raise Invalid(f"{info.name} in the backup has not the size it should have.")
                _take_out(file, folder / info.name, entry, progress)
                seen.add(info.name)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Invalid(f"{source.name} is damaged ({error}). Nothing was restored.") from error
    missing = manifest.files.keys() - seen
    if missing:
        raise Invalid(f"The backup ends before {', '.join(sorted(missing))}; it is damaged.")
    return manifest


def _take_out(file: IO[bytes], target: Path, entry: FileEntry, progress: Progress) -> None:
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        while piece := file.read(_PIECE):
            digest.update(piece)
            out.write(piece)
            progress(len(piece))
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != entry.sha256:
        raise Invalid(f"{target.name} in the backup is damaged: its SHA-256 does not fit.")
