"""The sample agency's approved answers, as `answers.yaml` has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from levelhead.kernel.errors import Invalid

ANSWERS: Final = Path(__file__).with_name("answers.yaml")


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoAnswer:
    """One approved answer in both languages."""

    key: str
    title: str
    # Username of the person who keeps it right.
    owner: str
    # The page that it rests on.
    source: str
    en: str
    es: str
    # How people ask for it, in their own words.
    questions_en: Sequence[str] = ()
    questions_es: Sequence[str] = ()
    # The same for a channel of short posts.
    short_en: str = ""


def load_answers(path: Path = ANSWERS) -> tuple[DemoAnswer, ...]:
    """The answers of the file, in its order. Raises Invalid where the file is not of this form."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        return tuple(DemoAnswer(**answer) for answer in given["answers"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise Invalid(f"{path.name} does not hold answers: {error!r}.") from error
