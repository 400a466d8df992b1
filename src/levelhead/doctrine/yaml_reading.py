"""Reading rules from YAML: bounded, without repeated keys, with errors that name the place."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from pathlib import Path
from typing import Final

import yaml

from levelhead.kernel.errors import Invalid

MAX_BYTES: Final = 1_000_000
LANGUAGES: Final = ("en", "es")

# libyaml reads the rules ten times faster; the pure loader is the same where it is missing.
_Base: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _OnceLoader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """A safe loader that refuses a key given twice, which YAML would let the last one win."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is given twice", key.start_mark
                )
            seen.add(key.value)
        made: dict[Hashable, object] = super().construct_mapping(node, deep=deep)
        return made


def parse_yaml(text: str, *, source: str) -> Mapping[str, object]:
    """The mapping that `text` holds. Raises Invalid, with the line where there is one."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise Invalid(f"{source} is larger than {MAX_BYTES:,} bytes.", source=source)
    try:
        found = yaml.load(text, Loader=_OnceLoader)  # noqa: S506  it is a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        what = getattr(error, "problem", None) or "it cannot be read"
        raise Invalid(f"{source} is not valid YAML{where}: {what}.", source=source) from error
    return take_mapping(found, source)


def read_yaml(path: Path) -> Mapping[str, object]:
    """The mapping that the file holds. Raises Invalid."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        return parse_yaml(raw.decode(), source=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} cannot be read: {error}.", source=path.name) from error


def take_mapping(
    given: object,
    where: str,
    *,
    required: Collection[str] = (),
    optional: Collection[str] | None = None,
) -> Mapping[str, object]:
    """`given` as a mapping with these fields; any field may stand where `optional` is None.

    Raises Invalid naming `where` and the field.
    """
    if not isinstance(given, Mapping):
        raise Invalid(f"{where} must be a mapping of fields.", where=where)
    for key in given:
        if not isinstance(key, str):
            raise Invalid(f"{where}: the field {str(key)[:40]} must be a word.", where=where)
        if optional is not None and key not in required and key not in optional:
            raise Invalid(
                f"{where}: unknown field {key[:40]!r}; known are "
                f"{', '.join(sorted({*required, *optional}))}.",
                where=where,
                field=key[:40],
            )
    for key in required:
        if key not in given:
            raise Invalid(f"{where}: the field {key!r} is missing.", where=where, field=key)
    return given


def take_text(given: object, where: str, *, limit: int = 1_000) -> str:
    """`given` as text that is not empty. Raises Invalid."""
    if not isinstance(given, str) or not given.strip():
        raise Invalid(f"{where} must be a text.", where=where)
    if len(given) > limit:
        raise Invalid(f"{where} is longer than {limit:,} characters.", where=where)
    return given.strip()


def take_words(given: object, where: str) -> Mapping[str, str]:
    """`given` as one text for each of LANGUAGES. Raises Invalid naming a missing language."""
    found = take_mapping(given, where, optional=LANGUAGES)
    for lang in LANGUAGES:
        if lang not in found:
            raise Invalid(f"{where}: the language {lang!r} is missing.", where=where, field=lang)
    return {lang: take_text(found[lang], f"{where}, {lang}") for lang in LANGUAGES}


def take_number(given: object, where: str, low: float, high: float) -> float:
    """`given` as a number from `low` to `high`. Raises Invalid."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not low <= given <= high:
        raise Invalid(
            f"{where} must be a number from {low:g} to {high:g}, not {str(given)[:40]!r}.",
            where=where,
        )
    return given


def take_flag(given: object, where: str) -> bool:
    """`given` as true or false. Raises Invalid."""
    if not isinstance(given, bool):
        raise Invalid(f"{where} must be true or false, not {str(given)[:40]!r}.", where=where)
    return given
