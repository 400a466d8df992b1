"""The labelled corpus keeps to corpus/FORMAT.md and holds nothing that belongs to a real person."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from levelhead.analysis.domain import Label, SafetyHead

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
FILES = sorted(CORPUS.glob("*.jsonl"))
SPLITS = {"train", "dev", "test"}
REQUIRED = {
    "id",
    "text",
    "label",
    "reply",
    "urgency",
    "hostility",
    "safety",
    "crisis",
    "lang",
    "split",
}
OPTIONAL = {"parent_text", "stance", "sentiment", "claim"}
NEVER_ANSWERED = {Label.ABUSE, Label.REMOVABLE, Label.OTHER}
UNHURRIED = {Label.PRAISE, Label.DISSENT, Label.ABUSE, Label.OTHER}

PHONE = re.compile(r"(?<![\d-])(?:\+?1[-. ])?(?:\(?\d{3}\)?[-. ]?)?\d{3}[-. ]\d{4}(?![\d-])")
FICTIONAL_PHONE = re.compile(r"555[-. ]01\d\d$")
LONG_NUMBER = re.compile(r"(?<!\d)\d{10,}(?!\d)")
HOST = re.compile(
    r"https?://([^\s/:)\]\"'»]+)"
    r"|(?<![\w@])((?:[a-z0-9-]+\.)+(?:com|org|net|gov|edu|io|me|co|us|info|biz|ly|ru|xyz|example))"
    r"(?![\w-]|\.\w)",
    re.IGNORECASE,
)
MAIL_HOST = re.compile(r"[\w.+-]+@((?:[\w-]+\.)+\w+)")
EXAMPLE_HOST = re.compile(
    r"(?:[\w-]+\.)*(?:example\.(?:com|org|net)|[\w-]+\.example)", re.IGNORECASE
)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of one file; a line that is not one JSON object fails the test that asked."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def find_real_phones(text: str) -> list[str]:
    """Numbers that look like telephones and are outside 555-0100 to 555-0199."""
    phones = [m.group() for m in PHONE.finditer(text) if not FICTIONAL_PHONE.search(m.group())]
    return phones + LONG_NUMBER.findall(text)


def find_real_hosts(text: str) -> list[str]:
    """Hosts of links, bare domains and mail addresses that could exist."""
    hosts = [(a or b).rstrip(".,!?") for a, b in HOST.findall(text)] + MAIL_HOST.findall(text)
    return [host for host in hosts if not EXAMPLE_HOST.fullmatch(host)]


def squeeze(text: str) -> str:
    """Letters and digits only, so that case, blanks and punctuation do not hide a repeat."""
    return re.sub(r"[\W_]+", "", text.casefold())


ALL = [(path.name, row) for path in FILES for row in read_rows(path)]


@pytest.mark.parametrize(
    ("text", "phones", "hosts"),
    [
        ("call 555-0142 or (212) 555-0199, docket 24-20417", [], []),
        ("call 212-867-5309 now", ["212-867-5309"], []),
        ("call 555-0242", ["555-0242"], []),
        ("whatsapp 447700900123", ["447700900123"], []),
        ("see https://a.example/x, www.example.org and t.me.example/y; a@example.com", [], []),
        ("dial 911, 988 or 311; example.net/x", [], []),
        ("see http://bit.ly/x or www.cityhall.com", [], ["bit.ly", "www.cityhall.com"]),
        ("http://example.com.evil.net/x", [], ["example.com.evil.net"]),
        ("mail joe@gmail.com", [], ["gmail.com"]),
    ],
)
def test_checks_tell_real_numbers_and_hosts_from_invented_ones(
    text: str, phones: list[str], hosts: list[str]
) -> None:
    assert find_real_phones(text) == phones
    assert find_real_hosts(text) == hosts


def test_every_label_has_an_english_file() -> None:
    names = {path.name for path in FILES}
    assert {f"en-{label}.jsonl" for label in Label} <= names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_rows_keep_to_the_format(path: Path) -> None:
    for row in read_rows(path):
        where = f"{path.name}: {row.get('id')}"
        assert row.keys() >= REQUIRED, where
        assert row.keys() <= REQUIRED | OPTIONAL, where
        assert re.fullmatch(rf"{re.escape(path.stem)}-\d{{4}}", row["id"]), where
        for key in ("text", "parent_text"):
            value = row.get(key, "x")
            assert isinstance(value, str), where
            assert value == value.strip() != "", where
        assert row["label"] in set(Label), where
        for key in ("reply", "crisis"):
            assert isinstance(row[key], bool), where
        for key in ("urgency", "hostility"):
            assert type(row[key]) is int, where
            assert 0 <= row[key] <= 3, where
        assert set(row["safety"]) <= set(SafetyHead), where
        assert len(set(row["safety"])) == len(row["safety"]), where
        assert row["lang"] in {"en", "es"}, where
        assert row["split"] in SPLITS, where


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_labels_and_other_heads_agree(path: Path) -> None:
    for row in read_rows(path):
        where = f"{path.name}: {row['id']}"
        if row["label"] in NEVER_ANSWERED:
            assert row["reply"] is False, where
        elif row["label"] != Label.DISSENT:
            assert row["reply"] is True, where
        if row["label"] == Label.EMERGENCY:
            assert row["urgency"] >= 2, where
        if row["label"] in UNHURRIED:
            assert row["urgency"] == 0, where
        if row["label"] == Label.REMOVABLE:
            assert row["safety"], f"{where} names no ground for removal"
        # Someone at risk is helped, never removed; all other heads are grounds for removal.
        if "self_harm" in row["safety"]:
            assert row["label"] == Label.EMERGENCY, where
        if set(row["safety"]) - {"self_harm"}:
            assert row["label"] == Label.REMOVABLE, where
        if "threat" in row["safety"]:
            assert row["hostility"] == 3, where
            assert row["urgency"] >= 2, where


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_has_all_three_splits_with_train_the_largest(path: Path) -> None:
    splits = Counter(row["split"] for row in read_rows(path))
    if path.name.startswith("held-"):
        assert set(splits) == {"test"}
        return
    assert set(splits) == SPLITS
    assert splits["train"] > 2 * (splits["dev"] + splits["test"])


def test_every_label_and_safety_head_has_all_three_splits() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for _, row in ALL:
        for key in (row["label"], *row["safety"]):
            found[key].add(row["split"])
    expected = {str(key) for key in (*Label, *SafetyHead)}
    assert found == dict.fromkeys(expected, SPLITS)


def test_readme_states_the_counts() -> None:
    readme = (CORPUS / "README.md").read_text(encoding="utf-8")
    stated = {
        name: tuple(map(int, counts.split(" | ")))
        for name, counts in re.findall(
            r"^\| `([\w-]+)` \| (\d+ \| \d+ \| \d+ \| \d+) \|$", readme, re.M
        )
    }
    counted: dict[str, tuple[int, ...]] = {}
    for path in FILES:
        splits = Counter(row["split"] for row in read_rows(path))
        counted[path.stem] = (splits.total(), splits["train"], splits["dev"], splits["test"])
    assert stated == counted
    assert f"{len(ALL):,} posts" in readme


def test_ids_and_texts_are_unique_across_files() -> None:
    ids = Counter(row["id"] for _, row in ALL)
    assert [key for key, count in ids.items() if count > 1] == []
    # The same few words under two different posts are two situations.
    texts = Counter((row["text"].casefold(), row.get("parent_text", "")) for _, row in ALL)
    assert [key for key, count in texts.items() if count > 1] == []


def test_like_texts_and_threads_stay_in_one_split() -> None:
    splits: dict[str, set[str]] = defaultdict(set)
    for _, row in ALL:
        text = squeeze(row["text"])
        if len(text) >= 20:
            splits["text " + text].add(row["split"])
        if "parent_text" in row:
            splits["parent " + squeeze(row["parent_text"])].add(row["split"])
    assert [key for key, found in splits.items() if len(found) > 1] == []


def test_no_real_phone_number_or_host() -> None:
    found = [
        (row["id"], hit)
        for _, row in ALL
        for text in (row["text"], row.get("parent_text", ""))
        for hit in find_real_phones(text) + find_real_hosts(text)
    ]
    assert found == []


CONVERSATIONS = [
    (path.name, row)
    for path in sorted(CORPUS.glob("conversations/*.jsonl"))
    for row in read_rows(path)
]


def test_conversations_come_in_pairs_that_differ_in_how_they_end() -> None:
    pairs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, row in CONVERSATIONS:
        assert row.keys() == {"id", "pair", "lang", "derails", "turns", "split"}
        assert 2 <= len(row["turns"]) <= 7, row["id"]
        for turn in row["turns"]:
            assert turn.keys() == {"author", "text"}, row["id"]
            assert turn["text"].strip() == turn["text"] != "", row["id"]
            assert find_real_phones(turn["text"]) + find_real_hosts(turn["text"]) == [], row["id"]
        pairs[row["pair"]].append(row)
    assert len(pairs) >= 300
    for pair, rows in pairs.items():
        assert sorted(row["derails"] for row in rows) == [False, True], pair
        assert len({row["split"] for row in rows}) == 1, pair


def test_labels_for_posts_of_others_hold_no_text() -> None:
    posts = set()
    for path in sorted(CORPUS.glob("shared-labels/*.jsonl")):
        for row in read_rows(path):
            where = f"{path.name}: {row['id']}"
            assert row.keys() - {"share"} == {
                "id", "label", "reply", "urgency", "hostility", "flags", "reader",
            }, where  # fmt: skip
            assert row["label"] in set(Label), where
            assert set(row["flags"]) <= set("oxtspmlc+n"), where
            assert 0 <= row["urgency"] <= 3, where
            assert 0 <= row["hostility"] <= 3, where
            posts.add((path.name, row["id"]))
    assert len(posts) >= 3000
