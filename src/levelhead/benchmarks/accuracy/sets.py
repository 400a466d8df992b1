"""The labelled posts that accuracy is measured on; texts of others stay in the folder given."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from levelhead.kernel.errors import Invalid

Row = dict[str, Any]
Item = TypeVar("Item")

_LOST_FILE = "It should hold one JSON object a line."


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledPost:
    """A post and what readers said of it; either label and either reply counts as right."""

    text: str
    labels: tuple[str, ...]
    replies: tuple[bool, ...]
    parent_text: str | None = None
    urgency: int | None = None
    hostility: int | None = None
    safety: frozenset[str] = frozenset()
    lang: str | None = None
    split: str = "train"
    # Posts that hang together: those under one parent.
    thread: str = ""


def read_rows(folder: Path, name: str, *, repeats: bool = False) -> list[Row]:
    """A set, without the repeats that it marks itself; empty where it is not there."""
    path = folder / f"{name}.jsonl.gz"
    if not path.exists():
        return []
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Invalid(f"{path.name} cannot be read. {_LOST_FILE}") from error
    if not all(isinstance(row, dict) for row in rows):
        raise Invalid(f"{path.name} cannot be read. {_LOST_FILE}")
    return [row for row in rows if row.get("text") and (repeats or "dup_of" not in row)]


def draw_rows(rows: Sequence[Row], most: int | None, *, seed: str) -> list[Row]:
    """At most so many rows, the same for the same seed; all where `most` is None."""
    return _draw(rows, most, seed)


def draw_texts(texts: Sequence[str], most: int | None, *, seed: str) -> list[str]:
    """The same for texts."""
    return _draw(texts, most, seed)


def _draw(items: Sequence[Item], most: int | None, seed: str) -> list[Item]:
    if most is None or len(items) <= most:
        return list(items)
    return random.Random(seed).sample(items, most)  # noqa: S311 - not for secrets


def read_corpus(folder: Path) -> list[LabelledPost]:
    """Our own corpus; empty where it is not there."""
    posts = []
    for path in sorted(folder.glob("*.jsonl")):
        for row in _read_lines(path):
            parent = row.get("parent_text")
            posts.append(
                LabelledPost(
                    text=row["text"],
                    parent_text=parent,
                    labels=(row["label"],),
                    replies=(bool(row["reply"]),),
                    urgency=int(row["urgency"]),
                    hostility=int(row["hostility"]),
                    safety=frozenset(row["safety"]),
                    lang=row["lang"],
                    split=row["split"],
                    thread=f"{path.stem} {parent}" if parent else row["id"],
                )
            )
    return posts


def read_labelled(corpus: Path, data: Path) -> list[LabelledPost]:
    """Posts of the public sets with our own labels, which lie beside the corpus."""
    posts: dict[tuple[str, str], LabelledPost] = {}
    for path in sorted((corpus / "shared-labels").glob("*.jsonl")):
        texts = {str(row["id"]): row for row in read_rows(data, path.stem)}
        for line in _read_lines(path):
            row = texts.get(line["id"])
            if row is None:
                continue
            key = (path.stem, line["id"])
            before = posts.get(key)
            posts[key] = LabelledPost(
                text=row["text"],
                # Where two readers disagree there is a line for each.
                labels=(*(before.labels if before else ()), line["label"]),
                replies=(*(before.replies if before else ()), bool(line["reply"])),
                split=split_of(path.stem, line["id"]),
                thread=str(row.get("event") or line["id"]),
            )
    return list(posts.values())


def list_labelled_ids(corpus: Path, name: str) -> frozenset[str]:
    """Ids of the rows of a set that we labelled ourselves, so that training may have seen them."""
    path = corpus / "shared-labels" / f"{name}.jsonl"
    return frozenset(line["id"] for line in _read_lines(path)) if path.exists() else frozenset()


def split_of(name: str, row_id: str) -> str:
    """The part a labelled public post is in; training goes by the same rule."""
    share = zlib.crc32(f"{name} {row_id}".encode()) % 10
    return {9: "test", 8: "dev"}.get(share, "train")


def _read_lines(path: Path) -> list[Mapping[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise Invalid(f"{path.name} cannot be read. {_LOST_FILE}") from error
