"""Coverage-guided fuzzing of everything that reads a stranger's text: `make fuzz`.

    python tests/fuzz/fuzz_analysis.py TARGET [libFuzzer options]

A crash, a hang, or a text that takes far longer than its length explains stops the run.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import atheris

# Compiled loops cannot carry the fuzzer's marks.
COMPILED = [
    "levelhead.analysis.features",
    "levelhead.analysis.scoring",
    "levelhead.analysis.streams.near_duplicates",
]
with atheris.instrument_imports(include=["levelhead"], exclude=COMPILED):
    from levelhead.analysis.assess import load
    from levelhead.analysis.conversation.conflicts import find_conflicts
    from levelhead.analysis.conversation.cues import load_cues
    from levelhead.analysis.domain import PostText
    from levelhead.analysis.language import guess_by_words
    from levelhead.analysis.streams.near_duplicates import NearDuplicates
    from levelhead.analysis.wording import reword
    from levelhead.cli import check_reply, forecast, triage
    from levelhead.doctrine.reply.check import check_reply as check
    from levelhead.doctrine.reply.domain import ReplyContext

# Seconds for a text of 64 KB: a hundred times what one takes here.
TOO_LONG = 5.0


def _assess(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape" if data[:1] == b"s" else "replace")
    load().assess([PostText(text=text, parent_text=text[::-1])])


def _lines(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    held = {
        "id": text[:5], "text": text, "turns": [text, {"author": text, "text": text}],
        "draft": text, "post": text, "context": {"facts": [text], "lang": text},
    }  # fmt: skip
    for line in (data, b'{"id": ' + data, json.dumps(held).encode()):
        for module in (triage, forecast, check_reply):
            module.read_line(line)


def _conversation(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    half = len(text) // 2
    find_conflicts(text[:half], [text[half:]])
    for cue in load_cues():
        cue.find(text)
    reword(text)
    guess_by_words(text.split())


def _reply(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    half = len(text) // 2
    check(text[:half], text[half:], platform="bluesky", context=ReplyContext())


_near = NearDuplicates()


def _copies(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    _near.add([text, text[::-1]])


TARGETS: dict[str, Callable[[bytes], None]] = {
    "assess": _assess,
    "lines": _lines,
    "conversation": _conversation,
    "reply": _reply,
    "copies": _copies,
}


def main() -> None:
    """Fuzz the target named first on the command line."""
    target = TARGETS[sys.argv.pop(1)]

    def one(data: bytes) -> None:
        started = time.monotonic()
        target(data)
        took = time.monotonic() - started
        if took > TOO_LONG:
            raise RuntimeError(f"{len(data)} bytes took {took:.1f} s")

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
