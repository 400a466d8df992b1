"""How long a text is as each platform counts, and how a thread would be cut and numbered."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from levelhead.doctrine.reply.reading import LINK, make_plain

# X and Mastodon count each link as so many characters.
LINK_LENGTH: Final = 23
MAX_PARTS: Final = 99
# X counts these as one, everything else as two (its published configuration, version 3).
_LIGHT: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_REMOTE_MENTION: Final = re.compile(r"(?<![\w@])(@\w{1,60})@[\w.-]{1,100}")
_CLUSTER_EXTENDS: Final = frozenset({0x200D, 0xFE0E, 0xFE0F, 0x20E3})
_EMOJI: Final = re.compile("[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf]")


def measure(text: str, platform: str) -> int:
    """The length of a text as the platform counts it."""
    if platform == "x":
        rest, links = _without_links(text)
        return links * LINK_LENGTH + _weigh(rest)
    if platform == "mastodon":
        rest, links = _without_links(_REMOTE_MENTION.sub(r"\1", text))
        return links * LINK_LENGTH + len(rest)
    if platform == "bluesky":
        return len(find_graphemes(text))
    return len(text)


def _without_links(text: str) -> tuple[str, int]:
    """The text without its links, and how many there were."""
    rest, count, last = [], 0, 0
    for found in LINK.finditer(make_plain(text)):
        rest.append(text[last : found.start()])
        last = found.end()
        count += 1
    rest.append(text[last:])
    return "".join(rest), count


def _weigh(text: str) -> int:
    if text.isascii():
        return len(text)
    total = 0
    for start, end in find_graphemes(unicodedata.normalize("NFC", text)):
        cluster = text[start:end]
        if _EMOJI.match(cluster):
            # An emoji counts two, whatever it is made of.
            total += 2
            continue
        for character in cluster:
            code = ord(character)
            total += 1 if any(low <= code <= high for low, high in _LIGHT) else 2
    return total


def find_graphemes(text: str) -> list[tuple[int, int]]:
    """Where the characters are as people see them: marks, joined emoji and flags together.

    Covers combining marks, variation selectors, joiners, skin tones, tags and pairs of regional
    letters; of Unicode's rules, Hangul made of parts and Indic conjuncts count as more.
    """
    clusters: list[tuple[int, int]] = []
    start = 0
    joined = flag = False
    for place, character in enumerate(text):
        code = ord(character)
        regional = 0x1F1E6 <= code <= 0x1F1FF
        extends = code > 0x2FF and (
            code in _CLUSTER_EXTENDS
            or 0x1F3FB <= code <= 0x1F3FF
            or 0xE0020 <= code <= 0xE007F
            or unicodedata.combining(character) != 0
            or unicodedata.category(character) in ("Mn", "Me", "Mc")
        )
        line_end = character == "\n" and place > 0 and text[place - 1] == "\r"
        if place and not (extends or joined or (regional and flag) or line_end):
            clusters.append((start, place))
            start = place
            flag = False
        flag = regional and not flag
        joined = code == 0x200D
    if text:
        clusters.append((start, len(text)))
    return clusters


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
