"""PostgreSQL's own programs for dumps: found, called, and heard when they fail."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.db import connection

from levelhead.kernel.errors import ConfigurationError, Invalid


def find_program(name: str) -> str:
    """Where a program of PostgreSQL is. Raises ConfigurationError."""
    found = shutil.which(name)
    if found is None:
        raise ConfigurationError(
            f"{name} is not on this machine. Install the PostgreSQL client programs (on Debian: "
            "apt install postgresql-client), in the server's version or newer."
        )
    return found


def _call(program: str, arguments: Sequence[str]) -> None:
    settings = connection.settings_dict
    where = {
        "PGHOST": settings["HOST"],
        "PGPORT": settings["PORT"],
        "PGUSER": settings["USER"],
        "PGDATABASE": settings["NAME"],
        # In the environment and not among the arguments, where others could read it.
        "PGPASSWORD": settings["PASSWORD"],
    }
    done = subprocess.run(  # noqa: S603  # a program we looked up, our own arguments
        [find_program(program), *arguments],
        env={**os.environ, **{name: str(value) for name, value in where.items() if value}},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Invalid(f"{program} failed: {said}")


def dump_to(target: Path, *, snapshot: str) -> None:
    """Dump the database as it is in a snapshot of a running transaction."""
    _call(
        "pg_dump",
        ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
         f"--file={target}"],
    )  # fmt: skip


def load_from(source: Path) -> None:
    """Put a dump in place of what the database holds; all of it or nothing."""
    name = str(connection.settings_dict["NAME"])
    _call(
        "pg_restore",
        ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error",
         "--single-transaction", f"--dbname={name}", str(source)],
    )  # fmt: skip
