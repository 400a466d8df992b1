"""`levelhead check-reply`: the contract of its lines, and input of every bad kind."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from levelhead.cli.check_reply import CheckDesk, read_line
from levelhead.doctrine.reply.domain import RuleName, Severity

COMMAND = [str(Path(sys.executable).parent / "levelhead"), "check-reply"]
FIELDS = ["rule", "severity", "span", "why", "suggestion"]


def run(data, *options):
    done = subprocess.run(
        [*COMMAND, *options], input=data, capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done, [json.loads(line) for line in done.stdout.decode().splitlines()]


def line(**fields):
    return json.dumps(fields).encode() + b"\n"


def check_findings(answer, draft):
    assert list(answer) == ["id", "findings"]
    for finding in answer["findings"]:
        assert list(finding) == FIELDS
        assert finding["rule"] in set(RuleName)
        assert finding["severity"] in set(Severity)
        start, end = finding["span"]
        assert 0 <= start <= end <= len(draft)
        assert finding["why"]
        assert finding["suggestion"]


def test_each_draft_gets_its_line_in_order():
    drafts = [
        "Calm down. — Ana",
        "We will fix it by Friday. — Ana",
        "A 15-year-old was arrested. — Ana",
        "",
        "Ya lo arreglamos. 🙂 — Ana",
    ]
    done, answers = run(
        b"".join(
            line(id=number, post="Why is Oak dark?", draft=draft, platform="x", context={})
            for number, draft in enumerate(drafts)
        )
    )
    assert done.returncode == 0
    assert [answer["id"] for answer in answers] == list(range(len(drafts)))
    for answer, draft in zip(answers, drafts, strict=True):
        check_findings(answer, draft)
    rules = [{finding["rule"] for finding in answer["findings"]} for answer in answers]
    assert "defensive" in rules[0]
    assert "promise" in rules[1]
    assert "gated_minor" in rules[2]
    assert rules[3] == set()
    [minor] = [one for one in answers[2]["findings"] if one["rule"] == "gated_minor"]
    assert minor["severity"] == "stop"
    assert drafts[2][slice(*minor["span"])] == "15-year-old"


def test_all_rules_have_the_names_of_the_contract():
    names = (
        "answers_concern source_missing defensive sentence_initial_you sarcasm jargon_or_grade"
        " too_long sameness promise gated_minor gated_victim guilt_language tactical_location"
        " private_data politics hedged_protective_action apology_admits_fault wrong_language"
        " no_next_step unsigned contradicts_fact"
    )
    assert [name.value for name in RuleName] == names.split()


def test_bad_lines_cost_only_themselves_and_the_status():
    done, answers = run(
        b'{"id":1,"draft":"Calm down."}\n'
        b"not json\n"
        b'{"id":3}\n'
        b'{"id":4,"draft":5}\n'
        b'{"id":"five","draft":"ok","post":[]}\n'
        b'{"id":6,"draft":"\xff"}\n'
        b"\n"
        b'{"id":7,"post":null,"draft":"ok","platform":null,"context":null}\n'
        b'{"id":8,"draft":"ok","platform":9,"context":[1]}\n'
        b'{"id":9,"draft":"a\\ud83d calm down"}'
    )
    assert done.returncode == 3
    assert [answer["id"] for answer in answers] == [1, None, 3, 4, "five", 6, 7, 8, 9]
    assert ["error" in answer for answer in answers] == [
        *(False, True, True, True, True, True, False, False, False)
    ]
    assert b"5 lines could not be read" in done.stderr


def test_the_language_of_the_explanations_can_be_chosen():
    data = line(id=1, post="Why?", draft="Calm down. — Ana")
    _, [english] = run(data)
    _, [spanish] = run(data, "--lang", "es")
    assert "tells people how to feel" in english["findings"][0]["why"]
    assert "cómo sentirse" in spanish["findings"][0]["why"]
    done, _ = run(data, "--lang", "xx")
    assert done.returncode == 2


def test_a_huge_draft_is_answered_and_a_huge_line_refused():
    done, answers = run(
        line(id=1, post="Why?", draft="we will see you. " * 60_000, platform="x")
        + b'{"id":2,"draft":"'
        + b"a" * (17 * 1024 * 1024)
        + b'"}\n'
        + line(id=3, draft="ok")
    )
    assert done.returncode == 3
    assert [answer["id"] for answer in answers] == [1, 2, 3]
    assert "longer than" in answers[1]["error"]
    assert "findings" in answers[2]


def test_nothing_in_gives_nothing_out_and_no_database_is_made(tmp_path):
    done = subprocess.run(
        COMMAND, input=b"", capture_output=True, timeout=60, check=False, cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "LEVELHEAD_DATA": str(tmp_path / "data")},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_draft_is_answered_while_the_line_stays_open():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        stopper = threading.Timer(60, process.kill)
        stopper.start()
        try:
            for number in range(3):
                process.stdin.write(line(id=number, draft="Calm down."))
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["id"] == number
            process.stdin.close()
            assert process.wait(30) == 0
        finally:
            stopper.cancel()


@pytest.mark.parametrize("given", [None, 0, -1.5, True, "é\u2028", [], {"a": None}])
def test_ids_come_back_as_they_were(given):
    desk = CheckDesk()
    [answer] = desk.answer([line(id=given, draft="ok").strip()])
    told = json.loads(answer)["id"]
    assert told == given
    assert type(told) is type(given)


def test_a_line_says_what_it_lacks():
    assert read_line(b'{"draft":"a"}').error == "The line has no id."
    assert read_line(b"[]").error == "The line is not a JSON object."
    assert read_line(b'{"id":1}').error == "The line has no draft."
    assert read_line(b'{"id":NaN,"draft":""}').id is None
