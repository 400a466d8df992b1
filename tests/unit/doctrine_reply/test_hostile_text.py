"""Any text: no crash, spans inside, time that grows with the text and no faster."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.doctrine.reply.check import RULES, check_reply
from levelhead.doctrine.reply.checking import MAX_PLACES
from levelhead.doctrine.reply.rulebook import load_rulebook

WORDS = sorted(
    {
        word
        for rule in load_rulebook().rules.values()
        for example in (*rule.fires, *rule.silent)
        for word in example.draft.split()
    }
)
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=8),
    st.sampled_from(
        ["\u202e", "\x00", "👨‍👩‍👧‍👦", "İ", "ǅ", "ﬁ", '"', "'", ".", "\n", "{found}", "%s"]
    ),
)
TEXTS = st.lists(PIECES, max_size=40).map(" ".join)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "incident": st.booleans(),
        "facts": st.lists(TEXTS, max_size=3),
        "recent_replies": st.lists(TEXTS, max_size=3),
        "thread_replies": st.integers(-5, 10**20),
        "lang": st.sampled_from(["en", "es", "fr", "xx-YY", ""]),
        "now": st.sampled_from(["2026-11-25T14:30:00+00:00", "9999-12-31T23:59:59", "no"]),
    },
)
PLATFORMS = st.sampled_from(["x", "bluesky", "Mastodon", "", "nowhere", "\x00"])


@settings(max_examples=250, deadline=None)
@given(post=TEXTS, draft=TEXTS, platform=PLATFORMS, context=CONTEXTS)
def test_any_draft_gets_findings_with_spans_inside(post, draft, platform, context):
    for found in check_reply(post, draft, platform=platform, context=context):
        start, end = found.span
        assert 0 <= start <= end <= len(draft)
        assert found.why
        assert found.suggestion
        assert "{why" not in found.why


@settings(max_examples=100, deadline=None)
@given(post=st.text(max_size=500), draft=st.text(max_size=500))
def test_any_characters_at_all(post, draft):
    for found in check_reply(post, draft, platform="x"):
        assert 0 <= found.span[0] <= found.span[1] <= len(draft)


@settings(max_examples=60, deadline=None)
@given(post=TEXTS, draft=TEXTS)
def test_findings_come_in_the_order_of_the_rules_and_are_bounded(post, draft):
    found = check_reply(post, draft)
    order = list(RULES)
    places = [order.index(one.rule) for one in found]
    assert places == sorted(places)
    assert all(places.count(place) <= 8 * MAX_PLACES for place in set(places))


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "we will ",
        "you ",
        "the victim ",
        "1 ",
        "12-",
        '"',
        "'a ",
        ". ",
        "maybe evacuate ",
        "http://a.",
        "a@",
        "the the ",
        "555-",
        "😀",
        "el ",
        "crime is ",
        "Sgt. ",
        "- A",
        "the child a b c ",
        "1 de ",
        "\n",
        "水",
    ],
)
def test_time_grows_with_the_text_and_no_faster(piece):
    def seconds(size):
        text = (piece * (size // len(piece) + 1))[:size]
        begun = time.process_time()
        check_reply(text, text, platform="x", context={"incident": True, "facts": [text]})
        return time.process_time() - begun

    seconds(1_000)
    small, large = seconds(12_500), seconds(100_000)
    # Eight times the text; a square would be sixty-four times the time.
    assert large < 24 * small + 0.3, (small, large)


def test_more_than_the_limit_is_not_read():
    begun = time.process_time()
    found = check_reply("", "ok " * 500_000 + "calm down", platform="")
    assert time.process_time() - begun < 10
    assert "defensive" not in {one.rule.value for one in found}


@pytest.mark.parametrize("draft", ["", " ", "\n\n", "🙂", "...", "\u200b"])
def test_a_draft_without_words_has_no_findings(draft):
    assert check_reply("Why?", draft, platform="x") == []
