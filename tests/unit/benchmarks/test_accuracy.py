"""The accuracy table on small invented sets: rows, what is missing, the object at the end."""

import gzip
import json
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from levelhead.analysis.conversation.domain import Forecast
from levelhead.analysis.domain import Assessment, CloseReading, Label
from levelhead.analysis.heads import LABELS, SAFETY_HEADS
from levelhead.benchmarks.accuracy import measuring, talk
from levelhead.benchmarks.accuracy.parity import shows_aae
from levelhead.benchmarks.accuracy.peers import Peers
from levelhead.benchmarks.accuracy.rows import Bench
from levelhead.benchmarks.accuracy.sets import list_labelled_ids, read_corpus, read_rows, split_of
from levelhead.cli.bench import command
from levelhead.kernel.errors import ConfigurationError, Invalid


class WordEncoder:
    """Texts mean their first word."""

    version = "made-up encoder"
    notes = {"retrieval": [12.0, 0.0, -6.0]}

    def find_meanings(self, texts):
        meanings = np.zeros((len(texts), 384), dtype=np.float32)
        for row, text in zip(meanings, texts, strict=True):
            row[sum(text.split()[0].encode()) % 384] = 1.0
        return meanings

    def read(self, texts, parents=None):
        return np.zeros((len(texts), 1), dtype=np.float32), self.find_meanings(texts)


class KnowingAssessor:
    """Reads the right answers out of the words; reread, it also gives a close reading."""

    version = "made-up"

    def __init__(self, *, encoder=True):
        self.rereader = SimpleNamespace(encoder=WordEncoder(), version="made-up encoder")
        self.encoder = encoder

    def assess(self, posts, *, reread=0.0):
        if reread and not self.encoder:
            raise ConfigurationError("The encoder's files cannot be read.")
        return [self._read(post, reread > 0) for post in posts]

    def _read(self, post, reread):
        words = post.text.lower().split()
        label = next((name for name in LABELS if name in words), "other")
        # Without the second reading every post is taken for a question.
        label = label if reread else "question"
        bad = "rotten" in words
        stance = dict.fromkeys(("support", "deny", "query"), 0.1) | {"comment": 0.2}
        if "wrong" in words:
            stance["deny"] = 0.9
        return Assessment(
            label=Label(label),
            label_scores=dict.fromkeys(LABELS, 0.01) | {label: 0.89},
            reply=0.9 if label in ("question", "praise", "complaint", "service") else 0.1,
            urgency=0,
            hostility=0.8 if bad else 0.1,
            crisis=0.9 if "flood" in words else 0.1,
            safety=dict.fromkeys(SAFETY_HEADS, 0.0) | {"spam": 0.9 if "win" in words else 0.0},
            spans=(),
            lang="en",
            model="made-up",
            reading=CloseReading(
                offensive=0.9 if bad else 0.1, claim=0.1,
                stance=stance if post.parent_text else None, sentiment=0.5 if label == "praise"
                else -0.5, info_type="other",
            ) if reread else None,
        )  # fmt: skip


def write_set(folder, name, rows):
    with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            file.write(json.dumps({"id": str(number), **row}) + "\n")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    write_set(folder, "desk_dev", [
        {"text": "a question for you", "labels": ["question"], "reply": ["yes"]},
        {"text": "praise indeed", "labels": ["praise"], "reply": ["yes"]},
        {"text": "my complaint stands", "labels": ["complaint", "service"], "reply": ["yes"]},
        {"text": "dissent it is", "labels": ["dissent"], "reply": ["no"]},
        {"text": "just other talk", "labels": ["other"], "reply": ["no", "yes"]},
    ])  # fmt: skip
    write_set(folder, "olid", [
        {"text": f"{'rotten' if n % 2 else 'nice'} day {n}", "subtask_a": "OFF" if n % 2 else "NOT"}
        for n in range(60)
    ])  # fmt: skip
    write_set(folder, "youtube_spam", [
        {"text": "win a prize", "label": "spam"}, {"text": "lovely song", "label": "ham"},
        {"text": "win a prize", "label": "ham", "dup_of": "0"},
    ])  # fmt: skip
    write_set(folder, "rumoureval2019", [
        {"id": "p", "text": "they say the bridge is out", "parent_id": None, "stance": "support",
         "event": "made", "thread_id": "p", "is_source": True},
        {"id": "q", "text": "that is wrong", "parent_id": "p", "stance": "deny",
         "event": "made", "thread_id": "p", "is_source": False},
        {"id": "r", "text": "hm", "parent_id": "p", "stance": "comment",
         "event": "other", "thread_id": "p", "is_source": False},
    ])  # fmt: skip
    write_set(folder, "disaster_response", [
        {"id": name, "text": text, "split": "validation", "related": related}
        for name, text, related in (
            ("a", "flood here", 1), ("b", "hello", 0), ("c", "hello again", 0),
            ("d", "unsure", 2), ("seen", "flood there", 0),
        )
    ])  # fmt: skip
    return folder


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    (folder / "shared-labels").mkdir(parents=True)
    rows = [
        {"id": f"c-{n}", "text": f"{label} number {n}", "label": label, "reply": label != "other",
         "urgency": 0, "hostility": 0, "safety": ["spam"] if n == 1 else [], "crisis": False,
         "lang": "es" if n % 3 == 0 else "en", "split": "test" if n % 2 else "train"}
        for n, label in enumerate(("question", "other", "praise", "praise", "service", "question"))
    ]  # fmt: skip
    (folder / "made.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "shared-labels" / "disaster_response.jsonl").write_text(
        json.dumps({"id": "seen", "label": "other", "reply": False}) + "\n"
    )
    return folder


