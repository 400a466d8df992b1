"""Looking an installation over: each finding a sentence, and what to do about it."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from levelhead.config.environment import Environment, read_environment
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError, LevelheadError
from levelhead.runtime.heartbeat import read_heartbeat, read_running, worker_troubles

MEGABYTE = 1_000_000
LITTLE_ROOM = 2_000 * MEGABYTE
NO_ROOM = 200 * MEGABYTE
BACKUP_EVERY = timedelta(days=7)
MOST_CHAINS = 2_000


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    verdict: Verdict
    sentence: str
    # What to do; empty where it is well.
    remedy: str = ""


def ok(check: str, sentence: str) -> Finding:
    """It is well."""
    return Finding(check=check, verdict=Verdict.OK, sentence=sentence)


def warn(check: str, sentence: str, remedy: str) -> Finding:
    """It works, but somebody should look."""
    return Finding(check=check, verdict=Verdict.WARN, sentence=sentence, remedy=remedy)


def bad(check: str, sentence: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(check=check, verdict=Verdict.BAD, sentence=sentence, remedy=remedy)


Check = Callable[[Environment], Iterator[Finding]]


def examine() -> Iterator[Finding]:
    """All findings, each as soon as it is known. One check that breaks does not stop the rest."""
    yield from check_python()
    try:
        environment = read_environment()
    except LevelheadError as error:
        yield bad("settings", error.message, "Correct it and run this again.")
        return
    yield ok("settings", f"The settings can be read; the data folder is {environment.data}.")
    for check in (check_folder, check_room, check_key, check_ports, check_worker):
        yield from _guarded(check, environment)
    reachable = True
    for finding in _guarded(check_database, environment):
        reachable = reachable and finding.verdict != Verdict.BAD
        yield finding
    if reachable:
        for check in (
            check_clock, check_chains, check_channels, check_outbox, check_calls, check_mail,
            check_public_pages,
        ):  # fmt: skip
            yield from _guarded(check, environment)
    for check in (check_backup, check_models):
        yield from _guarded(check, environment)


def _guarded(check: Check, environment: Environment) -> Iterator[Finding]:
    name = check.__name__.removeprefix("check_")
    try:
        yield from check(environment)
    except Exception as error:  # Whatever is broken is what the doctor is for.
        yield bad(
            name,
            f"This could not be looked at ({type(error).__name__}: {error}).",
            "Report this with the whole output.",
        )


def check_python() -> Iterator[Finding]:
    """Which interpreter is this, and does its SQLite have what we use?"""
    version = ".".join(map(str, sys.version_info[:3]))
    known = sqlite3.sqlite_version
    # 3.35 brought RETURNING, on which numbers of events and records depend.
    if sqlite3.sqlite_version_info < (3, 35):
        yield bad(
            "python",
            f"Python {version} was built with SQLite {known}, which is too old.",
            "Install a Python with SQLite 3.35 or newer.",
        )
    else:
        yield ok("python", f"Python is {version}, with SQLite {known}.")


def check_folder(environment: Environment) -> Iterator[Finding]:
    """Can the data folder be written, and by whom read?"""
    data = environment.data
    if not data.is_dir():
        yield bad("folder", f"There is no data folder {data}.", "Run `levelhead init`.")
        return
    probe = data / f".doctor-{os.getpid()}"
    try:
        probe.write_text("probe", encoding="ascii")
        probe.unlink()
    except OSError as error:
        yield bad(
            "folder",
            f"The data folder cannot be written ({error.strerror}).",
            f"Give it to the account that runs Levelhead: chown -R ACCOUNT {data}",
        )
        return
    if data.stat().st_mode & 0o077:
        yield warn(
            "folder",
            "Other accounts of this machine can look into the data folder.",
            f"chmod 700 {data}",
        )
    else:
        yield ok("folder", "The data folder can be written, and by nobody else.")


def check_room(environment: Environment) -> Iterator[Finding]:
    """Is there room on the disk?"""
    free = shutil.disk_usage(environment.data).free
    sentence = f"{free // MEGABYTE} MB are free on the disk of the data folder."
    if free < NO_ROOM:
        yield bad("room", sentence, "Make room now: without any, nothing more can be filed.")
    elif free < LITTLE_ROOM:
        yield warn("room", sentence, "Make room, or move the data folder to a larger disk.")
    else:
        yield ok("room", sentence)


def check_key(environment: Environment) -> Iterator[Finding]:
    """Is the secret key there, and secret?"""
    path = environment.data / "secret.key"
    if not path.exists():
        yield ok("key", "The secret key comes from the settings.")
    elif path.stat().st_mode & 0o077:
        yield bad(
            "key",
            "Other accounts of this machine can read secret.key, which opens the channels' keys.",
            f"chmod 600 {path}",
        )
    else:
        yield ok("key", "secret.key can be read by nobody else.")


def check_ports(environment: Environment) -> Iterator[Finding]:
    """Are the ports free, or ours?"""
    running = read_running(environment.data)
    alive = running is not None and _alive(running.pid)
    for role, port, setting in (
        ("web", environment.port, "LEVELHEAD_PORT"),
        ("stream", environment.stream_port, "LEVELHEAD_STREAM_PORT"),
    ):
        answers = _answers(environment.host, port)
        ours = alive and running is not None and role in running.roles
        if answers and ours:
            yield ok("ports", f"Levelhead answers on port {port} ({role}).")
        elif answers:
            yield bad(
                "ports",
                f"Another program answers on port {port}, which is for {role}.",
                f"Stop that program, or choose another port with {setting}.",
            )
        elif ours:
            yield bad(
                "ports",
                f"Levelhead runs, but nothing answers on port {port} ({role}).",
                "Look at its log; stop and start it if this stays.",
            )
        else:
            yield ok("ports", f"Port {port} is free for {role}.")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _answers(host: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        socket.create_connection((reachable, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def check_worker(environment: Environment) -> Iterator[Finding]:
    """Does the worker live?"""
    running = read_running(environment.data)
    if running is None or not _alive(running.pid):
        yield warn(
            "worker",
            "Levelhead does not run on this data folder: nothing is read or sent.",
            "Start it with `levelhead serve`.",
        )
        return
    if "worker" not in running.roles:
        yield ok("worker", "The worker runs on another machine.")
        return
    troubles = worker_troubles(read_heartbeat(environment.data))
    for trouble in troubles:
        yield bad("worker", trouble, "Look at the log; stop and start Levelhead if this stays.")
    if not troubles:
        yield ok("worker", "The worker is at work.")


def check_database(environment: Environment) -> Iterator[Finding]:
    """Is the database there, at this version, and safe against power loss?"""
    if environment.database == "sqlite" and not environment.sqlite_path.exists():
        yield bad("database", "There is no database yet.", "Run `levelhead init`.")
        return
    from levelhead.config.boot import start_django

    start_django(migrate=False)
    from django.db import OperationalError, connection

    from levelhead.config.database import pending_migrations
    from levelhead.runtime.preparing import unreachable_sentence

    try:
        pending = pending_migrations()
    except OperationalError as error:
        yield bad("database", unreachable_sentence(error), "Then run this again.")
        return
    except LevelheadError as error:
        yield bad("database", error.message, "Then run this again.")
        return
    if pending:
        yield bad(
            "database",
            f"The database is {len(pending)} steps behind this version ({pending[0]} is next).",
            "Stop Levelhead, make a backup, run `levelhead init`, start it again.",
        )
        return
    yield ok("database", f"The database ({connection.vendor}) answers and is at this version.")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            mode = str(cursor.fetchone()[0])
        if mode == "wal":
            yield ok("database", "Pages can be read while the worker writes (WAL).")
        else:
            yield bad(
                "database",
                f"The database's journal is {mode!r}: pages wait for every write.",
                "Put the data folder on a local disk; network drives cannot do WAL.",
            )


def check_clock(environment: Environment) -> Iterator[Finding]:
    """Is the machine's clock right, as far as can be told?"""
    from levelhead.records.models import RecordEvent

    now = clock.now()
    newest = RecordEvent.objects.order_by("-pk").values_list("at", flat=True).first()
    last = datetime.fromisoformat(newest.replace("Z", "+00:00")) if newest else None
    if now < datetime(2026, 1, 1, tzinfo=UTC):
        yield bad("clock", f"The clock says {now:%Y-%m-%d}.", "Set it, and switch on NTP.")
    elif last is not None and last > now + timedelta(minutes=2):
        yield bad(
            "clock",
            f"The newest record is of {last:%Y-%m-%d %H:%M}, and the clock says "
            f"{now:%Y-%m-%d %H:%M} (UTC): it was set back.",
            "Set the clock, and switch on NTP; what was promised by the hour depends on it.",
        )
    else:
        yield ok("clock", f"The clock says {now:%Y-%m-%d %H:%M} (UTC).")


