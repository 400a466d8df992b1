"""What exists is documented; what is documented exists."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click

from levelhead.cli import COMMANDS, cli
from levelhead.config.environment import names

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~!; ]", one, maxsplit=1)[0].lower() for one in requirements}


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = _names(project["project"]["dependencies"])
    for group in project["dependency-groups"].values():
        wanted |= _names(group)
    pages = json.loads((ROOT / "package.json").read_text())
    wanted |= set(pages.get("dependencies", {})) | set(pages.get("devDependencies", {}))
    page = (REFERENCE / "dependencies.md").read_text()
    listed = set(re.findall(r"^\| ([@a-z0-9/._-]+) \|", page, re.MULTILINE)) - {"package"}
    assert listed == wanted


def test_every_setting_is_documented() -> None:
    page = (REFERENCE / "settings.md").read_text()
    missing = [name for name in names() if f"`{name}`" not in page]
    assert not missing
    told = set(re.findall(r"`(LEVELHEAD_[A-Z_]+)`", page))
    unknown = {n for n in told if n not in names() and not n.startswith("LEVELHEAD_TEST_")}
    assert unknown <= {"LEVELHEAD_REQUIRE_SERVICES"}


def _commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            found += _commands(command, f"{path} {name}")
        else:
            found.append((f"{path} {name}", command))
    return found


def test_every_command_and_option_is_documented() -> None:
    page = (REFERENCE / "commands.md").read_text()
    for name, command in _commands(cli, "levelhead"):
        assert f"`{name}" in page, f"{name} is not in docs/reference/commands.md"
        section = page.split(f"`{name}", 1)[1].split("\n## ")[0]
        for option in command.params:
            for spelling in option.opts:
                if spelling.startswith("--"):
                    assert spelling in section, f"{name} {spelling}"
    assert len(COMMANDS) == len(set(COMMANDS))


def test_every_decision_has_a_number_of_its_own() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [file.name[:4] for file in files]
    assert len(numbers) == len(set(numbers))
    for file in files:
        assert re.match(r"\d{4}-[a-z0-9-]+\.md$", file.name), file.name


def test_links_between_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
