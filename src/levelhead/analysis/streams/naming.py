"""What people call a thing: the phrases that they wrote, whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from levelhead.analysis.streams.term_table import HAZARD_MARK
from levelhead.analysis.streams.terms import STOP_WORDS
from levelhead.analysis.streams.vocabulary import TEXT_LIMIT, fold

NAME_EDGES_FILE: Final = Path(__file__).parent / "data" / "name_edges.txt"
# Dates, and words of telling and sharing: no name begins or ends with one.
NAME_EDGES: Final = frozenset(NAME_EDGES_FILE.read_text(encoding="utf-8").split())
# Words that join the parts of a name.
JOINTS: Final = frozenset(
    {"of", "the", "at", "in", "on", "for", "and"}
    | {"de", "del", "la", "las", "los", "el", "en", "y", "da", "do", "das", "dos", "di"}
)
# Words of a phrase: so many that mean something, so many in all.
MOST_CONTENT: Final = 4
LONGEST_PHRASE: Final = 5
# So many posts are read for a name, and so many words of each.
MOST_POSTS: Final = 64
MOST_WORDS: Final = 40
# What a further copy of the same words says for a phrase.
COPY_SUPPORT: Final = 0.1
# A phrase must be in so much of the posts that hold its rarest word, or it is half a name.
WHOLE: Final = 0.5
# A longer phrase stands for the shorter one in it that comes hardly more often.
SAME_PHRASE: Final = 0.7
# Words that only this burst has weigh more than other words.
PLAIN_WEIGHT: Final = 0.3
# Later names must be in so much of the posts that the first is in.
LATER_NAME: Final = 0.3
# A word so short is no name by itself, nor one that mostly goes on with another.
SHORT: Final = 3
GOES_ON: Final = 0.7
_TOKEN: Final = re.compile(
    r"(?:https?://|www\.)\S{1,2000}|[@#]?\w(?:[\w'\u2019-]{0,60}\w)?|\u2026|\.\.+|[^\w\s]|\n"
)
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z_]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: folded, to compare, and in lower case, to show."""

    folded: str
    shown: str
    capital: bool = False


@dataclass(slots=True)
class _Phrase:
    support: float = 0.0
    shown: Counter[str] = field(default_factory=Counter)


def name_topic(
    terms: Sequence[str], texts: Iterable[tuple[str, int]], limit: int = 3
) -> tuple[str, ...]:
    """What a topic is called: whole phrases of its `texts`, each with its cluster of copies.

    `terms` are those that make it stand out, the most telling first. Words stand alone where no
    phrase is shared.
    """
    read = list(texts)[-MOST_POSTS:]
    cut = [cut_runs(text) for text, _ in read]
    known = STOP_WORDS.union(word.folded for runs in cut for run in runs for word in run)
    links = {
        part
        for term in terms
        if not term.startswith(HAZARD_MARK)
        for part in (split_hashtag(term, known) if term.startswith("#") else (term,))
    }
    phrases = _count_phrases(
        [
            (cut_runs(text, known) if "#" in text else runs, cluster)
            for (text, cluster), runs in zip(read, cut, strict=True)
        ]
    )
    names: list[str] = []
    used: set[str] = set()
    first = 0.0
    if len(read) == 1:
        names = [" ".join(name) for name in _find_capitals(read[0][0])][:limit]
    for words, phrase in _rank(phrases, links):
        content = {word for word in words if not _is_light(word)}
        if not content.isdisjoint(used) or content.isdisjoint(links | used):
            continue
        if names and (phrase.support < LATER_NAME * first or _is_fragment(words, phrases)):
            continue
        first = first or phrase.support
        names.append(phrase.shown.most_common(1)[0][0])
        used |= content
        if len(names) == limit:
            break
    if not names:
        names = [term.lstrip("#") for term in terms if _can_stand_alone(term)][:limit]
    if not names:
        names = [term.lstrip(HAZARD_MARK + "#") for term in terms if term.strip(HAZARD_MARK + "#")]
    return tuple(names[:limit])


def cut_runs(text: str, known: frozenset[str] = frozenset()) -> list[list[Word]]:
    """The words of a text, cut wherever no phrase can go on; hashtags are taken apart."""
    return [list(run) for run in _cut(text[:TEXT_LIMIT], known)]


def _cut(text: str, known: frozenset[str]) -> list[list[Word]]:
    runs: list[list[Word]] = [[]]
    tagged = False
    for piece in _TOKEN.findall(text)[:MOST_WORDS]:
        if piece == "\u2026" or piece.startswith(".."):
            # Cut off here: the last word may be half a word.
            if runs[-1]:
                runs[-1].pop()
            runs.append([])
        elif piece[0] == "#" and len(piece) > 1:
            if tagged:
                runs.append([])
            runs[-1] += [Word(fold(part), part.lower()) for part in split_hashtag(piece, known)]
            tagged = True
            continue
        elif piece[0] == "@" or "://" in piece or not (piece[0].isalnum()):
            runs.append([])
        else:
            word = piece.replace("\u2019", "'")
            runs[-1].append(Word(fold(word), word.lower(), word[0].isupper()))
        tagged = False
    return [run for run in runs if run]