def check_chains(environment: Environment) -> Iterator[Finding]:
    """Does each chain of records end where its head says?"""
    from levelhead.records.models import RecordChain, RecordEvent

    chains = list(RecordChain.objects.order_by("pk")[:MOST_CHAINS])
    wrong = []
    for chain in chains:
        last = (
            RecordEvent.objects.filter(chain_id=chain.pk)
            .order_by("-seq")
            .values_list("seq", "hash")
            .first()
        )
        if (last or (0, chain.head_hash)) != (chain.seq, chain.head_hash):
            wrong.append(chain.name)
    if wrong:
        yield bad(
            "records",
            f"{len(wrong)} chains of records do not end where they should ({wrong[0]} first).",
            "Run `levelhead records verify`, keep the database as it is, and look into it.",
        )
    else:
        yield ok("records", f"All {len(chains)} chains of records end where they should.")


def check_channels(environment: Environment) -> Iterator[Finding]:
    """Which channels do not work?"""
    from levelhead.channels.models import Channel, ChannelState

    channels = list(Channel.objects.select_related("agency").order_by("pk")[:1000])
    well = True
    for channel in channels:
        name = f"{channel.name} ({channel.agency.slug})"
        if channel.state == ChannelState.SIGNED_OUT:
            well = False
            yield bad("channels", f"{name} is signed out.", "Connect it again in the settings.")
        elif channel.failures and channel.state == ChannelState.ON:
            well = False
            yield warn(
                "channels",
                f"{name} failed {channel.failures} times in a row: {channel.last_error[:200]}",
                "It is tried again by itself; look at it if this stays.",
            )
    if well:
        yield ok("channels", f"None of the {len(channels)} channels fails.")


