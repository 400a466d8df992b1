"""`levelhead import`: every line once, whatever happens in between."""

from __future__ import annotations

import csv
import gzip
import json
import random
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.acceptance.commands import LEVELHEAD, environment, last_json, run


def write_lines(path: Path, count: int) -> Path:
    """A file of `count` invented posts in threads."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            item = {
                "id": f"n{n}",
                "text": f"Is the Elm Street bridge open on day {n}?",
                "created_at": "2026-03-01T08:00:00Z",
                "author": f"resident{n % 50}",
            }
            if n % 3:
                item["parent_id"] = f"n{n - 1}"
            file.write(json.dumps(item) + "\n")
    return path


def stored(data: Path) -> tuple[int, int, int]:
    """(posts, different ids, cases) in the database."""
    with sqlite3.connect(data / "levelhead.sqlite3") as database:
        row = database.execute(
            "SELECT (SELECT count(*) FROM inbox_post), "
            "(SELECT count(DISTINCT external_id) FROM inbox_post), "
            "(SELECT count(*) FROM inbox_case)"
        ).fetchone()
    database.close()
    return (row[0], row[1], row[2])


def test_a_second_import_adds_nothing(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "posts.jsonl", 300)
    first = last_json(run(tmp_path / "d", "import", str(file), "--channel", "a", "--json"))
    assert (first["received"], first["new"]) == (300, 300)
    second = last_json(run(tmp_path / "d", "import", str(file), "--channel", "a", "--json"))
    assert (second["received"], second["new"], second["duplicates"]) == (300, 0, 300)
    assert stored(tmp_path / "d") == (300, 300, 300)
    assert last_json(run(tmp_path / "d", "records", "verify", "--json"))["holds"] is True


def test_killed_in_the_middle_and_started_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "posts.jsonl", 12_000)
    data = tmp_path / "d"
    run(data, "import", str(write_lines(tmp_path / "few.jsonl", 1)), "--channel", "warm")
    draw = random.Random(5)
    killed = 0
    for _ in range(4):
        worker = subprocess.Popen(
            [str(LEVELHEAD), "import", str(file), "--channel", "a"],
            env=environment(data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(2.0 + draw.random())
        if worker.poll() is None:
            worker.send_signal(signal.SIGKILL)
            killed += 1
        worker.wait()
    assert killed
    report = last_json(run(data, "import", str(file), "--channel", "a", "--json"))
    assert report["rejected"] == 0
    assert stored(data) == (12_001, 12_000, 12_001)
    verified = last_json(run(data, "records", "verify", "--json"))
    assert verified["holds"] is True


def test_bad_lines_are_told_by_number_and_kept_and_the_rest_is_filed(tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    file.write_bytes(
        b'{"id": "1", "text": "fine"}\n'
        b"{not json\n"
        b'{"text": "no id"}\n'
        b"\n"
        b'{"id": "2", "text": 7}\n'
        b'["a list"]\n'
        b'{"id": "3", "text": "\xff broken utf-8"}\n'
        b'{"id": "4", "text": "null \\u0000 byte", "created_at": "1970-01-01T00:00:00Z"}\n'
        + b'{"id": "5", "text": "' + b"x" * 100_000 + b'"}\n'
        + b"[" * 200_000 + b"\n"
        + b'{"id": "6", "text": "' + b"y" * 3_000_000 + b'"}\n'
        + b'{"id": "7", "text": "last, without a line end"}'
    )  # fmt: skip
    done = run(tmp_path / "d", "import", str(file), "--channel", "a", "--json")
    report = last_json(done)
    assert report["new"] == 4
    assert report["rejected"] == 7
    assert report["received"] == 11
    for number in (2, 3, 5, 6, 7, 10, 11):
        assert f"line {number}:" in done.stderr
    with sqlite3.connect(tmp_path / "d" / "levelhead.sqlite3") as database:
        places = [row[0] for row in database.execute("SELECT place FROM channels_setaside")]
    database.close()
    assert "file mixed.jsonl, line 2" in places
    assert len(places) == 7


def test_csv_with_a_mapping_and_gzip(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv.gz"
    with gzip.open(file, "wt", encoding="utf-8", newline="") as packed:
        rows = csv.writer(packed)
        rows.writerow(["Tweet ID", "Tweet", "When", "Who"])
        rows.writerow(["1", 'quoted "words", and\na line break', "2026-03-01 08:00", "ana"])
        rows.writerow(["2", "=1+1", "not a time", ""])
        rows.writerow(["3", "too", "few"])
    done = run(
        tmp_path / "d", "import", str(file), "--channel", "a", "--json",
        "--map", "id=Tweet ID,text=Tweet,created_at=When,author=Who",
    )  # fmt: skip
    report = last_json(done)
    assert (report["new"], report["rejected"]) == (2, 1)
    assert "3 cells" in done.stderr


def test_a_torn_gzip_keeps_what_came_before(tmp_path: Path) -> None:
    whole = gzip.compress(write_lines(tmp_path / "p.jsonl", 4_000).read_bytes())
    file = tmp_path / "torn.jsonl.gz"
    file.write_bytes(whole[: len(whole) // 2])
    done = run(tmp_path / "d", "import", str(file), "--channel", "a", "--json")
    report = last_json(done)
    assert report["new"] > 100
    assert report["rejected"] == 1
    assert "breaks off" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--map", "nonsense=x"], "not a field"),
        (["--map", "text"], "not a mapping"),
        (["--agency", "nowhere"], "no agency"),
    ],
)
def test_wrong_options_are_refused_with_a_sentence(
    tmp_path: Path, words: list[str], said: str
) -> None:
    file = write_lines(tmp_path / "p.jsonl", 1)
    done = run(tmp_path / "d", "import", str(file), "--channel", "a", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_refused_with_a_sentence(tmp_path: Path) -> None:
    for name, value, said in [
        ("LEVELHEAD_PORT", "99999", "1 to 65535"),
        ("LEVELHEAD_PROT", "80", "Did you mean LEVELHEAD_PORT"),
        ("LEVELHEAD_DATABASE", "mysql://x", "postgresql://"),
        ("LEVELHEAD_DEBUG", "perhaps", "LEVELHEAD_DEBUG"),
        ("LEVELHEAD_SECRET_KEY", "short", "at least 32"),
    ]:
        done = subprocess.run(
            [str(LEVELHEAD), "records", "verify"],
            env={**environment(tmp_path / "d"), name: value},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 2, name
        assert said in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
