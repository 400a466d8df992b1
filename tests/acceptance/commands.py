"""Running the real command line as a person would, in a data folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LEVELHEAD = Path(sys.executable).parent / "levelhead"


def environment(data: Path) -> dict[str, str]:
    """The environment of a new user whose data is in `data`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LEVELHEAD_", "DJANGO_"))}
    return {**kept, "LEVELHEAD_DATA": str(data)}


def run(
    data: Path, *words: str, stdin: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run `levelhead` to its end."""
    return subprocess.run(
        [str(LEVELHEAD), *words],
        env={**environment(data), **settings},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def last_json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON that a command ends with."""
    assert done.stdout.strip(), done.stderr
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert isinstance(told, dict)
    return told
