"""An empty database made at once is the one that the steps make."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from levelhead.kernel.ids import new_id
from tests.integration.runtime.serving import Installation
from tests.services import require_service

# start_django would bring an empty database up to date by itself.
START = "from levelhead.config.boot import start_django; start_django(migrate=False)\n"
BY_STEPS = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""
AT_ONCE = """
from levelhead.config.database import bring_up_to_date
bring_up_to_date()
"""
# What a database holds, each thing as one line; the order of columns is left out.
SHAPE = """
import json, re
from django.db import connection
with connection.cursor() as cursor:
    def lines(query):
        cursor.execute(query)
        return sorted(" | ".join(map(str, row)) for row in cursor.fetchall())
    if connection.vendor == "sqlite":
        shape = lines(
            "SELECT m.name, p.name, p.type, p.\\"notnull\\", p.dflt_value, p.pk, p.hidden "
            "FROM sqlite_master m, pragma_table_xinfo(m.name) p WHERE m.type = 'table'"
        ) + lines(
            "SELECT m.name, f.\\"table\\", f.\\"from\\", f.\\"to\\", f.on_delete "
            "FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
        ) + lines(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type <> 'table'"
        )
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        for name, sql in cursor.fetchall():
            shape += sorted(
                f"{name} {part}"
                for part in re.findall(r'CONSTRAINT "\\w+" .*?(?=, CONSTRAINT|, "|\\)$)', sql)
            )
    else:
        shape = lines(
            "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, "
            "column_default, is_identity, generation_expression, collation_name "
            "FROM information_schema.columns WHERE table_schema = 'public'"
        ) + lines(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        ) + lines(
            "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        ) + lines(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        )
    shape += lines("SELECT app, name FROM django_migrations")
print(json.dumps(shape))
"""
DJANGOS_OWN = "auth_group_permissions | id |"


def shape_of(place: Installation, way: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", START + way + SHAPE],
        env=place.environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    found: list[str] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def compare(by_steps: Installation, at_once: Installation) -> None:
    slowly, quickly = shape_of(by_steps, BY_STEPS), shape_of(at_once, AT_ONCE)
    assert len(slowly) > 1_000
    # Django's own table, which nothing here fills: its steps count in bigint, its model does not.
    assert {
        line for line in set(slowly) ^ set(quickly) if not line.startswith(DJANGOS_OWN)
    } == set()


def test_on_sqlite(tmp_path: Path) -> None:
    for name in ("slow", "quick"):
        (tmp_path / name).mkdir()
    compare(Installation(tmp_path / "slow"), Installation(tmp_path / "quick"))


@pytest.mark.services
def test_on_postgresql(tmp_path: Path) -> None:
    import psycopg

    address = require_service("postgresql")["url"]
    names = [f"fresh_{new_id()}" for _ in range(2)]
    with psycopg.connect(address, autocommit=True) as opened:
        for name in names:
            opened.execute(f"CREATE DATABASE {name}")
        try:
            both = [
                Installation(
                    tmp_path / name, LEVELHEAD_DATABASE=f"{address.rsplit('/', 1)[0]}/{name}"
                )
                for name in names
            ]
            compare(*both)
        finally:
            for name in names:
                opened.execute(f"DROP DATABASE {name} WITH (FORCE)")
