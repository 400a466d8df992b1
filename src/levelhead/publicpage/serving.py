"""Giving out the files of public pages before anything else of the program is asked.

No database, no session, no template: a path is looked up, its file's state compared with what is
held in memory, and the bytes go out. A stampede on a public page meets nothing but this. Knows no
Django.
"""

from __future__ import annotations

import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from levelhead.publicpage.folder import KINDS

# Browsers ask each time, and hear in a hundred bytes that nothing changed: who looks after a
# correction reads it. Networks between may answer for two seconds, so that a stampede ends there.
CACHE: Final = "public, max-age=0, s-maxage=2, stale-if-error=86400"
# What is held in memory: pages of many incidents; one that is larger is read each time.
MOST_HELD: Final = 256
LARGEST_HELD: Final = 512 * 1024
LARGEST: Final = 16 * 1024 * 1024
# A file that was looked at is not looked at again for so long.
LOOK_SECONDS: Final = 0.05
# Of what a browser says that it takes, so much is remembered.
MOST_SAID: Final = 200
# What programs on other sites may read.
_FOR_PROGRAMS: Final = ("json", "atom", "xml")

# Names with one dot at their beginning, and steps upwards, are of no such form.
_PATH: Final = re.compile(
    r"/public/([-A-Za-z0-9_]{1,60})/(?:([0-9][-a-z0-9]{0,79})/)?([a-z][-a-z0-9]{0,39}(?:\.[a-z0-9]{1,8}){1,2})?"
)
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action {forms}; frame-ancestors {frames}"
)

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]


@dataclass(slots=True)
class _Held:
    """A file as it was read, with what is said about it."""

    state: tuple[int, int, int]
    body: bytes
    etag: str
    headers: Headers
    not_modified: Headers
    # Until then the file itself is not looked at again, by the clock of the process.
    good_until: float


class PublicFiles:
    """The WSGI application for public files; everything else goes to the one behind."""

    def __init__(
        self, application: Application, root: Path, *, base: str = "", hub: str = ""
    ) -> None:
        self._application = application
        self._root = str(root)
        # Where the subscription's form may be sent: here, and where the page belongs.
        self._forms = f"'self' {base}".strip()
        self._base = base
        self._hub = hub
        # By path: as they are, and squeezed.
        self._held: tuple[dict[str, _Held], dict[str, _Held]] = ({}, {})
        # What was said to be taken -> whether it is gzip; browsers say few different things.
        self._taken: dict[str, bool] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if path.startswith("/public/"):
            answer = self.answer(environ, start_response, path)
            if answer is not None:
                return answer
        return self._application(environ, start_response)

    def answer(
        self, environ: dict[str, Any], start_response: StartResponse, path: str
    ) -> Iterable[bytes] | None:
        """The file's bytes; None where it is no file of a public page."""
        method = environ["REQUEST_METHOD"]
        if method != "GET" and method != "HEAD":
            return None
        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
        squeezed = self._taken.get(accepted)
        if squeezed is None:
            squeezed = self._learn(accepted)
        held = self._held[squeezed].get(path)
        if held is None or held.good_until < time.monotonic():
            held = self._find(path, squeezed=squeezed)
            if held is None:
                return None
        if ("HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ) and _matches(
            environ, held
        ):
            start_response("304 Not Modified", held.not_modified)
            return []
        start_response("200 OK", held.headers)
        return [] if method == "HEAD" else [held.body]

    def _learn(self, accepted: str) -> bool:
        squeezed = _takes_gzip(accepted)
        if len(accepted) <= MOST_SAID and len(self._taken) < MOST_HELD:
            self._taken[accepted] = squeezed
        return squeezed

    def _find(self, path: str, *, squeezed: bool) -> _Held | None:
        """The file as it is now."""
        held = self._held[squeezed].get(path)
        if held is not None:
            # The path was looked at when it was first held.
            state = _state_of(self._file(path, squeezed=squeezed))
            if state == held.state:
                held.good_until = time.monotonic() + LOOK_SECONDS
                return held
            if state is None:
                return None
        elif _PATH.fullmatch(path) is None:
            return None
        return self._read(path, squeezed=squeezed)

    def _file(self, path: str, *, squeezed: bool) -> str:
        name = path + "index.html" if path.endswith("/") else path
        return self._root + name[len("/public") :] + (".gz" if squeezed else "")

    def _read(self, path: str, *, squeezed: bool) -> _Held | None:
        file = self._file(path, squeezed=squeezed)
        name = path.rpartition("/")[2] or "index.html"
        kind = KINDS.get(name.rpartition(".")[2])
        if kind is None:
            return None
        try:
            # Neither through a link nor into a pipe that nobody writes to.
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
                return None
            with open(descriptor, "rb", closefd=False) as opened:
                body = opened.read(LARGEST)
        finally:
            os.close(descriptor)
        held = self._describe(about, body, kind, path, squeezed=squeezed)
        if len(body) <= LARGEST_HELD:
            with self._lock:
                kept = self._held[squeezed]
                if len(kept) >= MOST_HELD:
                    # Rare, and the pages that people read are back with their next reader.
                    kept.clear()
                kept[path] = held
        return held

    def _describe(
        self, about: os.stat_result, body: bytes, kind: str, path: str, *, squeezed: bool
    ) -> _Held:
        name = path.rpartition("/")[2]
        etag = f'"{sha256(body).hexdigest()[:24]}"'
        framed = name.startswith("embed.")
        policy = _POLICY.format(
            forms="'none'" if framed else self._forms, frames="*" if framed else "'none'"
        )
        shared: Headers = [
            ("ETag", etag),
            ("Last-Modified", formatdate(about.st_mtime, usegmt=True)),
            ("Cache-Control", CACHE),
            ("Vary", "Accept-Encoding"),
        ]
        whole: Headers = [
            *shared,
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if name.rpartition(".")[2] in _FOR_PROGRAMS:
            whole.append(("Access-Control-Allow-Origin", "*"))
        if squeezed:
            whole.append(("Content-Encoding", "gzip"))
        if self._hub and self._base and name.startswith("feed."):
            # Hubs look for these before they look into the feed (WebSub, section 4).
            own = f"{self._base}{path}"
            whole.append(("Link", f'<{self._hub}>; rel="hub", <{own}>; rel="self"'))
        state = (about.st_mtime_ns, about.st_size, about.st_ino)
        return _Held(state, body, etag, whole, shared, time.monotonic() + LOOK_SECONDS)


def _state_of(file: str) -> tuple[int, int, int] | None:
    try:
        about = os.stat(file)
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def _takes_gzip(accepted: str) -> bool:
    if "gzip" not in accepted:
        return False
    for part in accepted.split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _matches(environ: dict[str, Any], held: _Held) -> bool:
    """Whether the asker has the very bytes; where it names a tag, its date does not count."""
    tags = environ.get("HTTP_IF_NONE_MATCH")
    if tags is not None:
        return tags.strip() == "*" or held.etag in [
            one.strip().removeprefix("W/") for one in tags[:2_000].split(",")
        ]
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    # As web servers do it: the very date that was given out, so that a clock set back harms nobody.
    return since is not None and since == held.headers[1][1]
