"""The rules of the house that a program can check."""

from __future__ import annotations

import ast
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "levelhead"
# People and agencies are what rows belong to; a log's head is its agency's own; one mailbox serves
# all agencies, and what comes out of it belongs to one.
WITHOUT_AGENCY = {"accounts.User", "accounts.Agency", "research.MailboxPlace"}


def test_every_row_belongs_to_an_agency() -> None:
    for model in apps.get_models():
        if not model.__module__.startswith("levelhead."):
            continue
        if model._meta.label in WITHOUT_AGENCY or model.__module__.startswith("levelhead.ops"):
            continue
        field = model._meta.get_field("agency")
        assert not field.null, model._meta.label


def test_names_say_what_is_in_the_room() -> None:
    for path in SOURCE.rglob("*.py"):
        assert path.stem not in {"utils", "helpers", "manager", "common", "misc"}, path


def test_modules_stay_small() -> None:
    for path in SOURCE.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 500, f"{path.relative_to(ROOT)} has {lines} lines; is it still one room?"


def test_the_time_is_read_in_one_place() -> None:
    for path in SOURCE.rglob("*.py"):
        if path.name in {"clock.py", "ids.py"} or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and (node.value.id, node.attr)
                in {("datetime", "now"), ("datetime", "utcnow"), ("timezone", "now")}
            ):
                raise AssertionError(f"{path.relative_to(ROOT)} reads the time by itself")


def test_public_things_have_a_docstring() -> None:
    for path in SOURCE.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body:
            assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.relative_to(ROOT)}: {node.name}"
