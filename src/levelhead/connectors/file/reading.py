"""Reading lines of a file, one at a time, whatever is in them: bounded memory, exact numbers."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from levelhead.kernel.errors import Invalid

LONGEST_LINE = 2_000_000
BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line (or CSV row) of a file."""

    # Counted from 1, as an editor shows it; for CSV the row, the heading being row 1.
    number: int
    # The item, or None where the line could not be read.
    item: object
    # Why it could not be read; empty where it could.
    problem: str = ""
    raw: str = ""


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def is_csv(path: Path) -> bool:
    """Whether the name says comma-separated values."""
    return path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """(the file's content unpacked, the file itself whose position tells the progress)."""
    with path.open("rb") as file:
        magic = file.read(2)
        file.seek(0)
        if magic == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked, file  # type: ignore[misc]  # a GzipFile reads like a file
        else:
            yield file, file


def read_lines(content: IO[bytes], *, as_csv: bool, delimiter: str = ",") -> Iterator[Line]:
    """All lines, good or bad; a file that breaks off (torn gzip) ends with a bad line."""
    lines = _csv_lines(content, delimiter) if as_csv else _json_lines(content)
    number = 0
    try:
        for line in lines:
            number = line.number
            yield line
    except (EOFError, gzip.BadGzipFile, OSError, ValueError) as error:
        yield Line(
            number=number + 1,
            item=None,
            problem=f"The file breaks off or is damaged here ({error}). Lines before are kept.",
        )


def _bounded(content: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """(number, line) with a line cut at LONGEST_LINE; the rest of a longer one is skipped."""
    number = 0
    while line := content.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := content.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        yield number, line


def _json_lines(content: IO[bytes]) -> Iterator[Line]:
    for number, line in _bounded(content):
        if not line.strip():
            continue
        if len(line) >= LONGEST_LINE:
            yield _bad(number, line, f"The line is longer than {LONGEST_LINE} bytes.")
            continue
        try:
            yield Line(number=number, item=json.loads(line))
        except (ValueError, RecursionError) as error:
            yield _bad(number, line, f"It is not JSON: {error}.")


def _bad(number: int, line: bytes, problem: str) -> Line:
    return Line(
        number=number, item=None, problem=problem, raw=line.decode("utf-8", "replace")[:100_000]
    )


def _csv_lines(content: IO[bytes], delimiter: str) -> Iterator[Line]:
    csv.field_size_limit(LONGEST_LINE)
    texts = (line.decode("utf-8-sig", "replace").replace("\0", "\ufffd") for _, line in
             _bounded(content))  # fmt: skip
    rows = csv.reader(texts, delimiter=delimiter)
    try:
        heading = next(rows)
    except StopIteration:
        return
    if len(set(heading)) != len(heading):
        raise Invalid("The first row names a column twice; every column needs its own name.")
    number = 1
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(number=number, item=None, problem=f"The row cannot be read: {error}.")
            continue
        if not row:
            continue
        raw = json.dumps(row, ensure_ascii=False)[:100_000]
        if len(row) != len(heading):
            problem = f"The row has {len(row)} cells; the first row names {len(heading)} columns."
            yield Line(number=number, item=None, problem=problem, raw=raw)
            continue
        yield Line(number=number, item=dict(zip(heading, row, strict=True)), raw=raw)
