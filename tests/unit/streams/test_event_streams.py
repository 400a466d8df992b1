"""The streams of the benchmark: shape kept, numbers right, time in order."""

import gzip
import json
import random

import pytest

from levelhead.benchmarks.event_streams import (
    EVENT_MARK,
    Event,
    make_ordinary,
    mix,
    read_events,
    read_ordinary,
    rescale,
)
from levelhead.benchmarks.watch import measure_watch, print_table, run_simple
from levelhead.kernel.errors import Invalid
from tests.unit.streams.test_watching import EMERGENCY

TEXTS = [f"{text}, seen {k}" for k in range(3) for text in EMERGENCY]


@pytest.fixture
def folder(tmp_path):
    counts = [(0, 1)] + [(m, 2) for m in range(30, 60)]
    rows = "".join(
        f"2013_Made_fire,2013-01-01T{'10' if m else '09'}:{m:02}:00Z,{n},{n}\n" for m, n in counts
    )
    with gzip.open(tmp_path / "crisislex_t26_volume.csv.gz", "wt") as file:
        file.write("event,minute,count,count_included\n" + rows)
    with gzip.open(tmp_path / "crisislex_t26.jsonl.gz", "wt") as file:
        for k, text in enumerate(TEXTS):
            row = {"text": text, "event": "2013_Made_fire", "created_at": f"2013-01-01T10:{30 + k}"}
            row["informativeness"] = "Related and informative" if k else "Not related"
            file.write(json.dumps(row) + "\n")
    with gzip.open(tmp_path / "crisislex_t6.jsonl.gz", "wt") as file:
        for k in range(60):
            row = {"text": f"good morning number {k}", "label": "off-topic" if k else "on-topic"}
            file.write(json.dumps(row | ({"dup_of": 1} if k == 59 else {})) + "\n")
    return tmp_path


def test_reads_what_belongs_together(folder):
    (event,) = read_events(folder)
    # The stray post an hour earlier is not the onset.
    assert len(event.times) == 60
    assert event.times[0] == 0
    assert event.texts == tuple(TEXTS[1:])
    assert read_ordinary(folder) == [f"good morning number {k}" for k in range(1, 59)]


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(Invalid, match="cannot be read"):
        read_events(tmp_path)


def test_rescaling_keeps_the_shape():
    times = tuple([float(k) for k in range(60)] + [1800.0 + 30 * k for k in range(60)])
    event = Event(name="x", times=times, texts=("a",))
    found = rescale(event, 600, random.Random(1))
    assert len(found) == 600
    assert found == sorted(found)
    assert sum(at < 60 for at in found) == pytest.approx(300, abs=45)


def test_ordinary_traffic_has_its_rate_and_rhythm():
    posts = make_ordinary(["a", "b"], 7 * 86_400, 60, random.Random(1))
    ordinary = [at for at, text in posts if text in "ab"]
    assert len(ordinary) == pytest.approx(60 * 168, rel=0.1)
    at_night = sum(3 <= at / 3600 % 24 < 5 for at in ordinary)
    assert at_night * 4 < sum(15 <= at / 3600 % 24 < 17 for at in ordinary)
    assert len(posts) > len(ordinary)


def test_mixing_keeps_time_in_order():
    event = Event(name="x", times=(0.0,), texts=("fire",))
    posts = mix([(1.0, "a"), (9.0, "b")], event, 5.0, [0.0, 1.0])
    assert [post.text for post in posts] == ["a", "fire", "fire", "b"]
    assert [str(post.id).startswith(EVENT_MARK) for post in posts] == [False, True, True, False]


def test_the_simple_baseline_fires_on_three_times_the_mean():
    steady = [(60.0 * k, "a") for k in range(600)]
    event = Event(name="x", times=(0.0,), texts=("b",))
    assert run_simple(mix(steady, event, 0.0, [])) == []
    (alarm,) = run_simple(mix(steady, event, 30_000.0, [float(k) for k in range(200)]))
    assert (alarm - mix(steady, event, 0.0, [])[0].created_at).total_seconds() > 30_000


def test_the_whole_table(folder):
    figures = measure_watch(folder, None, quick=True, hourly=30)
    assert figures["events"] == 1
    assert {row["first_hour"] for row in figures["rows"]} == {60, 600}
    assert all(row["seconds_from_tenth"] is not None for row in figures["rows"])
    lines = list(print_table(figures))
    assert any("2013_Made_fire" in line for line in lines)
    assert json.loads(json.dumps(figures))["ok"] in (True, False)


def test_the_table_says_which_false_alarms_decide(folder):
    figures = measure_watch(folder, None, quick=True, hourly=30)
    # A short week with one alarm looks bad; all ordinary time together may still hold.
    figures["ordinary_week"]["false_alarms_a_week"] = 3.5
    figures |= {"false_alarms_a_week": 0.84, "ok": True}
    week, pooled, verdict = list(print_table(figures))[-3:]
    assert "3.50 false alarms a week" in week
    assert "no goal of its own" in week
    assert "0.84 false alarms a week; this figure decides (goal: at most 1)" in pooled
    assert verdict == "All goals hold here."
