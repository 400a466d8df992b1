"""One request with a JSON answer over HTTP, and what each way of failing means."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """Bytes that are given to a service."""

    content: bytes
    content_type: str
    # Of the field of a form that they are in; without one they are the whole body.
    form_field: str = ""
    # The form's other fields.
    fields: Mapping[str, str] = field(default_factory=dict)
    # A file needs a name there; it says nothing.
    file_name: str = "picture"


class Transport:
    """Speaks to one service. Errors carry `status` and the platform's `error` in their data."""

    def __init__(
        self,
        address: str,
        *,
        # As people know the platform: it is in every message.
        title: str,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        reuses: bool = True,
    ) -> None:
        self._title = title
        self._answer_seconds = answer_seconds
        self._http = httpx.Client(
            base_url=f"{address.rstrip('/')}/",
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            headers={"accept": "application/json", "user-agent": product},
            # Some servers reset a connection that they had kept open.
            limits=httpx.Limits(max_keepalive_connections=None if reuses else 0),
            # A redirect would carry the account's key to another place.
            follow_redirects=False,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: JsonObject | None = None,
        token: str | None = None,
        writes: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Ask, and give the answer's object.

        With `writes` every failure after which the platform may have done it is SendUnclear.
        Raises ChannelBusy, ChannelGarbled, ChannelRefused, SendUnclear.
        """
        answer = self._ask(
            method, path, params=params, body=body, token=token, writes=writes, headers=headers
        )
        if not isinstance(answer, dict):
            self._fail_after_sending(path, "an answer that is no JSON object", writes, garbled=True)
        return answer

    def upload(self, path: str, upload: Upload, *, token: str) -> JsonObject:
        """Give bytes, for something that is sent afterwards: doing it twice harms nobody.

        Raises ChannelBusy, ChannelGarbled, ChannelRefused.
        """
        answer = self._ask("POST", path, token=token, upload=upload)
        if not isinstance(answer, dict):
            self._fail_after_sending(path, "an answer that is no JSON object", False, garbled=True)
        return answer

    def request_list(
        self, path: str, *, params: Params | None = None, token: str | None = None
    ) -> list[object]:
        """Read, and give the answer's list. Raises ChannelBusy, ChannelGarbled, ChannelRefused."""
        answer = self._ask("GET", path, params=params, token=token)
        if not isinstance(answer, list):
            self._fail_after_sending(path, "an answer that is no JSON list", False, garbled=True)
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: JsonObject | None = None,
        token: str | None = None,
        writes: bool = False,
        headers: Mapping[str, str] | None = None,
        upload: Upload | None = None,
    ) -> object:
        sent = {**(headers or {}), **({"authorization": f"Bearer {token}"} if token else {})}
        if upload is not None and not upload.form_field:
            sent["content-type"] = upload.content_type
        # None of ours is bigger than a few kB; a body is sent even when empty, as XRPC wants none.
        request = self._http.build_request(
            method,
            path,
            params={key: _as_param(value) for key, value in (params or {}).items()},
            json=body,
            headers=sent or None,
            **_as_body(upload),
        )
        try:
            response = self._http.send(request, stream=True)
            try:
                content = self._read(response)
            finally:
                response.close()
        except _NOT_SENT as error:
            raise ChannelBusy(f"{self._title} cannot be reached: {_words(error)}") from error
        except (httpx.DecodingError, httpx.InvalidURL) as error:
            self._fail_after_sending(
                path, f"an unreadable answer ({_words(error)})", writes, garbled=True
            )
        except _UnusableAnswerError as error:
            self._fail_after_sending(path, str(error), writes, garbled=error.garbled)
        except httpx.HTTPError as error:
            self._fail_after_sending(
                path, f"no whole answer ({_words(error)})", writes, garbled=False
            )
        # What was given may be looked at by the service later: accepted all the same.
        taken = (httpx.codes.OK, httpx.codes.ACCEPTED) if upload else (httpx.codes.OK,)
        if response.status_code in taken:
            try:
                return _parse(content)
            # RecursionError: a body that is nothing but brackets.
            except (ValueError, RecursionError):
                self._fail_after_sending(
                    path, "an answer that is no JSON object", writes, garbled=True
                )
        raise self._failure(path, response, content, writes)

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

    def _fail_after_sending(self, path: str, what: str, writes: bool, *, garbled: bool) -> NoReturn:
        if writes:
            raise SendUnclear(
                f"{self._title} gave {what} to {path}. It may have been accepted: it is looked up "
                "before it is sent again."
            )
        kind: type[ChannelError] = ChannelGarbled if garbled else ChannelBusy
        raise kind(f"{self._title} gave {what} to {path}; it is asked again later.")

    def _failure(
        self, path: str, response: httpx.Response, content: bytes, writes: bool
    ) -> ChannelError:
        """What an answer other than 200 means."""
        status = response.status_code
        answer = _object_in(content)
        error = str(answer.get("error", ""))[:_MAX_QUOTED]
        said = str(
            answer.get("message", "")
            or answer.get("error_description", "")
            or error
            or f"status {status}"
        )[:_MAX_QUOTED]
        about: dict[str, object] = {"path": path, "status": status, "error": error}
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return ChannelBusy(
                f"{self._title} asks us to slow down: {said}",
                retry_after_seconds=retry_after(response.headers),
                **about,
            )
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            if writes:
                return SendUnclear(
                    f"{self._title} failed ({said}) and may have accepted it all the same: it is "
                    "looked up before it is sent again.",
                    **about,
                )
            return ChannelBusy(
                f"{self._title} is not well: {said}",
                retry_after_seconds=retry_after(response.headers),
                **about,
            )
        if status >= httpx.codes.BAD_REQUEST:
            return ChannelRefused(f"{self._title} refused: {said}", **about)
        # A redirect, or a success of another kind: no service that we speak to answers so.
        return ChannelGarbled(f"{self._title} answered {path} with status {status}.", **about)


class _UnusableAnswerError(Exception):
    """The answer is too long or too slow."""

    def __init__(self, words: str, *, garbled: bool) -> None:
        super().__init__(words)
        self.garbled = garbled


def _as_param(value: str | int | Sequence[str]) -> str | int | list[str]:
    return value if isinstance(value, str | int) else list(value)


def _as_body(upload: Upload | None) -> dict[str, Any]:
    """What httpx is to send of it."""
    if upload is None:
        return {}
    if not upload.form_field:
        return {"content": upload.content}
    file = (upload.file_name, upload.content, upload.content_type)
    return {"files": {upload.form_field: file}, "data": dict(upload.fields)}


def _words(error: Exception) -> str:
    return str(error)[:_MAX_QUOTED] or type(error).__name__


def _parse(content: bytes) -> object:
    return json.loads(content, parse_constant=_refuse_constant)


def _object_in(content: bytes) -> JsonObject:
    """What a refusal says; empty where it is no object."""
    try:
        answer = _parse(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


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