def split_hashtag(tag: str, known: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The words that run together in a hashtag: by capitals, else two or three `known` ones."""
    bare = tag.lstrip("#").replace("_", " ")
    parts = [part for half in bare.split() for part in _CAMEL.findall(half)]
    if len(parts) > 1 and sum(map(len, parts)) == len(bare.replace(" ", "")):
        # Initials stand for themselves: a tag of single letters is no phrase.
        return tuple(parts) if max(map(len, parts)) > 2 else (bare,)
    folded = fold(bare)
    for cut in range(len(folded) - 3, 2, -1):
        head, tail = folded[:cut], folded[cut:]
        if head not in known:
            continue
        if tail in known:
            return head, tail
        for second in range(len(tail) - 3, 1, -1):
            if tail[:second] in known and tail[second:] in known:
                return head, tail[:second], tail[second:]
    return (bare,)


def _is_light(word: str) -> bool:
    """Whether `word` can neither begin nor end a name."""
    bare = word.removesuffix("'s").rstrip("0123456789")
    return len(bare) < 3 or bare in STOP_WORDS or bare in NAME_EDGES or not bare[0].isalpha()


def _find_capitals(text: str) -> list[tuple[str, ...]]:
    """Names as one text writes them: words in capitals that stand together, in lower case."""
    names: list[tuple[str, ...]] = []
    for run in cut_runs(text):
        if sum(word.capital for word in run) > 0.6 * len(run):
            # A headline, or shouted: its capitals say nothing.
            continue
        name: list[str] = []
        for word in [*run, Word("", "")]:
            if word.capital and not _is_light(word.folded):
                name.append(word.shown)
                continue
            if 1 < len(name) <= MOST_CONTENT:
                names.append(tuple(name))
            name = []
    return names


def _is_fragment(words: tuple[str, ...], phrases: dict[tuple[str, ...], _Phrase]) -> bool:
    if len(words) > 1:
        return False
    if len(words[0]) <= SHORT:
        return True
    onward = sum(
        phrase.support
        for longer, phrase in phrases.items()
        if len(longer) == 2 and longer[0] == words[0]
    )
    return onward >= GOES_ON * phrases[words].support


def _can_stand_alone(term: str) -> bool:
    return not term.startswith(HAZARD_MARK) and not _is_light(term.lstrip("#"))


def _count_phrases(
    texts: Sequence[tuple[list[list[Word]], int]],
) -> dict[tuple[str, ...], _Phrase]:
    phrases: dict[tuple[str, ...], _Phrase] = {}
    # The same words in copies of one text say little more than once.
    said: set[tuple[tuple[str, ...], int]] = set()
    for runs, cluster in texts:
        found: dict[tuple[str, ...], str] = {}
        for run in runs:
            light = [_is_light(word.folded) for word in run]
            for begin in range(len(run)):
                if light[begin]:
                    continue
                content = 0
                for end in range(begin, min(len(run), begin + LONGEST_PHRASE)):
                    content += not light[end]
                    if content > MOST_CONTENT:
                        break
                    # Only what joins a name stands within it.
                    if light[end] and run[end].folded not in JOINTS:
                        break
                    if not light[end]:
                        words = run[begin : end + 1]
                        shown = " ".join(word.shown for word in words)
                        found.setdefault(tuple(word.folded for word in words), shown)
        for key, shown in found.items():
            phrase = phrases.setdefault(key, _Phrase())
            phrase.support += COPY_SUPPORT if (key, cluster) in said else 1.0
            said.add((key, cluster))
            phrase.shown[shown.removesuffix("'s")] += 1
    return phrases


def _rank(
    phrases: dict[tuple[str, ...], _Phrase], links: set[str]
) -> list[tuple[tuple[str, ...], _Phrase]]:
    """Those that are whole names, the best first."""
    singles = {words[0]: phrase.support for words, phrase in phrases.items() if len(words) == 1}

    # What goes on nearly always is half of something longer.
    half: set[tuple[str, ...]] = set()
    for words, phrase in phrases.items():
        if phrase.support <= 1.0 + COPY_SUPPORT / 2:
            continue
        for start in range(len(words)):
            for end in range(start + 1, len(words) + 1):
                part = words[start:end]
                known = phrases.get(part)
                if part == words or known is None:
                    continue
                if phrase.support >= SAME_PHRASE * known.support:
                    half.add(part)

    def worth(item: tuple[tuple[str, ...], _Phrase]) -> tuple[float, int, tuple[str, ...]]:
        words, phrase = item
        weight = sum(
            1.0 if word in links else PLAIN_WEIGHT for word in words if not _is_light(word)
        )
        return phrase.support * weight, len(words), words

    whole = []
    for words, phrase in phrases.items():
        if words in half or phrase.support < 1.0 + COPY_SUPPORT / 2:
            continue
        if len(words) > 1:
            rarest = min(singles[word] for word in words if not _is_light(word))
            if phrase.support < WHOLE * rarest:
                continue
        whole.append((words, phrase))
    return sorted(whole, key=worth, reverse=True)
