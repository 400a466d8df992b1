"""`levelhead triage`: the contract of its lines, and input of every bad kind."""

import json
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from levelhead.analysis.assess import load
from levelhead.analysis.domain import Label
from levelhead.cli.json_lines import MAX_LINE_BYTES, read_batches
from levelhead.cli.triage import BATCH, Desk, command, read_line
from levelhead.doctrine.rule_examples import make_assessment
from levelhead.doctrine.triage import load_rules
from levelhead.kernel.errors import ConfigurationError

COMMAND = [str(Path(sys.executable).parent / "levelhead"), "triage"]
HEADS = {"threat", "self_harm", "private_data", "obscene", "spam", "scam_link"}
CLOSER = {"offensive", "claim", "sentiment", "info_type"}
FIELDS = [
    *(
        "id",
        "label",
        "reply",
        "urgency",
        "hostility",
        "crisis",
        "lang",
        "reasons",
        "rule",
        "reread",
        "spans",
    ),
    "scores",
]


def strict_json(line):
    """The line's value; refuses NaN, which is not JSON."""

    def refuse(name):
        raise AssertionError(f"{name} in the output")

    return json.loads(line, parse_constant=refuse)


def triage(data, *options):
    done = subprocess.run(
        [*COMMAND, *options], input=data, capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done, [strict_json(line) for line in done.stdout.decode().splitlines()]


def check_answer(answer):
    assert list(answer) == FIELDS
    assert answer["label"] in set(Label)
    assert type(answer["reply"]) is bool
    assert type(answer["urgency"]) is int
    assert 0 <= answer["urgency"] <= 3
    assert 0 <= answer["hostility"] <= 1
    assert 0 <= answer["crisis"] <= 1
    assert isinstance(answer["lang"], str)
    assert answer["reasons"]
    assert all(isinstance(reason, str) and reason for reason in answer["reasons"])
    assert answer["rule"] in load_rules().by_id
    assert set(answer["scores"]) == HEADS | {"label", "stance"} | CLOSER
    for name in CLOSER:
        assert (answer["scores"][name] is None) is not answer["reread"]
    for span in answer["spans"]:
        assert set(span) == {"head", "start", "end", "rule"}
        assert 0 <= span["start"] < span["end"]
    assert set(answer["scores"]["label"]) == set(Label)
    assert math.isclose(sum(answer["scores"]["label"].values()), 1, abs_tol=0.01)


class FakeAssessor:
    """Reads the label off the text; breaks on the word "break"."""

    def __init__(self):
        self.sizes = []
        self.shares = []

    def assess(self, posts, *, reread=0.0, likes=False):
        self.sizes.append(len(posts))
        self.shares.append(reread)
        if any("break" in post.text for post in posts):
            raise RuntimeError("broken on purpose")
        return [self.read(post.text) for post in posts]

    def read(self, text):
        word = text.split()[0] if text.strip() else "other"
        if word == "nan":
            return make_assessment(Label.OTHER, safety={"threat": float("nan")})
        label = Label(word) if word in set(Label) else Label.OTHER
        threat = 0.9 if "kill" in text else 0.0
        return make_assessment(label, safety={"threat": threat})


def answer(*lines, lang="en"):
    desk = Desk(FakeAssessor(), load_rules(), lang=lang)
    given = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    written = []
    desk.run(iter([given]), written.append)
    return desk, [strict_json(line) for line in b"".join(written).decode().splitlines()]


# ---- the command itself --------------------------------------------------------------------------


def test_the_contract_on_the_real_command():
    posts = [
        {"id": "a", "text": "What time does the front desk open on Saturday?"},
        {"id": 7, "text": "", "author_followers": None, "lang": "es"},
        {"id": "c", "text": "I do not agree", "parent_text": "We bought drones", "author": "x"},
    ]
    data = "\n".join(map(json.dumps, posts)).encode()
    done, answers = triage(data)
    assert done.returncode == 0
    assert done.stderr == b""
    assert [one["id"] for one in answers] == ["a", 7, "c"]
    for one in answers:
        check_answer(one)


def test_bad_lines_do_not_stop_the_rest_of_the_real_command():
    hostile = [
        b'{"id":"first","text":"hello"}',
        b"not json",
        b'{"id":"cut","text":"hel',
        b'{"id":"bytes","text":"caf\xe9"}',
        b'{"id":"nul","text":"a\\u0000b"}',
        b'{"id":"raw nul","text":"a\x00b"}',
        b'{"id":"half","text":"\\ud83d and \\ude00"}',
        b'{"id":"huge","text":"' + b"x" * 300_000 + b'"}',
        b'{"id":"over","text":"' + b"y" * (MAX_LINE_BYTES + 10) + b'"}',
        b'{"id":"nan","text":"t","author_followers":NaN}',
        b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b',"text":"deep"}',
        b'{"id":[1,{"k":"v"}],"text":"list"}',
        '{"id":"rtl","text":"\u202eabc\u202c <script>alert(1)</script> =1+1"}'.encode(),
        b'{"text":"no id"}',
        b'{"id":"last","text":"bye"}',
    ]
    done, answers = triage(b"\n".join(hostile) + b"\n")
    assert done.returncode == 3
    assert len(answers) == len(hostile)
    good = [one["id"] for one in answers if "error" not in one]
    assert good == ["first", "nul", "half", "huge", [1, {"k": "v"}], "rtl", "last"]
    bad = [one for one in answers if "error" in one]
    assert all(list(one) == ["id", "error"] and one["error"] for one in bad)
    assert [one["id"] for one in bad] == [
        *(None, "cut", "bytes", "raw nul", "over", "nan", None, None),
    ]
    assert b"8 lines could not be read" in done.stderr


def test_a_line_piped_alone_is_answered_before_the_next_comes():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        for number in range(3):
            process.stdin.write(json.dumps({"id": number, "text": "hi"}).encode() + b"\n")
            process.stdin.flush()
            assert strict_json(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(timeout=30) == 0
        watchdog.cancel()


def test_many_lines_come_back_all_and_in_order():
    data = b"".join(b'{"id":%d,"text":"post %d"}\n' % (n, n % 7) for n in range(5_000))
    done, answers = triage(data)
    assert done.returncode == 0
    assert [one["id"] for one in answers] == list(range(5_000))


def test_spanish_reasons_and_an_unknown_language():
    line = b'{"id":1,"text":"hola"}\n'
    _, [english] = triage(line)
    _, [spanish] = triage(line, "--lang", "es")
    assert english["rule"] == spanish["rule"]
    assert spanish["reasons"] != english["reasons"]
    done, _ = triage(line, "--lang", "xx")
    assert done.returncode == 2


def test_nothing_in_gives_nothing_out():
    done, answers = triage(b"")
    assert (done.returncode, answers) == (0, [])


def test_a_reader_who_leaves_early_is_no_crash():
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        feeder = threading.Thread(
            target=lambda: process.communicate(b'{"id":1,"text":"hi"}\n' * 20_000)
        )
        process.stdout.close()
        process.stdout = None
        feeder.start()
        feeder.join(60)
        assert process.returncode == 1


# ---- line by line, with an assessor of our own ---------------------------------------------------


def test_a_safety_rule_gives_the_label_that_it_stands_for():
    _, [one] = answer({"id": 1, "text": "praise you and then kill you"})
    assert (one["rule"], one["label"], one["reply"]) == ("triage/1-threat", "removable", False)
    assert one["scores"]["threat"] == 0.9
    assert one["scores"]["label"]["praise"] == 0.9


@pytest.mark.parametrize("post_id", [None, 0, -1, 1.5, True, "", "é\u2028", [], {"a": None}])
def test_ids_come_back_as_they_were(post_id):
    _, [one] = answer({"id": post_id, "text": "question"})
    assert one["id"] == post_id
    assert type(one["id"]) is type(post_id)


@pytest.mark.parametrize(
    ("line", "post_id"),
    [
        (b"[]", None),
        (b"5", None),
        (b"{}", None),
        (b'{"id":3}', 3),
        (b'{"id":3,"text":null}', 3),
        (b'{"id":3,"text":["a"]}', 3),
        (b'{"id":1e999,"text":"a"}', None),
        (b'{"id":NaN,"text":"a"}', None),
        (b'{"id":' + b"9" * 5_000 + b',"text":"a"}', None),
        (b'{"id": 12, "text": Infinity}', 12),
        (b'{"id":"q\\"q","text":', 'q"q'),
        (b'{"id":"\xff","text":"a"}', "\ufffd"),
        (b'{"id":"cut', None),
        (b'{"id":"a","text":"b"} trailing', "a"),
    ],
)
def test_a_malformed_line_gives_its_id_where_it_is_known(line, post_id):
    desk, [one] = answer(line)
    assert one["id"] == post_id
    assert one["error"]
    assert desk.faults == 1


def test_optional_fields_of_a_wrong_kind_count_as_not_known():
    post = read_line(
        b'{"id":1,"text":"a","parent_text":5,"lang":[],"author_followers":"many","x":{}}'
    )
    assert post.text.parent_text is None
    assert post.text.lang is None
    assert post.author_followers is None


def test_a_byte_order_mark_and_blank_lines_are_passed_over():
    desk, answers = answer(
        b"\xef\xbb\xbf" + b'{"id":1,"text":"a"}', b"", b"  \r", b'{"id":2,"text":"b"}\r'
    )
    assert [one["id"] for one in answers] == [1, 2]
    assert desk.faults == 0


def test_a_post_that_breaks_the_analysis_costs_only_itself():
    desk, answers = answer(
        {"id": 1, "text": "praise"},
        {"id": 2, "text": "break"},
        {"id": 3, "text": "nan"},
        {"id": 4, "text": "question"},
    )
    assert [one.get("label", "error") for one in answers] == [
        "praise",
        "error",
        "error",
        "question",
    ]
    assert "RuntimeError" in answers[1]["error"]
    assert desk.faults == 2


def test_halves_of_surrogate_pairs_never_reach_the_analysis():
    post = read_line(b'{"id":1,"text":"a\\ud83d b \\ud83d\\ude00"}')
    assert post.text.text == "a\ufffd b \U0001f600"


def read_through_pipe(*chunks):
    """What `read_batches` makes of chunks written one after the other."""
    reading, writing = os.pipe()

    def write():
        with os.fdopen(writing, "wb", buffering=0) as file:
            for chunk in chunks:
                file.write(chunk)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return [line for batch in read_batches(reading) for line in batch]
    finally:
        writer.join(10)
        os.close(reading)


@pytest.mark.parametrize(
    "chunks",
    [
        (b"a\nb\n", b"c"),
        (b"a", b"\nb\nc"),
        (b"a\n", b"b\n", b"c\n"),
        (b"a\nb", b"\n", b"c\n"),
    ],
)
def test_lines_are_put_together_whatever_the_chunks(chunks):
    assert read_through_pipe(*chunks) == [b"a", b"b", b"c"]


def test_empty_lines_stay_where_they_are():
    assert read_through_pipe(b"\n\na\n\n") == [b"", b"", b"a", b""]


def test_of_a_line_without_end_only_the_beginning_is_kept():
    piece = b"z" * 1_000_000
    lines = read_through_pipe(b"ok\n", *[piece] * 40, b"\nafter\n")
    assert [lines[0], lines[-1]] == [b"ok", b"after"]
    assert len(lines[1]) == MAX_LINE_BYTES + 1


def test_what_is_there_goes_in_batches():
    desk = Desk(FakeAssessor(), load_rules())
    lines = [b'{"id":1,"text":"hi"}'] * (2 * BATCH + 5)
    written = []
    desk.run(iter([lines]), written.append)
    assert desk.assessor.sizes == [BATCH, BATCH, 5]
    assert b"".join(written).count(b"\n") == len(lines)


def test_what_several_processes_answer_is_what_one_does():
    given = b"".join(
        json.dumps({"id": n, "text": f"When does window {n} open? Nobody answers."}).encode()
        + b"\n"
        for n in range(6 * BATCH + 5)
    ).replace(b'"id": 3000,', b'"id": 3000')
    alone, together = [], []
    desks = [Desk(load(), load_rules(), reread=0.0, spare=spare) for spare in (0, 2)]
    for desk, written in zip(desks, (alone, together), strict=True):
        lines = given.splitlines()
        desk.run(iter([lines[: 4 * BATCH], lines[4 * BATCH :]]), written.append, lambda: True)
    assert b"".join(alone) == b"".join(together)
    assert b"".join(alone).count(b"\n") == 6 * BATCH + 5
    assert [desk.faults for desk in desks] == [1, 1]


@pytest.mark.parametrize(
    ("reread", "shares"), [(None, [1.0] * 4 + [0.065] * 2), (0.0, [0.0] * 6), (0.1, [0.1] * 6)]
)
def test_how_many_are_reread(reread, shares):
    desk = Desk(FakeAssessor(), load_rules(), reread=reread)
    desk.run(iter([[b'{"id":1,"text":"hi"}'] * (6 * BATCH)]), lambda data: None)
    assert desk.assessor.shares == shares


@pytest.mark.parametrize("share", ["-1%", "101%", "much", "nan"])
def test_a_share_that_is_none_is_refused(share):
    result = CliRunner().invoke(command, ["--reread", share], input="")
    assert result.exit_code == 2
    assert "0% to 100%" in result.output


def test_a_file_is_read_in_batches_of_hundreds(tmp_path):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b'{"id":1,"text":"some words of a post"}\n' * 50_000)
    with path.open("rb") as file:
        sizes = [len(batch) for batch in read_batches(file.fileno())]
    assert sum(sizes) == 50_000
    assert min(sizes[:-1]) >= 256


# ---- what it says when something is missing ------------------------------------------------------


@pytest.mark.parametrize("streams", ["</dev/null >/dev/full", "<&-", ">&-"])
def test_a_stream_that_cannot_be_used_is_one_sentence(tmp_path, streams):
    asked = tmp_path / "asked.jsonl"
    asked.write_text('{"id": 1, "text": "When do you open?"}\n')
    given = streams.replace("</dev/null", f"<{asked}")
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" triage --reread none {given}', COMMAND[0]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.startswith("levelhead: Standard input")
    assert done.stderr.count("\n") == 1


class WithoutEncoder:
    """An assessor whose encoder's files are gone."""

    @property
    def rereader(self):
        return self

    @property
    def encoder(self):
        raise ConfigurationError("The encoder's files cannot be read.")


def test_without_the_encoder_the_cheap_heads_answer(monkeypatch):
    monkeypatch.setattr("levelhead.analysis.assess.load", WithoutEncoder)
    monkeypatch.setattr("levelhead.cli.triage.answer_input", lambda *_: None)
    done = CliRunner().invoke(command, [])
    assert done.exit_code == 0
    assert "Until then nothing is reread." in done.output


def test_explained_posts_come_with_words_and_an_example():
    post = {"id": 1, "text": "When does the pool open on Saturday?"}
    done, (found,) = triage(json.dumps(post).encode(), "--explain")
    assert done.returncode == 0
    assert list(found) == [*FIELDS, "words", "like"]
    assert found["words"]
    assert all(word in post["text"] and weight > 0 for word, weight in found["words"])
    assert found["like"] is None or set(found["like"]) == {"text", "label", "similarity"}
