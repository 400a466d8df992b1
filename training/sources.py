"""Where training examples come from, and what each source may teach.

Only sets whose licence lets a model ship are named here (docs/reference/models.md lists them).
A set that was labelled for another purpose teaches a head only where its meaning is the same as
ours, and with less weight than our own corpus.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from levelhead.analysis.heads import SAFETY_HEADS
from levelhead.analysis.language import guess_by_words
from levelhead.analysis.scoring import fold_words
from training.accounts import name_official, name_private

Row = dict[str, Any]

# Made from patterns, so each counts for less than a post that was written as a whole.
PHRASE_WEIGHT = 0.6
# What a shared set says of a desk head was said for another purpose.
SHARED_WEIGHT = 0.5
# A post of another's that we read and labelled ourselves.
LABELLED_WEIGHT = 0.8
# Of those, chatter: public sets are drawn by chance and hold twice as much of it as an inbox.
# At full weight it teaches that whatever does not sound invented needs nobody.
CHATTER_WEIGHT = 0.3
# A copy of one of our posts with a mention before it.
MENTION_WEIGHT = 0.5
# At most so many rows of a shared set teach the desk heads; all teach what they are labelled for.
DESK_ROWS = 1200


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A text and what is known of it; None teaches nothing."""

    text: str
    source: str
    parent: str | None = None
    label: str | None = None
    reply: bool | None = None
    urgency: int | None = None
    hostility: int | None = None
    crisis: bool | None = None
    # Heads known to be there; None where nobody looked.
    safety: frozenset[str] | None = None
    lang: str | None = None
    # How much it counts for the desk heads (label, reply, urgency) against 1 for our corpus.
    weight: float = 1.0
    split: str = "train"
    # Group that must not be torn between training and validation.
    event: str = field(default="")
    # Insult, slur or profanity, targeted or not.
    offensive: bool | None = None
    claim: bool | None = None
    # Toward the post above.
    stance: str | None = None
    # Toward the agency: -1, 0 or 1.
    sentiment: int | None = None
    info_type: str | None = None


# Texts of our own, and texts that we read and labelled ourselves.
OWN_SOURCES = ("corpus", "labelled")


def read_rows(folder: Path, name: str) -> list[Row]:
    """A shared set without its repeats; an absent set is an empty one."""
    path = folder / f"{name}.jsonl.gz"
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if "dup_of" not in row and row.get("text")]


# How a post of this label feels about the agency, where nobody wrote it down.
LABEL_SENTIMENT = {
    "praise": 1, "complaint": -1, "dissent": -1, "abuse": -1, "question": 0, "records": 0,
    "press": 0, "service": 0,
}  # fmt: skip
# Letters of the label files.
FLAGS = {
    "t": "threat", "s": "self_harm", "p": "private_data", "x": "obscene", "m": "spam",
    "l": "scam_link",
}  # fmt: skip


def read_labelled(data: Path, folder: Path) -> list[Example]:
    """Posts of the shared sets with the labels that we gave them by reading (texts stay there).

    Where two readers disagree the post counts half for each.
    """
    examples = []
    for path in sorted((folder / "shared-labels").glob("*.jsonl")):
        texts = {str(row["id"]): row for row in read_rows(data, path.stem)}
        for line in path.read_text(encoding="utf-8").splitlines():
            labels = json.loads(line)
            row = texts.get(labels["id"])
            if row is None:
                continue
            flags = labels["flags"]
            share = zlib.crc32(f"{path.stem} {labels['id']}".encode()) % 10
            crisis = _shared_crisis(path.stem, row)
            examples.append(
                Example(
                    text=row["text"],
                    source="labelled",
                    label=labels["label"],
                    reply=labels["reply"],
                    urgency=labels["urgency"],
                    hostility=labels["hostility"],
                    crisis=crisis,
                    safety=frozenset(FLAGS[flag] for flag in flags if flag in FLAGS),
                    lang=_guess_language(row["text"]),
                    weight=labels.get("share", 1.0)
                    * (CHATTER_WEIGHT if labels["label"] == "other" else LABELLED_WEIGHT),
                    split="test" if share == 9 else "dev" if share == 8 else "train",
                    event=row.get("event") or path.stem,
                    offensive="o" in flags,
                    claim="c" in flags,
                    sentiment=1 if "+" in flags else -1 if "n" in flags else 0,
                    info_type=_info_type(row) if path.stem == "crisislex_t26" else None,
                )
            )
    return examples


