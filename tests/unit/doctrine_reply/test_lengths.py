"""How platforms count, and how threads are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelhead.doctrine.reply.check import check_reply
from levelhead.doctrine.reply.lengths import measure, split_thread


@pytest.mark.parametrize(
    ("text", "platform", "length"),
    [
        ("a" * 10, "x", 10),
        ("水" * 10, "x", 20),
        ("👨‍👩‍👧‍👦", "x", 2),
        ("see https://riverton.gov/" + "a" * 200, "x", 4 + 23),
        ("see https://riverton.gov/" + "a" * 200, "mastodon", 4 + 23),
        ("@sam@a.long.server.example hi", "mastodon", 7),
        ("👨‍👩‍👧‍👦👍🏽🇺🇸é", "bluesky", 4),
        ("a" * 10, "threads", 10),
    ],
)
def test_platforms_count_in_their_own_way(text, platform, length):
    assert measure(text, platform) == length


@given(
    st.lists(st.text(alphabet="abcé水. !", min_size=1, max_size=40), max_size=60).map(" ".join),
    st.sampled_from([("x", 280), ("bluesky", 300), ("mastodon", 500)]),
)
def test_every_part_of_a_thread_fits_and_nothing_is_lost(text, rule):
    platform, limit = rule
    parts = split_thread(text, platform, limit)
    assert all(measure(part, platform) <= limit for part in parts)
    if len(parts) > 1:
        bare = [part.rsplit(" (", 1)[0] for part in parts]
        assert parts[0].endswith(f"(1/{len(parts)})")
        assert "".join("".join(bare).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("platform", "limit"),
    [("x", 280), ("bluesky", 300), ("mastodon", 500), ("threads", 500), ("instagram", 2200)],
)
def test_the_limit_itself_still_fits(platform, limit):
    def rules(text):
        return {one.rule.value for one in check_reply("", text, platform=platform)}

    assert "too_long" not in rules(("word " * limit)[: limit - 1] + "x")
    assert "too_long" in rules(("word " * limit)[:limit] + "x")


def test_facebook_has_its_own_limit_and_unknown_platforms_none():
    text = "word " * 12_700
    assert "too_long" in {one.rule.value for one in check_reply("", text, platform="Facebook")}
    assert "too_long" not in {one.rule.value for one in check_reply("", text, platform="letter")}


def test_the_span_is_what_does_not_fit_and_the_parts_are_counted():
    draft = "We have news for you. " * 20
    [found] = [one for one in check_reply("", draft, platform="x") if one.rule == "too_long"]
    assert 200 < found.span[0] <= 280
    assert "(1/2)" in found.suggestion
