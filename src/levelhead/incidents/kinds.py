"""What the forms are filled in with when an incident of a kind is declared: data, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from levelhead.doctrine.yaml_reading import LANGUAGES, read_yaml, take_mapping
from levelhead.incidents.domain import CADENCE, LEVELS, IncidentKind
from levelhead.kernel.errors import Invalid

KINDS_FILE: Final = Path(__file__).parent / "data" / "kinds.yaml"
# Whom an instruction can be for; the words of updates/domain.py's Audience.
AUDIENCES: Final = ("everyone", "inside", "near", "families", "press")
_TEXTS: Final = ("words", "about", "headline", "sentence", "place", "lead")
_LISTS: Final = ("unknown", "doing")


@dataclass(frozen=True, kw_only=True, slots=True)
class KindWords:
    """A kind in one language."""

    words: str
    about: str
    # What the public reads as a title until somebody writes a better one.
    headline: str
    # An example of the one sentence.
    sentence: str
    # An example of a place.
    place: str
    lead: str
    actions: Mapping[str, str]
    unknown: tuple[str, ...]
    doing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class KindTemplate:
    """A kind: how grave, how often, and its words by language."""

    kind: IncidentKind
    level: int
    next_word: timedelta
    texts: Mapping[str, KindWords]

    def in_language(self, lang: str) -> KindWords:
        """Its words; English where the language is none of ours."""
        return self.texts.get(lang[:2]) or self.texts["en"]


@cache
def kind_templates() -> Mapping[IncidentKind, KindTemplate]:
    """All kinds, in the order of the buttons. Raises Invalid where the file is wrong."""
    told = take_mapping(read_yaml(KINDS_FILE), KINDS_FILE.name, required=("version", "kinds"))
    kinds = take_mapping(told["kinds"], "kinds", required=tuple(k.value for k in IncidentKind))
    return {kind: _read(kind, kinds[kind.value]) for kind in IncidentKind}


def template_of(kind: str) -> KindTemplate:
    """The template of an incident's kind."""
    return kind_templates()[IncidentKind(kind)]


def _read(kind: IncidentKind, given: object) -> KindTemplate:
    told: Mapping[str, Any] = take_mapping(
        given, kind.value, required=(*_TEXTS, *_LISTS, "level", "minutes", "actions")
    )
    level, minutes = told["level"], told["minutes"]
    if level not in LEVELS or not isinstance(minutes, int):
        raise Invalid(f"{kind.value}: level or minutes are none.")
    if not 0 < minutes * 60 <= CADENCE[level].total_seconds():
        raise Invalid(f"{kind.value}: the next word must come within the cadence of its level.")
    if set(told["actions"]) - set(AUDIENCES):
        raise Invalid(f"{kind.value}: an instruction is for nobody that is known.")
    texts = {
        lang: KindWords(
            words=_text(told["words"][lang], kind),
            about=_text(told["about"][lang], kind),
            headline=_text(told["headline"][lang], kind),
            sentence=_text(told["sentence"][lang], kind),
            place=_text(told["place"][lang], kind),
            lead=_text(told["lead"][lang], kind),
            unknown=tuple(_text(one, kind) for one in told["unknown"][lang]),
            doing=tuple(_text(one, kind) for one in told["doing"][lang]),
            actions={
                who: _text(told["actions"][who][lang], kind)
                for who in AUDIENCES
                if who in told["actions"]
            },
        )
        for lang in LANGUAGES
    }
    return KindTemplate(kind=kind, level=level, next_word=timedelta(minutes=minutes), texts=texts)


def _text(given: object, kind: IncidentKind) -> str:
    if not isinstance(given, str) or not given.strip():
        raise Invalid(f"{kind.value}: a text is missing.")
    return given
