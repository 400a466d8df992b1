"""Putting files where web servers find them: each is whole, old or new, whatever happens."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from levelhead.kernel.folders import sync_folder

# Of what a file of this kind is: nothing else is written or given out.
KINDS: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "xml": "application/cap+xml; charset=utf-8",
    "jpg": "image/jpeg",
    "png": "image/png",
}
FOLDER: Final = "public"
# Level 9 costs a millisecond here, and is paid once for everybody who reads.
_SQUEEZE: Final = 9


def public_folder(data: Path) -> Path:
    """Where all public pages of an installation lie."""
    return data / FOLDER


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Be the only one who writes into `folder`; ends with the process at the latest."""
    _make(folder)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_files(folder: Path, files: Mapping[str, bytes]) -> int:
    """Write what differs from what lies there, in the given order; gives how many files differed.

    A file is replaced in one step after its bytes are on the disk. Raises OSError: what could not
    be written is as it was before.
    """
    _make(folder)
    changed = 0
    for name, content in files.items():
        squeezed = folder / f"{name}.gz"
        if _holds(folder / name, content) and squeezed.exists():
            continue
        # The smaller one first: whoever finds it newer than the other gets the newer words.
        _replace(squeezed, gzip.compress(content, _SQUEEZE, mtime=0))
        _replace(folder / name, content)
        changed += 1
    if changed:
        sync_folder(folder)
    return changed


def _make(folder: Path) -> None:
    """A folder that any server on this machine may look into, whatever is masked for the rest."""
    if folder.is_dir():
        return
    for one in (folder.parent, folder):
        if not one.is_dir():
            one.mkdir(parents=True, exist_ok=True)
            one.chmod(0o755)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    try:
        with open(new, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Any server on this machine may read it; nobody else may write it.
        new.chmod(0o644)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
