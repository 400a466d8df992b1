"""Throughput: the posts, the figures, the table, and the command as it is run."""

import json

import pytest

from levelhead.analysis import heads, safety
from levelhead.analysis.assess import Assessor
from levelhead.benchmarks.accuracy.peers import Peers
from levelhead.benchmarks.throughput import (
    Sizes,
    make_posts,
    measure_throughput,
    print_table,
)
from levelhead.benchmarks.triage_runs import ask_one_by_one, run_triage

TINY = Sizes(posts=30, rounds=1, texts=10, single=5, starts=1)


def test_posts_repeat_with_words_exchanged(tmp_path):
    row = {"id": "a", "text": "one two three four five six", "parent_text": "above",
           "label": "other", "reply": False, "urgency": 0, "hostility": 0, "safety": [],
           "lang": "en", "split": "train"}  # fmt: skip
    (tmp_path / "made.jsonl").write_text(json.dumps(row) + "\n")
    posts = make_posts(tmp_path, 4)
    assert posts == make_posts(tmp_path, 4)
    assert posts[0].text == row["text"]
    assert all(sorted(p.text.split()) == sorted(row["text"].split()) for p in posts)
    assert posts[1].text != row["text"]
    assert posts[3].parent_text == "above"


def test_without_a_corpus_the_packaged_day_is_read(tmp_path):
    posts = make_posts(tmp_path / "nowhere", 20)
    assert len({post.text for post in posts}) == 20


@pytest.mark.slow
def test_the_command_is_run_and_measured(tmp_path):
    assessor = Assessor(heads.read(), safety.load_rules())
    # Without an encoder the rows about rereading are not there.
    figures = measure_throughput(
        assessor, tmp_path / "nowhere", sizes=TINY, peers=Peers(installed=())
    )
    assert figures["posts"] == 30
    assert figures["rates"].keys() == {"cheap", "keywords"}
    assert figures["command"].keys() == {"cheap"}
    assert 0 < figures["command"]["cheap"]["start_seconds"] < 60
    assert figures["ok"] is all(figures["goals"].values())
    json.dumps(figures, allow_nan=False)
    table = "\n".join(print_table(figures))
    assert "--reread none" in table
    assert "scikit-learn is not installed" in table


@pytest.mark.slow
def test_answers_are_counted_and_timed(tmp_path):
    lines = [json.dumps({"id": n, "text": f"when do you open {n}"}) + "\n" for n in range(2500)]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(lines))
    run = run_triage(path, "none")
    assert (run.answers, run.reread) == (2500, 0.0)
    assert 0 < run.start_seconds <= run.seconds
    times = ask_one_by_one(lines[:3], "none")
    assert len(times) == 3
    assert times[1] < times[0]
