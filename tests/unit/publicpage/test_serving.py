"""Files are given out as a good web server does it, and nothing but public files."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from levelhead.publicpage import serving
from levelhead.publicpage.folder import write_files
from levelhead.publicpage.serving import PublicFiles

PAGE = b"<!doctype html><p>The first word.</p>" * 20


class Browser:
    """Asks the application and keeps what it says."""

    def __init__(self, root: Path) -> None:
        self.behind = 0
        self.files = PublicFiles(self._behind, root)
        self.status = ""
        self.headers: dict[str, str] = {}

    def _behind(self, _environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.behind += 1
        start_response("404 Not Found", [])
        return []

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)

    def ask(self, path: str, method: str = "GET", **headers: str) -> bytes:
        """The body."""
        given = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, **given}
        return b"".join(self.files(environ, self._start))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    write_files(
        folder / "riverton" / "1-shots",
        {"index.html": PAGE, "embed.html": PAGE, "feed.atom": b"<feed/>"},
    )
    write_files(folder / "riverton", {"index.html": b"front"})
    (tmp_path / "secret.key").write_text("secret")
    return folder


@pytest.fixture
def browser(root: Path) -> Browser:
    return Browser(root)


def test_a_page_with_what_caches_need(browser: Browser) -> None:
    assert browser.ask("/public/riverton/1-shots/") == PAGE
    assert browser.status == "200 OK"
    assert browser.headers["Content-Length"] == str(len(PAGE))
    assert browser.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=2")
    assert browser.headers["Content-Type"] == "text/html; charset=utf-8"
    assert browser.headers["Vary"] == "Accept-Encoding"
    assert browser.headers["Last-Modified"].endswith("GMT")
    assert browser.ask("/public/riverton/") == b"front"
    assert browser.behind == 0


def test_only_the_embed_may_be_framed(browser: Browser) -> None:
    browser.ask("/public/riverton/1-shots/")
    assert "frame-ancestors 'none'" in browser.headers["Content-Security-Policy"]
    browser.ask("/public/riverton/1-shots/embed.html")
    assert "frame-ancestors *" in browser.headers["Content-Security-Policy"]
    assert "form-action 'none'" in browser.headers["Content-Security-Policy"]


def test_programs_elsewhere_may_read_feeds(browser: Browser) -> None:
    browser.ask("/public/riverton/1-shots/feed.atom")
    assert browser.headers["Access-Control-Allow-Origin"] == "*"
    browser.ask("/public/riverton/1-shots/")
    assert "Access-Control-Allow-Origin" not in browser.headers


def test_squeezed_where_it_is_taken(browser: Browser) -> None:
    for accepted in ("gzip", "br, gzip;q=0.5", "deflate,gzip"):
        body = browser.ask("/public/riverton/1-shots/", accept_encoding=accepted)
        assert browser.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(body) == PAGE
        tag = browser.headers["ETag"]
    for accepted in ("", "br", "gzip;q=0", "x-gzip2", "gzip; q=0.0"):
        assert browser.ask("/public/riverton/1-shots/", accept_encoding=accepted) == PAGE
        assert browser.headers["ETag"] != tag


def test_who_has_it_gets_nothing_again(browser: Browser) -> None:
    browser.ask("/public/riverton/1-shots/")
    tag, date = browser.headers["ETag"], browser.headers["Last-Modified"]
    for headers in (
        {"if_none_match": tag}, {"if_none_match": f'W/{tag}, "x"'}, {"if_none_match": "*"},
        {"if_modified_since": date},
    ):  # fmt: skip
        assert browser.ask("/public/riverton/1-shots/", **headers) == b""
        assert browser.status == "304 Not Modified"
        assert browser.headers["ETag"] == tag
    assert browser.ask(
        "/public/riverton/1-shots/", if_none_match='"x"', if_modified_since=date
    ) == PAGE  # fmt: skip


def test_head_says_the_same_without_the_body(browser: Browser) -> None:
    browser.ask("/public/riverton/1-shots/")
    said = browser.headers
    assert browser.ask("/public/riverton/1-shots/", "HEAD") == b""
    assert (browser.status, browser.headers) == ("200 OK", said)


def test_the_newest_word_at_once(browser: Browser, root: Path) -> None:
    browser.ask("/public/riverton/1-shots/")
    tag = browser.headers["ETag"]
    write_files(root / "riverton" / "1-shots", {"index.html": b"the second word"})
    time.sleep(serving.LOOK_SECONDS * 1.5)
    body = browser.ask("/public/riverton/1-shots/", if_none_match=tag)
    assert body == b"the second word"
    (root / "riverton" / "1-shots" / "index.html").unlink()
    time.sleep(serving.LOOK_SECONDS * 1.5)
    browser.ask("/public/riverton/1-shots/")
    assert browser.behind == 1


@pytest.mark.parametrize(
    "path",
    [
        "/public/../secret.key", "/public/riverton/../../secret.key", "/public//secret.key",
        "/public/riverton/1-shots/../../../secret.key", "/public/riverton/1-shots/.lock",
        "/public/riverton/1-shots/.index.html.new", "/public/riverton/.lock", "/public/",
        "/public/riverton/1-shots/index.html/", "/public/riverton/1-shots/index.html.gz",
        "/public/riverton/1-shots/index.html\x00", "/public/riverton/1-shots", "/publicity/",
        "/public/riverton/1-shots/link.html", "/public/riverton/1-shots/secret.key",
        "/public/riverton/promises/", "/public/riverton/1-shots/folder.html",
        "/public/riverton/1-shots/pipe.html",
        "/public/" + "x" * 70_000,
    ],
)  # fmt: skip
def test_everything_else_is_not_ours(browser: Browser, root: Path, path: str) -> None:
    incident = root / "riverton" / "1-shots"
    (incident / "link.html").symlink_to(root.parent / "secret.key")
    (incident / "folder.html").mkdir()
    os.mkfifo(incident / "pipe.html")
    browser.ask(path)
    assert browser.behind == 1


def test_what_changes_something_is_for_the_program_behind(browser: Browser) -> None:
    browser.ask("/public/riverton/1-shots/", "POST")
    assert browser.behind == 1


def test_what_is_held_is_bounded(
    browser: Browser, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST_HELD", 4)
    for number in range(1, 12):
        write_files(root / "riverton" / f"{number}-x", {"index.html": PAGE})
        assert browser.ask(f"/public/riverton/{number}-x/") == PAGE
        assert browser.ask(f"/public/riverton/{number}-none/") == b""
    assert len(browser.files._held[0]) <= 4
