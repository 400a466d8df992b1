"""One XRPC request over HTTP, and what each way of failing means."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NoReturn

import httpx

from levelhead import __name__ as product
from levelhead.kernel import clock
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelError,
    ChannelGarbled,
    ChannelRefused,
    SendUnclear,
)

MAX_BODY_BYTES = 5_000_000
CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
# For the whole answer: a server that drips bytes would otherwise hold the thread for ever.
ANSWER_SECONDS = 30.0
MAX_RETRY_AFTER_SECONDS = 86_400.0
_MAX_QUOTED = 300

Params = Mapping[str, str | int | Sequence[str]]
JsonObject = dict[str, object]

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Transport:
    """Speaks to one service. Errors carry `status` and the platform's `error` in their data."""

    def __init__(
        self,
        service: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._answer_seconds = answer_seconds
        self._http = httpx.Client(
            base_url=f"{service.rstrip('/')}/xrpc/",
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            headers={"accept": "application/json", "user-agent": product},
            # A redirect would carry the account's key to another place.
            follow_redirects=False,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def request(
        self,
        method: str,
        nsid: str,
        *,
        params: Params | None = None,
        body: JsonObject | None = None,
        token: str | None = None,
        writes: bool = False,
    ) -> JsonObject:
        """Ask, and give the answer's object.

        With `writes` every failure after which the platform may have done it is SendUnclear.
        Raises ChannelBusy, ChannelGarbled, ChannelRefused, SendUnclear.
        """
        # None of ours is bigger than a few kB; a body is sent even when empty, as XRPC wants none.
        request = self._http.build_request(
            method,
            nsid,
            params={key: _as_param(value) for key, value in (params or {}).items()},
            json=body,
            headers={"authorization": f"Bearer {token}"} if token else None,
        )
        try:
            response = self._http.send(request, stream=True)
            try:
                content = self._read(response)
            finally:
                response.close()
        except _NOT_SENT as error:
            raise ChannelBusy(f"Bluesky cannot be reached: {_words(error)}") from error
        except (httpx.DecodingError, httpx.InvalidURL) as error:
            _fail_after_sending(
                nsid, f"an unreadable answer ({_words(error)})", writes, garbled=True
            )
        except _UnusableAnswerError as error:
            _fail_after_sending(nsid, str(error), writes, garbled=error.garbled)
        except httpx.HTTPError as error:
            _fail_after_sending(nsid, f"no whole answer ({_words(error)})", writes, garbled=False)
        if response.status_code == httpx.codes.OK:
            answer = _parse(content)
            if answer is None:
                _fail_after_sending(nsid, "an answer that is no JSON object", writes, garbled=True)
            return answer
        raise _failure(nsid, response, _parse(content) or {}, writes)

    def _read(self, response: httpx.Response) -> bytes:
        # Time passed on the wire, not the time of the world: exercises must not stretch it.
        deadline = time.monotonic() + self._answer_seconds
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise _UnusableAnswerError(f"more than {MAX_BODY_BYTES:,} bytes", garbled=True)
            if time.monotonic() > deadline:
                raise _UnusableAnswerError(
                    f"no end after {self._answer_seconds:.0f} s", garbled=False
                )
            chunks.append(chunk)
        return b"".join(chunks)


class _UnusableAnswerError(Exception):
    """The answer is too long or too slow."""

    def __init__(self, words: str, *, garbled: bool) -> None:
        super().__init__(words)
        self.garbled = garbled


def _as_param(value: str | int | Sequence[str]) -> str | int | list[str]:
    return value if isinstance(value, str | int) else list(value)


def _words(error: Exception) -> str:
    return str(error)[:_MAX_QUOTED] or type(error).__name__


def _fail_after_sending(nsid: str, what: str, writes: bool, *, garbled: bool) -> NoReturn:
    if writes:
        raise SendUnclear(
            f"Bluesky gave {what} to {nsid}. It may have been accepted: it is looked up before it "
            "is sent again."
        )
    kind: type[ChannelError] = ChannelGarbled if garbled else ChannelBusy
    raise kind(f"Bluesky gave {what} to {nsid}; it is asked again later.")


def _parse(content: bytes) -> JsonObject | None:
    try:
        answer = json.loads(content, parse_constant=_refuse_constant)
    # RecursionError: a body that is nothing but brackets.
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _failure(nsid: str, response: httpx.Response, answer: JsonObject, writes: bool) -> ChannelError:
    """What an answer other than 200 means."""
    status = response.status_code
    error = str(answer.get("error", ""))[:_MAX_QUOTED]
    said = str(answer.get("message", "") or error or f"status {status}")[:_MAX_QUOTED]
    about: dict[str, object] = {"nsid": nsid, "status": status, "error": error}
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return ChannelBusy(
            f"Bluesky asks us to slow down: {said}",
            retry_after_seconds=retry_after(response.headers),
            **about,
        )
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        if writes:
            return SendUnclear(
                f"Bluesky failed ({said}) and may have accepted it all the same: it is looked up "
                "before it is sent again.",
                **about,
            )
        return ChannelBusy(
            f"Bluesky is not well: {said}",
            retry_after_seconds=retry_after(response.headers),
            **about,
        )
    if status >= httpx.codes.BAD_REQUEST:
        return ChannelRefused(f"Bluesky refused: {said}", **about)
    # A redirect, or a success that XRPC does not know: no service of this kind answers so.
    return ChannelGarbled(f"Bluesky answered {nsid} with status {status}.", **about)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the platform asks us to wait, within a day; None where it says nothing usable."""
    seconds = _seconds_in(headers.get("retry-after", ""))
    if seconds is None:
        try:
            # Seconds since 1970 at which the budget is full again.
            seconds = float(headers.get("ratelimit-reset", "")) - clock.now().timestamp()
        except ValueError:
            return None
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _seconds_in(retry_after_header: str) -> float | None:
    try:
        return float(retry_after_header)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(retry_after_header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - clock.now()).total_seconds()
