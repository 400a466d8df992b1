"""Posts that say nearly the same: what is found, what is not, and that it never changes."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis.streams import near_duplicates
from levelhead.analysis.streams.near_duplicates import NearDuplicates, pack, sign

SYLLABLES = [a + b for a in "bcdfghjklm" for b in "aeiou"]
WORDS = [a + b + "t" for a in SYLLABLES for b in SYLLABLES]


def write_texts(count, seed):
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randint(8, 22))) for _ in range(count)]


def mutate(text, draw):
    words = text.split()
    kind = draw.randrange(5)
    if kind == 0:
        return f"RT @somebody{draw.randrange(99)}: {text}"
    if kind == 1:
        words[draw.randrange(len(words))] = "really"
    elif kind == 2:
        words.append(f"https://example.org/{draw.randrange(10**6)}")
    elif kind == 3:
        words = words[: -max(1, len(words) // 6)]
    else:
        words = [word.upper() if draw.random() < 0.5 else word for word in words] + ["!!!"]
    return " ".join(words)


def test_signatures_are_pinned():
    # A change here changes who is alike; numba and numpy must agree for ever.
    found = sign(["the bridge on Elm Street is closed"])[0]
    assert found[:4].tolist() == [357225690, 456209575, 137535926, 206362210]


def test_compiled_and_plain_agree():
    texts = [*write_texts(50, 1), "", "@a http://x", "ñandú áé", "a" * 5000, "\x00\n\t", "\ud800"]
    src, offsets = pack(texts)
    plain = np.empty((len(texts), near_duplicates.MINIMA), np.uint32)
    near_duplicates._sign_plain(
        src, offsets, near_duplicates._FACTORS, near_duplicates._TERMS, plain
    )
    assert (plain == sign(texts)).all()
    compiled, loop = NearDuplicates(64), NearDuplicates(64)
    found = np.empty(len(texts), np.int64)
    tables = loop._stored, loop._clusters, loop._heads, loop._links
    loop.count = near_duplicates._file_loop(sign(texts), *tables, 0, found)
    assert (found == compiled.add(texts)).all()


def test_finds_changed_copies_and_little_else():
    draw = random.Random(3)
    texts = write_texts(4000, 2)
    memory = NearDuplicates(1 << 13)
    first = memory.add(texts)
    assert len(set(first.tolist())) >= 0.999 * len(texts)
    chosen = draw.sample(range(len(texts)), 1000)
    found = memory.add([mutate(texts[k], draw) for k in chosen])
    recall = np.mean([first[k] == cluster for k, cluster in zip(chosen, found, strict=True)])
    assert recall >= 0.99
    others = memory.add(write_texts(1000, 77))
    assert np.mean(others < 4000) <= 0.005


def test_forgets_what_left_the_ring():
    memory = NearDuplicates(100)
    text = "the farmers market moves to the river walk this saturday"
    (first,) = memory.add([text])
    memory.add(write_texts(100, 5))
    (again,) = memory.add([text])
    assert again != first
    assert memory.add([text])[0] == again


def test_texts_without_words_are_apart():
    found = NearDuplicates(32).add(["", "", "!!!", "@somebody", "https://example.org"])
    assert len(set(found.tolist())) == 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(max_size=80), max_size=6), max_size=6))
def test_any_text_in_any_batches(batches):
    memory, whole = NearDuplicates(16), NearDuplicates(16)
    parts = [cluster for batch in batches for cluster in memory.add(batch).tolist()]
    assert parts == whole.add([text for batch in batches for text in batch]).tolist()
    assert all(0 <= cluster <= number for number, cluster in enumerate(parts))


@pytest.mark.parametrize("count", [2_000])
def test_a_flood_of_one_text_is_one_cluster(count):
    assert set(NearDuplicates(256).add(["buy cheap watches here now"] * count).tolist()) == {0}