def run(data, corpus, **options):
    return measuring.measure_accuracy(
        data, corpus, KnowingAssessor(**options), peers=Peers(installed=())
    )


def find(figures, task, measure):
    (row,) = [r for r in figures["rows"] if r.task.startswith(task) and r.measure == measure]
    return row


def test_both_views_are_measured_and_either_label_counts(data, corpus):
    figures = run(data, corpus)
    row = find(figures, "label (desk_dev", "accuracy")
    assert (row.n, row.cascade.value, row.cheap.value) == (5, 1.0, 0.2)
    assert row.cascade.low < 1.0 == row.cascade.high
    assert row.holds is True
    assert 0 <= row.instead["keywords"].value <= 1
    assert find(figures, "reply (desk_dev", "ECE").n == 4
    assert find(figures, "sentiment", "AUC").cascade.value == 1.0


def test_offensive_spam_and_crisis(data, corpus):
    figures = run(data, corpus)
    row = find(figures, "offensive, by hostility (olid", "macro-F1 at 1/2")
    assert (row.cascade.value, row.goal, row.holds) == (1.0, 0.80, True)
    # The repeat that contradicts its original is dropped.
    assert find(figures, "spam (youtube_spam", "AUC").n == 2
    # Unsure rows, and those that training may have read, are no test.
    assert find(figures, "crisis (disaster_response", "AUC").n == 3
    assert list_labelled_ids(corpus, "disaster_response") == {"seen"}


def test_stance_reads_the_post_above(data, corpus):
    figures = run(data, corpus)
    assert find(figures, "stance (rumoureval2019)", "macro-F1").cascade.value == 1.0
    assert find(figures, "stance (rumoureval2019, answers", "macro-F1").n == 2


def test_answers_are_found_and_known_to_be_missing(data, corpus):
    write_set(data, "clinc150", [
        {"text": "parking fine", "intent": "parking", "split": "train"},
        {"text": "library hours", "intent": "library", "split": "train"},
        {"text": "parking ticket please", "intent": "parking", "split": "test"},
        {"text": "library opens when", "intent": "library", "split": "test"},
        {"text": "weather on mars", "intent": "oos", "split": "oos_test"},
    ])  # fmt: skip
    figures = run(data, corpus)
    assert find(figures, "answer found (clinc150, 8", "accuracy").cascade.value == 1.0
    row = find(figures, "knows when none fits (clinc150, 8", "accuracy")
    assert (row.n, row.cascade.value) == (3, 1.0)
    assert row.instead["never says none"].value == pytest.approx(2 / 3, abs=1e-3)
    assert find(figures, "knows when none fits (clinc150, all", "AUC").cascade.value == 1.0


def test_a_forecast_is_held_against_what_came(data, corpus, monkeypatch):
    write_set(data, "derailment_cmv", [
        {"text": "-", "turns": ["hello", "you fool"], "tgt": True},
        {"text": "-", "turns": ["hello", "fine day"], "tgt": False},
        {"text": "-", "turns": ["hello", "fine fool"], "tgt": False},
    ])  # fmt: skip
    monkeypatch.setattr(talk, "load_model", lambda: None)
    monkeypatch.setattr(
        talk, "forecast",
        lambda talks, assessor: [
            Forecast(derails=0.9 if "fool" in turns[-1].text else 0.2, cues=()) for turns in talks
        ],
    )  # fmt: skip
    row = find(run(data, corpus), "derailment", "accuracy")
    assert (row.n, row.cascade.value, row.cheap) == (3, pytest.approx(2 / 3, abs=1e-3), None)
    monkeypatch.setattr(talk, "load_model", say_missing)
    figures = run(data, corpus)
    assert any("derailment_cmv is left out" in sentence for sentence in figures["skipped"])
    assert not [row for row in figures["rows"] if "derail" in row.task]


def say_missing():
    raise ConfigurationError("The model file cannot be read.")