def _shared_crisis(name: str, row: Row) -> bool | None:
    if name == "crisislex_t6":
        return bool(row["label"] == "on-topic")
    if name == "crisislex_t26":
        return bool(row["informativeness"] != "Not related")
    if name == "disaster_response":
        return None if row["related"] == 2 else bool(row["related"] == 1)
    return None


_INFO_OF_T26 = {
    "Affected individuals": "injured_or_dead", "Infrastructure and utilities": "damage",
    "Caution and advice": "caution", "Donations and volunteering": "offers",
    "Sympathy and support": "sympathy", "Other Useful Information": "other",
}  # fmt: skip


def _info_type(row: Row) -> str | None:
    return _INFO_OF_T26.get(row["information_type"])


def _info_of_message(row: Row) -> str | None:
    """The first that fits; a message of many kinds says nothing clear."""
    if row["related"] != 1:
        return None
    if row["missing_people"]:
        return "missing"
    if row["request"] and row["genre"] != "news":
        return "needs_help"
    if row["death"]:
        return "injured_or_dead"
    if row["infrastructure_related"] or row["buildings"]:
        return "damage"
    return "offers" if row["offer"] else None


def read_corpus(folder: Path) -> list[Example]:
    """Our own posts. A line that does not fit is an error: the corpus is ours to mend."""
    examples = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                unknown = set(row["safety"]) - set(SAFETY_HEADS)
                if unknown:
                    raise ValueError(f"unknown safety heads {sorted(unknown)}")
                examples.append(
                    Example(
                        text=row["text"],
                        source="corpus",
                        parent=row.get("parent_text"),
                        label=row["label"],
                        reply=bool(row["reply"]),
                        urgency=int(row["urgency"]),
                        hostility=int(row["hostility"]),
                        crisis=bool(row["crisis"]),
                        safety=frozenset(row["safety"]),
                        lang=row["lang"],
                        split=row["split"],
                        event=path.stem,
                        offensive=row["hostility"] >= 2 or None if row["hostility"] else False,
                        claim=row.get("claim"),
                        stance=row.get("stance"),
                        sentiment=row.get("sentiment", LABEL_SENTIMENT.get(row["label"])),
                    )
                )
            except (KeyError, ValueError, TypeError) as error:
                raise ValueError(f"{path.name}:{number}: {error!r}") from error
    if not examples:
        raise ValueError(f"There are no posts in {folder}; is it the corpus?")
    return examples


def list_labelled(folder: Path) -> dict[str, set[str]]:
    """Ids of the shared posts that we labelled, by set."""
    return {
        path.stem: {json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()}
        for path in sorted((folder / "shared-labels").glob("*.jsonl"))
    }


PHRASEBOOK = Path(__file__).parent / "phrasebook.txt"
_HEADING = re.compile(r"\[(\w+)(?: (yes|no) (\d) (\d)(?: (\w+))?)?\]")
_SLOT = re.compile(r"\{(\w+)\}")
_OPENINGS = [
    "", "", "", "", "@{} ", "@{} ", "@{} ", "@{} ", ".@{} ", "Hi @{} ", "Hey @{}, ",
    "@{} @citydesk ",
]  # fmt: skip
_CLOSINGS = [
    "",
    "",
    "",
    "",
    "",
    ".",
    "!",
    "...",
    " https://t.co/x1",
    " smh",
    " 🙏",
    " #fail",
    " please",
]


