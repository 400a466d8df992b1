"""Making a backup while the desk is at work."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, transaction

from levelhead import __version__
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.ops.archive import (
    ENVIRONMENT_FILE,
    KEPT_FILE,
    KEY_FILE,
    POSTGRES_FILE,
    SQLITE_FILE,
    ChainHead,
    Manifest,
    entry_of,
    fingerprint,
    write_archive,
)
from levelhead.ops.postgres_tools import dump_to

# What a restore is compared by.
COUNTED_TABLES = (
    "accounts_agency",
    "accounts_user",
    "channels_channel",
    "channels_outboxitem",
    "inbox_post",
    "inbox_conversation",
    "inbox_case",
    "records_recordevent",
)
# Pages of SQLite copied in one go.
_PAGES = 2_000


class Bar(Protocol):
    """Tells a person how far it is."""

    def step(self, name: str, total: int) -> None:
        """Something begins that has so many bytes."""

    def add(self, done: int) -> None:
        """So many more are done."""


@dataclass(frozen=True, kw_only=True)
class BackupReport:
    """What was made."""

    file: Path
    bytes: int
    manifest: Manifest
    key_included: bool


class Cursor(Protocol):
    """What a look at the counts needs; both databases' cursors have it."""

    def execute(self, sql: str) -> Any: ...

    def fetchall(self) -> list[Any]: ...


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a database holds, to compare it with what is restored."""

    counts: Mapping[str, int]
    chains: tuple[ChainHead, ...]
    migrations: tuple[str, ...]


def contents_of(cursor: Cursor) -> Contents:
    """Look at a database, or a copy of one."""
    counts = {}
    for table in COUNTED_TABLES:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608  # names of ours, above
        counts[table] = int(cursor.fetchall()[0][0])
    cursor.execute(
        "SELECT agency_id, name, seq, head_hash FROM records_recordchain ORDER BY agency_id, name"
    )
    chains = tuple(
        ChainHead(agency_id=row[0], name=row[1], seq=row[2], head_hash=row[3])
        for row in cursor.fetchall()
    )
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
    migrations = tuple(f"{app}.{name}" for app, name in cursor.fetchall())
    return Contents(counts=counts, chains=chains, migrations=migrations)


def default_target(data: Path) -> Path:
    """Where a backup goes when nobody says."""
    return data / "backups" / f"levelhead-{clock.now():%Y%m%d-%H%M%S}.tar.gz"


def make_backup(target: Path, *, with_key: bool, bar: Bar) -> BackupReport:
    """Copy the database as it is at one moment, and pack it with the settings.

    Raises Invalid where there is not enough room or the target is taken, ConfigurationError where
    PostgreSQL's programs are missing.
    """
    data: Path = settings.ENVIRONMENT.data
    target = target.absolute()
    if target.exists():
        raise Invalid(f"{target} is there already; a backup never replaces a file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    check_room(target.parent, 2 * _database_bytes(), what="a backup")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as name:
        folder = Path(name)
        if connection.vendor == "sqlite":
            database, contents = folder / SQLITE_FILE, _copy_sqlite(folder / SQLITE_FILE, bar)
        else:
            database, contents = folder / POSTGRES_FILE, _dump_postgres(folder / POSTGRES_FILE, bar)
        sources = {database.name: database}
        if (data / ENVIRONMENT_FILE).is_file():
            sources[ENVIRONMENT_FILE] = _settings_without_key(data, folder, keep_key=with_key)
        sources |= _kept_files(data)
        if with_key:
            (folder / KEY_FILE).write_text(settings.SECRET_KEY + "\n", encoding="utf-8")
            sources[KEY_FILE] = folder / KEY_FILE
        total = sum(path.stat().st_size for path in sources.values())
        bar.step("Checking", total)
        files = {name: entry_of(path, bar.add) for name, path in sources.items()}
        manifest = Manifest(
            levelhead=__version__,
            made_at=clock.now().isoformat(),
            database=connection.vendor,
            files=files,
            counts=contents.counts,
            chains=contents.chains,
            migrations=contents.migrations,
            key_fingerprint=fingerprint(settings.SECRET_KEY),
        )
        bar.step("Packing", total)
        write_archive(target, manifest, sources, bar.add)
    _note_backup(data, target)
    return BackupReport(
        file=target, bytes=target.stat().st_size, manifest=manifest, key_included=with_key
    )


def _kept_files(data: Path) -> dict[str, Path]:
    """Files and pictures; looked for after the database was copied, which names no more."""
    found = {}
    for path in sorted(data.glob("*/*/??/*")):
        name = f"{path.parts[-4]}-{path.parts[-3]}-{path.name}"
        if KEPT_FILE.fullmatch(name):
            found[name] = path
    return found


def check_room(folder: Path, needed: int, *, what: str) -> None:
    """Raise Invalid where the disk has not so many bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Invalid(
            f"There are {free // 1_000_000} MB free in {folder}, and {what} may need "
            f"{needed // 1_000_000} MB. Make room, or give a file on another disk."
        )


def _database_bytes() -> int:
    if connection.vendor == "sqlite":
        path: Path = settings.ENVIRONMENT.sqlite_path
        wal = path.with_name(path.name + "-wal")
        return path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _copy_sqlite(target: Path, bar: Bar) -> Contents:
    address = f"{settings.ENVIRONMENT.sqlite_path.as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)) as source,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        # An open look at the database keeps the moment: without it, every write of the worker
        # would make the copy start again.
        source.execute("BEGIN")
        pages, size = (
            source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
        )
        source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        bar.step("Copying", pages * size)
        left = pages

        def progress(_status: int, remaining: int, total: int) -> None:
            nonlocal left
            bar.add(max(0, left - remaining) * size)
            left = remaining

        source.backup(copy, pages=_PAGES, progress=progress)
        # One file without a log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise Invalid(
                f"The database is damaged ({found}); no backup was made. Keep the last one, and "
                "look at the disk."
            )
        return contents_of(copy.cursor())


def _dump_postgres(target: Path, bar: Bar) -> Contents:
    bar.step("Dumping", 1)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = str(cursor.fetchone()[0])
        contents = contents_of(cursor)
        # Sees exactly what was counted.
        dump_to(target, snapshot=snapshot)
    bar.add(1)
    return contents


def _settings_without_key(data: Path, folder: Path, *, keep_key: bool) -> Path:
    lines = (data / ENVIRONMENT_FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    if not keep_key:
        lines = [line for line in lines if "LEVELHEAD_SECRET_KEY" not in line]
    copy = folder / ENVIRONMENT_FILE
    copy.write_text("".join(lines), encoding="utf-8")
    return copy


def _note_backup(data: Path, target: Path) -> None:
    path = data / "run" / "last-backup.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{clock.now().isoformat()}\n{target}\n", encoding="utf-8")


@contextmanager
def sqlite_copy(path: Path) -> Iterator[sqlite3.Cursor]:
    """A look at a database file that nobody else uses."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as opened:
        yield opened.cursor()
