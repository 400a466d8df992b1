"""Finding what warns and what calms in a turn, by the table in cues.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

# A turn is looked at up to here; a longer one has long made its tone.
MAX_CHARACTERS: Final = 4000
# One cue is shown at most so often in a turn.
MAX_PLACES: Final = 5
_ANYWHERE: Final = r"(?<!\w)(?:{})(?!\w)"
_FIRST: Final = r"\A\W*(?:{})(?!\w)"


@dataclass(frozen=True, kw_only=True, slots=True)
class CueRule:
    """One line of the table."""

    id: str
    # Whether it warns; the others calm.
    raises: bool
    # Language to words for the screen.
    why: dict[str, str]
    pattern: re.Pattern[str]

    def find(self, text: str) -> list[tuple[int, int]]:
        """Where it stands in `text`, at most MAX_CHARACTERS of it."""
        return [match.span() for match in self.pattern.finditer(text[:MAX_CHARACTERS])]


@cache
def load_cues() -> tuple[CueRule, ...]:
    """The table, read once; its order is that of the forecast's weights."""
    source = resources.files(__package__).joinpath("cues.yaml").read_text(encoding="utf-8")
    return tuple(_read(row) for row in yaml.safe_load(source))


def _read(row: Mapping[str, Any]) -> CueRule:
    return CueRule(id=row["id"], raises=row["raises"], why=row["why"], pattern=_compile(row))


def _compile(row: Mapping[str, Any]) -> re.Pattern[str]:
    if "pattern" in row:
        return re.compile(row["pattern"])
    key, form = ("words", _ANYWHERE) if "words" in row else ("opening", _FIRST)
    return re.compile(form.format("|".join(row[key].values())), re.IGNORECASE)
