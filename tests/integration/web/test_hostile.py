"""What strangers write never acts on a page."""

from __future__ import annotations

import pytest

from levelhead.web.posttext import fold_at, shift_spans, show_plain, show_text
from tests.integration.web.pages import Elements, PagesTestCase

SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</textarea><svg onload=alert(1)>",
    "{{ settings.SECRET_KEY }}{% load i18n %}",
    "javascript:alert(1) data:text/html,<script>alert(1)</script>",
    '" autofocus onfocus="alert(1)',
    "https://example.org/\"onmouseover=alert(1)//'",
    "=cmd|' /C calc'!A0",
)


@pytest.mark.parametrize("text", SCRIPTS)
def test_only_links_and_marks_come_out(text: str) -> None:
    for spans in ((), ((0, len(text)),), ((3, 8), (5, 900), (-4, 2))):
        found = Elements(show_text(text, spans)).found
        assert {tag for tag, _ in found} <= {"a", "mark", "span"}
        for _, attributes in found:
            assert set(attributes) <= {"href", "rel", "target", "class", "title"}
            assert (attributes.get("href") or "https://").startswith(("https://", "http://"))


def test_links_tell_nobody_and_end_where_the_sentence_does() -> None:
    shown = show_text("See (https://example.org/a?b=1&c=2). ftp://example.org HTTP://X")
    links = [attributes for tag, attributes in Elements(shown).found if tag == "a"]
    assert [link["href"] for link in links] == ["https://example.org/a?b=1&c=2"]
    assert links[0]["rel"] == "noopener noreferrer nofollow ugc"


def test_bidirectional_controls_are_seen_and_do_not_act() -> None:
    shown = show_text("abc\u202edcb\u2069 \u200e\u061c")
    assert not set(shown) & set("\u202e\u2069\u200e\u061c")
    assert shown.count('class="bidi"') == 4
    assert "RLO" in show_plain("x\u202e")


def test_marks_stand_on_characters_whatever_they_are() -> None:
    text = "👩‍👩‍👧 кот 12 Oak Street é́ 𝔘"
    start = text.index("12")
    assert '<mark class="sign">12 Oak Street</mark>' in show_text(text, [(start, start + 13)])
    # Every pair of offsets gives the whole text back, in order.
    for a in range(len(text)):
        shown = show_text(text, [(a, a + 3), (a + 1, len(text) + 9)])
        assert shown.replace('<mark class="sign">', "").replace("</mark>", "") == text


def test_a_mark_inside_a_link_stays_inside() -> None:
    text = "go https://bad.example/login now"
    shown = show_text(text, [(text.index("bad"), len(text))])
    assert shown.count("<a ") == shown.count("</a>") == 1
    assert '<mark class="sign">bad.example/login</mark></a>' in shown


def test_a_long_text_is_folded_and_nothing_of_it_is_lost() -> None:
    text = "word " * 20_000
    cut = fold_at(text)
    assert 300 < cut <= 700
    assert shift_spans([(cut - 2, cut + 4)], cut, len(text)) == [(0, 4)]
    assert fold_at("short") == 5
    assert fold_at("x" * 100_000) == 700


class HostilePageTest(PagesTestCase):
    def test_pages_hold_them_as_words(self) -> None:
        for text in (*SCRIPTS, "a\x00b", "\u202e" * 500, "x" * 100_000, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚" * 200):
            post = self.file_post(
                text=text,
                author_name=text[:250] or "n",
                author_handle=text[:250],
                url="javascript:alert(1)",
            )
            for page in (
                self.look("conversation", post.pk, view="all"),
                self.look("inbox", view="all"),
            ):
                for tag, attributes in Elements(page).found:
                    assert tag not in ("img", "iframe", "object"), text
                    assert not [name for name in attributes if name.startswith("on")], text
                    assert "style" not in attributes
                    assert not (attributes.get("href") or "").startswith(("javascript", "data"))
                    if tag == "script":
                        assert (attributes.get("src") or "").startswith("/static/")
                assert "\u202e" not in page

    def test_a_search_for_markup_is_shown_as_words(self) -> None:
        page = self.look("inbox", view="all", q="<script>alert(1)</script>")
        assert "<script>alert" not in page
