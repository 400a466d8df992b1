"""Where the recorded streams that come with the program lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from levelhead.kernel.errors import NotFound

DAY_FOLDER: Final = Path(__file__).parent / "day"
STREAM_NAMES: Final = ("bluesky", "mastodon", "facebook", "form", "email")


def find_stream(name: str) -> Path:
    """The packaged stream of that name, such as "bluesky". Raises NotFound."""
    if name not in STREAM_NAMES:
        raise NotFound(
            f"There is no packaged stream {name[:60]!r}; there are: {', '.join(STREAM_NAMES)}."
        )
    return DAY_FOLDER / f"{name}.jsonl"


def every_text() -> list[str]:
    """The words of all posts of the packaged day, in the order of their files."""
    texts = []
    for name in STREAM_NAMES:
        with find_stream(name).open(encoding="utf-8") as lines:
            texts += [str(json.loads(line).get("text", "")) for line in lines]
    return [text for text in texts if text]
