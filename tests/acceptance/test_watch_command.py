"""`levelhead watch`: the contract of its lines, and input of every bad kind."""

import io
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis.streams.domain import Reading, StreamPost
from levelhead.analysis.streams.signs import WITHOUT_MODEL
from levelhead.cli.json_lines import MAX_LINE_BYTES
from levelhead.cli.watch import Fault, Watcher, make_reader, read_post, read_time
from tests.unit.streams.test_watching import EMERGENCY, ordinary, read

COMMAND = [str(Path(sys.executable).parent / "levelhead"), "watch"]
FIELDS = ["at", "kind", "topic", "level", "posts", "baseline", "examples", "reasons"]
FIELDS += ["burst", "authors", "update"]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLEA = "we are trapped on the second floor, smoke in the building, please send help now"


def line_of(key, seconds, text, **more):
    at = (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    return json.dumps({"id": key, "created_at": at, "text": text} | more)


def run(data, *options):
    return subprocess.run(
        [*COMMAND, *options], input=data, capture_output=True, timeout=60, check=False
    )


def check_alert(line, seen):
    alert = json.loads(line)
    assert list(alert) == FIELDS
    assert alert["kind"] in ("burst", "level")
    assert alert["burst"] >= 1
    assert alert["authors"] >= 1
    assert 0 <= alert["level"] <= 4
    assert (alert["kind"] == "level") == (alert["level"] >= 2)
    assert type(alert["update"]) is bool
    assert datetime.fromisoformat(alert["at"]).tzinfo is not None
    assert all(isinstance(term, str) and term for term in alert["topic"])
    assert alert["posts"] >= 1
    assert alert["baseline"] >= 0
    assert alert["examples"]
    assert set(alert["examples"]) <= seen
    assert alert["reasons"]
    return alert


def test_an_emergency_in_ordinary_traffic():
    rows = sorted(ordinary(7200, 120) + [(6000 + 40 * k, text) for k, text in enumerate(EMERGENCY)])
    lines = [line_of(f"p{k}", at, text) for k, (at, text) in enumerate(rows)]
    done = run("\n".join(lines).encode())
    assert done.returncode == 0, done.stderr.decode()
    alerts = [
        check_alert(line, {f"p{k}" for k in range(len(rows))})
        for line in done.stdout.decode().splitlines()
    ]
    loud = [alert for alert in alerts if alert["level"] >= 2]
    assert len(loud) == 1
    assert "harlow" in " ".join(loud[0]["topic"])
    at = datetime.fromisoformat(loud[0]["at"])
    assert START + timedelta(seconds=6000) < at <= START + timedelta(seconds=6000 + 360)
    assert [a["at"] for a in alerts] == sorted(a["at"] for a in alerts)


def test_each_alert_comes_while_the_input_is_open():
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    timer = threading.Timer(60, process.kill)
    timer.start()
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(line_of("a", 0, PLEA).encode() + b"\n")
        process.stdin.flush()
        alert = check_alert(process.stdout.readline(), {"a"})
        assert alert["level"] == 4
        process.stdin.close()
        assert process.wait() == 0
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def test_bad_lines_are_counted_and_the_rest_is_watched():
    bad = [b"{", b"[]", b'"x"', b"\xff\xfe", b'{"id":1}', b'{"text":"x"}', b'{"id":NaN,"text":"x"}']
    lines = [*bad, b"", b"   ", line_of("a", 0, PLEA).encode(), b'{"id":[],"text":"x"}']
    done = run(b"\n".join(lines), "--lang", "es")
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    said = done.stderr.decode()
    assert "8 of 11 lines could not be read" in said
    assert "line 1: it is not JSON" in said
    alert = check_alert(done.stdout, {"a"})
    assert "peligro" in alert["reasons"][0]


def test_nothing_in_nothing_out():
    done = run(b"")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_reader_that_leaves_is_no_error_of_ours():
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    try:
        process.stdin.write(line_of("a", 0, PLEA).encode())
        process.stdin.close()
    except BrokenPipeError:
        pass
    assert process.wait(60) == 1
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


@pytest.mark.parametrize(
    ("given_time", "expected"),
    [
        ("2026-03-02T09:00:00Z", START),
        ("2026-03-02T09:00:00", START),
        ("2026-03-02T10:00:00+01:00", START),
        (START.timestamp(), START),
        ("yesterday", None),
        ("9999-12-31T23:59:59-10:00", None),
        ("0001-01-01T00:00:00+10:00", None),
        (10**400, None),
        (-1e300, None),
        (True, None),
        (None, None),
        ({}, None),
    ],
)
def test_times(given_time, expected):
    assert read_time(given_time) == expected


def test_a_line_too_long_is_refused():
    assert isinstance(read_post(b'{"id":1,"text":"' + b"x" * MAX_LINE_BYTES), Fault)


def test_halves_of_surrogates_are_mended():
    post = read_post(b'{"id":"\\ud800","text":"a\\udc00","author":"\\ud801"}')
    assert isinstance(post, StreamPost)
    assert (str(post.id) + post.text + str(post.author)).encode()


def test_a_broken_assessor_does_not_silence_the_watch():
    class Broken:
        def assess(self, posts):
            raise RuntimeError("broken on purpose")

    assert make_reader(Broken())(["a", "b"]) == [WITHOUT_MODEL] * 2


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.just(line_of(1, 5, EMERGENCY[0]).encode()))))
def test_any_bytes(lines):
    watcher = Watcher(lambda texts: [Reading(crisis=0.5)] * len(texts))
    written = []
    watcher.run([lines], written.append)
    assert watcher.lines == len(lines)
    assert all(json.loads(line)["examples"] for line in written)


def test_alerts_do_not_wait_for_the_end_of_a_batch():
    rows = [(20.0 * k, text) for k, text in enumerate(EMERGENCY)]
    lines = [line_of(k, at, text).encode() for k, (at, text) in enumerate(rows)]
    watcher = Watcher(read)
    heard = io.StringIO()
    for line in lines:
        watcher.run([[line]], heard.write)
        if heard.getvalue():
            break
    assert heard.getvalue()
    assert max(json.loads(heard.getvalue())["examples"]) <= lines.index(line)
    assert os.linesep not in heard.getvalue()


def test_the_same_stream_gives_the_same_alerts_in_every_run():
    # Words of equal weight stood in the order of a set, which Python shuffles at each start.
    texts = [f"{text} by the old Harlow cannery wall" for text in EMERGENCY]
    data = "\n".join(line_of(k, 20 * k, text) for k, text in enumerate(texts)).encode()
    found = {
        subprocess.run(
            COMMAND, input=data, capture_output=True, timeout=60, check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(5)
    }  # fmt: skip
    assert len(found) == 1
    assert found != {b""}
