"""What a person wrote in a mail, without what the program quoted below it. Pure.

Reads line by line, in time that grows with the length alone: a mail is hostile input. The whole
text is kept beside what is found here, so that a wrong cut loses nothing.
"""

from __future__ import annotations

import re
from typing import Final

# Stands in our own mails; every program quotes it back.
MARKER: Final = "##"
_MARK_LINE: Final = re.compile(r"^[>\s*_|]{0,40}## .{1,200} ##[\s*_|]{0,40}$")
_ATTRIBUTION: Final = re.compile(
    r"^(?:on|el|am|le) .{4,400}(?:wrote|writes|escribió|escribio|schrieb|a écrit) ?:$",
    re.IGNORECASE,
)
_BEGINS_ATTRIBUTION: Final = re.compile(r"^(?:on|el|am|le) .{4,}", re.IGNORECASE)
_ORIGINAL: Final = re.compile(
    r"^[-_ ]{2,40}(?:original message|mensaje original|forwarded message|mensaje reenviado)"
    r"[-_ ]{2,40}$",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    r"^\*?(from|de|sent|enviado(?: el)?|date|fecha|to|para|subject|asunto)\*? ?:", re.IGNORECASE
)
_FIRST_HEADERS: Final = ("from", "de")
# An attribution is broken over so many lines at most.
_WRAPPED: Final = 3
_HEADERS_NEAR: Final = 5


def strip_quoted(text: str) -> str:
    """What was written above, or between, the quoted lines; all of it where nothing else is."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = []
    for number, line in enumerate(lines):
        if _ends_here(lines, number):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    found = "\n".join(kept).strip()
    return found or text.strip()


def _ends_here(lines: list[str], number: int) -> bool:
    """Whether the words of the person end before this line."""
    line = lines[number][:500].strip()
    if lines[number].rstrip("\r") == "-- " or line == "--":
        return True
    if _MARK_LINE.match(line) or _ORIGINAL.match(line):
        return True
    if _BEGINS_ATTRIBUTION.match(line):
        joined = ""
        for following in lines[number : number + _WRAPPED]:
            joined = f"{joined} {following[:500].strip()}".strip()
            if _ATTRIBUTION.match(joined[:450]):
                return True
    head = _HEADER.match(line)
    if head is not None and head[1].lower() in _FIRST_HEADERS:
        near = [
            _HEADER.match(one[:80].strip()) for one in lines[number + 1 : number + _HEADERS_NEAR]
        ]
        return sum(one is not None for one in near) >= 2
    return False
