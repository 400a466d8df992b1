"""The hashed features: golden values, and the compiled pass against the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis import features, scoring
from levelhead.analysis.hashing import hash_word

WEIGHTS = np.random.default_rng(7).integers(-127, 128, (1 << 12, 32)).astype(np.int8)
TRIGGERS = scoring.build_triggers({"kill": 1, "shop_now": 2, "911": 4, "casa": 1 << 40})

# Models stand on these numbers: a change here means that every model must be trained again.
GOLDEN_WORDS = {"": 2166136261, "a": 3826002220, "police": 3804305915, "911": 3805092650}
# fmt: off
GOLDEN_FEATURES = (
    [174998, 119030, 248663, 187641, 80754, 114526, 204425, 111625, 106199, 176624, 26467, 166784,
     104632, 15759, 236396, 183689, 60945, 32370, 217707, 172176, 106448, 233168, 41837, 243472,
     39513, 50327, 74674, 176543, 186427, 152603, 164919, 61389, 134850, 191779, 27729, 261942,
     224118, 232169, 149737],
    [3, 3, 1, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3,
     3, 3, 3, 3, 3, 3, 3, 3],
)
# fmt: on


def plain_features(text: str, parent: str | None = None) -> tuple[list[int], list[int], int, int]:
    rows, counts, _, flags, fired = scoring.collect_plain(
        scoring.encode(text), scoring.encode_parent(parent), (1 << 18) - 1, TRIGGERS
    )
    return rows, counts, flags, fired


@pytest.mark.parametrize(("word", "expected"), GOLDEN_WORDS.items())
def test_hash_of_a_word_is_pinned(word: str, expected: int) -> None:
    assert hash_word(word.encode()) == expected


def test_features_of_a_post_are_pinned() -> None:
    rows, counts, _, _ = plain_features("No Parking?", "see the map")
    assert (rows, counts) == GOLDEN_FEATURES


def test_compiled_features_are_the_plain_ones() -> None:
    text, parent = "Señor, help @bob https://x.example 🚓 call 911", "the parent’s text"
    ends, rows, counts = scoring.gather_features(
        [scoring.encode(text)], [scoring.encode_parent(parent)], 1 << 18
    )
    plain_rows, plain_counts, _, _ = plain_features(text, parent)
    assert rows.tolist() == plain_rows
    assert counts.tolist() == plain_counts
    assert ends.tolist() == [0, len(plain_rows)]


@given(
    st.lists(
        st.tuples(st.text(max_size=120), st.one_of(st.none(), st.text(max_size=40))),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=150, deadline=None)
def test_compiled_pass_equals_the_plain_one(posts: list[tuple[str, str | None]]) -> None:
    assert scoring.is_compiled()
    texts = [scoring.encode(text) for text, _ in posts]
    parents = [scoring.encode_parent(parent) for _, parent in posts]
    fast = scoring.score_compiled(texts, parents, WEIGHTS, TRIGGERS)
    plain = scoring.score_plain(texts, parents, WEIGHTS, TRIGGERS)
    assert (fast.totals == plain.totals).all()
    assert (fast.squares == plain.squares).all()
    assert (fast.flags == plain.flags).all()
    assert (fast.triggers == plain.triggers).all()


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_torn_utf8_is_scored_alike(data: bytes) -> None:
    fast = scoring.score_compiled([data], [data], WEIGHTS, TRIGGERS)
    plain = scoring.score_plain([data], [data], WEIGHTS, TRIGGERS)
    assert (fast.totals == plain.totals).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t PANIC!!!", ["dont", "panic", "!!"]),
        ("sooooo late", ["soo", "late"]),
        ("¿Qué pasó, Señor?", ["\ufffd", "que", "paso", ",", "senor", "?"]),
        ("call 911 or 311 at 10", ["call", "911", "or", "000", "at", "00"]),
        ("hi @Riverton_PD see https://a.example/b?c", ["hi", "\x01", "see", "\x02"]),
        ("mail me@riverton.example", ["mail", "me", "\x03"]),
        ("Ｆｒｅｅ", ["free"]),
        ("zero\u200bwidth", ["zerowidth"]),
        ("a\x00b", ["a", "b"]),
        ("", []),
    ],
)
def test_folding(text: str, words: list[str]) -> None:
    assert [word for word in scoring.fold_words(text) if word] == words


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("@bob hello", features.STARTS_WITH_MENTION),
        ("why?", features.SEEN_QUESTION),
        ("mañana", features.SEEN_ENYE),
        ("see www.a.example", features.SEEN_LINK),
        ("go to bit.ly/x", features.SEEN_DOTTED),
        ("THIS IS A SCANDAL", features.SHOUTS),
        ("\U0001f693", features.SEEN_EMOJI),
    ],
)
def test_marks_seen(text: str, flag: int) -> None:
    assert plain_features(text)[2] & flag
    assert not plain_features("plain words here")[2] & flag


def test_trigger_words_and_pairs() -> None:
    assert plain_features("They KILL it")[3] == 1
    assert plain_features("Shop now!")[3] == 2
    assert plain_features("shop right now")[3] == 0
    assert plain_features("mi casa, call 911")[3] == (1 << 40) | 4


def test_the_parent_fires_no_trigger() -> None:
    assert plain_features("fine", "kill kill")[3] == 0


def test_work_is_bounded_for_any_length() -> None:
    """However long a text is, the features are at most those of the part looked at."""
    for unit in ("a", "a ", "!a", "é", "🚓", "漢", "@a ", "1 ", "ab'"):
        text = unit * (200_000 // len(unit))
        data = scoring.encode(text)
        assert len(data) <= features.MAX_BYTES
        rows, _, _, _ = plain_features(text, text)
        assert len(rows) <= features.FEATURE_SIZE
        assert len(rows) <= 8 * features.MAX_BYTES


def test_both_ends_of_a_long_text_are_read() -> None:
    filler = "x " * 60_000
    assert plain_features("kill " + filler)[3] == 1
    assert plain_features(filler + "shop now")[3] == 2


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\x00", "\u202eabc", "\ufeff"])
def test_odd_unicode_is_encoded(text: str) -> None:
    assert isinstance(scoring.encode(text), bytes)
    assert isinstance(scoring.encode_parent(text), bytes)
