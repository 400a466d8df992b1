"""What docs/howto/use-the-analysis.md shows is what the commands answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.commands import run

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "howto" / "use-the-analysis.md").read_text(encoding="utf-8")
FORMATS = (DOCS / "reference" / "line-formats.md").read_text(encoding="utf-8")
STANCES = {"support", "deny", "query", "comment"}


def list_examples() -> dict[str, str]:
    """Command and its input, for each `levelhead NAME <<'END'` or `levelhead NAME < FILE`."""
    files = dict(re.findall(r"cat > (\S+) <<'END'\n(.*?)END\n", GUIDE, re.DOTALL))
    found = dict(re.findall(r"^levelhead (\S+) <<'END'\n(.*?)END\n", GUIDE, re.DOTALL | re.M))
    from_files = re.findall(r"^levelhead (\S+) < (\S+)$", GUIDE, re.M)
    return found | {name: files[file] for name, file in from_files}


def list_shown() -> list[dict[str, Any]]:
    """The answers, or parts of them, that the page shows."""
    shown = []
    for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL):
        rest = block.strip()
        while rest:
            value, end = json.JSONDecoder().raw_decode(rest)
            shown.append(value)
            rest = rest[end:].lstrip()
    return shown


def name_fields(value: object) -> set[str]:
    """The names of all fields in an answer."""
    if isinstance(value, dict):
        return set(value).union(*(name_fields(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(name_fields(part) for part in value))
    return set()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    data = tmp_path_factory.mktemp("data")
    found = {}
    for name, given in list_examples().items():
        words = [name, "--explain"] if name == "triage" else [name]
        done = run(data, *words, stdin=given)
        assert done.returncode == (3 if name == "triage" else 0), done.stderr
        found[name] = [json.loads(line) for line in done.stdout.splitlines()]
    return found


def test_each_command_is_shown(answers: dict[str, list[dict[str, Any]]]) -> None:
    assert set(answers) == {"triage", "watch", "forecast", "check-reply"}
    assert all(answers.values())


def test_every_field_has_its_meaning(answers: dict[str, list[dict[str, Any]]]) -> None:
    for name, found in answers.items():
        section = FORMATS.split(f"\n## {name}\n")[1].split("\n## ")[0]
        fields = name_fields([answer for answer in found if "error" not in answer])
        assert not [field for field in fields if f"`{field}`" not in section], name


def test_what_is_shown_is_what_is_answered(answers: dict[str, list[dict[str, Any]]]) -> None:
    told = {answer["id"]: answer for one in answers.values() for answer in one if "id" in answer}
    (alert,) = answers["watch"]
    for value in list_shown():
        # Parts of an answer are shown of the second post.
        answer = alert if "at" in value else told[value.get("id", "p2")]
        # A model that is not installed leaves stance empty, and scores move with its version.
        assert name_fields(value) <= name_fields(answer) | STANCES | {"text", "similarity"}
        for name in ("label", "findings", "error", "reply", "rule", "spans", "topic", "level"):
            assert value.get(name, answer.get(name)) == answer.get(name), name