def write_phrases(*, seed: int, each: int = 4) -> Iterator[Example]:
    """Posts made of our own phrasebook: every phrase `each` times with other words in it.

    The mention, the ending and the case vary without regard to the label, so that a model cannot
    lean on them.
    """
    blocks: list[tuple[re.Match[str], list[str]]] = []
    for line in PHRASEBOOK.read_text(encoding="utf-8").splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            blocks.append((heading, []))
        elif line and not line.startswith("# "):
            blocks[-1][1].append(line)
    choose = random.Random(f"{seed} phrasebook")  # noqa: S311 - not for secrets
    heading, lines = blocks.pop()
    slots = dict(line.split(": ", 1) for line in lines)

    def fill(match: re.Match[str]) -> str:
        return choose.choice(slots[match[1]].split(" | "))

    for heading, phrases in blocks:
        label, reply, urgency, hostility, head = heading.groups()
        safety: frozenset[str] = frozenset() if head in (None, "none") else frozenset({head})
        for phrase in phrases:
            for _ in range(each):
                text = _SLOT.sub(fill, phrase)
                text = choose.choice(_OPENINGS).format(name_official(choose)[1:]) + text
                text += choose.choice(_CLOSINGS)
                if choose.random() < 0.4:
                    text = text[0].upper() + text[1:]
                yield Example(
                    text=text, source="phrasebook", label=label, reply=reply == "yes",
                    urgency=int(urgency), hostility=int(hostility), lang="en",
                    weight=PHRASE_WEIGHT,
                    # A block of these labels without a head was not read for heads.
                    safety=None if label in ("removable", "emergency") and head is None else safety,
                )  # fmt: skip


# How many accounts a post names, most often one.
_HOW_MANY = (1, 1, 1, 1, 1, 2, 2, 3, 5)


def add_mentions(examples: Sequence[Example], *, seed: int) -> Iterator[Example]:
    """Copies of our training posts as they look on platforms where one must name the account.

    A post for the desk names an account like ours, chatter names private ones: that is what the
    difference means, and few of our posts show it.
    """
    choose = random.Random(f"{seed} mentions")  # noqa: S311 - not for secrets
    for example in examples:
        if example.split != "train" or "@" in example.text:
            continue
        ours = [name_official(choose) for _ in range(choose.choice(_HOW_MANY))]
        private = name_private(choose)
        if example.label == "other":
            names = [private] if choose.random() < 0.6 else [private, *ours]
        else:
            names = ours if choose.random() < 0.8 else [*ours, private]
        yield replace(
            example,
            text=_put_names(example.text, names, choose),
            weight=example.weight * MENTION_WEIGHT,
        )


def _put_names(text: str, names: Sequence[str], choose: random.Random) -> str:
    """Before the text, as in an answer; with several now and then behind it."""
    if len(names) > 1 and choose.random() < 0.3:
        return f"{text} {' '.join(names)}"
    return f"{' '.join(names)} {text}"


def _civic(row: Row) -> Example:
    return Example(
        text=row["text"], source="bengaluru_civic", label="service", reply=True, urgency=1,
        crisis=False, safety=frozenset(), weight=0.15,
    )  # fmt: skip


def _banking(row: Row) -> Example:
    first = row["text"].split(" ", 1)[0].lower()
    asks = "?" in row["text"] or first in {
        "how", "what", "when", "where", "why", "who", "which", "can", "do", "is", "are", "will",
    }  # fmt: skip
    return Example(
        text=row["text"], source="banking77", label="question" if asks else "service",
        reply=True, urgency=1, hostility=0, crisis=False, safety=frozenset(), lang="en",
        weight=0.1,
    )  # fmt: skip


def _assistant(row: Row) -> Example:
    return Example(
        text=row["text"], source="clinc150", hostility=0, crisis=False, safety=frozenset(),
        lang="en", weight=0.3,
    )  # fmt: skip


def _guess_language(text: str) -> str | None:
    words = fold_words(text)
    guess = guess_by_words(words)
    if guess == "und":
        return None
    return guess if guess in ("en", "es") else "und"


def _crisis_t6(row: Row) -> Example:
    on_topic = row["label"] == "on-topic"
    return Example(
        text=row["text"], source="crisislex_t6", label="other", reply=False, urgency=0,
        crisis=on_topic, safety=None if on_topic else frozenset(), event=row["event"],
        weight=0.1 if on_topic else 0.15, lang=_guess_language(row["text"]),
    )  # fmt: skip


