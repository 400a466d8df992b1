"""Whose page may listen: read from the request alone."""

from __future__ import annotations

import pytest

from levelhead.kernel.errors import Invalid, LevelheadError, NotAllowed, NotFound
from levelhead.live.callers import Caller, read_caller

HOSTS = ["desk.example.org", "localhost", "[::1]"]


def read(
    path: str = "/live/riverton/",
    query: bytes = b"",
    hosts: list[str] | None = None,
    **headers: str,
) -> Caller:
    """Read a request of a page on port 8600."""
    given = {"host": "desk.example.org:8601", **headers}
    return read_caller(
        path=path,
        query=query,
        headers={name.replace("_", "-"): value for name, value in given.items()},
        session_cookie="sessionid",
        allowed_hosts=hosts or HOSTS,
        page_port=8600,
    )


@pytest.mark.parametrize(
    "origin",
    [
        "http://desk.example.org:8600",
        "https://desk.example.org",  # a proxy in front
        "http://localhost:8600",
        "http://[::1]:8600",
    ],
)
def test_our_own_pages_may_listen(origin: str) -> None:
    assert read(origin=origin).origin == origin


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example:8600",
        "http://desk.example.org.evil.example:8600",
        "http://desk.example.org:9999",  # another program on the same host
        "null",
        "file://desk.example.org",
        "http://desk.example.org:port",
        "https://desk.example.org@evil.example",
    ],
)
def test_other_pages_may_not(origin: str) -> None:
    with pytest.raises(NotAllowed):
        read(origin=origin)


def test_any_host_name_is_not_any_site() -> None:
    assert read(hosts=["*"], origin="http://desk.example.org:8600").agency_slug == "riverton"
    with pytest.raises(NotAllowed):
        read(hosts=["*"], origin="http://evil.example:8600")


def test_the_last_event_of_the_browser_goes_before_the_address() -> None:
    assert read(query=b"after=5").after == 5
    assert read(query=b"after=5", last_event_id="9").after == 9
    assert read().after is None
    assert read(query=b"after=9999999999999999999").after == (1 << 63) - 1


def test_the_session_is_read_from_the_cookie() -> None:
    assert read(cookie="a=b; sessionid=abc; c=d").session_key == "abc"
    assert read(cookie="sessionid=" + "x" * 9_000).session_key == ""
    assert read(cookie="\x00;;==").session_key == ""


@pytest.mark.parametrize(
    ("error", "request_"),
    [
        (NotFound, {"path": "/live/"}),
        (NotFound, {"path": "/live/a/b/"}),
        (NotFound, {"path": "/live/../etc/"}),
        (Invalid, {"host": "evil.example"}),
        (Invalid, {"host": ""}),
        (Invalid, {"query": b"after=-1"}),
        (Invalid, {"query": b"after=" + b"9" * 40}),
        (Invalid, {"query": b"&".join([b"a=1"] * 50)}),
    ],
)
def test_nonsense_is_refused(error: type[LevelheadError], request_: dict[str, object]) -> None:
    with pytest.raises(error):
        read(**request_)  # type: ignore[arg-type]
