"""Compiles the texts in other languages (.po to .mo), so that nobody needs gettext installed.

Standard library only: it runs before anything else is set up.
"""

from __future__ import annotations

import ast
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LOCALES: Final = Path(__file__).resolve().parent / "locale"
_MAGIC: Final = 0x950412DE
_HEADER_SIZE: Final = 7 * 4
# Between a context and its text, and between singular and plural, as gettext has it.
_CONTEXT_END: Final = "\x04"
_FORM_END: Final = "\x00"


class CatalogError(Exception):
    """A catalogue is not of the form that gettext writes."""


@dataclass(kw_only=True)
class Entry:
    """One text with its translations."""

    context: str | None = None
    text: str = ""
    plural: str | None = None
    # Number of the plural form -> translation; 0 where there is only one.
    forms: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def translated(self) -> bool:
        """Whether every form that the entry names has words."""
        return bool(self.forms) and all(self.forms.values())


def read_catalog(lines: Iterator[str]) -> list[Entry]:
    """The entries in their order; the header is the one without a text. Raises CatalogError."""
    entries: list[Entry] = []
    entry = Entry()
    # Which part of the entry a following line of text continues.
    part = ""
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            if entry.forms:
                entries.append(entry)
                entry, part = Entry(), ""
            if line.startswith("#,") and "fuzzy" in line:
                entry.fuzzy = True
            continue
        if not line.startswith('"'):
            keyword, _, line = line.partition(" ")
            if entry.forms and keyword in ("msgctxt", "msgid"):
                entries.append(entry)
                entry = Entry()
            part = keyword
        _add(entry, part, _unquote(line.strip(), number), number)
    if entry.forms:
        entries.append(entry)
    return entries


def _unquote(quoted: str, number: int) -> str:
    try:
        words = ast.literal_eval(quoted)
    except (ValueError, SyntaxError) as error:
        raise CatalogError(f"Line {number} is not a quoted text.") from error
    if not isinstance(words, str):
        raise CatalogError(f"Line {number} is not a quoted text.")
    return words


def _add(entry: Entry, part: str, words: str, number: int) -> None:
    if part == "msgctxt":
        entry.context = (entry.context or "") + words
    elif part == "msgid":
        entry.text += words
    elif part == "msgid_plural":
        entry.plural = (entry.plural or "") + words
    elif part.startswith("msgstr"):
        form = part.removeprefix("msgstr").strip("[]") or "0"
        if not form.isdigit():
            raise CatalogError(f"Line {number} names no form of a plural.")
        entry.forms[int(form)] = entry.forms.get(int(form), "") + words
    else:
        raise CatalogError(f"Line {number} is no part of a catalogue: {part[:20]!r}.")


def compile_catalog(entries: list[Entry]) -> bytes:
    """The binary form that programs read; texts without a translation are left out."""
    pairs = []
    for entry in entries:
        if not entry.translated or (entry.fuzzy and entry.text):
            continue
        key = entry.text if entry.context is None else entry.context + _CONTEXT_END + entry.text
        if entry.plural is not None:
            key += _FORM_END + entry.plural
        value = _FORM_END.join(entry.forms[form] for form in sorted(entry.forms))
        pairs.append((key.encode(), value.encode()))
    pairs.sort()
    keys_at = _HEADER_SIZE
    values_at = keys_at + 8 * len(pairs)
    place = values_at + 8 * len(pairs)
    tables: list[bytes] = []
    words: list[bytes] = []
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), place))
            words.append(pair[column] + b"\x00")
            place += len(pair[column]) + 1
    header = struct.pack("<7I", _MAGIC, 0, len(pairs), keys_at, values_at, 0, place)
    return header + b"".join(tables) + b"".join(words)


def compile_all(locales: Path = LOCALES) -> list[Path]:
    """Compile every catalogue beside its source; gives what was written. Raises CatalogError."""
    written = []
    for source in sorted(locales.glob("*/LC_MESSAGES/*.po")):
        with source.open(encoding="utf-8") as lines:
            compiled = compile_catalog(read_catalog(iter(lines)))
        target = source.with_suffix(".mo")
        target.write_bytes(compiled)
        written.append(target)
    return written
