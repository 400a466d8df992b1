"""Recordings and accounts made for a test."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from levelhead.channels.domain import ChannelAccount, IncomingPost

STARTED_AT = datetime(2026, 1, 6, 6, 0, tzinfo=UTC)


def account_for(recording: Path | str, **given: object) -> ChannelAccount:
    return ChannelAccount(
        channel_id=11,
        platform="replay",
        name="Bluesky",
        settings={"stream": str(recording), "started_at": STARTED_AT.isoformat(), **given},
    )


def line(at_seconds: object, external_id: str, **more: object) -> str:
    return json.dumps({"at_seconds": at_seconds, "id": external_id, "text": "words", **more}) + "\n"


def write(path: Path, lines: Sequence[str]) -> Path:
    data = "".join(lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def ids_of(posts: Sequence[IncomingPost]) -> list[str]:
    return [post.external_id for post in posts]
