"""Bytes kept for good in a folder, under their SHA-256: the same bytes once, never half of them."""

from __future__ import annotations

import os
import tempfile
from hashlib import sha256
from pathlib import Path

from levelhead.kernel.folders import sync_folder


def place_of(folder: Path, digest: str) -> Path:
    """Where the bytes with this hash lie."""
    return folder / digest[:2] / digest


def keep_bytes(folder: Path, content: bytes) -> str:
    """Put them on the disk; gives their hash. Raises OSError and leaves nothing half-written."""
    digest = sha256(content).hexdigest()
    path = place_of(folder, digest)
    if path.exists() and path.stat().st_size == len(content):
        return digest
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return digest


def fits_its_name(content: bytes, digest: str) -> bool:
    """Whether these are the bytes that were kept under the hash."""
    return sha256(content).hexdigest() == digest
