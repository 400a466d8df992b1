"""Showing what strangers wrote: every character inert, links told apart, signs marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

# Characters of a post that show at once; the rest is folded away.
FOLD: Final = 700
# A fold that hides less than this hides nothing worth a click.
_LEAST_FOLDED: Final = 200
_LINK: Final = re.compile(
    r"https?://[^\s<>\"'`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]{1,2000}"
)
# What ends a sentence is not part of the address in it.
_TRAILING: Final = ".,;:!?)]}…»”’"
# Characters that change the order in which others are shown, and the names they are shown by.
BIDI: Final = {
    "\u061c": "ALM",
    "\u200e": "LRM",
    "\u200f": "RLM",
    "\u202a": "LRE",
    "\u202b": "RLE",
    "\u202c": "PDF",
    "\u202d": "LRO",
    "\u202e": "RLO",
    "\u2066": "LRI",
    "\u2067": "RLI",
    "\u2068": "FSI",
    "\u2069": "PDI",
}
BIDI_CONTROLS: Final = re.compile("[" + "".join(BIDI) + "]")

Place = tuple[int, int]


def show_text(text: str, spans: Sequence[Place] = ()) -> SafeString:
    """The text as HTML: nothing in it acts.

    Bidirectional controls become visible marks, http(s) addresses links that tell nobody where
    they were followed, and `spans` (offsets in characters) marks of the safety net.
    """
    marks = _tidy(spans, len(text))
    return mark_safe("".join(_pieces(text, marks)))  # noqa: S308  # each piece is escaped


def fold_at(text: str) -> int:
    """Where a long text is folded: its end where it is short enough, else between words."""
    if len(text) <= FOLD + _LEAST_FOLDED:
        return len(text)
    cut = max(text.rfind(" ", FOLD // 2, FOLD), text.rfind("\n", FOLD // 2, FOLD))
    return cut if cut > 0 else FOLD


def shift_spans(spans: Sequence[Place], start: int, end: int) -> list[Place]:
    """The spans of text[start:end], as offsets in it."""
    return [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]


def show_plain(text: str) -> SafeString:
    """A name or an excerpt: as `show_text`, without links."""
    return mark_safe(_marked(text))  # noqa: S308  # escaped there


def _tidy(spans: Sequence[Place], length: int) -> list[Place]:
    """In order, inside the text, not overlapping."""
    tidy: list[Place] = []
    for start, end in sorted(spans):
        start, end = max(0, start), min(length, end)
        if tidy and start < tidy[-1][1]:
            start = tidy[-1][1]
        if start < end:
            tidy.append((start, end))
    return tidy


def _pieces(text: str, marks: Sequence[Place]) -> Iterator[str]:
    at = 0
    for found in _LINK.finditer(text):
        address = found[0].rstrip(_TRAILING)
        if len(address) <= len("https://"):
            continue
        start, end = found.start(), found.start() + len(address)
        yield _highlighted(text, at, start, marks)
        yield format_html(
            '<a href="{}" rel="noopener noreferrer nofollow ugc" target="_blank">', address
        )
        yield _highlighted(text, start, end, marks)
        yield "</a>"
        at = end
    yield _highlighted(text, at, len(text), marks)


def _highlighted(text: str, start: int, end: int, marks: Sequence[Place]) -> str:
    out = []
    at = start
    for begin, stop in marks:
        begin, stop = max(begin, at), min(stop, end)
        if begin >= stop:
            continue
        out.append(_marked(text[at:begin]))
        out.append(f'<mark class="sign">{_marked(text[begin:stop])}</mark>')
        at = stop
    out.append(_marked(text[at:end]))
    return "".join(out)


def _marked(text: str) -> str:
    return BIDI_CONTROLS.sub(_bidi_mark, str(escape(text)))


def _bidi_mark(found: re.Match[str]) -> str:
    title = escape(_("A hidden character that changes the order of letters"))
    return f'<span class="bidi" title="{title}">{BIDI[found[0]]}</span>'
