"""What must be so before a reply may leave. Pure."""

from __future__ import annotations

import re
from typing import Final

from levelhead.kernel.errors import Invalid

# Why a reply goes although the check holds it.
REASON_LIMIT: Final = 1_000


class Held(Invalid):
    """The reply check holds a reply; a person may say why it goes all the same."""

    code = "held"


# Also what is left where somebody removed one bracket, or broke the mark over two lines.
_UNFILLED: Final = re.compile(r"\[\[([^\[\]]{0,200})\]{0,2}|\]\]")


def find_unfilled(text: str) -> list[str]:
    """The personal parts that nobody has filled in, such as "[[greeting]]", each once.

    A mark that is only half removed counts: it was not meant for whoever reads the reply.
    """
    found = []
    for mark in _UNFILLED.finditer(text):
        name = " ".join((mark[1] or "").split())
        whole = mark[0].endswith("]]") and name
        found.append(f"[[{name}]]" if whole else mark[0].split("\n")[0].strip()[:44])
    return list(dict.fromkeys(found))


_SENTENCE_ENDS: Final = re.compile(r"[.!?…]+[\"'”’)]*(?=\s|$)|\n+")


def find_sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the sentences around a place begin and end, with the blank behind them."""
    begins, ends = 0, len(text)
    for mark in _SENTENCE_ENDS.finditer(text):
        if mark.end() <= start:
            begins = mark.end()
        elif mark.end() >= end:
            ends = mark.end()
            break
    while begins < start and text[begins].isspace():
        begins += 1
    while ends < len(text) and text[ends] == " ":
        ends += 1
    # A line that held nothing else goes with it.
    if text[ends : ends + 1] == "\n" and (begins == 0 or text[begins - 1] == "\n"):
        ends += 1
    return begins, ends
