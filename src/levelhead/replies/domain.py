"""What must be so before a reply may leave. Pure."""

from __future__ import annotations

import re
from typing import Final

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