def check_outbox(environment: Environment) -> Iterator[Finding]:
    """Does something wait to leave, or was not sent?"""
    from levelhead.channels.models import OutboxItem, OutboxState
    from levelhead.ops.health import LONG_WAIT_SECONDS, oldest_waiting_seconds

    failed = OutboxItem.objects.filter(state=OutboxState.FAILED).count()
    oldest = oldest_waiting_seconds()
    if failed:
        yield warn(
            "outbox",
            f"{failed} messages could not be sent.",
            "Each shows in its conversation, with the reason: send it again or let it be.",
        )
    if oldest is not None and oldest > LONG_WAIT_SECONDS:
        yield warn(
            "outbox",
            f"A message has waited {oldest / 60:.0f} minutes to leave.",
            "See that the worker runs and its channel is well.",
        )
    elif not failed:
        yield ok("outbox", "Nothing waits for long to leave.")


def check_public_pages(environment: Environment) -> Iterator[Finding]:
    """Are the public pages as they should be, and can everybody reach them?"""
    from levelhead.ops.health import unwritten_pages
    from levelhead.publicpage.models import Snapshot

    trouble = unwritten_pages()
    if trouble:
        yield bad("public pages", trouble, "Make room on the disk; they are then written at once.")
        return
    if Snapshot.objects.exists() and not environment.public_url:
        yield warn(
            "public pages",
            "Updates carry no link to the public page.",
            "Set LEVELHEAD_PUBLIC_URL to the address that everybody reaches.",
        )
        return
    yield ok("public pages", "All public pages are as they should be.")


def check_calls(environment: Environment) -> Iterator[Finding]:
    """Is somebody rung when a life may be at stake?"""
    from levelhead.accounts.models import Agency
    from levelhead.alerts.models import Target

    called = Target.objects.filter(active=True)
    silent = list(
        Agency.objects.exclude(pk__in=called.values("agency_id")).values_list("name", flat=True)[:5]
    )
    if silent:
        yield warn(
            "calls",
            f"Nobody is rung for {', '.join(silent)}: no place to call is set up.",
            "Settings, “Where calls go”: add a place and try it.",
        )
    broken = list(called.exclude(last_error="").values_list("name", flat=True)[:5])
    if broken:
        yield bad(
            "calls",
            f"The last call failed at {', '.join(broken)}.",
            "Settings, “Where calls go”: try it there, and correct the address.",
        )
    if called.exists() and not environment.public_url:
        yield warn(
            "calls",
            "Calls carry no link to the desk.",
            "Set LEVELHEAD_PUBLIC_URL to the address that phones reach.",
        )
    if not silent and not broken:
        yield ok("calls", "Every agency has a place to call.")


def check_mail(environment: Environment) -> Iterator[Finding]:
    """Can questions to colleagues leave by mail, and their answers come in?"""
    from levelhead.research.looking import look_at_mail

    troubles, sentence = look_at_mail(environment)
    for trouble in troubles:
        say = bad if trouble.grave else warn
        yield say("mail", trouble.sentence, trouble.remedy)
    if not any(one.grave for one in troubles):
        yield ok("mail", sentence)


def check_backup(environment: Environment) -> Iterator[Finding]:
    """When was the last backup made?"""
    try:
        text = (environment.data / "run" / "last-backup.txt").read_text(encoding="utf-8")
        at, _, place = text.partition("\n")
        age = clock.now() - datetime.fromisoformat(at.strip())
    except (OSError, ValueError):
        yield warn("backup", "No backup was made yet.", "Run `levelhead backup`, every night.")
        return
    days = age / timedelta(days=1)
    if age > BACKUP_EVERY:
        yield warn("backup", f"The last backup is {days:.0f} days old.", "Run `levelhead backup`.")
    elif not Path(place.strip()).exists():
        yield warn(
            "backup",
            f"The last backup, {place.strip()}, is not there any more.",
            "If it was moved to a safe place, well; else run `levelhead backup`.",
        )
    else:
        yield ok("backup", f"The last backup is {days:.1f} days old: {place.strip()}")


def check_models(environment: Environment) -> Iterator[Finding]:
    """Can the analysis be loaded?"""
    started = time.monotonic()
    from levelhead.analysis.assess import load
    from levelhead.analysis.domain import PostText

    try:
        load().assess([PostText(text="When does the front desk open?")], reread=1.0)
    except ConfigurationError as error:
        yield bad("models", error.message, "Until then posts keep the score of the cheap heads.")
        return
    yield ok("models", f"The models load ({time.monotonic() - started:.1f} seconds).")