def test_errors_by_language_and_safety_heads(data, corpus):
    figures = run(data, corpus)
    assert find(figures, "parity, label: English", "errors").cascade.value == 0.0
    assert find(figures, "parity, label: Spanish", "errors").n == 1
    assert find(figures, "spam from 1/2 (corpus", "recall").cascade.value == 0.0


def test_what_is_missing_is_said_and_the_rest_done(data, corpus, tmp_path):
    figures = run(data, tmp_path / "nowhere", encoder=False)
    said = " ".join(figures["skipped"])
    assert "davidson.jsonl.gz is not in" in said
    assert "There is no corpus in" in said
    assert "scikit-learn and vaderSentiment and alt-profanity-check not installed" in said
    assert "pip install 'levelhead[bench]'" in said
    assert "The cheap heads stand alone." in said
    assert "rumoureval2019 is left out" in said
    row = find(figures, "label (desk_dev", "accuracy")
    assert (row.cascade, row.cheap.value) == (None, 0.2)
    # The goal is then measured on what there is.
    assert row.holds is False


def test_nothing_to_measure_is_no_success(tmp_path):
    figures = run(tmp_path, tmp_path / "nowhere")
    assert (figures["ok"], figures["rows"]) == (False, [])


def test_the_table_and_the_object_say_the_same(data, corpus):
    figures = run(data, corpus)
    lines = list(measuring.print_table(figures))
    (desk,) = [line for line in lines if line.startswith("label (desk_dev)") and "accuracy" in line]
    assert "1.000 (.566-1.000)" in desk
    assert "goal .800 holds" in desk
    assert lines[-2].startswith("made-up, made-up encoder; seed 7, ")
    plain = json.loads(json.dumps(measuring.as_json(figures)))
    assert plain["ok"] is (all(figures["goals"].values()))
    assert plain["rows"][0]["cascade"] == {"value": 1.0, "low": 0.5655, "high": 1.0}


def test_the_command_ends_with_one_object(data, corpus, monkeypatch):
    monkeypatch.setattr("levelhead.analysis.assess.load", KnowingAssessor)
    done = CliRunner().invoke(
        command, ["accuracy", "--data", str(data), "--corpus", str(corpus), "--quick", "--json"]
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["ok"] in (True, False)
    assert told["quick"] is True
    assert "desk_dev: 5 posts" in done.stderr


def test_a_broken_set_is_said(tmp_path):
    (tmp_path / "olid.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(Invalid, match=r"olid\.jsonl\.gz cannot be read"):
        read_rows(tmp_path, "olid")


def test_the_corpus_keeps_threads_together(corpus):
    row = {"text": "x", "parent_text": "above", "label": "other", "reply": False, "urgency": 0,
           "hostility": 0, "safety": [], "lang": "en", "split": "test"}  # fmt: skip
    path = corpus / "threads.jsonl"
    path.write_text("".join(json.dumps({**row, "id": str(n)}) + "\n" for n in range(2)))
    threads = [post.thread for post in read_corpus(corpus) if post.parent_text]
    assert threads == ["threads above"] * 2


def test_the_test_part_of_labelled_posts_is_that_of_training():
    parts = [split_of("davidson", str(n)) for n in range(500)]
    assert 0.05 < parts.count("test") / 500 < 0.15
    assert {"test", "dev", "train"} == set(parts)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("she be workin late every night", True),
        ("I ain't going nowhere", True),
        ("finna head out", True),
        ("will they be open tomorrow", False),
        ("the DA and the Dems will be there", False),
        ("painted the wall", False),
    ],
)
def test_features_of_a_dialect(text, marked):
    assert shows_aae(text) is marked


def test_a_small_group_is_left_out(tmp_path):
    from levelhead.benchmarks.accuracy.parity import measure_dialect

    bench = Bench(data=tmp_path, corpus=tmp_path, judges={}, peers=Peers(installed=()))
    assert list(measure_dialect(bench, "made", ["hello there"] * 5)) == []
    assert len(bench.skipped) == 2


def test_a_model_of_words_and_its_folds():
    pytest.importorskip("sklearn")
    peers = Peers()
    texts = [f"{'good' if n % 2 else 'bad'} thing {n}" for n in range(40)]
    truth = np.array([n % 2 == 1 for n in range(40)])
    model = peers.fit(texts, truth.tolist())
    assert model is not None
    assert (model.score(["good", "bad"]) > 0.5).tolist() == [True, False]
    scores = peers.score_folds(texts, truth)
    assert ((scores > 0.5) == truth).all()
    assert peers.fit(texts, [1] * 40) is None
    three = peers.fit(["alpha one", "beta two", "gamma three"] * 3, ["a", "b", "c"] * 3)
    assert three.name(["beta two"]).tolist() == ["b"]
