"""The pure words of drafts and presence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from levelhead.drafts.domain import leaves_words_behind, mark_differences
from levelhead.presence.domain import is_here, is_window, still_writes

NOW = datetime(2026, 3, 16, 14, 20, tzinfo=UTC)


def test_writing_on_leaves_nothing_behind_and_taking_out_does() -> None:
    assert not leaves_words_behind("At 8", "At 8 in the morning")
    assert not leaves_words_behind("", "At 8")
    assert not leaves_words_behind("  ", "")
    assert leaves_words_behind("At 8 in the morning", "At 9")
    assert leaves_words_behind("At 8", "")


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_left_behind_is_what_cannot_be_found_again(before: str, after: str) -> None:
    assert leaves_words_behind(before, after) or before.strip() in after


@given(st.text(max_size=80), st.text(max_size=80))
def test_marked_texts_are_the_texts(left: str, right: str) -> None:
    first, second = mark_differences(left, right)
    assert "".join(piece for _differs, piece in first) == left
    assert "".join(piece for _differs, piece in second) == right


def test_only_what_differs_is_marked() -> None:
    first, second = mark_differences("At eight, thank you", "At nine, thank you")
    assert first == [(False, "At "), (True, "eight, "), (False, "thank you")]
    assert second == [(False, "At "), (True, "nine, "), (False, "thank you")]


def test_very_long_texts_are_shown_without_marks() -> None:
    long = "word " * 1_001
    assert mark_differences(long, "word") == ([(False, long)], [(False, "word")])


def test_a_window_counts_for_three_beats_and_a_pen_for_two_minutes() -> None:
    assert is_here(NOW - timedelta(seconds=45), NOW)
    assert not is_here(NOW - timedelta(seconds=46), NOW)
    assert is_here(NOW + timedelta(hours=1), NOW)
    assert still_writes(NOW - timedelta(seconds=119), NOW)
    assert not still_writes(NOW - timedelta(seconds=120), NOW)


def test_a_window_has_a_short_plain_name() -> None:
    assert is_window("a1-_B")
    for name in ("", "a" * 41, "a b", "a\0", "ä", "a\n"):
        assert not is_window(name), name
