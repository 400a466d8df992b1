"""Which models lie here, told without loading them or anything heavy."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Final

from levelhead.kernel.errors import ConfigurationError

FOLDER: Final = Path(__file__).parent / "models"
EXAMPLES_NAME: Final = "examples.npz"
NOTES_NAME: Final = "encoder.json"

# Fewer corrections say more about the day than about the agency.
FEWEST: Final = 20


def base_of(folder: Path = FOLDER) -> str:
    """Which models lie in `folder`: their version and the start of a hash, "2026.11/3f9a…".

    The shipped examples hold what both stages of the cascade make of them, so that their hash
    changes with either. Raises ConfigurationError where a file is missing.
    """
    examples, notes = folder / EXAMPLES_NAME, folder / NOTES_NAME
    try:
        found = examples.stat(), notes.stat()
        return _base_of(folder, *((one.st_mtime_ns, one.st_size) for one in found))
    except (OSError, KeyError, ValueError) as error:
        raise ConfigurationError(
            "The encoder's files cannot be read. Run `make train` or install again.",
            path=str(folder),
        ) from error


@lru_cache(maxsize=8)
def _base_of(folder: Path, _examples: tuple[int, int], _notes: tuple[int, int]) -> str:
    version = json.loads((folder / NOTES_NAME).read_text(encoding="utf-8"))["version"]
    digest = hashlib.sha256((folder / EXAMPLES_NAME).read_bytes()).hexdigest()
    return f"{version}/{digest[:12]}"