def _crisis_t26(row: Row) -> Example | None:
    related = row["informativeness"]
    if related == "Not applicable":
        return None
    return Example(
        text=row["text"], source="crisislex_t26", crisis=related != "Not related",
        label="other" if row["information_type"] == "Sympathy and support" else None,
        reply=False if row["information_type"] == "Sympathy and support" else None,
        urgency=0 if row["information_type"] == "Sympathy and support" else None,
        event=row["event"], weight=0.1, lang=_guess_language(row["text"]),
        info_type=_info_type(row),
    )  # fmt: skip


def _disaster_message(row: Row) -> Example | None:
    if row["split"] != "train" or row["related"] == 2:
        return None
    danger = (
        row["genre"] != "news"
        and row["request"] == 1
        and 1 in (row["search_and_rescue"], row["medical_help"], row["missing_people"])
    )
    return Example(
        text=row["text"], source="disaster_response", crisis=row["related"] == 1,
        label="emergency" if danger else None, reply=True if danger else None,
        urgency=3 if danger else None, lang="en", weight=0.15, info_type=_info_of_message(row),
    )  # fmt: skip


def _disaster_original(row: Row) -> Example | None:
    original = row.get("original")
    if not original or original == row["text"] or guess_by_words(fold_words(original)) == "en":
        return None
    guess = guess_by_words(fold_words(original))
    return Example(text=original, source="disaster_response", lang="es" if guess == "es" else "und")


def _sms(row: Row) -> Example:
    spam = row["label"] == "Spam"
    return Example(
        text=row["text"], source="sms_spam", label="removable" if spam else "other",
        reply=False, urgency=0, crisis=False, lang="en", weight=0.2 if spam else 0.05,
        safety=frozenset({"spam"}) if spam else frozenset(),
    )  # fmt: skip


def _davidson(row: Row) -> Example | None:
    if (
        row["count"] < 3
        or max(row["hate_speech"], row["offensive_language"], row["neither"]) * 3 < 2 * row["count"]
    ):
        return None
    return Example(
        text=row["text"], source="davidson", hostility={0: 3, 1: 2, 2: 0}[row["class"]],
        reply=False, urgency=0, weight=0.1, lang="en",
        label={0: "abuse", 1: None, 2: None}[row["class"]], offensive=row["class"] < 2,
    )  # fmt: skip


# Set, how many rows at most (so that none drowns the others), and how to read a row.
SOURCES: list[tuple[str, int, Callable[[Row], Example | None]]] = [
    ("bengaluru_civic", 1500, _civic),
    ("banking77", 1500, _banking),
    ("clinc150", 3000, _assistant),
    ("crisislex_t6", 40000, _crisis_t6),
    ("crisislex_t26", 20000, _crisis_t26),
    ("disaster_response", 20000, _disaster_message),
    ("disaster_response", 2000, _disaster_original),
    ("sms_spam", 5000, _sms),
    ("davidson", 12000, _davidson),
]


def read_examples(
    data: Path, corpus: Path, *, seed: int, limit: int | None = None
) -> list[Example]:
    """All examples in an order that depends on the seed and the files alone."""
    own = read_corpus(corpus)
    return [
        *own,
        *read_labelled(data, corpus),
        *add_mentions(own, seed=seed),
        *write_phrases(seed=seed),
        *_read_shared(data, corpus, seed=seed, limit=limit),
    ]


def _read_shared(data: Path, corpus: Path, *, seed: int, limit: int | None) -> Iterator[Example]:
    read_by_us = list_labelled(corpus)
    for name, most, read in SOURCES:
        known = read_by_us.get(name, set())
        rows = [row for row in read_rows(data, name) if str(row["id"]) not in known]
        random.Random(f"{seed} {name}").shuffle(rows)  # noqa: S311 - not for secrets
        for number, row in enumerate(rows[: min(most, limit or most)]):
            example = read(row)
            if example is None:
                continue
            if number >= DESK_ROWS:
                example = replace(example, label=None, reply=None, urgency=None)
            yield replace(example, weight=example.weight * SHARED_WEIGHT)
