"""How a text would look."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from levelhead.channels.shapes import SHAPES
from levelhead.replies.previewing import Account, Fit, Look, preview_text


def account(platform: str, *, here: bool = True) -> Account:
    return Account(
        shape=SHAPES[platform], channel="Square", name="Riverton", handle="pd", goes_here=here
    )


def look(text: str, platform: str) -> Look:
    (found,) = preview_text(text, [account(platform)], numbered=False).looks
    return found


def shown(text: str, platform: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in look(text, platform).posts[0].pieces]


def test_links_look_as_on_the_platform() -> None:
    text = "See https://www.riverton.example/records/request-a-report, ok"
    whole = "https://www.riverton.example/records/request-a-report"
    assert shown(text, "bluesky") == [("text", "See "), ("link", whole), ("text", ", ok")]
    assert shown(text, "mastodon")[1] == ("link", "riverton.example/records/reque…")
    assert shown(text, "x")[1] == ("link", "riverton.example/records/r…")
    assert shown(text, "instagram")[1] == ("dead", whole)


def test_mentions_are_told_apart_from_mail() -> None:
    text = "@dana.test, write to desk@riverton.gov or @sam@server.example."
    kinds = shown(text, "mastodon")
    assert ("mention", "@dana.test") in kinds
    assert ("mention", "@sam@server.example") in kinds
    assert not any(kind == "mention" and "riverton" in words for kind, words in kinds)


def test_what_is_folded_is_counted_and_ends_at_a_word() -> None:
    text = "word " * 300
    found = look(text.strip(), "facebook")
    assert found.fit is Fit.FOLDED
    (post,) = found.posts
    visible = "".join(piece.text for piece in post.pieces)
    assert visible.endswith("word")
    assert len(visible) + post.folded == len(text.strip())
    assert not post.cut_by_us
    lines = look("\n".join("abcdefg"), "facebook")
    assert (lines.fit, lines.posts[0].folded) == (Fit.FOLDED, 4)


def test_the_same_text_fits_here_and_not_there() -> None:
    text = "The desk opens at 8. " * 20
    fits = {platform: look(text.strip(), platform).fit for platform in SHAPES}
    assert fits == {
        "bluesky": Fit.SPLIT, "mastodon": Fit.FITS, "x": Fit.SPLIT, "threads": Fit.FITS,
        "facebook": Fit.FITS, "instagram": Fit.FOLDED, "nextdoor": Fit.FITS,
    }  # fmt: skip
    assert look("x" * 301, "bluesky").fit is Fit.TOO_LONG
    assert look("word " * 1_000, "x").fit is Fit.TOO_MANY
    too_long = look("word " * 500, "instagram")
    assert (too_long.fit, too_long.posts[0].over) == (Fit.TOO_LONG, 300)


def test_too_long_for_a_post_shows_what_would_fit() -> None:
    (post,) = look("x" * 310, "bluesky").posts
    assert "".join(piece.text for piece in post.pieces) == "x" * 300
    assert (post.over, post.folded) == (10, 10)
    (post,) = look("👨‍👩‍👧‍👦" * 121, "bluesky").posts
    assert (post.over, post.bytes_over) == (0, 25)


def test_posts_are_those_of_the_place_it_goes_to() -> None:
    text = "The desk opens at 8. " * 20
    accounts = [account("mastodon"), account("x", here=False)]
    assert preview_text(text.strip(), accounts, numbered=False).posts == 1
    accounts = [account("mastodon", here=False), account("x")]
    assert preview_text(text.strip(), accounts, numbered=False).posts == 2
    assert preview_text("x" * 9_999, [account("x")], numbered=False).posts == 1


def test_links_that_hide_or_are_open() -> None:
    def notes(text: str) -> list[tuple[str, str]]:
        found = preview_text(text, [], numbered=False).notes
        return [(note.kind, note.words) for note in found]

    assert notes("https://bit.ly/x http://bit.ly/y HTTPS://WWW.TinyURL.com/z") == [
        ("shortener", "bit.ly"), ("not_https", "http://bit.ly/y"), ("shortener", "tinyurl.com"),
    ]  # fmt: skip
    assert notes("https://riverton.gov riverton.gov/a https://notbit.ly.example/") == []
    assert notes("http://[bad http://\u202e.gov:99999/ https://[::1") != []
    assert len(notes("http://a.gov/ " * 3 + " ".join(f"http://a{n}.gov" for n in range(99)))) <= 6


@given(st.text(max_size=3_000))
def test_any_text_has_a_look_everywhere(text: str) -> None:
    accounts = [account(platform) for platform in SHAPES]
    for found in preview_text(text, accounts, numbered=True).looks:
        for post in found.posts:
            visible = "".join(piece.text for piece in post.pieces if piece.kind != "link")
            assert len(visible) <= 1_510
            assert post.folded >= 0
