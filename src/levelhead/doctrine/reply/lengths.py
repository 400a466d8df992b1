"""How long a text is as each platform counts, and how a thread would be cut and numbered."""

from __future__ import annotations

from typing import Final

from levelhead.analysis.lengths import PLAIN, Counting, Unit, count_text

MAX_PARTS: Final = 99
_COUNTINGS: Final = {
    "x": Counting(unit=Unit.WEIGHTED, link_length=23, bare_links=True),
    "mastodon": Counting(unit=Unit.GRAPHEMES, link_length=23, local_mentions=True),
    "bluesky": Counting(unit=Unit.GRAPHEMES),
}
# No platform counts a link as more; room for one in a search.
LINK_LENGTH: Final = 23


def measure(text: str, platform: str) -> int:
    """The length of a text as the platform counts it."""
    return count_text(text, _COUNTINGS.get(platform, PLAIN))


def split_thread(text: str, platform: str, limit: int) -> list[str]:
    """The parts of a thread, numbered as "(1/3)", each within the limit; words stay whole.

    A word longer than a part is cut. The text alone where it fits; where more than MAX_PARTS
    would be needed, the last part is longer than the limit.
    """
    text = text.strip()
    if measure(text, platform) <= limit:
        return [text]
    room = limit - len(" (99/99)")
    parts: list[str] = []
    rest = text
    while measure(rest[: 4 * limit + LINK_LENGTH], platform) > room and len(parts) < MAX_PARTS - 1:
        cut = _find_cut(rest, platform, room)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        parts.append(rest)
    return [f"{part} ({number}/{len(parts)})" for number, part in enumerate(parts, 1)]


def _find_cut(text: str, platform: str, room: int) -> int:
    """Where the first part ends: the last sentence or blank that fits, else anywhere."""
    low, high = 1, min(len(text), 4 * room)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle], platform) <= room:
            low = middle
        else:
            high = middle - 1
    if low == len(text) or text[low].isspace():
        return low
    for mark in (". ", "! ", "? ", "\n"):
        place = text.rfind(mark, low // 2, low)
        if place > 0:
            return place + 1
    blank = text.rfind(" ", 1, low)
    return blank if blank > 0 else low
