"""Invented account names, so that a model learns what kind of account a post names, not which."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).parent / "accounts.yaml"


@cache
def _read_parts() -> dict[str, list[str]]:
    found = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {name: words.split() for name, words in found.items()}


def _make_name(kind: str, choose: random.Random) -> str:
    parts = _read_parts()
    words = {name: choose.choice(parts[name]) for name in sorted(parts)}
    name = choose.choice(parts[kind]).format(**words, number=choose.randrange(1, 2000))
    # People write a name as they like.
    return "@" + (name.lower() if choose.random() < 0.3 else name)


def name_official(choose: random.Random) -> str:
    """A handle as a public body, an official or a help desk would have it."""
    return _make_name("official", choose)


def name_private(choose: random.Random) -> str:
    """A handle as a resident would have it."""
    return _make_name("private", choose)
