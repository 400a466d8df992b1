"""One request to a model's endpoint: to the address that was checked, bounded in time and bytes.

The protocol is that of `POST /v1/chat/completions`, in parts as they come or whole.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from levelhead.drafting.domain import (
    ANSWER_TOKENS,
    FORMS,
    Answered,
    NoDraftError,
    Trouble,
    Ways,
)
from levelhead.drafting.prompting import SCHEMA
from levelhead.drafting.receiving import read, read_error
from levelhead.webhooks.domain import choose_address

if TYPE_CHECKING:
    import httpx

_SAID_BYTES: Final = 4_000
_LOOK_EVERY: Final = 0.5
# Of a single step; all in all the caller's limit counts, which is shorter.
_PHASE: Final = 300.0
_LONGEST_WAIT: Final = 3_600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Whom to ask, and how."""

    base_url: str
    model: str
    key: str
    private: bool
    ways: Ways = field(default_factory=Ways)


def ask(
    endpoint: Endpoint,
    messages: Sequence[dict[str, str]],
    *,
    seconds: float,
    is_cancelled: Callable[[], bool] = lambda: False,
    answer_tokens: int = ANSWER_TOKENS,
) -> Answered | None:
    """What the model answers within `seconds`, all in all; None where it was cancelled.

    Where the endpoint refuses to answer in parts or in a given form, it is asked in a simpler way;
    the answer says which. Raises NoDraftError. `is_cancelled` is called outside of the loop, so
    that it may ask the database.
    """
    loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(_ask_within(endpoint, messages, seconds, answer_tokens))
        while not task.done():
            loop.run_until_complete(asyncio.wait({task}, timeout=_LOOK_EVERY))
            if not task.done() and is_cancelled():
                task.cancel()
                loop.run_until_complete(asyncio.wait({task}, timeout=5))
                return None
        return task.result()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _ask_within(
    endpoint: Endpoint, messages: Sequence[dict[str, str]], seconds: float, answer_tokens: int
) -> Answered:
    try:
        async with asyncio.timeout(seconds):
            ways = endpoint.ways
            # Two parts of what is asked for may be refused, one at a time.
            for _attempt in range(4):
                try:
                    return await _ask_once(endpoint, messages, ways, answer_tokens)
                except _SimplerError as simpler:
                    ways = simpler.ways
            raise NoDraftError(Trouble.REFUSED)
    except TimeoutError as error:
        raise NoDraftError(Trouble.TIMEOUT) from error


class _SimplerError(Exception):
    """The endpoint refused a way of asking; there is a simpler one."""

    def __init__(self, ways: Ways) -> None:
        self.ways = ways


async def _resolve(endpoint: Endpoint) -> tuple[str, str, str]:
    """(address to call, name of the host, name with port). Raises NoDraftError."""
    parts = urlsplit(endpoint.base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoDraftError(Trouble.NAME, host) from error
    # What a name stands for can change between two look-ups: the checked one is called.
    address = choose_address([str(one[4][0]) for one in found], private=endpoint.private)
    inside = address is not None and not ipaddress.ip_address(address.split("%")[0]).is_global
    if address is None or (parts.scheme != "https" and not inside):
        # Without encryption a key and a resident's words stay within one's own walls.
        raise NoDraftError(Trouble.ADDRESS, host)
    return address, host, parts.netloc


def _body(
    endpoint: Endpoint, messages: Sequence[dict[str, str]], ways: Ways, answer_tokens: int
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": list(messages),
        "max_tokens": answer_tokens,
        "temperature": 0,
    }
    if ways.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if ways.form == "json_schema":
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "draft", "strict": True, "schema": SCHEMA},
        }
    elif ways.form == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


async def _ask_once(
    endpoint: Endpoint, messages: Sequence[dict[str, str]], ways: Ways, answer_tokens: int
) -> Answered:
    # Here, not above: the library takes a quarter of a second, and most processes never ask.
    import httpx

    address, host, netloc = await _resolve(endpoint)
    target = httpx.URL(endpoint.base_url.rstrip("/") + "/chat/completions").copy_with(host=address)
    headers = {
        "Host": netloc,
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json",
        # A small answer may unpack to a large one.
        "Accept-Encoding": "identity",
        "User-Agent": "levelhead",
    }
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    body = json.dumps(_body(endpoint, messages, ways, answer_tokens)).encode()
    try:
        # trust_env: a proxy from the environment would look the name up again.
        async with (
            httpx.AsyncClient(timeout=_PHASE, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST", target, content=body, headers=headers,
                extensions={"sni_hostname": host},
            ) as answer,
        ):  # fmt: skip
            if not answer.is_success:
                raise await _refusal(answer, endpoint, ways)
            return await read(answer, model=endpoint.model, key=endpoint.key, ways=ways)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        raise NoDraftError(Trouble.UNREACHABLE, type(error).__name__) from error


async def _refusal(answer: httpx.Response, endpoint: Endpoint, ways: Ways) -> Exception:
    raw = bytearray()
    async for part in answer.aiter_raw():
        raw += part
        if len(raw) >= _SAID_BYTES:
            break
    said, code = read_error(bytes(raw[:_SAID_BYTES]), endpoint.key)
    status = answer.status_code
    if status in (400, 422, 501):
        simpler = _simpler(said + " " + code, ways)
        if simpler is not None:
            return _SimplerError(simpler)
    if "content_filter" in code or "content_policy" in code:
        return NoDraftError(Trouble.FILTERED, said)
    if status == 404 or "model_not_found" in code:
        return NoDraftError(Trouble.MODEL, said)
    if status in (401, 403):
        return NoDraftError(Trouble.KEY, said)
    if status == 429:
        return NoDraftError(Trouble.BUSY, said, retry_after=_read_wait(answer))
    if status >= 500:
        return NoDraftError(Trouble.DOWN, f"{status} {said}", retry_after=_read_wait(answer))
    if 300 <= status < 400:
        return NoDraftError(Trouble.MOVED, str(status))
    return NoDraftError(Trouble.REFUSED, f"{status} {said}")


def _simpler(said: str, ways: Ways) -> Ways | None:
    said = said.lower()
    if ways.form != "none" and (
        "response_format" in said or "json_schema" in said or "json_object" in said
    ):
        return replace(ways, form=FORMS[FORMS.index(ways.form) + 1])
    if ways.stream and "stream" in said:
        return replace(ways, stream=False)
    return None


def _read_wait(answer: httpx.Response) -> float | None:
    """Retry-After in seconds; a date in it is not worth a clock that may be wrong."""
    given = answer.headers.get("retry-after", "").strip()
    if given.isascii() and given.replace(".", "", 1).isdigit() and len(given) < 12:
        return min(float(given), _LONGEST_WAIT)
    return None
