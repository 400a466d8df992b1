"""Reading what an endpoint answers: bounded, whatever comes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from levelhead.drafting.domain import ANSWER_BYTES, Answered, NoDraftError, Trouble, Ways

if TYPE_CHECKING:
    import httpx

# Of an answer that says no, so much is kept to be shown.
SAID_LIMIT: Final = 200


async def _take(answer: httpx.Response, most: int) -> bytes:
    """At most `most` bytes of an answer; more raises NoDraftError."""
    taken = bytearray()
    async for part in answer.aiter_raw():
        taken += part
        if len(taken) > most:
            raise NoDraftError(Trouble.TOO_LARGE)
    return bytes(taken)


def read_error(raw: bytes, key: str) -> tuple[str, str]:
    """What an endpoint says of its refusal, without our key, and its code."""
    text = raw.decode("utf-8", "replace")
    said, code = text, ""
    try:
        given = json.loads(text)
        error = given.get("error", given) if isinstance(given, dict) else given
        if isinstance(error, dict):
            said = str(error.get("message", text))
            code = f"{error.get('code', '')} {error.get('type', '')}"
            inner = error.get("innererror")
            code += f" {inner.get('code', '')}" if isinstance(inner, dict) else ""
        elif isinstance(error, str):
            said = error
    except (ValueError, RecursionError):
        pass
    if key:
        said = said.replace(key, "…")
    return " ".join(said.split())[:SAID_LIMIT], code.lower()[:SAID_LIMIT]


async def read(answer: httpx.Response, *, model: str, key: str, ways: Ways) -> Answered:
    """What an endpoint answered, in parts or whole. Raises NoDraftError."""
    if answer.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise NoDraftError(Trouble.GARBLED, "content-encoding")
    kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "text/event-stream":
        return await _read_parts(answer, model=model, key=key, ways=ways)
    given = _load(await _take(answer, ANSWER_BYTES))
    # An endpoint that was asked for parts and gives the whole does not know them.
    ways = replace(ways, stream=False)
    choice = _choice(given)
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    return _answered(
        _text(message.get("content")) or _called(message), choice.get("finish_reason"),
        message.get("refusal"), given, model, ways,
    )  # fmt: skip


async def _read_parts(answer: httpx.Response, *, model: str, key: str, ways: Ways) -> Answered:
    text: list[str] = []
    called: list[str] = []
    refused: list[str] = []
    why: object = None
    last: dict[str, Any] = {}
    ended = False
    async for line in _lines(answer):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            ended = True
            break
        given = _load(data)
        if given.get("error"):
            said, code = read_error(data, key)
            filtered = "content_filter" in code
            raise NoDraftError(Trouble.FILTERED if filtered else Trouble.DOWN, said)
        last = {**last, **{name: given[name] for name in ("model", "usage") if given.get(name)}}
        choices = given.get("choices")
        if not isinstance(choices, list) or not choices:
            continue
        choice = _choice(given)
        delta = choice.get("delta")
        if isinstance(delta, dict):
            text.append(_text(delta.get("content")))
            called.append(_called(delta))
            refused.append(_text(delta.get("refusal")))
        why = choice.get("finish_reason") or why
    if not ended and why is None:
        raise NoDraftError(Trouble.UNREACHABLE, "the answer broke off")
    return _answered("".join(text) or "".join(called), why, "".join(refused), last, model, ways)


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    rest, taken = b"", 0
    async for part in answer.aiter_raw():
        taken += len(part)
        if taken > ANSWER_BYTES:
            raise NoDraftError(Trouble.TOO_LARGE)
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
    if rest:
        yield rest


def _load(raw: bytes) -> dict[str, Any]:
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NoDraftError(Trouble.GARBLED) from error
    if not isinstance(given, dict):
        raise NoDraftError(Trouble.GARBLED)
    return given


def _choice(given: dict[str, Any]) -> dict[str, Any]:
    choices = given.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise NoDraftError(Trouble.GARBLED)
    return choices[0]


def _text(given: object) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, list):
        # Some endpoints give the text as parts.
        parts = [one.get("text") for one in given if isinstance(one, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _called(message: dict[str, Any]) -> str:
    """What a model put into a call of a tool, though it was offered none; read like any text."""
    calls = message.get("tool_calls")
    first = calls[0] if isinstance(calls, list) and calls else None
    function = first.get("function") if isinstance(first, dict) else None
    return _text(function.get("arguments")) if isinstance(function, dict) else ""


def _answered(
    text: str, why: object, refusal: object, given: dict[str, Any], asked: str, ways: Ways
) -> Answered:
    if why == "content_filter" or (isinstance(refusal, str) and refusal.strip()):
        said = refusal if isinstance(refusal, str) else ""
        raise NoDraftError(Trouble.FILTERED, " ".join(said.split())[:SAID_LIMIT])
    if not text.strip():
        raise NoDraftError(Trouble.EMPTY)
    if why == "length":
        raise NoDraftError(Trouble.CUT)
    usage = given.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    sure = isinstance(total, int) and not isinstance(total, bool) and 0 < total < 10_000_000
    model = given.get("model")
    return Answered(
        text=text,
        model=(model if isinstance(model, str) and model.strip() else asked)[:200],
        tokens=total if sure else None,
        ways=ways,
    )
