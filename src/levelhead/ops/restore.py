"""Putting a backup back: proven before anything is touched, and again afterwards."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from levelhead.config.boot import start_django
from levelhead.config.environment import FILE_NAME, Environment
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError, Invalid
from levelhead.kernel.folders import sync_folder
from levelhead.ops.archive import (
    ENVIRONMENT_FILE,
    KEPT_FILE,
    KEY_FILE,
    POSTGRES_FILE,
    SQLITE_FILE,
    Manifest,
    fingerprint,
    peek,
    unpack,
)
from levelhead.ops.backup import Bar, Contents, check_room, contents_of, sqlite_copy
from levelhead.runtime.places import hold_role

# What may lie in a data folder without its being in use.
_HARMLESS = frozenset({"run", "backups", KEY_FILE, FILE_NAME, "static"})


@dataclass(frozen=True, kw_only=True)
class RestoreReport:
    """What was put back."""

    manifest: Manifest
    # Where the database that was there before lies now; None where there was none.
    set_aside: Path | None
    # True where the channels' keys can be read with the secret key that is in force now.
    key_fits: bool
    # Messages that may have left after the backup was made: looked up before they are sent.
    to_look_up: int
    notes: tuple[str, ...]


def restore(source: Path, environment: Environment, *, force: bool, bar: Bar) -> RestoreReport:
    """Put a backup in place. Raises Invalid or ConfigurationError; then nothing was changed."""
    manifest = peek(source)
    wanted = "sqlite" if environment.database == "sqlite" else "postgresql"
    if manifest.database != wanted:
        raise Invalid(
            f"This is a backup of {manifest.database}, and LEVELHEAD_DATABASE says {wanted}. "
            "Restore it where the database is of its own kind."
        )
    _refuse_newer(manifest)
    data = environment.data
    data.mkdir(parents=True, exist_ok=True)
    key_in_file = _key_in(data) == environment.secret_key
    held = [hold_role(data, role) for role in ("worker", "web", "stream", "engine")]
    try:
        if not force:
            _refuse_in_use(environment)
        size = sum(entry.bytes for entry in manifest.files.values())
        check_room(data, size + size // 10, what="the restored data")
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as name:
            folder = Path(name)
            bar.step("Checking", size)
            unpack(source, folder, bar.add)
            put = _put_sqlite if wanted == "sqlite" else _put_postgres
            set_aside = put(folder, manifest, environment)
            _put_kept_files(folder, data)
            notes = _put_settings(folder, environment)
        key = _key_in(data) if key_in_file else environment.secret_key
        return _finish(manifest, key, set_aside, notes)
    finally:
        for place in held:
            place.give_up()


def _key_in(data: Path) -> str:
    try:
        return (data / KEY_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _refuse_newer(manifest: Manifest) -> None:
    start_django(migrate=False)
    from django.db.migrations.loader import MigrationLoader

    known = MigrationLoader(None).disk_migrations
    apps = {app for app, _ in known}
    for step in manifest.migrations:
        app, _, name = step.partition(".")
        if app in apps and (app, name) not in known:
            raise ConfigurationError(
                f"This backup was made by Levelhead {manifest.levelhead}, which is newer (it has "
                f"{step}). Install that version and restore with it."
            )


def _refuse_in_use(environment: Environment) -> None:
    there = sorted(path.name for path in environment.data.iterdir() if path.name not in _HARMLESS)
    there = [name for name in there if not name.startswith(".")]
    if environment.database != "sqlite":
        from django.db import connection

        if "accounts_agency" in connection.introspection.table_names():
            there.append("a database with tables")
    if there:
        raise Invalid(
            f"There is data already in {environment.data} ({', '.join(there[:5])}). Give an empty "
            "folder with LEVELHEAD_DATA, or --force to set that data aside and restore here."
        )


def _same_contents(found: Contents, manifest: Manifest) -> bool:
    return dict(found.counts) == dict(manifest.counts) and list(found.chains) == list(
        manifest.chains
    )


def _put_sqlite(folder: Path, manifest: Manifest, environment: Environment) -> Path | None:
    new = folder / SQLITE_FILE
    try:
        with sqlite_copy(new) as cursor:
            cursor.execute("PRAGMA quick_check(1)")
            sound = cursor.fetchall()[0][0] == "ok" and _same_contents(
                contents_of(cursor), manifest
            )
    except sqlite3.DatabaseError:
        sound = False
    if not sound:
        raise Invalid("The database in the backup is not what its manifest says; it was not used.")
    target = environment.sqlite_path
    set_aside: Path | None = None
    beside = [target.with_name(target.name + end) for end in ("", "-wal", "-shm")]
    if any(path.exists() for path in beside):
        set_aside = environment.data / f"before-restore-{clock.now():%Y%m%d-%H%M%S}"
        set_aside.mkdir(mode=0o700)
        for path in beside:
            if path.exists():
                path.replace(set_aside / path.name)
    new.replace(target)
    sync_folder(environment.data)
    return set_aside


def _put_postgres(folder: Path, manifest: Manifest, environment: Environment) -> Path | None:
    from django.db import connection, connections

    from levelhead.ops.postgres_tools import load_from

    connections.close_all()
    load_from(folder / POSTGRES_FILE)
    with connection.cursor() as cursor:
        if not _same_contents(contents_of(cursor), manifest):
            raise Invalid(
                "The database does not hold what the manifest says after the restore. Do not "
                "start Levelhead on it; restore another backup."
            )
    return None


def _put_kept_files(folder: Path, data: Path) -> None:
    """Files and pictures, back to where it is looked for; the same bytes have the same place."""
    for path in sorted(folder.iterdir()):
        found = KEPT_FILE.fullmatch(path.name)
        if found is None:
            continue
        place = data / found[1] / found[2] / found[3][:2]
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.replace(place / found[3])
        sync_folder(place)


def _put_settings(folder: Path, environment: Environment) -> tuple[str, ...]:
    notes = []
    data = environment.data
    if (folder / ENVIRONMENT_FILE).exists():
        if (data / FILE_NAME).exists():
            shutil.move(folder / ENVIRONMENT_FILE, data / f"{FILE_NAME}.restored")
            notes.append(f"The settings of the backup are in {FILE_NAME}.restored; yours stay.")
        else:
            shutil.move(folder / ENVIRONMENT_FILE, data / FILE_NAME)
    if (folder / KEY_FILE).exists():
        old = data / KEY_FILE
        if old.exists() and old.read_bytes() != (folder / KEY_FILE).read_bytes():
            old.replace(data / f"{KEY_FILE}.before-restore")
            notes.append(f"The secret key that was here is now {KEY_FILE}.before-restore.")
        shutil.move(folder / KEY_FILE, old)
        old.chmod(0o600)
    return tuple(notes)


def _finish(
    manifest: Manifest, key: str, set_aside: Path | None, notes: tuple[str, ...]
) -> RestoreReport:
    from django.db import connections

    from levelhead.channels.models import Channel, OutboxItem, OutboxState
    from levelhead.config.database import bring_up_to_date
    from levelhead.research.domain import MailState
    from levelhead.research.models import MailOut

    connections.close_all()
    bring_up_to_date()
    # What waited when the backup was made may have left since: nothing is sent before a look.
    to_look_up = OutboxItem.objects.filter(
        state__in=[OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR]
    ).update(state=OutboxState.UNCLEAR, claimed_until=None, next_attempt_at=clock.now())
    Channel.objects.filter(claimed_until__isnull=False).update(claimed_until=None)
    # A mail cannot be looked up: whether it left since is asked of a person.
    MailOut.objects.filter(state__in=[MailState.QUEUED, MailState.SENDING]).update(
        state=MailState.UNCLEAR,
        claimed_until=None,
        last_error="It waited when the backup was made, and may have left since.",
    )
    return RestoreReport(
        manifest=manifest,
        set_aside=set_aside,
        key_fits=manifest.key_fingerprint == fingerprint(key),
        to_look_up=to_look_up,
        notes=notes,
    )
